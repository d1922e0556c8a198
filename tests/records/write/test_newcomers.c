/* records/write/newcomers.h: the known come in, the new ones by an allowance that fills with time.
 */

#include "records/write/newcomers.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)

static bool let(struct cf_newcomers *newcomers, uint32_t number, int64_t now_us)
{
	uint8_t client[CF_NEWCOMER_BYTES] = {4};

	memcpy(client + 1, &number, sizeof number);
	return cf_newcomers_let(newcomers, client, now_us);
}

static struct cf_newcomers *make(uint32_t burst)
{
	struct cf_newcomers *newcomers;

	assert_int_equal(
	    cf_newcomers_new((const uint8_t *)"0123456789abcdef", burst, &newcomers), CF_OK);
	return newcomers;
}

static void so_many_at_once_and_then_by_the_second(void **state)
{
	struct cf_newcomers *newcomers = make(100);
	unsigned let_in = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		let_in += let(newcomers, i, 10 * S);
	assert_int_equal(let_in, 100);
	for (uint32_t i = 1000; i < 2000; i++)
		let_in += let(newcomers, i, 12 * S);
	/* What was left over of the allowance's last place is less than one. */
	assert_in_range(let_in, 100 + 2 * CF_NEWCOMERS_PER_S - 1, 100 + 2 * CF_NEWCOMERS_PER_S);
	/* It fills up to the burst and no further. */
	let_in = 0;
	for (uint32_t i = 2000; i < 3000; i++)
		let_in += let(newcomers, i, 1000 * S);
	assert_int_equal(let_in, 100);
	cf_newcomers_free(newcomers);
}

static void who_is_known_always_comes_in(void **state)
{
	struct cf_newcomers *newcomers = make(10);

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		assert_true(let(newcomers, i, S));
	assert_false(let(newcomers, 10, S));
	for (unsigned round = 0; round < 3; round++)
		for (uint32_t i = 0; i < 10; i++)
			assert_true(let(newcomers, i, S));
	/* A clock that stands or steps back refills nothing and forgets nobody. */
	assert_false(let(newcomers, 11, 0));
	assert_true(let(newcomers, 3, 0));
	cf_newcomers_free(newcomers);
}

static void a_whole_large_site_comes_in_at_once(void **state)
{
	struct cf_newcomers *newcomers = make(CF_NEWCOMERS);
	unsigned let_in = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++)
		let_in += let(newcomers, i, S);
	for (uint32_t i = 0; i < 100000; i++)
		let_in += let(newcomers, i, 2 * S);
	assert_int_equal(let_in, 200000);
	cf_newcomers_free(newcomers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(so_many_at_once_and_then_by_the_second),
	    cmocka_unit_test(who_is_known_always_comes_in),
	    cmocka_unit_test(a_whole_large_site_comes_in_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
