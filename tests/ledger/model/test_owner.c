/* Who held a place when: against minutes filled in one by one, and case by case. */

#include "ledger/model/owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOLD 100

struct stage {
	struct cf_owners *owners;
	uint32_t place, alpha, beta;
};

static uint32_t node(struct cf_owners *owners, const char *key)
{
	return cf_owners_node(owners, key, strlen(key));
}

static struct stage stage_of(const struct cf_claim *claims, size_t count)
{
	struct stage stage;

	assert_int_equal(cf_owners_new(HOLD, &stage.owners), CF_OK);
	stage.alpha = node(stage.owners, "mac:alpha");
	stage.beta = node(stage.owners, "mac:beta");
	stage.place = cf_owners_place(stage.owners, 0, 0, "10.0.0.5");
	for (size_t i = 0; i < count; i++)
		assert_int_equal(cf_owners_claim(stage.owners, stage.place, &claims[i]), CF_OK);
	assert_int_equal(cf_owners_settle(stage.owners), CF_OK);
	return stage;
}

static uint32_t at(const struct stage *stage, uint32_t minute)
{
	return cf_owners_at(stage->owners, stage->place, minute);
}

/* alpha is node 0, beta node 1. */
static struct cf_claim claim(uint32_t node, uint32_t from, uint32_t to,
    enum cf_identity_strength strength, enum cf_identity_end end)
{
	return (struct cf_claim){
	    .from_minute = from, .to_minute = to, .node = node, .strength = strength, .end = end};
}

static void a_lease_that_spans_the_moment_beats_an_end_that_is_near(void **state)
{
	const struct cf_claim claims[] = {claim(1, 1000, 3000, CF_IDENTITY_BOUND, CF_IDENTITY_OPEN),
	    claim(0, 1500, 1950, CF_IDENTITY_SHOWN, CF_IDENTITY_OPEN)};
	struct stage stage = stage_of(claims, 2);

	(void)state;
	assert_int_equal(at(&stage, 1960), stage.beta);
	assert_int_equal(at(&stage, 1700), stage.beta); /* nor does traffic beat it */
	assert_true(cf_owners_is_constant(stage.owners, stage.place, 1000, 3000));
	cf_owners_free(stage.owners);
}

static void another_owner_ends_a_claim_and_gives_it_back(void **state)
{
	const struct cf_claim claims[] = {claim(0, 1000, 3000, CF_IDENTITY_BOUND, CF_IDENTITY_OPEN),
	    claim(1, 1500, 1950, CF_IDENTITY_BOUND, CF_IDENTITY_OPEN)};
	struct stage stage = stage_of(claims, 2);

	(void)state;
	assert_int_equal(at(&stage, 1499), stage.alpha);
	assert_int_equal(at(&stage, 1500), stage.beta);
	assert_int_equal(at(&stage, 1950), stage.beta);
	assert_int_equal(at(&stage, 1951), stage.alpha);
	assert_false(cf_owners_is_constant(stage.owners, stage.place, 1400, 1600));
	cf_owners_free(stage.owners);
}

static void what_was_given_back_is_nobodys(void **state)
{
	struct cf_claim claims[] = {claim(0, 1000, 1060, CF_IDENTITY_BOUND, CF_IDENTITY_RELEASED),
	    claim(0, 1010, 1060, CF_IDENTITY_BOUND, CF_IDENTITY_OPEN), /* another sensor's */
	    claim(1, 1090, 1500, CF_IDENTITY_BOUND, CF_IDENTITY_OPEN)};
	struct stage stage;

	(void)state;
	claims[2].beginning = CF_IDENTITY_BEGUN;
	stage = stage_of(claims, 3);
	assert_int_equal(at(&stage, 1060), stage.alpha);
	assert_int_equal(at(&stage, 1061), CF_NODE_NONE);
	assert_int_equal(at(&stage, 1089), CF_NODE_NONE);
	assert_int_equal(at(&stage, 1090), stage.beta);
	assert_false(cf_owners_is_constant(stage.owners, stage.place, 1060, 1061));
	assert_true(cf_owners_is_constant(stage.owners, stage.place, 1061, 1089));
	cf_owners_free(stage.owners);
}

static void out_of_sight_holds_for_a_while_and_no_longer(void **state)
{
	const struct cf_claim claims[] = {
	    claim(0, 1000, 1060, CF_IDENTITY_BOUND, CF_IDENTITY_OPEN)};
	struct stage stage = stage_of(claims, 1);

	(void)state;
	assert_int_equal(at(&stage, 1060 + HOLD), stage.alpha);
	assert_int_equal(at(&stage, 1061 + HOLD), CF_NODE_NONE);
	assert_int_equal(at(&stage, 1000 - HOLD), stage.alpha);
	assert_int_equal(at(&stage, 999 - HOLD), CF_NODE_NONE);
	assert_false(cf_owners_is_constant(stage.owners, stage.place, 1060, 1061 + HOLD));
	assert_false(cf_owners_is_constant(stage.owners, stage.place, 999 - HOLD, 1000));
	cf_owners_free(stage.owners);
}

