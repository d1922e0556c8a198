/* The module's clock. */
#include "resolver/state/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void time_goes_on_with_the_wall_clock(void **state)
{
	struct cf_clock clock;
	int64_t back_s;

	(void)state;
	cf_clock_init(&clock, 0);
	for (int64_t s = 1000; s < 1100; s++) {
		assert_int_equal(cf_clock_now(&clock, s), s);
		assert_int_equal(cf_clock_tick(&clock, s, s - 900, &back_s), CF_CLOCK_STEADY);
	}
}

static void a_worker_that_lags_sees_its_own_time(void **state)
{
	struct cf_clock clock;

	(void)state;
	cf_clock_init(&clock, 0);
	assert_int_equal(cf_clock_now(&clock, 1000), 1000);
	assert_int_equal(cf_clock_now(&clock, 1000 - CF_CLOCK_SLACK_S), 1000 - CF_CLOCK_SLACK_S);
}

static void a_jump_back_holds_time_until_it_lasts(void **state)
{
	struct cf_clock clock;
	int64_t back_s;

	(void)state;
	cf_clock_init(&clock, 0);
	assert_int_equal(cf_clock_now(&clock, 5000), 5000);
	assert_int_equal(cf_clock_now(&clock, 1000), 5000);
	assert_int_equal(cf_clock_tick(&clock, 1000, 10, &back_s), CF_CLOCK_WENT_BACK);
	assert_int_equal(back_s, 4000);
	assert_int_equal(
	    cf_clock_tick(&clock, 1000 + CF_CLOCK_HOLD_S - 1, 10 + CF_CLOCK_HOLD_S - 1, &back_s),
	    CF_CLOCK_STEADY);
	assert_int_equal(cf_clock_now(&clock, 1059), 5000);
	assert_int_equal(
	    cf_clock_tick(&clock, 1060, 10 + CF_CLOCK_HOLD_S, &back_s), CF_CLOCK_BELIEVED);
	assert_int_equal(cf_clock_now(&clock, 1061), 1061);
	assert_int_equal(cf_clock_tick(&clock, 1062, 72, &back_s), CF_CLOCK_STEADY);
}

static void a_glitch_that_ends_is_forgotten(void **state)
{
	struct cf_clock clock;
	int64_t back_s;

	(void)state;
	cf_clock_init(&clock, 0);
	assert_int_equal(cf_clock_now(&clock, 5000), 5000);
	assert_int_equal(cf_clock_tick(&clock, 4000, 1, &back_s), CF_CLOCK_WENT_BACK);
	assert_int_equal(cf_clock_tick(&clock, 5002, 3, &back_s), CF_CLOCK_RECOVERED);
	assert_int_equal(cf_clock_tick(&clock, 5003, 4, &back_s), CF_CLOCK_STEADY);
	assert_int_equal(cf_clock_now(&clock, 5003), 5003);
}

static void an_offset_moves_time(void **state)
{
	struct cf_clock clock;

	(void)state;
	cf_clock_init(&clock, -100);
	assert_int_equal(cf_clock_now(&clock, 1000), 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(time_goes_on_with_the_wall_clock),
	    cmocka_unit_test(a_worker_that_lags_sees_its_own_time),
	    cmocka_unit_test(a_jump_back_holds_time_until_it_lasts),
	    cmocka_unit_test(a_glitch_that_ends_is_forgotten),
	    cmocka_unit_test(an_offset_moves_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
