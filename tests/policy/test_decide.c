/*
 * cf_decide_*(): its promises one by one, and against the naive way over random policies, which
 * CF_SEED and CF_CASES choose.
 */

#include "full.h"
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned long from_environment(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text == NULL ? fallback : strtoul(text, NULL, 0);
}

static void random_policies_decide_like_the_naive_way(void **state)
{
	unsigned long seed = from_environment("CF_SEED", 1),
	              cases = from_environment("CF_CASES", 3000);

	(void)state;
	for (unsigned long i = seed; i < seed + cases; i++) {
		struct model_source source = {.state = i};

		if (!model_agrees(&source, 60))
			fail_msg("CF_SEED=%lu CF_CASES=1 shows it", i);
	}
}

/* The image of tests/model/full.c, in which the cut-off of updates is at 1727582400. */
#define CUT_OFF INT64_C(1727582400)

static struct cf_image *image;
static void *image_data;

static int open_full(void **state)
{
	struct cf_image_builder *builder;
	enum cf_status status = full_build(&builder);
	size_t len;

	(void)state;
	if (status == CF_OK)
		status = cf_image_builder_to_memory(builder, &image_data, &len, NULL);
	if (status == CF_OK)
		status = cf_image_from_memory(image_data, len, &image, NULL);
	cf_image_builder_free(builder);
	return status == CF_OK ? 0 : -1;
}

static int close_full(void **state)
{
	(void)state;
	cf_image_close(image);
	free(image_data);
	return 0;
}

static struct cf_decision decide(
    const char *text, const char *client_text, uint16_t qtype, int64_t at_wall_s)
{
	struct cf_decision decision;
	struct cf_addr client;
	struct cf_question question = {.qtype = qtype, .at_wall_s = at_wall_s};
	struct cf_name name;

	if (client_text != NULL) {
		assert_int_equal(cf_addr_parse(client_text, &client), CF_OK);
		question.client = &client;
	}
	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	cf_decide_name(image, &question, &name, &decision);
	return decision;
}

static struct cf_decision decide_addr(const char *text, int64_t at_wall_s)
{
	struct cf_question question = {.at_wall_s = at_wall_s};
	struct cf_decision decision;
	struct cf_addr addr;

	assert_int_equal(cf_addr_parse(text, &addr), CF_OK);
	cf_decide_addr(image, &question, &addr, &decision);
	return decision;
}

static bool may_block(const char *text)
{
	struct cf_name name;

	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	return cf_decide_may_block_name(image, &name);
}

static void what_is_not_listed_passes_without_reasons(void **state)
{
	struct cf_decision decision = decide("notkaspersky.com", "10.20.0.1", 1, CUT_OFF);

	(void)state;
	assert_false(decision.matched);
	assert_int_equal(decision.verdict, CF_VERDICT_PASS);
	assert_int_equal(decision.entry, CF_NONE);
	assert_int_equal(decision.network, CF_NONE);
	assert_int_equal(decision.phase, CF_NONE);
	assert_int_equal(decision.exception, CF_NONE);
	assert_true(decision.next_change_wall_s == INT64_MAX);
}

static void the_cut_off_is_exact_to_the_second(void **state)
{
	struct cf_decision before = decide("s00.upd.kaspersky.com", NULL, 1, CUT_OFF - 1);
	struct cf_decision at = decide("S00.UPD.kaspersky.com.", NULL, 1, CUT_OFF);

	(void)state;
	assert_int_equal(before.verdict, CF_VERDICT_FLAG);
	assert_int_equal(before.phase, CF_NONE);
	assert_true(before.next_change_wall_s == CUT_OFF);
	assert_int_equal(at.verdict, CF_VERDICT_BLOCK);
	assert_int_equal(at.category, CF_CATEGORY_UPDATES);
	assert_int_equal(at.phase, 1);
	assert_true(at.next_change_wall_s == INT64_MAX);
	assert_int_equal(at.answer->kind, CF_ANSWER_SINKHOLE);
}

static void the_more_specific_name_wins_over_the_block(void **state)
{
	(void)state;
	assert_int_equal(
	    decide("support.kaspersky.com", NULL, 1, CUT_OFF).verdict, CF_VERDICT_PASS);
	assert_int_equal(
	    decide("www.kaspersky.com", NULL, 1, CUT_OFF).category, CF_CATEGORY_CORPORATE);
	/* At the apex the entry for sales, blocked, beats the one for the company, flagged. */
	assert_int_equal(decide("kaspersky.com", NULL, 1, CUT_OFF).category, CF_CATEGORY_SALES);
	assert_int_equal(decide("kaspersky.com", NULL, 1, CUT_OFF).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decide("kaspersky.com", NULL, 1, 0).category, CF_CATEGORY_SALES);
}

