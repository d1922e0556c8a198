/* Wild times among the packets of a file move nothing. */

#include "monitor/capture/packet_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S    INT64_C(1000000)
#define DAY  (86400 * S)
#define NOW  (INT64_C(1727600000) * S)
#define WILD (INT64_C(4070908800) * S)

static int64_t believe_one(struct cf_packet_clock *clock, int64_t at_wall_us)
{
	cf_packet_clock_believe(clock, &at_wall_us, 1);
	return at_wall_us;
}

static void wild_times_pass_for_the_one_before(void **state)
{
	struct cf_packet_clock clock = {.runs = false};
	int64_t batch[8] = {
	    NOW, NOW + S, WILD, WILD + S, INT64_MIN, INT64_MAX, NOW + 2 * S, NOW + 3 * S};
	const int64_t good[8] = {
	    NOW, NOW + S, NOW + S, NOW + S, NOW + S, NOW + S, NOW + 2 * S, NOW + 3 * S};

	(void)state;
	cf_packet_clock_begin(&clock);
	cf_packet_clock_believe(&clock, batch, 8);
	assert_memory_equal(batch, good, sizeof batch);
	assert_int_equal(clock.doubted, 4);
	/* At the end of a batch nobody can be asked. */
	assert_true(believe_one(&clock, WILD) == NOW + 3 * S);
	assert_true(believe_one(&clock, NOW + 4 * S) == NOW + 4 * S);
}

static void another_time_that_most_agree_on_is_believed_at_once(void **state)
{
	struct cf_packet_clock clock = {.runs = false};
	int64_t weekend[4] = {NOW, NOW + S, NOW + 3 * DAY, NOW + 3 * DAY + S};
	int64_t back[3] = {NOW, NOW + S, NOW + 2 * S};

	(void)state;
	cf_packet_clock_begin(&clock);
	cf_packet_clock_believe(&clock, weekend, 4);
	assert_true(weekend[2] == NOW + 3 * DAY);
	cf_packet_clock_believe(&clock, back, 3); /* set back */
	assert_true(back[0] == NOW);
	assert_int_equal(clock.doubted, 0);
}

static void one_by_one_so_many_in_a_row_are_believed(void **state)
{
	struct cf_packet_clock clock = {.runs = false};

	(void)state;
	cf_packet_clock_begin(&clock);
	assert_true(believe_one(&clock, NOW) == NOW);
	for (int i = 0; i < 7; i++)
		assert_true(believe_one(&clock, NOW + 3 * DAY + i * S) == NOW);
	assert_true(believe_one(&clock, NOW + 3 * DAY + 7 * S) == NOW + 3 * DAY + 7 * S);
}

/* What takes the short way must come to what the long one says. */
static void what_is_near_is_believed(void **state)
{
	static const int64_t steps[] = {
	    0, S, -S, DAY / 2, -DAY / 2, DAY / 2 + 1, DAY, -DAY - 1, WILD};
	struct cf_packet_clock clock = {.runs = false};
	unsigned near = 0;

	(void)state;
	assert_false(cf_packet_clock_is_near(&clock, 0));
	cf_packet_clock_begin(&clock);
	assert_true(believe_one(&clock, NOW) == NOW);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct cf_packet_clock slow = clock, fast = clock;
		int64_t at_wall_us = NOW + steps[i];

		if (!cf_packet_clock_is_near(&clock, at_wall_us))
			continue;
		near++;
		assert_true(believe_one(&slow, at_wall_us) == at_wall_us);
		cf_packet_clock_advance(&fast, at_wall_us);
		assert_memory_equal(&slow, &fast, sizeof slow);
	}
	assert_int_equal(near, 5);
	cf_packet_clock_begin(&clock); /* another file may be of any day */
	assert_false(cf_packet_clock_is_near(&clock, NOW));
}

static void the_ends_of_time_are_near_nothing(void **state)
{
	struct cf_packet_clock clock = {.runs = false};

	(void)state;
	cf_packet_clock_begin(&clock);
	assert_true(believe_one(&clock, INT64_MIN) == INT64_MIN);
	assert_false(cf_packet_clock_is_near(&clock, INT64_MAX));
	assert_false(cf_packet_clock_is_near(&clock, INT64_MIN));
}

static void a_file_begins_anew_also_with_a_wild_time(void **state)
{
	struct cf_packet_clock clock = {.runs = false};
	int64_t first[3] = {WILD, NOW, NOW + S}, next[1] = {NOW - 30 * DAY};

	(void)state;
	cf_packet_clock_begin(&clock);
	cf_packet_clock_believe(&clock, first, 3);
	assert_true(first[0] == NOW);
	cf_packet_clock_begin(&clock);
	cf_packet_clock_believe(&clock, next, 1);
	assert_true(next[0] == NOW - 30 * DAY);
	assert_int_equal(clock.doubted, 1);
	cf_packet_clock_believe(&clock, next, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wild_times_pass_for_the_one_before),
	    cmocka_unit_test(another_time_that_most_agree_on_is_believed_at_once),
	    cmocka_unit_test(one_by_one_so_many_in_a_row_are_believed),
	    cmocka_unit_test(what_is_near_is_believed),
	    cmocka_unit_test(the_ends_of_time_are_near_nothing),
	    cmocka_unit_test(a_file_begins_anew_also_with_a_wild_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
