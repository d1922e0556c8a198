/* Answers whose questions never came are noticed, and nothing else is taken for a loss. */

#include "base/limits.h"
#include "tap/balance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S     INT64_C(1000000)
#define BEGIN (INT64_C(1727582400) * S)
/* From when on conclusions are drawn. */
#define LATER (BEGIN + (CF_TAP_PATIENCE_S + 1) * S)

static struct cf_balance *balance;

static int setup(void **state)
{
	static const uint8_t key[16] = {1, 2, 3};

	(void)state;
	return cf_balance_new(key, &balance) == CF_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	cf_balance_free(balance);
	return 0;
}

static void take(enum cf_tapped_kind kind, uint16_t port, uint16_t id, int64_t at_wall_us)
{
	static const uint8_t client[4] = {10, 0, 0, 7};
	struct cf_tapped tapped = {.kind = kind,
	    .ends = {.client = cf_addr_v4(client), .client_port = port},
	    .protocol = 1};

	cf_balance_take(balance, &tapped, id, at_wall_us);
}

static void ask(uint16_t id, int64_t at_wall_us)
{
	take(CF_TAPPED_QUESTION, 4000, id, at_wall_us);
}

static void answer(uint16_t id, int64_t at_wall_us)
{
	take(CF_TAPPED_ANSWER, 4000, id, at_wall_us);
}

static uint64_t missing_at(int64_t at_wall_us)
{
	return cf_balance_missing(balance, at_wall_us);
}

static void pairs_miss_nothing_in_either_order(void **state)
{
	(void)state;
	ask(1, BEGIN);
	answer(1, BEGIN + 1);
	answer(2, LATER); /* threads take turns */
	ask(2, LATER + S);
	ask(3, LATER);
	ask(3, LATER); /* sent again, answered twice */
	answer(3, LATER + S);
	answer(3, LATER + S);
	ask(4, LATER); /* dropped by the server */
	assert_int_equal(missing_at(LATER + 1000 * S), 0);
}

static void an_answer_alone_is_noticed_once(void **state)
{
	(void)state;
	ask(1, BEGIN);
	answer(9, LATER);
	assert_int_equal(missing_at(LATER + S), 0); /* the question may be on its way */
	assert_int_equal(missing_at(LATER + 20 * S), 1);
	assert_int_equal(missing_at(LATER + 1000 * S), 1);
	answer(9, LATER + 1000 * S);
	answer(9, LATER + 1000 * S);
	take(CF_TAPPED_ANSWER, 4001, 9, LATER + 1000 * S); /* of another port */
	assert_int_equal(missing_at(LATER + 2000 * S), 4);
}

static void the_first_minutes_show_nothing(void **state)
{
	(void)state;
	ask(1, BEGIN);
	answer(2, BEGIN + S); /* asked before we listened */
	assert_int_equal(missing_at(BEGIN + 100 * S), 0);
}

static void a_server_that_tells_answers_alone_loses_none(void **state)
{
	(void)state;
	for (uint16_t id = 0; id < 100; id++)
		answer(id, BEGIN + id * 10 * S);
	assert_int_equal(missing_at(BEGIN + 10000 * S), 0);
}

static void a_slow_answer_still_finds_its_question(void **state)
{
	(void)state;
	ask(1, BEGIN);
	ask(2, LATER);
	assert_int_equal(missing_at(LATER + (CF_TAP_PATIENCE_S - 1) * S), 0);
	answer(2, LATER + (CF_TAP_PATIENCE_S - 1) * S);
	assert_int_equal(missing_at(LATER + 1000 * S), 0);
}

static void what_a_flood_pushed_out_is_not_taken_for_lost(void **state)
{
	(void)state;
	ask(1, BEGIN);
	ask(7, LATER);
	for (unsigned i = 0; i < 8 * CF_TAP_PAIRS; i++)
		take(CF_TAPPED_QUESTION, (uint16_t)(5000 + (i >> 14)), (uint16_t)(i & 0x3fff),
		    LATER + S);
	answer(7, LATER + 2 * S);
	assert_int_equal(missing_at(LATER + 100 * S), 0);
	/* Long after it, conclusions are drawn again. */
	answer(8, LATER + 1000 * S);
	assert_int_equal(missing_at(LATER + 1020 * S), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(pairs_miss_nothing_in_either_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_answer_alone_is_noticed_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_first_minutes_show_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_server_that_tells_answers_alone_loses_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_slow_answer_still_finds_its_question, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_a_flood_pushed_out_is_not_taken_for_lost, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
