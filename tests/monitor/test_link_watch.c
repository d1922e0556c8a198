/* Telling quiet from blind. */

#include "monitor/link_watch.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define US_PER_S INT64_C(1000000)
/* The wall clock is ahead of the other by this, and stays so. */
#define WALL_US INT64_C(1700000000000000)

struct story {
	struct cf_link_watch watch;
	int64_t now_us;
	uint64_t packets;
};

/* Seconds go by in which packets come at a rate, over a link. */
static void pass(struct story *story, unsigned seconds, unsigned rate, enum cf_link link)
{
	for (unsigned i = 0; i < seconds; i++) {
		story->now_us += US_PER_S;
		story->packets += rate;
		cf_link_watch_look(&story->watch, story->now_us, WALL_US + story->now_us, link,
		    story->packets, true);
	}
}

static uint64_t dark_s(const struct story *story)
{
	return story->watch.dark_us / US_PER_S;
}

static uint64_t silent_s(const struct story *story)
{
	return story->watch.silent_us / US_PER_S;
}

static void what_flows_is_watched(void **state)
{
	struct story story = {.packets = 0};

	(void)state;
	pass(&story, 600, 10, CF_LINK_UP);
	assert_int_equal(dark_s(&story) + silent_s(&story), 0);
	assert_int_equal(story.watch.blind_since_wall_us, 0);
	assert_false(cf_link_watch_is_blind(&story.watch));
}

static void each_kind_of_missing_link_is_dark(void **state)
{
	static const enum cf_link kinds[] = {CF_LINK_NO_CARRIER, CF_LINK_DOWN, CF_LINK_GONE};

	(void)state;
	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct story story = {.packets = 0};

		pass(&story, 60, 10, CF_LINK_UP);
		pass(&story, 240, 0, kinds[i]);
		assert_true(cf_link_watch_is_blind(&story.watch));
		pass(&story, 60, 10, CF_LINK_UP);
		assert_false(cf_link_watch_is_blind(&story.watch));
		/* The second in which it went and the one in which it came are dark, too. */
		assert_int_equal(dark_s(&story), 241);
		assert_int_equal(silent_s(&story), 0);
		assert_int_equal(story.watch.blind_since_wall_us, WALL_US + 60 * US_PER_S);
	}
}

static void a_link_missing_from_the_start_is_dark(void **state)
{
	struct story story = {.packets = 0};

	(void)state;
	pass(&story, 100, 0, CF_LINK_NO_CARRIER);
	assert_int_equal(dark_s(&story), 99);
}

static void silence_counts_from_the_last_packet(void **state)
{
	struct story story = {.packets = 0};

	(void)state;
	pass(&story, 120, 10, CF_LINK_UP);
	pass(&story, CF_SILENCE_S, 0, CF_LINK_UP);
	assert_int_equal(silent_s(&story), 0);
	pass(&story, 1, 0, CF_LINK_UP);
	assert_int_equal(silent_s(&story), CF_SILENCE_S + 1);
	assert_int_equal(story.watch.blind_since_wall_us, WALL_US + 120 * US_PER_S);
	pass(&story, 240 - CF_SILENCE_S - 1, 0, CF_LINK_UP);
	assert_int_equal(silent_s(&story), 240);
	assert_true(cf_link_watch_is_blind(&story.watch));
	pass(&story, 60, 10, CF_LINK_UP);
	assert_int_equal(silent_s(&story), 240);
}

static void a_quiet_network_is_not_silent(void **state)
{
	struct story story = {.packets = 0};

	(void)state;
	/* A packet each 30 s from the beginning: that is how it is there. */
	for (unsigned i = 0; i < 60; i++) {
		pass(&story, 1, 1, CF_LINK_UP);
		pass(&story, 29, 0, CF_LINK_UP);
	}
	/* The first pause is longer than anything known; that is learned. */
	assert_in_range(silent_s(&story), 0, 60);
}

static void an_outage_does_not_become_a_habit_at_once(void **state)
{
	struct story story = {.packets = 0};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		pass(&story, 300, 10, CF_LINK_UP);
		pass(&story, 240, 0, CF_LINK_UP);
	}
	assert_int_equal(silent_s(&story), 3 * 240);
}

static void what_is_usual_at_night_is_known_the_next_night(void **state)
{
	struct story story = {.packets = 0};
	uint64_t first_days;

	(void)state;
	for (unsigned day = 0; day < 4; day++) {
		if (day == 2)
			first_days = silent_s(&story);
		pass(&story, 16 * 3600, 5, CF_LINK_UP);
		for (unsigned i = 0; i < 8 * 3600 / 120; i++) {
			pass(&story, 1, 1, CF_LINK_UP);
			pass(&story, 119, 0, CF_LINK_UP);
		}
	}
	assert_int_equal(silent_s(&story), first_days);
	/* And by day the same pause is none. */
	pass(&story, 8 * 3600, 5, CF_LINK_UP);
	first_days = silent_s(&story);
	pass(&story, 300, 0, CF_LINK_UP);
	assert_int_equal(silent_s(&story), first_days + 300);
}

static void an_interface_without_any_packet_is_silent_after_a_minute(void **state)
{
	struct story story = {.packets = 0};

	(void)state;
	pass(&story, CF_SILENCE_FIRST_S, 0, CF_LINK_UP);
	assert_int_equal(silent_s(&story), 0);
	pass(&story, 10, 0, CF_LINK_UP);
	assert_int_equal(silent_s(&story), CF_SILENCE_FIRST_S + 9);
}

static void behind_a_filter_there_is_no_silence(void **state)
{
	struct story story = {.packets = 0};

	(void)state;
	pass(&story, 60, 10, CF_LINK_UP);
	for (unsigned i = 0; i < 600; i++) {
		story.now_us += US_PER_S;
		cf_link_watch_look(&story.watch, story.now_us, WALL_US + story.now_us, CF_LINK_UP,
		    story.packets, false);
	}
	assert_int_equal(silent_s(&story), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_flows_is_watched),
	    cmocka_unit_test(each_kind_of_missing_link_is_dark),
	    cmocka_unit_test(a_link_missing_from_the_start_is_dark),
	    cmocka_unit_test(silence_counts_from_the_last_packet),
	    cmocka_unit_test(a_quiet_network_is_not_silent),
	    cmocka_unit_test(an_outage_does_not_become_a_habit_at_once),
	    cmocka_unit_test(what_is_usual_at_night_is_known_the_next_night),
	    cmocka_unit_test(an_interface_without_any_packet_is_silent_after_a_minute),
	    cmocka_unit_test(behind_a_filter_there_is_no_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
