/* When somebody watched. */

#include "ledger/minutes/coverage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define M INT64_C(60000000)

static struct cf_coverage *a_coverage(uint32_t sensors)
{
	struct cf_coverage *coverage = NULL;

	assert_int_equal(cf_coverage_new(sensors, &coverage), CF_OK);
	return coverage;
}

static void beat(struct cf_coverage *coverage, uint32_t sensor, int64_t started, uint32_t from,
    uint32_t to, uint64_t lost)
{
	for (uint32_t m = from; m < to; m++)
		assert_int_equal(cf_coverage_beat(coverage, sensor, started * M, m, lost), CF_OK);
}

static void a_sensor_watches_from_its_start_to_its_last_heartbeat(void **state)
{
	(void)state;
	struct cf_coverage *coverage = a_coverage(1);
	const struct cf_span *spans;

	beat(coverage, 0, 999, 1000, 1100, 0);
	assert_int_equal(cf_coverage_finish(coverage), CF_OK);
	assert_int_equal(cf_coverage_spans(coverage, 0, &spans), 1);
	assert_int_equal(spans[0].from_minute, 999);
	assert_int_equal(spans[0].to_minute, 1100);
	cf_coverage_free(coverage);
}

static void two_missed_heartbeats_are_let_pass_three_are_a_gap(void **state)
{
	(void)state;
	struct cf_coverage *coverage = a_coverage(1);
	const struct cf_span *gaps;

	beat(coverage, 0, 999, 1000, 1010, 0);
	beat(coverage, 0, 999, 1012, 1020, 0);
	beat(coverage, 0, 999, 1023, 1030, 0);
	assert_int_equal(cf_coverage_finish(coverage), CF_OK);
	assert_int_equal(cf_coverage_gaps(coverage, 0, &gaps), 1);
	assert_int_equal(gaps[0].from_minute, 1020);
	assert_int_equal(gaps[0].to_minute, 1023);
	assert_string_equal(gaps[0].reason, "no heartbeat");
	cf_coverage_free(coverage);
}

static void loss_uncovers_the_time_since_the_heartbeat_before(void **state)
{
	(void)state;
	struct cf_coverage *coverage = a_coverage(1);
	const struct cf_span *gaps;

	beat(coverage, 0, 999, 1000, 1010, 0);
	beat(coverage, 0, 999, 1010, 1050, 3);
	assert_int_equal(cf_coverage_finish(coverage), CF_OK);
	assert_int_equal(cf_coverage_gaps(coverage, 0, &gaps), 1);
	assert_int_equal(gaps[0].from_minute, 1009);
	assert_int_equal(gaps[0].to_minute, 1011);
	assert_string_equal(gaps[0].reason, "records or packets lost");
	cf_coverage_free(coverage);
}

static void one_sensor_fills_the_gap_of_another(void **state)
{
	(void)state;
	struct cf_coverage *coverage = a_coverage(2);

	beat(coverage, 0, 999, 1000, 1100, 0);
	beat(coverage, 0, 1199, 1200, 1300, 0);
	beat(coverage, 1, 1080, 1081, 1210, 0);
	assert_int_equal(cf_coverage_finish(coverage), CF_OK);
	uint32_t first = cf_coverage_set_add(coverage, 0, 0),
	         both = cf_coverage_set_add(coverage, first, 1);

	assert_int_equal(
	    cf_coverage_set_union(coverage, first, cf_coverage_set_add(coverage, 0, 1)), both);
	assert_true(cf_coverage_holds(coverage, both, 1000, 1300, 0));
	assert_false(cf_coverage_holds(coverage, first, 1000, 1300, 5));
	assert_true(cf_coverage_holds(coverage, first, 1000, 1300, 100));
	assert_false(cf_coverage_holds(coverage, 0, 1000, 1001, 5));
	assert_false(cf_coverage_holds(coverage, both, 900, 1300, 5));
	assert_false(cf_coverage_holds(coverage, both, 1000, 1310, 5));
	assert_int_equal(cf_coverage_since(coverage, both, 1300, 5, 60), 999);
	assert_int_equal(cf_coverage_since(coverage, first, 1300, 5, 60), 1199);
	assert_int_equal(cf_coverage_since(coverage, first, 1340, 5, 60), 1199);
	assert_int_equal(cf_coverage_since(coverage, first, 1370, 5, 60), 1370);
	cf_coverage_free(coverage);
}

static void doubt_comes_before_heartbeats(void **state)
{
	(void)state;
	struct cf_coverage *coverage = a_coverage(1);
	const struct cf_span *gaps;
	const struct cf_span *spans;

	beat(coverage, 0, 999, 1000, 1100, 0);
	assert_int_equal(cf_coverage_doubt(coverage, 0, 1040, 1050, "log was changed"), CF_OK);
	assert_int_equal(cf_coverage_doubt(coverage, 0, 1045, 1060, "log was changed"), CF_OK);
	assert_int_equal(cf_coverage_finish(coverage), CF_OK);
	assert_int_equal(cf_coverage_spans(coverage, 0, &spans), 2);
	assert_int_equal(cf_coverage_gaps(coverage, 0, &gaps), 1);
	assert_int_equal(gaps[0].from_minute, 1040);
	assert_int_equal(gaps[0].to_minute, 1060);
	assert_string_equal(gaps[0].reason, "log was changed");
	cf_coverage_free(coverage);
}

static void sets_of_a_hundred_sensors_work(void **state)
{
	(void)state;
	struct cf_coverage *coverage = a_coverage(130);
	uint32_t set = 0;

	for (uint32_t s = 0; s < 130; s += 3)
		set = cf_coverage_set_add(coverage, set, s);
	for (uint32_t s = 0; s < 130; s++)
		assert_int_equal(cf_coverage_set_has(coverage, set, s), s % 3 == 0);
	assert_int_equal(cf_coverage_set_add(coverage, set, 129), set);
	cf_coverage_free(coverage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sensor_watches_from_its_start_to_its_last_heartbeat),
	    cmocka_unit_test(two_missed_heartbeats_are_let_pass_three_are_a_gap),
	    cmocka_unit_test(loss_uncovers_the_time_since_the_heartbeat_before),
	    cmocka_unit_test(one_sensor_fills_the_gap_of_another),
	    cmocka_unit_test(doubt_comes_before_heartbeats),
	    cmocka_unit_test(sets_of_a_hundred_sensors_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
