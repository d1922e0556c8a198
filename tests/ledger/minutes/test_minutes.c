/* Minutes of a day: every order and every grouping gives the same bytes; hostile bytes are refused.
 */

#include "ledger/minutes/minutes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t encode(const struct cf_minutes *minutes, uint8_t *blob)
{
	size_t len = cf_minutes_encode(minutes, blob);

	assert_true(len <= CF_MINUTES_BYTES);
	return len;
}

static void what_goes_in_comes_out(void **state)
{
	(void)state;
	static uint8_t blob[CF_MINUTES_BYTES];
	struct cf_minutes in = {0}, out = {0};

	srand(1);
	for (int i = 0; i < 500; i++)
		assert_int_equal(cf_minutes_add(&in, (uint32_t)rand() % CF_DAY_MINUTES,
		                     1u + (unsigned)rand() % 3, CF_MINUTES_SUM),
		    CF_OK);
	size_t len = encode(&in, blob);

	assert_int_equal(cf_minutes_decode(&out, blob, len, CF_MINUTES_SUM), CF_OK);
	assert_int_equal(in.count, out.count);
	for (uint32_t i = 0; i < in.count; i++) { /* not memcmp: there is padding */
		assert_int_equal(in.items[i].minute, out.items[i].minute);
		assert_int_equal(in.items[i].value, out.items[i].value);
	}
	cf_minutes_done(&in);
	cf_minutes_done(&out);
}

static void merging_in_parts_equals_adding_at_once(void **state)
{
	(void)state;
	static uint8_t whole_blob[CF_MINUTES_BYTES], part_blob[CF_MINUTES_BYTES];
	struct cf_minutes whole = {0}, parts[3] = {{0}}, sum = {0};

	srand(2);
	for (int i = 0; i < 3000; i++) {
		uint32_t minute = (uint32_t)rand() % CF_DAY_MINUTES;

		assert_int_equal(cf_minutes_add(&whole, minute, 1, CF_MINUTES_SUM), CF_OK);
		assert_int_equal(
		    cf_minutes_add(&parts[rand() % 3], minute, 1, CF_MINUTES_SUM), CF_OK);
	}
	for (int i = 2; i >= 0; i--) {
		size_t len = encode(&parts[i], part_blob);

		assert_int_equal(cf_minutes_decode(&sum, part_blob, len, CF_MINUTES_SUM), CF_OK);
		cf_minutes_done(&parts[i]);
	}
	size_t whole_len = encode(&whole, whole_blob), sum_len = encode(&sum, part_blob);

	assert_int_equal(whole_len, sum_len);
	assert_memory_equal(whole_blob, part_blob, whole_len);
	cf_minutes_done(&whole);
	cf_minutes_done(&sum);
}

static void a_day_of_heartbeats_takes_a_few_bytes(void **state)
{
	(void)state;
	static uint8_t blob[CF_MINUTES_BYTES];
	struct cf_minutes minutes = {0};

	for (uint32_t m = 0; m < CF_DAY_MINUTES; m++)
		assert_int_equal(cf_minutes_add(&minutes, m, 0, CF_MINUTES_MAX), CF_OK);
	assert_true(encode(&minutes, blob) <= 4);
	cf_minutes_done(&minutes);
}

static void the_worst_day_fits(void **state)
{
	(void)state;
	static uint8_t blob[CF_MINUTES_BYTES];
	struct cf_minutes minutes = {0};

	for (uint32_t m = 0; m < CF_DAY_MINUTES; m++)
		assert_int_equal(
		    cf_minutes_add(&minutes, m, UINT64_MAX - m, CF_MINUTES_SUM), CF_OK);
	assert_true(encode(&minutes, blob) <= sizeof blob);
	assert_int_equal(cf_minutes_add(&minutes, 3, 100, CF_MINUTES_SUM), CF_OK);
	assert_true(minutes.items[3].value == UINT64_MAX); /* stays at the top, does not wrap */
	assert_int_equal(cf_minutes_add(&minutes, CF_DAY_MINUTES, 1, CF_MINUTES_SUM), CF_EINVALID);
	cf_minutes_done(&minutes);
}

static void impossible_bytes_are_refused(void **state)
{
	(void)state;
	static const struct {
		size_t len;
		uint8_t bytes[12];
	} bad[] = {{1, {0}}, {2, {0, 1}}, {3, {0, 0, 1}}, {5, {0xa0, 0x0b, 1, 1, 0}},
	    {5, {0, 0xa1, 0x0b, 1, 0}},
	    {12, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1}}};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct cf_minutes minutes = {0};

		assert_int_equal(
		    cf_minutes_decode(&minutes, bad[i].bytes, bad[i].len, CF_MINUTES_SUM),
		    CF_EMALFORMED);
		cf_minutes_done(&minutes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_goes_in_comes_out),
	    cmocka_unit_test(merging_in_parts_equals_adding_at_once),
	    cmocka_unit_test(a_day_of_heartbeats_takes_a_few_bytes),
	    cmocka_unit_test(the_worst_day_fits),
	    cmocka_unit_test(impossible_bytes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
