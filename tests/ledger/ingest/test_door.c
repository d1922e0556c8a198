/* Which instants and numbers come into the ledger. */

#include "ledger/ingest/door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S INT64_C(1767700000) /* 2026-01-06 */
#define US    INT64_C(1000000)
#define DAY   INT64_C(86400)

static struct cf_fact an_identity(const char *how, int64_t at_s, int64_t to_s)
{
	return (struct cf_fact){.event = CF_EVENT_IDENTITY,
	    .at_wall_us = at_s * US,
	    .last_wall_us = to_s * US,
	    .from_wall_us = at_s * US,
	    .to_wall_us = to_s * US,
	    .count = 1,
	    .how = {.data = how, .len = strlen(how)}};
}

static const char *refused(const struct cf_door *door, const struct cf_fact *fact)
{
	const char *reason = NULL;

	return cf_door_admits(door, fact, &reason) ? "no" : reason;
}

static void instants_are_held_against_the_readers_clock(void **state)
{
	(void)state;
	struct cf_door door = cf_door_make(NOW_S, 0, NOW_S * US);

	assert_true(cf_door_is_instant(&door, NOW_S * US));
	assert_true(cf_door_is_instant(&door, (NOW_S + DAY) * US));
	assert_false(cf_door_is_instant(&door, (NOW_S + DAY) * US + 1));
	assert_false(cf_door_is_instant(&door, 0));
	assert_false(cf_door_is_instant(&door, -1));
	assert_false(cf_door_is_instant(&door, INT64_MAX));
	assert_false(cf_door_is_instant(&door, INT64_MIN));
}

static void and_against_the_files_if_it_says_anything(void **state)
{
	(void)state;
	const int64_t written = NOW_S - 100 * DAY;

	assert_int_equal(cf_door_make(NOW_S, written, (written - DAY) * US).latest_wall_us,
	    (written + DAY) * US);
	/* Before its own first record, or after now: unpacked, copied, touched. */
	assert_int_equal(
	    cf_door_make(NOW_S, written, (written + 1) * US).latest_wall_us, (NOW_S + DAY) * US);
	assert_int_equal(
	    cf_door_make(NOW_S, NOW_S + 900 * DAY, 0).latest_wall_us, (NOW_S + DAY) * US);
	assert_int_equal(cf_door_make(NOW_S, 0, 0).latest_wall_us, (NOW_S + DAY) * US);
}

static void a_clock_that_was_never_set_does_not_count(void **state)
{
	(void)state;
	assert_int_equal(cf_door_make(1000, NOW_S, NOW_S * US).latest_wall_us, (NOW_S + DAY) * US);
	assert_int_equal(cf_door_make(1000, 0, NOW_S * US).latest_wall_us, 0);
	struct cf_door door = cf_door_make(1000, 0, NOW_S * US);

	assert_false(cf_door_is_instant(&door, NOW_S * US));
}

static void every_instant_of_a_fact_is_looked_at(void **state)
{
	(void)state;
	const int64_t wild[] = {
	    -1, 1, INT64_C(4102444800), INT64_C(253402300799), INT64_MAX / US, INT64_MIN / US};
	struct cf_door door = cf_door_make(NOW_S, 0, NOW_S * US);
	struct cf_fact good = an_identity("arp", NOW_S - DAY, NOW_S);

	assert_string_equal(refused(&door, &good), "no");
	for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
		struct cf_fact fact = good;

		fact.at_wall_us = wild[i] * US;
		assert_string_not_equal(refused(&door, &fact), "no");
		fact = good;
		fact.to_wall_us = wild[i] * US;
		assert_string_not_equal(refused(&door, &fact), "no");
		fact = good;
		fact.from_wall_us = wild[i] * US;
		assert_string_not_equal(refused(&door, &fact), "no");
		fact = good;
		fact.started_wall_us = wild[i] * US;
		assert_string_not_equal(refused(&door, &fact), "no");
		if (wild[i] <= NOW_S)
			continue;
		fact = good;
		fact.event = CF_EVENT_DNS;
		fact.last_wall_us = wild[i] * US;
		assert_string_not_equal(refused(&door, &fact), "no");
	}
}

static void a_lease_may_end_in_the_future(void **state)
{
	(void)state;
	struct cf_door door = cf_door_make(NOW_S, 0, NOW_S * US);
	struct cf_fact fact = an_identity("lease", NOW_S, NOW_S + 30 * DAY);

	assert_string_equal(refused(&door, &fact), "no");
	fact = an_identity("arp", NOW_S, NOW_S + 30 * DAY);
	assert_string_not_equal(refused(&door, &fact), "no");
	fact = an_identity("lease", NOW_S, NOW_S + 401 * DAY);
	assert_string_not_equal(refused(&door, &fact), "no");
}

/* One without an end, given out years ago: an import says that it held until now. */
static void a_lease_may_have_held_for_years(void **state)
{
	(void)state;
	struct cf_door door = cf_door_make(NOW_S, 0, NOW_S * US);
	struct cf_fact fact = an_identity("lease", NOW_S - 900 * DAY, NOW_S);

	assert_string_equal(refused(&door, &fact), "no");
	/* Nor was there a day of 2000: so do clocks begin that nobody has set. */
	fact = an_identity("arp", INT64_C(946684812), INT64_C(946684815));
	assert_string_not_equal(refused(&door, &fact), "no");
}

static void numbers_that_are_no_counts_are_refused(void **state)
{
	(void)state;
	struct cf_door door = cf_door_make(NOW_S, 0, NOW_S * US);
	struct cf_fact fact = an_identity("arp", NOW_S, NOW_S);
	uint64_t *const numbers[] = {
	    &fact.count, &fact.bytes_in, &fact.bytes_out, &fact.seen, &fact.lost};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		uint64_t was = *numbers[i];

		*numbers[i] = UINT64_MAX;
		assert_string_equal(refused(&door, &fact), "impossible number");
		*numbers[i] = was;
	}
	assert_string_equal(refused(&door, &fact), "no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(instants_are_held_against_the_readers_clock),
	    cmocka_unit_test(and_against_the_files_if_it_says_anything),
	    cmocka_unit_test(a_clock_that_was_never_set_does_not_count),
	    cmocka_unit_test(every_instant_of_a_fact_is_looked_at),
	    cmocka_unit_test(a_lease_may_end_in_the_future),
	    cmocka_unit_test(a_lease_may_have_held_for_years),
	    cmocka_unit_test(numbers_that_are_no_counts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
