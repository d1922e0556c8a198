/* How much was watched, and what is missing. */

#include "ledger/minutes/coverage_lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Two sensors; heartbeats of the first in [from, to) but for [gap_from, gap_to). */
static struct cf_coverage *watched(uint32_t from, uint32_t to, uint32_t gap_from, uint32_t gap_to)
{
	struct cf_coverage *coverage = NULL;

	assert_int_equal(cf_coverage_new(2, &coverage), CF_OK);
	for (uint32_t m = from; m < to; m++)
		if (m < gap_from || m >= gap_to)
			assert_int_equal(cf_coverage_beat(coverage, 0, 0, m, 0), CF_OK);
	assert_int_equal(cf_coverage_finish(coverage), CF_OK);
	return coverage;
}

static struct cf_coverage_lack lack_of(struct cf_coverage *coverage, uint32_t sensor)
{
	return cf_coverage_find_lack(
	    coverage, cf_coverage_set_add(coverage, 0, sensor), 1000, 2000, 5, 60);
}

static void one_gap_is_named_with_what_was_watched_around_it(void **state)
{
	(void)state;
	struct cf_coverage *coverage = watched(900, 2000, 1500, 1510);
	struct cf_coverage_lack lack = lack_of(coverage, 0);

	assert_int_equal(lack.stretches, 1);
	assert_int_equal(lack.from_minute, 1500);
	assert_int_equal(lack.to_minute, 1510);
	assert_int_equal(lack.lacking_minutes, 10);
	assert_int_equal(lack.watched_minutes, 990);
	cf_coverage_free(coverage);
}

static void what_is_tolerated_or_late_is_no_stretch_but_was_not_watched(void **state)
{
	(void)state;
	struct cf_coverage *coverage = watched(1000, 1950, 1500, 1505);
	struct cf_coverage_lack lack = lack_of(coverage, 0);

	assert_int_equal(lack.stretches, 0);
	assert_int_equal(lack.watched_minutes, 945);
	cf_coverage_free(coverage);
	/* Later than logs may be. */
	coverage = watched(1000, 1930, 0, 0);
	lack = lack_of(coverage, 0);
	assert_int_equal(lack.stretches, 1);
	assert_int_equal(lack.from_minute, 1930);
	assert_int_equal(lack.to_minute, 2000);
	cf_coverage_free(coverage);
}

static void before_the_first_heartbeat_nobody_watched(void **state)
{
	(void)state;
	struct cf_coverage *coverage = watched(1400, 2000, 1500, 1600);
	struct cf_coverage_lack lack = lack_of(coverage, 0);

	assert_int_equal(lack.stretches, 2);
	assert_int_equal(lack.from_minute, 1000); /* the longest */
	assert_int_equal(lack.to_minute, 1400);
	assert_int_equal(lack.lacking_minutes, 500);
	lack = lack_of(coverage, 1); /* never at all */
	assert_int_equal(lack.stretches, 1);
	assert_int_equal(lack.watched_minutes, 0);
	assert_int_equal(lack.lacking_minutes, 1000);
	lack = cf_coverage_find_lack(coverage, 0, 1000, 2000, 5, 60);
	assert_int_equal(lack.lacking_minutes, 1000);
	cf_coverage_free(coverage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_gap_is_named_with_what_was_watched_around_it),
	    cmocka_unit_test(what_is_tolerated_or_late_is_no_stretch_but_was_not_watched),
	    cmocka_unit_test(before_the_first_heartbeat_nobody_watched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
