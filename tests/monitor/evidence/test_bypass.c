/* Blocked, then bypassed: one finding for one sequence, none for ordinary look-ups. */

#include "monitor/evidence/bypass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)

static const char *const fallback[] = {
    "8.8.8.8", "1.1.1.1", "223.6.6.6", "9.9.9.9", "185.228.168.168"};

struct fixture {
	struct cf_bypass *bypass;
	unsigned count;
	struct cf_bypass_case last;
	struct cf_addr client, own;
	struct cf_name name;
};

static void on_found(void *arg, const struct cf_bypass_case *found)
{
	struct fixture *f = arg;

	f->count++;
	f->last = *found;
}

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){0};
	if (cf_bypass_new(7, on_found, &fixture, &fixture.bypass) != CF_OK ||
	    cf_addr_parse("10.0.0.1", &fixture.client) != CF_OK ||
	    cf_addr_parse("10.0.0.53", &fixture.own) != CF_OK ||
	    cf_name_from_text("downloads.upd.kaspersky.com", 27, &fixture.name) != CF_OK)
		return -1;
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	cf_bypass_free(((struct fixture *)*state)->bypass);
	return 0;
}

static void ask_fallback(struct fixture *f, unsigned i, int64_t at_wall_us)
{
	struct cf_addr resolver;

	assert_int_equal(cf_addr_parse(fallback[i], &resolver), CF_OK);
	cf_bypass_fallback(f->bypass, &f->client, &resolver, i + 1, &f->name, at_wall_us);
}

static void a_block_and_the_vendor_s_sequence_are_one_finding(void **state)
{
	struct fixture *f = *state;

	cf_bypass_asked(f->bypass, &f->client, &f->own, &f->name, S);
	cf_bypass_answered(f->bypass, &f->client, &f->own, CF_BYPASS_NXDOMAIN, 15, S + 1000);
	for (unsigned i = 0; i < 5; i++) {
		ask_fallback(f, i, (2 + i) * S);
		ask_fallback(f, i, (2 + i) * S + 1000); /* AAAA */
	}
	cf_bypass_reap(f->bypass, 7 * S);
	assert_int_equal(f->count, 0);
	cf_bypass_reap(f->bypass, 8 * S + CF_BYPASS_QUIET_S * S);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->last.cause, CF_BYPASS_NXDOMAIN);
	assert_int_equal(f->last.ede, 15);
	assert_int_equal(f->last.step_count, 5);
	assert_int_equal(f->last.question_count, 10);
	assert_true(cf_bypass_in_order(&f->last));
	assert_true(cf_addr_equal(&f->last.resolver, &f->own));
	cf_bypass_flush(f->bypass);
	assert_int_equal(f->count, 1);
}

static void an_answered_look_up_is_no_block(void **state)
{
	struct fixture *f = *state;

	cf_bypass_asked(f->bypass, &f->client, &f->own, &f->name, S);
	cf_bypass_answered(f->bypass, &f->client, &f->own, CF_BYPASS_ANSWERED, 0, S + 1000);
	cf_bypass_answered(f->bypass, &f->client, &f->own, CF_BYPASS_NODATA, 0, S + 2000);
	ask_fallback(f, 0, 2 * S);
	cf_bypass_flush(f->bypass);
	assert_int_equal(f->count, 0);
}

static void no_answer_counts_as_failure_only_after_patience(void **state)
{
	struct fixture *f = *state;

	cf_bypass_asked(f->bypass, &f->client, &f->own, &f->name, S);
	ask_fallback(f, 0, S + 1000);
	cf_bypass_flush(f->bypass);
	assert_int_equal(f->count, 0);
	cf_bypass_asked(f->bypass, &f->client, &f->own, &f->name, 100 * S);
	ask_fallback(f, 0, 100 * S + CF_DNS_PATIENCE_S * S);
	cf_bypass_flush(f->bypass);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->last.cause, CF_BYPASS_UNANSWERED);
}

static void public_resolvers_alone_need_three_of_the_sequence(void **state)
{
	struct fixture *f = *state;

	ask_fallback(f, 0, S);
	ask_fallback(f, 1, 2 * S);
	cf_bypass_flush(f->bypass);
	assert_int_equal(f->count, 0);
	for (unsigned i = 0; i < 3; i++)
		ask_fallback(f, i, (100 + i) * S);
	cf_bypass_flush(f->bypass);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->last.cause, CF_BYPASS_NOTHING_SEEN);
}

