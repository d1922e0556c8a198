/*
 * egress/plan/plan.h: over random policies, what the plan says of a client, an address and an
 * instant is what the naive model says; CF_SEED and CF_CASES choose the policies.
 */

#include "egress/plan/plan.h"
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned long from_environment(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text == NULL ? fallback : strtoul(text, NULL, 0);
}

/* The value of the span that holds addr, found by looking at each. */
static uint32_t value_of(
    const struct cf_image *image, enum cf_ranges which, const struct cf_addr *addr)
{
	struct cf_image_span span;

	for (uint32_t i = 0; i < cf_image_span_count(image, which); i++) {
		cf_image_span(image, which, i, &span);
		if (memcmp(span.first.bytes, addr->bytes, sizeof addr->bytes) <= 0 &&
		    memcmp(addr->bytes, span.last.bytes, sizeof addr->bytes) <= 0)
			return span.value;
	}
	return CF_NONE;
}

static enum cf_fate planned(const struct cf_plan *plan, const struct cf_addr *client,
    const struct cf_addr *addr, int64_t at_wall_s)
{
	bool v4 = addr->family == CF_FAMILY_V4, client_v4 = client->family == CF_FAMILY_V4;
	uint32_t network = cf_plan_network_kind(
	    plan, value_of(plan->image, v4 ? CF_RANGES_NETWORKS_V4 : CF_RANGES_NETWORKS_V6, addr));
	uint32_t from = cf_plan_client_kind(plan,
	    value_of(plan->image, client_v4 ? CF_RANGES_CLIENTS_V4 : CF_RANGES_CLIENTS_V6, client));

	return network == CF_NONE
	    ? CF_FATE_LET
	    : cf_courses_fate(&plan->courses, cf_plan_course(plan, network, from), at_wall_s);
}

static enum cf_fate expected(const struct model *model, const struct cf_addr *client,
    const struct cf_addr *addr, int64_t at_wall_s)
{
	struct model_decision decision;

	model_decide_addr(model, client, 0, at_wall_s, addr, &decision);
	if (!decision.matched)
		return CF_FATE_LET;
	if (decision.verdict == CF_VERDICT_PASS)
		return decision.exception < 0 ? CF_FATE_LET : CF_FATE_ALLOW;
	return decision.verdict == CF_VERDICT_FLAG ? CF_FATE_FLAG : CF_FATE_STOP;
}

static void random_policies_are_planned_as_they_decide(void **state)
{
	unsigned long seed = from_environment("CF_SEED", 1),
	              cases = from_environment("CF_CASES", 600);
	unsigned long stopped = 0, excepted = 0;

	(void)state;
	for (unsigned long i = seed; i < seed + cases; i++) {
		struct model_source source = {.state = i};
		struct model model;
		struct cf_image *image;
		struct cf_plan plan;
		void *data;
		size_t len;

		model_make(&source, &model);
		model_build(&model, &data, &len);
		assert_int_equal(cf_image_from_memory(data, len, &image, NULL), CF_OK);
		assert_int_equal(cf_plan_make(image, true, &plan), CF_OK);
		for (unsigned n = 0; n < 200; n++) {
			struct cf_addr client = model_addr_near(&source, &model);
			struct cf_addr addr = model_addr_near(&source, &model);
			int64_t at_wall_s = model_instant(&source);
			enum cf_fate fate = planned(&plan, &client, &addr, at_wall_s);

			if (fate != expected(&model, &client, &addr, at_wall_s))
				fail_msg("CF_SEED=%lu CF_CASES=1 shows it: %s, expected %s", i,
				    cf_fate_text(fate),
				    cf_fate_text(expected(&model, &client, &addr, at_wall_s)));
			stopped += fate == CF_FATE_STOP;
			excepted += fate == CF_FATE_ALLOW;
		}
		cf_plan_done(&plan);
		cf_image_close(image);
		free(data);
	}
	/* The comparison saw all sorts. */
	if (cases >= 600) {
		assert_true(stopped > 1000);
		assert_true(excepted > 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_policies_are_planned_as_they_decide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
