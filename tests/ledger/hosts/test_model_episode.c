/* Episodes: who told of them, and what became of them. */

#include "facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The same look-ups as the monitor saw them pass: refused by the site's own resolver. */
static void add_witness(struct box *box, const char *sensor, const struct cf_fact *query,
    unsigned flags, int64_t later_s, uint64_t n)
{
	struct cf_fact seen = *query;

	seen.sensor = text_of(sensor);
	seen.source = text_of("monitor");
	seen.action = CF_ACTION_OBSERVE;
	seen.flags = flags;
	seen.at_wall_us += later_s * 1000000;
	seen.count = n;
	box_add(box, &seen);
}

static void one_look_up_of_three_witnesses_is_one_event(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	/* Six look-ups, folded: the first at once, five a minute later; each witness in its own. */
	struct cf_fact first = a_query("edge", "10.0.0.5", T0_S + 50), rest = first;

	rest.at_wall_us += 20 * 1000000;
	rest.count = 5;
	box_add(&box, &first);
	box_add(&box, &rest);
	add_witness(&box, "tap", &first, CF_FACT_REFUSED, 1, 1);
	add_witness(&box, "tap", &rest, CF_FACT_REFUSED, 60, 5);
	add_witness(&box, "tap2", &first, 0, 30, 6);
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(host->hits, 6);
	assert_int_equal(host->blocked, 6);
	assert_int_equal(host->refused + host->answered + host->observed, 0);
	assert_int_equal(host->evidence_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(host->evidence[i].n, 6); /* what each says stays as it is */
	cf_model_free(model);
	box_close(&box);
}

/* Of a resolver without the module, its dnstap is its word. */
static void what_a_resolver_tells_is_counted_whole_and_monitors_add_the_rest(void **state)
{
	(void)state;
	struct box box;
	struct cf_fact told = a_query("unbound", "10.0.0.5", T0_S + 50), other = told;

	box_open(&box);
	told.source = other.source = text_of("tap");
	told.action = other.action = CF_ACTION_OBSERVE;
	told.flags = other.flags = CF_FACT_RESOLVED;
	told.count = 2;
	other.sensor = text_of("bind");
	box_add(&box, &told);
	box_add(&box, &other); /* asked there too, which is another look-up */
	add_witness(&box, "span", &told, 0, 1, 4);
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(host->hits, 4);
	assert_int_equal(host->answered, 3);
	assert_int_equal(host->observed, 1);
	cf_model_free(model);
	box_close(&box);
}

static void what_only_the_monitor_saw_is_added_with_its_own_outcome(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	struct cf_fact query = a_query("edge", "10.0.0.5", T0_S), other = query;

	box_add(&box, &query);
	add_witness(&box, "tap", &query, CF_FACT_REFUSED, 0, 1);
	/* Long after, and one asked of somebody else, answered; one refused there; one unseen. */
	add_witness(&box, "tap", &query, CF_FACT_REFUSED | CF_FACT_SAYS_BLOCKED, HOUR, 2);
	add_witness(&box, "tap", &query, CF_FACT_FOREIGN_RESOLVER | CF_FACT_RESOLVED, 0, 3);
	add_witness(&box, "tap", &query,
	    CF_FACT_FOREIGN_RESOLVER | CF_FACT_REFUSED | CF_FACT_SAYS_BLOCKED, 0, 4);
	add_witness(&box, "tap", &query, 0, 2 * HOUR, 5);
	/* Another name is another event. */
	other.rule = text_of("kaspersky-labs.com");
	add_witness(&box, "tap", &other, CF_FACT_RESOLVED, 0, 6);
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(host->hits, 1 + 2 + 3 + 4 + 5 + 6);
	assert_int_equal(host->blocked, 1 + 2);
	assert_int_equal(host->answered, 3 + 6);
	assert_int_equal(host->refused, 4);
	assert_int_equal(host->observed, 5);
	cf_model_free(model);
	box_close(&box);
}

/* What came of a look-up, by whose resolver it was asked of, what was said and what it called it.
 */
static void what_became_of_a_look_up_follows_the_table(void **state)
{
	(void)state;
	enum {
		FOREIGN = CF_FACT_FOREIGN_RESOLVER,
		SAID = CF_FACT_SAYS_BLOCKED,
		NONE = CF_FACT_UNANSWERED
	};
	static const struct {
		unsigned flags;
		enum cf_hit_outcome outcome;
	} rows[] = {
	    {CF_FACT_RESOLVED, CF_OUTCOME_ANSWERED_HERE},
	    {FOREIGN | CF_FACT_RESOLVED, CF_OUTCOME_ANSWERED_HERE},
	    {CF_FACT_REFUSED, CF_OUTCOME_REFUSED_ELSEWHERE},
	    {CF_FACT_REFUSED | SAID, CF_OUTCOME_BLOCKED_HERE},
	    {FOREIGN | CF_FACT_REFUSED, CF_OUTCOME_REFUSED_ELSEWHERE},
	    {FOREIGN | CF_FACT_REFUSED | SAID, CF_OUTCOME_REFUSED_ELSEWHERE},
	    {NONE, CF_OUTCOME_UNANSWERED},
	    {FOREIGN | NONE, CF_OUTCOME_UNANSWERED},
	    {0, CF_OUTCOME_OBSERVED},
	    {FOREIGN, CF_OUTCOME_OBSERVED},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct box box;

		box_open(&box);
		struct cf_fact query = a_query("edge", "10.0.0.5", T0_S);

		add_witness(&box, "tap", &query, rows[i].flags, 0, 1);
		struct cf_model *model = box_model(&box, T0_S + DAY);
		const struct cf_host *host = cf_model_find(model, "10.0.0.5");
		const uint64_t counts[CF_HIT_OUTCOMES] = {[CF_OUTCOME_BLOCKED_HERE] = host->blocked,
		    [CF_OUTCOME_ANSWERED_HERE] = host->answered,
		    [CF_OUTCOME_REFUSED_ELSEWHERE] = host->refused,
		    [CF_OUTCOME_UNANSWERED] = host->unanswered,
		    [CF_OUTCOME_OBSERVED] = host->observed};

		for (unsigned o = 0; o < CF_HIT_OUTCOMES; o++)
			assert_int_equal(counts[o], o == rows[i].outcome);
		cf_model_free(model);
		box_close(&box);
	}
}

/* A connection as monitors record it: where it went, and its end with what came of it. */
static void add_connection(
    struct box *box, const char *sensor, int64_t from_s, int64_t to_s, unsigned flags)
{
	struct cf_fact flow = a_query(sensor, "10.0.0.5", from_s), end;

	flow.source = text_of("monitor");
	flow.action = CF_ACTION_FLAG;
	flow.event = CF_EVENT_FLOW;
	flow.via = CF_VIA_DEST_IP;
	end = flow;
	end.flags = CF_FACT_END | flags;
	end.last_wall_us = to_s * 1000000;
	if (from_s / 86400 != to_s / 86400) {
		end.flags |= CF_FACT_BEGUN_BEFORE;
		end.at_wall_us = to_s * 1000000;
	}
	box_add(box, &flow);
	box_add(box, &end);
}

static void bytes_that_came_back_are_an_answer_though_only_flagged(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	add_connection(&box, "tap", T0_S, T0_S + MINUTE, CF_FACT_CAME_BACK);
	add_connection(&box, "tap", T0_S + HOUR, T0_S + HOUR + MINUTE, 0); /* refused, or dropped */
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(host->hits, 2);
	assert_int_equal(host->answered, 1);
	assert_int_equal(host->observed, 1);
	cf_model_free(model);
	box_close(&box);
}

static void a_connection_over_midnight_is_one_and_answered(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	add_connection(&box, "tap", T0_S + 20 * HOUR, T0_S + DAY + 3 * HOUR, CF_FACT_CAME_BACK);
	add_connection(&box, "tap2", T0_S + 20 * HOUR, T0_S + DAY + 3 * HOUR, CF_FACT_CAME_BACK);
	add_connection(&box, "tap", T0_S + 21 * HOUR, T0_S + DAY + 4 * HOUR, 0);
	struct cf_model *model = box_model(&box, T0_S + 2 * DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");
	uint64_t counted = 0;

	assert_int_equal(host->hits, 2);
	assert_int_equal(host->answered, 1);
	assert_int_equal(host->observed, 1);
	for (size_t i = 0; i < host->evidence_count; i++)
		counted += host->evidence[i].counted;
	assert_int_equal(counted, 2);
	cf_model_free(model);
	box_close(&box);
}

/* One way alone passes the first monitor; the other one saw the answer. */
static void who_saw_the_answer_says_what_came_of_it(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	struct cf_fact query = a_query("edge", "10.0.0.5", T0_S + 5);

	add_witness(&box, "a-tap", &query, 0, 0, 3);
	add_witness(&box, "b-tap", &query, CF_FACT_RESOLVED, 0, 2);
	add_witness(&box, "c-tap", &query, CF_FACT_UNANSWERED, 0, 1);
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(host->hits, 3);
	assert_int_equal(host->answered, 2);
	assert_int_equal(host->unanswered, 1);
	assert_int_equal(host->observed, 0);
	cf_model_free(model);
	box_close(&box);
}

static void expect_one_blocked(struct box *box, int64_t at_s)
{
	struct cf_model *model = box_model(box, at_s);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");
	uint64_t counted = 0, of_days = 0, blocked_of_days = 0;

	assert_int_equal(host->hits, 1);
	assert_int_equal(host->blocked, 1);
	for (size_t i = 0; i < host->evidence_count; i++)
		counted += host->evidence[i].counted;
	for (size_t i = 0; i < host->day_count; i++) {
		of_days += host->days[i].found->hits;
		blocked_of_days += host->days[i].found->blocked;
	}
	assert_int_equal(counted, 1);
	assert_int_equal(of_days, 1);
	assert_int_equal(blocked_of_days, 1);
	cf_model_free(model);
}

static void midnight_makes_no_look_up_two(void **state)
{
	(void)state;
	struct box box;
	struct cf_fact query = a_query("edge", "10.0.0.5", T0_S + DAY - 20);

	/* The resolver before it, monitors behind it. */
	box_open(&box);
	box_add(&box, &query);
	add_witness(&box, "tap", &query, CF_FACT_REFUSED, 40, 1);
	add_witness(&box, "tap2", &query, 0, 60, 1);
	expect_one_blocked(&box, T0_S + 2 * DAY);
	box_close(&box);
	/* Monitors before it, the resolver behind it, one of each, and one that looked twice. */
	query.at_wall_us += 30 * 1000000;
	box_open(&box);
	box_add(&box, &query);
	add_witness(&box, "tap", &query, CF_FACT_REFUSED, -40, 1);
	add_witness(&box, "tap2", &query, 0, -20, 1);
	add_witness(&box, "tap3", &query, 0, 5, 1);
	expect_one_blocked(&box, T0_S + 2 * DAY);
	box_close(&box);
}

static void two_look_ups_around_midnight_stay_two(void **state)
{
	(void)state;
	struct box box;
	struct cf_fact before = a_query("edge", "10.0.0.5", T0_S + DAY - 20), after = before;

	after.at_wall_us += 40 * 1000000;
	box_open(&box);
	box_add(&box, &before);
	add_witness(&box, "tap", &before, CF_FACT_REFUSED, 1, 1);
	add_witness(
	    &box, "tap", &after, CF_FACT_RESOLVED, 1, 1); /* the resolver was down by then */
	struct cf_model *model = box_model(&box, T0_S + 2 * DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(host->hits, 2);
	assert_int_equal(host->blocked, 1);
	assert_int_equal(host->answered, 1);
	cf_model_free(model);
	box_close(&box);
}

static void escapes_are_connections_and_look_ups_not_records(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	struct cf_fact flow = a_query("tap", "10.0.0.5", T0_S + HOUR);

	flow.source = text_of("monitor");
	flow.action = CF_ACTION_OBSERVE;
	flow.flags = CF_FACT_ESCAPE;
	for (int i = 0; i < 54; i++) {
		struct cf_fact lookup = flow, bypass, name = flow;

		lookup.at_wall_us = flow.at_wall_us = (T0_S + HOUR + i * 10 * MINUTE) * 1000000;
		lookup.event = CF_EVENT_DNS;
		lookup.via = CF_VIA_QNAME;
		lookup.flags = CF_FACT_ESCAPE | CF_FACT_FOREIGN_RESOLVER | CF_FACT_RESOLVED;
		bypass = lookup;
		bypass.event = CF_EVENT_BYPASS;
		bypass.via = CF_VIA_FALLBACK;
		flow.event = CF_EVENT_FLOW;
		flow.via = CF_VIA_DEST_IP;
		name = flow;
		name.event = CF_EVENT_TLS;
		name.via = CF_VIA_SNI;
		name.flags = 0;
		box_add(&box, &lookup);
		box_add(&box, &bypass);
		box_add(&box, &flow);
		box_add(&box, &name);
		/* Of this one no more than look-ups got through. */
		lookup.addr = bypass.addr = text_of("10.0.0.6");
		box_add(&box, &lookup);
		box_add(&box, &bypass);
	}
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(host->rare->escapes, 108);
	assert_int_equal(cf_model_find(model, "10.0.0.6")->rare->escapes, 54);
	assert_int_equal(cf_model_find(model, "10.0.0.6")->rare->escaped_lookups, 54);
	assert_int_equal(host->rare->escaped_lookups, 54);
	assert_int_equal(host->hits, 108);
	assert_int_equal(host->answered, 108);
	assert_int_equal(host->rare->first_escape_wall_us, (T0_S + HOUR) * 1000000);
	cf_model_free(model);
	box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_look_up_of_three_witnesses_is_one_event),
	    cmocka_unit_test(what_a_resolver_tells_is_counted_whole_and_monitors_add_the_rest),
	    cmocka_unit_test(what_only_the_monitor_saw_is_added_with_its_own_outcome),
	    cmocka_unit_test(what_became_of_a_look_up_follows_the_table),
	    cmocka_unit_test(bytes_that_came_back_are_an_answer_though_only_flagged),
	    cmocka_unit_test(a_connection_over_midnight_is_one_and_answered),
	    cmocka_unit_test(who_saw_the_answer_says_what_came_of_it),
	    cmocka_unit_test(midnight_makes_no_look_up_two),
	    cmocka_unit_test(two_look_ups_around_midnight_stay_two),
	    cmocka_unit_test(escapes_are_connections_and_look_ups_not_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
