/* base/allowance.h: a burst, then a rate; time that stands, steps back or leaps gives nothing
 * twice. */
#include "base/allowance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S INT64_C(1000000)

static unsigned take_all(struct cf_allowance *allowance, int64_t now_us)
{
	unsigned taken = 0;

	while (taken < 1000000 && cf_allowance_take(allowance, now_us))
		taken++;
	return taken;
}

static void gives_the_burst_and_then_the_rate(void **state)
{
	struct cf_allowance allowance = cf_allowance_make(100, 50);

	(void)state;
	assert_int_equal(take_all(&allowance, 1700000000 * S), 100);
	assert_int_equal(take_all(&allowance, 1700000000 * S), 0);
	assert_int_equal(take_all(&allowance, 1700000001 * S), 50);
	/* A tenth of a second is worth five, in whatever steps it comes. */
	assert_true(cf_allowance_take(&allowance, 1700000001 * S + 20000));
	assert_false(cf_allowance_take(&allowance, 1700000001 * S + 39999));
	assert_true(cf_allowance_take(&allowance, 1700000001 * S + 40000));
	assert_int_equal(take_all(&allowance, 1700000001 * S + 100000), 3);
}

static void never_holds_more_than_the_burst(void **state)
{
	struct cf_allowance allowance = cf_allowance_make(10, 10);

	(void)state;
	assert_int_equal(take_all(&allowance, S), 10);
	assert_int_equal(take_all(&allowance, 1000000 * S), 10);
	assert_int_equal(take_all(&allowance, INT64_MAX), 10);
}

static void counts_what_is_refused(void **state)
{
	struct cf_allowance allowance = cf_allowance_make(1, 1);

	(void)state;
	assert_true(cf_allowance_take(&allowance, S));
	for (unsigned i = 0; i < 7; i++)
		assert_false(cf_allowance_take(&allowance, S));
	assert_int_equal(allowance.refused, 7);
}

/* Two workers, one a little behind: the seconds between them are given once, not at each turn. */
static void gives_no_second_twice_for_disorder(void **state)
{
	struct cf_allowance allowance = cf_allowance_make(100, 10);
	unsigned taken = 0;

	(void)state;
	assert_int_equal(take_all(&allowance, 1000 * S), 100);
	for (unsigned i = 0; i < 50; i++) {
		taken += cf_allowance_take(&allowance, 1000 * S);
		taken += cf_allowance_take(&allowance, 1002 * S);
	}
	assert_int_equal(taken, 20);
}

/* A clock that was ahead and is set right must not shut everybody out until it has caught up. */
static void goes_on_from_a_clock_that_was_set_back(void **state)
{
	struct cf_allowance allowance = cf_allowance_make(100, 10);

	(void)state;
	assert_int_equal(take_all(&allowance, 4000000000 * S), 100);
	assert_int_equal(take_all(&allowance, 1700000000 * S), 0); /* nothing is gained by it */
	assert_int_equal(take_all(&allowance, 1700000001 * S), 10);
	assert_int_equal(take_all(&allowance, INT64_MIN), 0);
	assert_int_equal(take_all(&allowance, INT64_MAX), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_the_burst_and_then_the_rate),
	    cmocka_unit_test(never_holds_more_than_the_burst),
	    cmocka_unit_test(counts_what_is_refused),
	    cmocka_unit_test(gives_no_second_twice_for_disorder),
	    cmocka_unit_test(goes_on_from_a_clock_that_was_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
