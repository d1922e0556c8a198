/* compile/intervals: nested prefixes to ranges, in drawings small enough to check by eye. */

#include "compile/image/intervals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define NONE UINT32_MAX

struct expected {
	uint64_t first;
	uint32_t inner;
};

/* Cuts IPv4 prefixes and compares ranges and parents. */
static void cut(const char *const *texts, size_t count, const struct expected *expected,
    size_t expected_count, const uint32_t *expected_parents)
{
	struct cf_interval intervals[8];
	struct cf_range *ranges = NULL;
	size_t range_count = 99;
	uint32_t parents[8];

	for (size_t i = 0; i < count; i++) {
		struct cf_prefix prefix;

		assert_int_equal(cf_prefix_parse(texts[i], &prefix), CF_OK);
		intervals[i] = cf_interval_of(&prefix, (uint32_t)i);
	}
	cf_intervals_sort(intervals, count);
	assert_int_equal(
	    cf_intervals_cut(intervals, count, 32, parents, &ranges, &range_count), CF_OK);
	assert_int_equal(range_count, expected_count);
	for (size_t i = 0; i < range_count; i++) {
		assert_int_equal(ranges[i].first.low, expected[i].first);
		assert_int_equal(ranges[i].first.high, 0);
		assert_int_equal(ranges[i].inner, expected[i].inner);
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(parents[i], expected_parents[i]);
	free(ranges);
}

static void nothing_makes_no_ranges(void **state)
{
	(void)state;
	cut(NULL, 0, NULL, 0, NULL);
}

static void a_hole_in_a_wider_network_goes_back_to_it(void **state)
{
	static const char *const texts[] = {"10.1.0.0/16", "10.0.0.0/8"};
	static const struct expected expected[] = {
	    {0, NONE}, {0x0a000000, 0}, {0x0a010000, 1}, {0x0a020000, 0}, {0x0b000000, NONE}};
	static const uint32_t parents[] = {NONE, 0};

	(void)state;
	cut(texts, 2, expected, 5, parents);
}

static void prefixes_that_begin_together_nest(void **state)
{
	static const char *const texts[] = {"10.0.0.0/24", "10.0.0.0/8", "10.0.0.0/16"};
	static const struct expected expected[] = {
	    {0, NONE}, {0x0a000000, 2}, {0x0a000100, 1}, {0x0a010000, 0}, {0x0b000000, NONE}};
	static const uint32_t parents[] = {NONE, 0, 1};

	(void)state;
	cut(texts, 3, expected, 5, parents);
}

static void prefixes_that_end_together_close_together(void **state)
{
	static const char *const texts[] = {"10.0.0.0/8", "10.255.0.0/16", "10.255.255.0/24"};
	static const struct expected expected[] = {
	    {0, NONE}, {0x0a000000, 0}, {0x0aff0000, 1}, {0x0affff00, 2}, {0x0b000000, NONE}};
	static const uint32_t parents[] = {NONE, 0, 1};

	(void)state;
	cut(texts, 3, expected, 5, parents);
}

static void neighbours_leave_no_gap(void **state)
{
	static const char *const texts[] = {"10.0.0.0/9", "10.128.0.0/9"};
	static const struct expected expected[] = {
	    {0, NONE}, {0x0a000000, 0}, {0x0a800000, 1}, {0x0b000000, NONE}};
	static const uint32_t parents[] = {NONE, NONE};

	(void)state;
	cut(texts, 2, expected, 4, parents);
}

static void equal_prefixes_nest_in_their_order(void **state)
{
	static const char *const texts[] = {"10.0.0.0/8", "10.0.0.0/8"};
	static const struct expected expected[] = {{0, NONE}, {0x0a000000, 1}, {0x0b000000, NONE}};
	static const uint32_t parents[] = {NONE, 0};

	(void)state;
	cut(texts, 2, expected, 3, parents);
}

static void the_whole_space_has_no_end(void **state)
{
	static const char *const texts[] = {"0.0.0.0/0", "255.255.255.255/32"};
	static const struct expected expected[] = {{0, 0}, {0xffffffff, 1}};
	static const uint32_t parents[] = {NONE, 0};

	(void)state;
	cut(texts, 2, expected, 2, parents);
}

static void ipv6_carries_over_its_halves(void **state)
{
	struct cf_prefix prefix;
	struct cf_interval interval;
	struct cf_range *ranges;
	size_t count;
	uint32_t parent;

	(void)state;
	assert_int_equal(cf_prefix_parse("2001:db8:0:1::/64", &prefix), CF_OK);
	interval = cf_interval_of(&prefix, 0);
	assert_int_equal(cf_intervals_cut(&interval, 1, 128, &parent, &ranges, &count), CF_OK);
	assert_int_equal(count, 3);
	assert_true(ranges[1].first.high == 0x20010db800000001 && ranges[1].first.low == 0);
	assert_true(ranges[2].first.high == 0x20010db800000002 && ranges[2].first.low == 0);
	assert_int_equal(ranges[2].inner, NONE);
	free(ranges);
	assert_int_equal(cf_prefix_parse("::/0", &prefix), CF_OK);
	interval = cf_interval_of(&prefix, 0);
	assert_int_equal(cf_intervals_cut(&interval, 1, 128, &parent, &ranges, &count), CF_OK);
	assert_int_equal(count, 1);
	free(ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_makes_no_ranges),
	    cmocka_unit_test(a_hole_in_a_wider_network_goes_back_to_it),
	    cmocka_unit_test(prefixes_that_begin_together_nest),
	    cmocka_unit_test(prefixes_that_end_together_close_together),
	    cmocka_unit_test(neighbours_leave_no_gap),
	    cmocka_unit_test(equal_prefixes_nest_in_their_order),
	    cmocka_unit_test(the_whole_space_has_no_end),
	    cmocka_unit_test(ipv6_carries_over_its_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
