/* Intervals of a day, joined in any order. */

#include "ledger/minutes/held.h"

#include "records/form/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void intervals_that_meet_are_one_with_the_later_end(void **state)
{
	struct cf_held held = {0};

	(void)state;
	assert_int_equal(
	    cf_held_add(&held, (struct cf_held_span){10, 20, CF_IDENTITY_RELEASED}), CF_OK);
	assert_int_equal(cf_held_add(&held, (struct cf_held_span){30, 40, 0}), CF_OK);
	assert_int_equal(cf_held_add(&held, (struct cf_held_span){21, 29, 0}), CF_OK);
	assert_int_equal(held.count, 3); /* next to each other is not one in the other */
	assert_int_equal(held.items[0].end, CF_IDENTITY_RELEASED);
	assert_int_equal(cf_held_add(&held, (struct cf_held_span){20, 30, 0}), CF_OK);
	assert_int_equal(held.count, 1);
	assert_int_equal(held.items[0].from, 10);
	assert_int_equal(held.items[0].to, 40);
	assert_int_equal(held.items[0].end, CF_IDENTITY_OPEN);
	assert_int_equal(
	    cf_held_add(&held, (struct cf_held_span){40, 40, CF_IDENTITY_EXPIRED}), CF_OK);
	assert_int_equal(held.items[0].end, CF_IDENTITY_EXPIRED);
	assert_int_equal(cf_held_add(&held, (struct cf_held_span){5, 4, 0}), CF_EINVALID);
	assert_int_equal(cf_held_add(&held, (struct cf_held_span){5, 1440, 0}), CF_EINVALID);
	cf_held_done(&held);
}

static void the_order_is_nothing(void **state)
{
	static uint8_t first[CF_HELD_BYTES], other[CF_HELD_BYTES];

	(void)state;
	srand(7);
	for (int round = 0; round < 300; round++) {
		struct cf_held_span spans[12];
		struct cf_held a = {0}, b = {0}, c = {0};

		for (int i = 0; i < 12; i++) {
			uint16_t from = (uint16_t)(rand() % 200);

			spans[i] = (struct cf_held_span){
			    from, (uint16_t)(from + rand() % 20), (uint8_t)(rand() % 4)};
			assert_int_equal(cf_held_add(&a, spans[i]), CF_OK);
		}
		for (int i = 11; i >= 0; i--)
			assert_int_equal(cf_held_add(i % 2 == 0 ? &b : &c, spans[i]), CF_OK);
		size_t len = cf_held_encode(&c, other);

		assert_int_equal(cf_held_decode(&b, other, len), CF_OK);
		len = cf_held_encode(&a, first);
		assert_int_equal(cf_held_encode(&b, other), len);
		assert_memory_equal(first, other, len);
		cf_held_done(&a);
		cf_held_done(&b);
		cf_held_done(&c);
	}
}

static void damaged_bytes_are_refused_and_the_fullest_day_fits(void **state)
{
	static const uint8_t late[] = {0xff, 0x0b, 0, 0}, cut[] = {1, 1},
	                     wide[] = {0xff, 0xff, 1, 0, 0};
	static uint8_t blob[CF_HELD_BYTES];
	struct cf_held held = {0}, again = {0};

	(void)state;
	assert_int_equal(cf_held_decode(&held, late, sizeof late), CF_EMALFORMED);
	assert_int_equal(cf_held_decode(&held, cut, sizeof cut), CF_EMALFORMED);
	assert_int_equal(cf_held_decode(&held, wide, sizeof wide), CF_EMALFORMED);
	for (uint16_t i = 0; i < CF_DAY_MINUTES; i++)
		assert_int_equal(cf_held_add(&held, (struct cf_held_span){i, i, 0}), CF_OK);
	size_t len = cf_held_encode(&held, blob);

	assert_int_equal(len, CF_HELD_BYTES);
	assert_int_equal(cf_held_decode(&again, blob, len), CF_OK);
	assert_int_equal(again.count, CF_DAY_MINUTES);
	cf_held_done(&held);
	cf_held_done(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(intervals_that_meet_are_one_with_the_later_end),
	    cmocka_unit_test(the_order_is_nothing),
	    cmocka_unit_test(damaged_bytes_are_refused_and_the_fullest_day_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