static void a_grant_begins_where_another_was_before(void **state)
{
	struct cf_claim claims[] = {claim(0, 1000, 1010, CF_IDENTITY_BOUND, CF_IDENTITY_RELEASED),
	    claim(1, 1050, 1060, CF_IDENTITY_BOUND, CF_IDENTITY_OPEN)};
	struct stage stage;

	(void)state;
	claims[0].beginning = claims[1].beginning = CF_IDENTITY_GRANTED;
	stage = stage_of(claims, 2);
	assert_int_equal(at(&stage, 990), stage.alpha); /* its first sign may be a renewal */
	assert_int_equal(at(&stage, 1030), CF_NODE_NONE);
	cf_owners_free(stage.owners);
}

/* Random claims, each minute decided by looking at all of them. */
static uint32_t naive(const struct cf_claim *claims, size_t count, uint32_t minute)
{
	const struct cf_claim *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct cf_claim *c = &claims[i];

		if (c->from_minute > minute || c->to_minute < minute)
			continue;
		if (best == NULL || c->strength > best->strength ||
		    (c->strength == best->strength &&
		        (c->from_minute > best->from_minute ||
		            (c->from_minute == best->from_minute && c->node > best->node))))
			best = c;
	}
	return best == NULL ? CF_NODE_NONE : best->node;
}

static void any_claims_give_what_looking_at_each_minute_gives(void **state)
{
	(void)state;
	srand(11);
	for (int round = 0; round < 400; round++) {
		struct cf_claim claims[10];
		struct stage stage;

		for (int i = 0; i < 10; i++) {
			uint32_t from = 200 + (uint32_t)rand() % 300;

			claims[i] = claim((uint32_t)rand() % 2, from, from + (uint32_t)rand() % 80,
			    rand() % 2 == 0 ? CF_IDENTITY_BOUND : CF_IDENTITY_SHOWN,
			    CF_IDENTITY_ENDED);
			claims[i].beginning = CF_IDENTITY_BEGUN;
		}
		stage = stage_of(claims, 10);
		for (uint32_t minute = 190; minute < 600; minute++)
			assert_int_equal(at(&stage, minute), naive(claims, 10, minute));
		for (uint32_t minute = 190; minute < 590; minute++) {
			bool is_constant = true;

			for (uint32_t i = 1; i <= 7; i++)
				is_constant =
				    is_constant && at(&stage, minute) == at(&stage, minute + i);
			/* It may divide in vain, never fail to divide. */
			if (cf_owners_is_constant(stage.owners, stage.place, minute, minute + 7))
				assert_true(is_constant);
		}
		cf_owners_free(stage.owners);
	}
}

static void a_claim_goes_on_over_midnight_and_over_a_silence(void **state)
{
	const struct cf_claim days[] = {claim(0, 1000, 1439, CF_IDENTITY_BOUND, CF_IDENTITY_OPEN),
	    claim(0, 1440, 2000, CF_IDENTITY_BOUND, CF_IDENTITY_OPEN)};
	struct cf_claim later = claim(0, 2050, 2060, CF_IDENTITY_SHOWN, CF_IDENTITY_OPEN);
	const struct cf_claim *holdings;
	struct stage stage = stage_of(days, 2);

	(void)state;
	assert_int_equal(cf_owners_holdings(stage.owners, stage.place, &holdings), 1);
	assert_int_equal(cf_owners_extend(stage.owners, stage.place, &later), CF_OK);
	assert_int_equal(cf_owners_holdings(stage.owners, stage.place, &holdings), 1);
	assert_int_equal(holdings[0].to_minute, 2060);
	later.from_minute = later.to_minute = 2061 + HOLD;
	assert_int_equal(cf_owners_extend(stage.owners, stage.place, &later), CF_OK);
	assert_int_equal(cf_owners_holdings(stage.owners, stage.place, &holdings), 2);
	cf_owners_free(stage.owners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lease_that_spans_the_moment_beats_an_end_that_is_near),
	    cmocka_unit_test(another_owner_ends_a_claim_and_gives_it_back),
	    cmocka_unit_test(what_was_given_back_is_nobodys),
	    cmocka_unit_test(out_of_sight_holds_for_a_while_and_no_longer),
	    cmocka_unit_test(a_grant_begins_where_another_was_before),
	    cmocka_unit_test(any_claims_give_what_looking_at_each_minute_gives),
	    cmocka_unit_test(a_claim_goes_on_over_midnight_and_over_a_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