static void an_exception_holds_for_its_clients_types_and_time_alone(void **state)
{
	static const struct {
		const char *client;
		uint16_t qtype;
		int64_t at_wall_s;
		enum cf_verdict verdict;
	} cases[] = {
	    {"10.20.255.255", 1, CUT_OFF, CF_VERDICT_PASS},
	    {"10.21.0.0", 1, CUT_OFF, CF_VERDICT_BLOCK},
	    {"2001:db8:20:1::1", 28, CUT_OFF, CF_VERDICT_PASS},
	    {"2001:db8:21::1", 28, CUT_OFF, CF_VERDICT_BLOCK},
	    {NULL, 1, CUT_OFF, CF_VERDICT_BLOCK},
	    {"10.20.0.1", 65, CUT_OFF, CF_VERDICT_BLOCK},
	    {"10.20.0.1", 0, CUT_OFF, CF_VERDICT_BLOCK},
	    {"10.20.0.1", 1, 1735603199, CF_VERDICT_PASS},
	    {"10.20.0.1", 1, 1735603200, CF_VERDICT_BLOCK},
	    {"10.20.0.1", 1, 1700000000, CF_VERDICT_PASS},
	    {"10.20.0.1", 1, 1699999999, CF_VERDICT_FLAG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cf_decision decision = decide(
		    "s00.upd.kaspersky.com", cases[i].client, cases[i].qtype, cases[i].at_wall_s);

		assert_int_equal(decision.verdict, cases[i].verdict);
		assert_int_equal(
		    decision.exception, cases[i].verdict == CF_VERDICT_PASS ? 0 : CF_NONE);
	}
}

static void the_end_of_an_exception_is_announced_to_its_clients_alone(void **state)
{
	struct cf_decision inside = decide("s00.upd.kaspersky.com", "10.20.0.1", 1, CUT_OFF);
	struct cf_decision outside = decide("s00.upd.kaspersky.com", "10.0.0.1", 1, CUT_OFF);

	(void)state;
	assert_true(inside.next_change_wall_s == 1735603200);
	assert_true(outside.next_change_wall_s == INT64_MAX);
}

static void a_name_of_an_exception_needs_no_pack(void **state)
{
	struct cf_decision decision = decide("a.special.example", "10.20.0.1", 1, CUT_OFF);
	struct cf_entry entry;

	(void)state;
	assert_true(decision.matched);
	assert_int_equal(decision.exception, 0);
	assert_int_equal(decision.phase, CF_NONE);
	cf_image_entry(image, decision.entry, &entry);
	assert_string_equal(entry.list, "policy");
	/* For others it is as if it were not listed. */
	assert_false(decide("a.special.example", "10.0.0.1", 1, CUT_OFF).matched);
}

static void expired_evidence_leaves_the_word_to_the_wider_network(void **state)
{
	struct cf_decision fresh = decide_addr("77.74.178.1", 1799999999);
	struct cf_decision expired = decide_addr("77.74.178.1", 1800000000);
	struct cf_network network;

	(void)state;
	cf_image_network(image, fresh.network, &network);
	assert_int_equal(network.prefix.bits, 24);
	assert_true(fresh.next_change_wall_s == 1800000000);
	cf_image_network(image, expired.network, &network);
	assert_int_equal(network.prefix.bits, 21);
	assert_int_equal(expired.verdict, CF_VERDICT_BLOCK);
	assert_false(decide_addr("77.74.184.0", CUT_OFF).matched);
}

static void categories_alone_follow_the_schedule(void **state)
{
	struct cf_question question = {.at_wall_s = CUT_OFF};
	struct cf_decision decision;

	(void)state;
	cf_decide_category(image, &question, 0, CF_CATEGORY_TELEMETRY, &decision);
	assert_true(decision.matched);
	assert_int_equal(decision.verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decision.entry, CF_NONE);
	cf_decide_category(image, &question, 0, CF_CATEGORY_PKI, &decision);
	assert_int_equal(decision.verdict, CF_VERDICT_FLAG);
}

static void only_names_that_can_ever_be_blocked_are_kept_out_of_caches(void **state)
{
	struct cf_addr inside, outside;

	(void)state;
	assert_true(may_block("s00.upd.kaspersky.com"));
	assert_true(may_block("kaspersky.com")); /* sales, at the apex */
	assert_false(may_block("www.kaspersky.com"));
	assert_false(
	    may_block("support.kaspersky.com"));    /* passes for ever, below a name that blocks */
	assert_false(may_block("special.example")); /* its exception only ever passes */
	assert_false(may_block("example.com"));
	assert_int_equal(cf_addr_parse("77.74.178.1", &inside), CF_OK);
	assert_int_equal(cf_addr_parse("77.74.184.1", &outside), CF_OK);
	assert_true(cf_decide_may_block_addr(image, &inside));
	assert_false(cf_decide_may_block_addr(image, &outside));
}

#define WITH_FULL(test) cmocka_unit_test_setup_teardown(test, open_full, close_full)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FULL(what_is_not_listed_passes_without_reasons),
	    WITH_FULL(the_cut_off_is_exact_to_the_second),
	    WITH_FULL(the_more_specific_name_wins_over_the_block),
	    WITH_FULL(an_exception_holds_for_its_clients_types_and_time_alone),
	    WITH_FULL(the_end_of_an_exception_is_announced_to_its_clients_alone),
	    WITH_FULL(a_name_of_an_exception_needs_no_pack),
	    WITH_FULL(expired_evidence_leaves_the_word_to_the_wider_network),
	    WITH_FULL(categories_alone_follow_the_schedule),
	    WITH_FULL(only_names_that_can_ever_be_blocked_are_kept_out_of_caches),
	    cmocka_unit_test(random_policies_decide_like_the_naive_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
