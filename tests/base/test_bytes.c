/* base/bytes: bounds, byte order, and a failure that stays. */

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t sample[] = {1, 2, 3, 4, 5, 6, 7, 8};

static void integers_are_read_in_their_order(void **state)
{
	struct cf_bytes c = cf_bytes_make(sample, sizeof sample);

	(void)state;
	assert_int_equal(cf_bytes_u8(&c), 1);
	assert_int_equal(cf_bytes_be16(&c), 0x0203);
	assert_int_equal(cf_bytes_be24(&c), 0x040506);
	assert_int_equal(cf_bytes_le16(&c), 0x0807);
	assert_true(cf_bytes_ok(&c));
	assert_int_equal(cf_bytes_left(&c), 0);
	c = cf_bytes_make(sample, sizeof sample);
	assert_int_equal(cf_bytes_be32(&c), 0x01020304);
	assert_int_equal(cf_bytes_le32(&c), 0x08070605);
	c = cf_bytes_make(sample, sizeof sample);
	assert_true(cf_bytes_be64(&c) == 0x0102030405060708);
	c = cf_bytes_make(sample, sizeof sample);
	assert_true(cf_bytes_le64(&c) == 0x0807060504030201);
}

static void high_bits_do_not_leak_into_wider_types(void **state)
{
	static const uint8_t ones[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct cf_bytes c = cf_bytes_make(ones, sizeof ones);

	(void)state;
	assert_true(cf_bytes_be32(&c) == UINT32_MAX);
	assert_true(cf_bytes_le32(&c) == UINT32_MAX);
	c = cf_bytes_make(ones, sizeof ones);
	assert_true(cf_bytes_be64(&c) == UINT64_MAX);
}

static void a_read_past_the_end_fails_and_stays_failed(void **state)
{
	struct cf_bytes c = cf_bytes_make(sample, 3);

	(void)state;
	assert_int_equal(cf_bytes_be32(&c), 0);
	assert_false(cf_bytes_ok(&c));
	assert_int_equal(cf_bytes_left(&c), 0);
	/* There are three bytes, but after a failure nothing is given any more. */
	assert_int_equal(cf_bytes_u8(&c), 0);
	assert_null(cf_bytes_take(&c, 0));
	assert_false(cf_bytes_ok(&c));
}

static void half_an_integer_of_64_bits_is_none(void **state)
{
	struct cf_bytes c = cf_bytes_make(sample, 7);

	(void)state;
	(void)cf_bytes_be64(&c);
	assert_false(cf_bytes_ok(&c));
	c = cf_bytes_make(sample, 7);
	(void)cf_bytes_le64(&c);
	assert_false(cf_bytes_ok(&c));
}

static void huge_lengths_do_not_wrap_round(void **state)
{
	struct cf_bytes c = cf_bytes_make(sample, sizeof sample);

	(void)state;
	assert_null(cf_bytes_take(&c, SIZE_MAX));
	assert_false(cf_bytes_ok(&c));
	c = cf_bytes_make(sample, sizeof sample);
	cf_bytes_skip(&c, SIZE_MAX - 4);
	assert_false(cf_bytes_ok(&c));
}

static void all_bytes_can_be_taken_and_not_one_more(void **state)
{
	struct cf_bytes c = cf_bytes_make(sample, sizeof sample);

	(void)state;
	assert_ptr_equal(cf_bytes_take(&c, sizeof sample), sample);
	assert_true(cf_bytes_ok(&c));
	assert_non_null(cf_bytes_take(&c, 0));
	assert_null(cf_bytes_take(&c, 1));
}

static void nothing_is_a_good_cursor_with_nothing_in_it(void **state)
{
	struct cf_bytes c = cf_bytes_make(NULL, 0);

	(void)state;
	assert_true(cf_bytes_ok(&c));
	assert_int_equal(cf_bytes_left(&c), 0);
	assert_int_equal(cf_bytes_u8(&c), 0);
	assert_false(cf_bytes_ok(&c));
}

static void a_sub_cursor_ends_where_it_was_told(void **state)
{
	struct cf_bytes c = cf_bytes_make(sample, sizeof sample), sub = cf_bytes_sub(&c, 3);

	(void)state;
	assert_int_equal(cf_bytes_left(&sub), 3);
	assert_int_equal(cf_bytes_left(&c), 5);
	assert_int_equal(cf_bytes_be24(&sub), 0x010203);
	assert_int_equal(cf_bytes_u8(&sub), 0);
	assert_false(cf_bytes_ok(&sub));
	assert_int_equal(cf_bytes_u8(&c), 4);
	sub = cf_bytes_sub(&c, 5);
	assert_false(cf_bytes_ok(&sub));
	assert_false(cf_bytes_ok(&c));
	assert_int_equal(cf_bytes_left(&sub), 0);
}

static void a_limit_takes_bytes_away_and_adds_none(void **state)
{
	struct cf_bytes c = cf_bytes_make(sample, 4);

	(void)state;
	cf_bytes_limit(&c, 5);
	assert_int_equal(cf_bytes_left(&c), 4);
	cf_bytes_limit(&c, 2);
	assert_int_equal(cf_bytes_left(&c), 2);
	cf_bytes_skip(&c, 3);
	cf_bytes_limit(&c, 1);
	assert_false(cf_bytes_ok(&c));
	assert_int_equal(cf_bytes_left(&c), 0);
}

static void the_caller_can_fail_it(void **state)
{
	struct cf_bytes c = cf_bytes_make(sample, sizeof sample);

	(void)state;
	cf_bytes_fail(&c);
	assert_int_equal(cf_bytes_u8(&c), 0);
	assert_false(cf_bytes_ok(&c));
}

static void every_character_is_a_hex_digit_or_none(void **state)
{
	static const char digits[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	unsigned count = 0;

	(void)state;
	for (int i = 0; i < 16; i++) {
		assert_int_equal(cf_hex_value(digits[i]), i);
		assert_int_equal(cf_hex_value(upper[i]), i);
	}
	for (int c = -128; c < 128; c++)
		count += cf_hex_value((char)c) >= 0;
	assert_int_equal(count, 22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(integers_are_read_in_their_order),
	    cmocka_unit_test(high_bits_do_not_leak_into_wider_types),
	    cmocka_unit_test(a_read_past_the_end_fails_and_stays_failed),
	    cmocka_unit_test(half_an_integer_of_64_bits_is_none),
	    cmocka_unit_test(huge_lengths_do_not_wrap_round),
	    cmocka_unit_test(all_bytes_can_be_taken_and_not_one_more),
	    cmocka_unit_test(nothing_is_a_good_cursor_with_nothing_in_it),
	    cmocka_unit_test(a_sub_cursor_ends_where_it_was_told),
	    cmocka_unit_test(a_limit_takes_bytes_away_and_adds_none),
	    cmocka_unit_test(the_caller_can_fail_it),
	    cmocka_unit_test(every_character_is_a_hex_digit_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