static void a_block_too_long_ago_is_not_the_cause(void **state)
{
	struct fixture *f = *state;

	cf_bypass_asked(f->bypass, &f->client, &f->own, &f->name, S);
	cf_bypass_answered(f->bypass, &f->client, &f->own, CF_BYPASS_REFUSED, 0, S);
	ask_fallback(f, 0, 2 * S + CF_BYPASS_WINDOW_S * S);
	cf_bypass_flush(f->bypass);
	assert_int_equal(f->count, 0);
}

static void more_clients_than_there_is_room_for_are_finished_early(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 3 * CF_BYPASS_CLIENTS; i++) {
		f->client.bytes[2] = (uint8_t)(i >> 8);
		f->client.bytes[3] = (uint8_t)i;
		cf_bypass_asked(f->bypass, &f->client, &f->own, &f->name, (1 + i) * S);
		cf_bypass_answered(
		    f->bypass, &f->client, &f->own, CF_BYPASS_SERVFAIL, 0, (1 + i) * S);
		ask_fallback(f, 0, (1 + i) * S);
	}
	cf_bypass_flush(f->bypass);
	assert_int_equal(f->count, 3 * CF_BYPASS_CLIENTS);
}

/* Before its first fallback question a client's block is no finding: its eviction must show. */
static void blocks_forgotten_for_want_of_room_are_counted(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 3 * CF_BYPASS_CLIENTS; i++) {
		f->client.bytes[2] = (uint8_t)(i >> 8);
		f->client.bytes[3] = (uint8_t)i;
		cf_bypass_answered(f->bypass, &f->client, &f->own, CF_BYPASS_REFUSED, 0, S);
	}
	assert_int_equal(f->count, 0);
	assert_true(cf_bypass_evicted(f->bypass) >= 2 * CF_BYPASS_CLIENTS);
	assert_true(cf_bypass_evicted(f->bypass) < 3 * CF_BYPASS_CLIENTS);
}

static void each_case_is_over_in_its_own_time(void **state)
{
	struct fixture *f = *state;
	struct cf_addr first = f->client, second;

	cf_bypass_answered(f->bypass, &first, &f->own, CF_BYPASS_REFUSED, 0, S);
	cf_bypass_reap(f->bypass, 2 * S);
	assert_int_equal(cf_addr_parse("10.0.0.2", &second), CF_OK);
	f->client = second;
	cf_bypass_answered(f->bypass, &second, &f->own, CF_BYPASS_REFUSED, 0, 2 * S);
	ask_fallback(f, 0, 3 * S); /* over sooner than what was there before */
	cf_bypass_reap(f->bypass, (3 + CF_BYPASS_QUIET_S) * S);
	assert_int_equal(f->count, 0);
	cf_bypass_reap(f->bypass, (4 + CF_BYPASS_QUIET_S) * S);
	assert_int_equal(f->count, 1);
	assert_false(cf_bypass_knows(f->bypass, &second));
	assert_true(cf_bypass_knows(f->bypass, &first));
	cf_bypass_reap(f->bypass, (2 + CF_BYPASS_WINDOW_S) * S);
	assert_false(cf_bypass_knows(f->bypass, &first));
	assert_int_equal(f->count, 1);
}

static void cases_of_a_time_that_starts_over_are_finished(void **state)
{
	struct fixture *f = *state;

	cf_bypass_answered(f->bypass, &f->client, &f->own, CF_BYPASS_REFUSED, 0, 5000 * S);
	ask_fallback(f, 0, 5001 * S);
	cf_bypass_reap(f->bypass, 5002 * S);
	assert_int_equal(f->count, 0);
	cf_bypass_reap(f->bypass, S);
	assert_int_equal(f->count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_block_and_the_vendor_s_sequence_are_one_finding, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_answered_look_up_is_no_block, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        no_answer_counts_as_failure_only_after_patience, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        public_resolvers_alone_need_three_of_the_sequence, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_block_too_long_ago_is_not_the_cause, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        more_clients_than_there_is_room_for_are_finished_early, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        blocks_forgotten_for_want_of_room_are_counted, setup, teardown),
	    cmocka_unit_test_setup_teardown(each_case_is_over_in_its_own_time, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        cases_of_a_time_that_starts_over_are_finished, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
