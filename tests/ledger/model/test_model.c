/*
 * Hosts, joins, splits and states, from facts put in by hand. One file: each story is a few facts
 * and one answer, told in the same words.
 */

#include "facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAC_A "52:aa:00:00:00:01" /* locally administered: site bound */
#define MAC_G "00:1b:21:00:00:01"
#define MAC_H "00:1b:21:00:00:02"
#define MAC_R "00:1b:21:00:00:ff"

static void queries(struct box *box, const char *sensor, const char *addr, int64_t from, int64_t to)
{
	for (int64_t at = from; at < to; at += 4 * HOUR) {
		struct cf_fact query = a_query(sensor, addr, at + 7 * MINUTE);

		box_add(box, &query);
	}
}

static size_t hosts_of(struct cf_model *model)
{
	struct cf_host *const *hosts;

	return cf_model_hosts(model, &hosts);
}

static void an_address_without_identity_is_a_dependent_host(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	queries(&box, "edge", "10.0.0.5", T0_S, T0_S + DAY);
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_non_null(host);
	assert_int_equal(hosts_of(model), 1);
	assert_int_equal(host->state, CF_STATE_DEPENDENT);
	assert_int_equal(host->hits, 6);
	assert_string_equal(host->key, "ip:10.0.0.5@");
	assert_string_equal(host->product, "KES");
	assert_string_equal(host->confidence, "high");
	cf_model_free(model);
	box_close(&box);
}

static void resolver_and_monitor_tell_of_one_host(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	queries(&box, "edge", "10.0.0.5", T0_S, T0_S + DAY);
	box_alive(&box, "tap", "10.0.0.5", MAC_G, "pc-5", T0_S, T0_S + DAY);
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *host = cf_model_find(model, "pc-5");

	assert_int_equal(hosts_of(model), 1);
	assert_non_null(host);
	assert_string_equal(host->key, "mac:" MAC_G);
	assert_int_equal(host->hits, 6);
	cf_model_free(model);
	box_close(&box);
}

static void an_address_that_changed_hands_is_divided_by_the_minute(void **state)
{
	(void)state;
	struct box box;
	int64_t change = T0_S + 12 * HOUR;

	box_open(&box);
	box_alive(&box, "tap", "10.0.0.5", MAC_G, "old", T0_S, change);
	box_alive(&box, "tap", "10.0.0.5", MAC_H, "new", change + 3 * MINUTE, T0_S + DAY);
	/* One roll-up of the day: 00:07, 04:07, 08:07 | 12:07, 16:07, 20:07, and one in between. */
	queries(&box, "edge", "10.0.0.5", T0_S, T0_S + DAY);
	struct cf_fact query = a_query("edge", "10.0.0.5", change - MINUTE);

	box_add(&box, &query);
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *old = cf_model_find(model, "old"), *new = cf_model_find(model, "new");

	assert_non_null(old);
	assert_non_null(new);
	assert_ptr_not_equal(old, new);
	assert_int_equal(old->hits, 4);
	assert_int_equal(new->hits, 3);
	assert_int_equal(hosts_of(model), 2);
	cf_model_free(model);
	box_close(&box);
}

static void a_mac_that_moved_is_one_host_with_the_hits_of_both_addresses(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	box_alive(&box, "tap", "10.0.0.5", MAC_G, "pc", T0_S, T0_S + DAY);
	box_alive(&box, "tap", "10.0.0.77", MAC_G, "pc", T0_S + DAY, T0_S + 2 * DAY);
	queries(&box, "edge", "10.0.0.5", T0_S, T0_S + DAY);
	queries(&box, "edge", "10.0.0.77", T0_S + DAY, T0_S + 2 * DAY);
	struct cf_model *model = box_model(&box, T0_S + 2 * DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(hosts_of(model), 1);
	assert_ptr_equal(host, cf_model_find(model, "10.0.0.77"));
	assert_int_equal(host->hits, 12);
	assert_string_equal(host->addr, "10.0.0.77");
	cf_model_free(model);
	box_close(&box);
}

static void a_router_joins_nothing(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	for (int i = 1; i <= 3; i++) {
		char addr[32];

		snprintf(addr, sizeof addr, "10.9.0.%d", i);
		struct cf_fact seen = an_identity("tap", addr, MAC_R, "", T0_S, T0_S + HOUR);
		struct cf_fact flow = a_query("tap", addr, T0_S + 30 * MINUTE);

		seen.router = true;
		seen.how = text_of("traffic");
		flow.source = text_of("monitor");
		flow.mac = text_of(MAC_R);
		box_add(&box, &seen);
		box_add(&box, &flow);
	}
	struct cf_model *model = box_model(&box, T0_S + DAY);

	assert_int_equal(hosts_of(model), 3);
	assert_int_equal(cf_model_find(model, "10.9.0.2")->hits, 1);
	cf_model_free(model);
	box_close(&box);
}

static void a_mac_with_many_addresses_is_taken_for_a_router(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	for (int i = 1; i <= 20; i++) {
		char addr[32];

		snprintf(addr, sizeof addr, "10.9.0.%d", i);
		struct cf_fact flow = a_query("tap", addr, T0_S + i * MINUTE);

		flow.mac = text_of(MAC_R);
		box_add(&box, &flow);
	}
	struct cf_model *model = box_model(&box, T0_S + DAY);

	assert_int_equal(hosts_of(model), 20);
	cf_model_free(model);
	box_close(&box);
}

static void sites_with_the_same_private_addresses_stay_apart(void **state)
{
	(void)state;
	struct box box;
	struct cf_error error;
	struct cf_ledger_action berlin = {
	    .at_wall_s = T0_S, .who = "test", .verb = "site", .args = {"edge-b", "berlin"}};

	box_open(&box);
	queries(&box, "edge-a", "10.0.0.5", T0_S, T0_S + DAY);
	queries(&box, "edge-b", "10.0.0.5", T0_S, T0_S + DAY);
	struct cf_model *model = box_model(&box, T0_S + DAY);

	assert_int_equal(hosts_of(model), 1);
	cf_model_free(model);
	assert_int_equal(cf_action_append(box.path, &berlin, &error), CF_OK);
	model = box_model(&box, T0_S + DAY);
	assert_int_equal(hosts_of(model), 2);
	assert_int_equal(cf_model_find(model, "10.0.0.5@berlin")->hits, 6);
	cf_model_free(model);
	box_close(&box);
}

static void a_local_mac_means_nothing_at_another_site(void **state)
{
	(void)state;
	struct box box;
	struct cf_error error;
	struct cf_ledger_action berlin = {
	    .at_wall_s = T0_S, .who = "test", .verb = "site", .args = {"tap-b", "berlin"}};

	box_open(&box);
	assert_int_equal(cf_action_append(box.path, &berlin, &error), CF_OK);
	box_alive(&box, "tap-a", "10.0.0.5", MAC_A, "x", T0_S, T0_S + HOUR);
	box_alive(&box, "tap-b", "10.0.0.5", MAC_A, "y", T0_S, T0_S + HOUR);
	box_alive(&box, "tap-a", "10.0.0.6", MAC_G, "z", T0_S, T0_S + HOUR);
	box_alive(&box, "tap-b", "10.0.0.7", MAC_G, "z", T0_S + DAY, T0_S + DAY + HOUR);
	struct cf_model *model = box_model(&box, T0_S + 2 * DAY);

	assert_int_equal(hosts_of(model), 3);
	cf_model_free(model);
	box_close(&box);
}

static void merge_split_and_undo_are_obeyed(void **state)
{
	(void)state;
	struct box box;
	struct cf_error error;
	struct cf_ledger_action merge = {.at_wall_s = T0_S,
	    .who = "test",
	    .verb = "merge",
	    .args = {"mac:" MAC_G, "mac:" MAC_H}};
	struct cf_ledger_action undo = {
	    .at_wall_s = T0_S, .who = "test", .verb = "undo", .args = {"1"}};
	struct cf_ledger_action split = {
	    .at_wall_s = T0_S, .who = "test", .verb = "split", .args = {MAC_G, "10.0.0.6"}};

	box_open(&box);
	box_alive(&box, "tap", "10.0.0.5", MAC_G, "a", T0_S, T0_S + DAY);
	box_alive(&box, "tap", "10.0.0.6", MAC_G, "a", T0_S, T0_S + DAY);
	box_alive(&box, "tap", "10.0.0.7", MAC_H, "b", T0_S, T0_S + DAY);
	struct cf_model *model = box_model(&box, T0_S + DAY);

	assert_int_equal(hosts_of(model), 2);
	cf_model_free(model);
	assert_int_equal(cf_action_append(box.path, &merge, &error), CF_OK);
	model = box_model(&box, T0_S + DAY);
	assert_int_equal(hosts_of(model), 1);
	cf_model_free(model);
	assert_int_equal(cf_action_append(box.path, &undo, &error), CF_OK);
	assert_int_equal(cf_action_append(box.path, &split, &error), CF_OK);
	model = box_model(&box, T0_S + DAY);
	assert_int_equal(hosts_of(model), 3);
	cf_model_free(model);
	box_close(&box);
}

/* Alive and watched all along unless said otherwise; hits on the first day only. */
static enum cf_state state_after(int64_t days, int64_t alive_to, int64_t watched_to, uint64_t lost)
{
	struct box box;

	box_open(&box);
	box_alive(&box, "tap", "10.0.0.5", MAC_G, "pc", T0_S, T0_S + alive_to);
	queries(&box, "edge", "10.0.0.5", T0_S, T0_S + DAY);
	box_watch(&box, "tap", "monitor", T0_S, T0_S + watched_to);
	if (lost > 0) {
		struct cf_fact beat =
		    a_beat("tap", "monitor", T0_S, T0_S + watched_to + MINUTE, lost);

		box_add(&box, &beat);
		beat = a_beat("tap", "monitor", T0_S, T0_S + watched_to + 7 * MINUTE, 2 * lost);
		box_add(&box, &beat);
		for (int64_t at = watched_to + 8 * MINUTE; at < days * DAY; at += MINUTE) {
			beat = a_beat("tap", "monitor", T0_S, T0_S + at, 2 * lost);
			box_add(&box, &beat);
		}
	}
	struct cf_model *model = box_model(&box, T0_S + days * DAY);
	const struct cf_host *host = cf_model_find(model, "pc");

	assert_non_null(host);
	enum cf_state state = host->state;

	if (state == CF_STATE_CLEAN)
		assert_int_equal(host->since_wall_s / 60, (T0_S + 20 * HOUR + 8 * MINUTE) / 60);
	cf_model_free(model);
	box_close(&box);
	return state;
}

static void states_follow_the_evidence(void **state)
{
	(void)state;
	assert_int_equal(state_after(2, 2 * DAY, 2 * DAY, 0), CF_STATE_DEPENDENT);
	assert_int_equal(state_after(6, 6 * DAY, 6 * DAY, 0), CF_STATE_MIGRATING);
	assert_int_equal(state_after(16, 16 * DAY, 16 * DAY, 0), CF_STATE_CLEAN);
	/* Silent since: absence proves nothing. */
	assert_int_equal(state_after(6, 2 * DAY, 6 * DAY, 0), CF_STATE_DEPENDENT);
	assert_int_equal(state_after(16, 10 * DAY, 16 * DAY, 0), CF_STATE_UNKNOWN);
	/* Nobody watched. */
	assert_int_equal(state_after(6, 6 * DAY, 2 * DAY, 0), CF_STATE_DEPENDENT);
	assert_int_equal(state_after(16, 16 * DAY, 10 * DAY, 0), CF_STATE_UNKNOWN);
	assert_int_equal(state_after(16, 16 * DAY, 0, 0), CF_STATE_UNKNOWN);
	/* Watched, but something was lost in between. */
	assert_int_equal(state_after(16, 16 * DAY, 10 * DAY, 5), CF_STATE_UNKNOWN);
}

static void a_broken_chain_uncovers_its_interval(void **state)
{
	(void)state;
	struct box box;
	struct cf_error error;
	uint32_t sensor;

	box_open(&box);
	box_alive(&box, "tap", "10.0.0.5", MAC_G, "pc", T0_S, T0_S + 16 * DAY);
	box_watch(&box, "tap", "monitor", T0_S, T0_S + 16 * DAY);
	struct cf_model *model = box_model(&box, T0_S + 16 * DAY);

	assert_int_equal(cf_model_find(model, "pc")->state, CF_STATE_CLEAN);
	cf_model_free(model);
	assert_int_equal(
	    cf_batch_sensor(box.batch, text_of("tap"), text_of("monitor"), &sensor, &error), CF_OK);
	assert_int_equal(cf_batch_gap(box.batch, sensor, (T0_S + 9 * DAY) * 1000000,
	                     (T0_S + 9 * DAY + HOUR) * 1000000, "chain broken", &error),
	    CF_OK);
	model = box_model(&box, T0_S + 16 * DAY);
	assert_int_equal(cf_model_find(model, "pc")->state, CF_STATE_UNKNOWN);
	const struct cf_span *gaps;

	assert_int_equal(cf_coverage_gaps(cf_model_coverage(model), 0, &gaps), 1);
	assert_string_equal(gaps[0].reason, "chain broken");
	assert_int_equal(gaps[0].from_minute, (T0_S + 9 * DAY) / 60);
	cf_model_free(model);
	box_close(&box);
}

static void an_escape_makes_it_bypassing_and_an_exception_excepted(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	struct cf_fact escape = a_query("tap", "10.0.0.1", T0_S),
	               allowed = a_query("edge", "10.0.0.2", T0_S),
	               foreign = a_query("tap", "10.0.0.3", T0_S), early = foreign,
	               local = a_query("edge", "10.0.0.5", T0_S),
	               sham = a_query("edge", "10.0.0.6", T0_S);

	escape.event = CF_EVENT_FLOW;
	escape.action = CF_ACTION_OBSERVE;
	escape.flags = CF_FACT_ESCAPE;
	escape.bytes_in = 4711;
	allowed.action = CF_ACTION_ALLOW;
	allowed.owner = text_of("jdoe");
	foreign.action = CF_ACTION_OBSERVE;
	foreign.flags = CF_FACT_FOREIGN_RESOLVER | CF_FACT_RESOLVED | CF_FACT_ESCAPE;
	early = foreign;
	early.addr = text_of("10.0.0.4");
	early.flags = CF_FACT_FOREIGN_RESOLVER | CF_FACT_RESOLVED;
	early.cutoff_wall_s = 0;
	local.category = text_of("local-injection");
	sham.category = text_of("lookalike");
	box_add(&box, &escape);
	box_add(&box, &allowed);
	box_add(&box, &foreign);
	box_add(&box, &early);
	box_add(&box, &local);
	box_add(&box, &sham);
	struct cf_model *model = box_model(&box, T0_S + HOUR);

	assert_int_equal(cf_model_find(model, "10.0.0.1")->state, CF_STATE_BYPASSING);
	assert_int_equal(cf_model_find(model, "10.0.0.1")->evidence[0].bytes_in, 4711);
	assert_int_equal(cf_model_find(model, "10.0.0.2")->state, CF_STATE_EXCEPTED);
	assert_string_equal(cf_model_find(model, "10.0.0.2")->rare->excepted_by, "jdoe");
	assert_int_equal(cf_model_find(model, "10.0.0.3")->state, CF_STATE_BYPASSING);
	assert_int_equal(cf_model_find(model, "10.0.0.4")->state, CF_STATE_DEPENDENT);
	assert_int_equal(cf_model_find(model, "10.0.0.5")->state, CF_STATE_UNKNOWN);
	assert_int_equal(cf_model_find(model, "10.0.0.6")->state, CF_STATE_UNKNOWN);
	cf_model_free(model);
	box_close(&box);
}

static void a_report_of_an_earlier_instant_knows_nothing_later(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	queries(&box, "edge", "10.0.0.5", T0_S, T0_S + 3 * DAY);
	struct cf_model *model = box_model(&box, T0_S + DAY + 5 * HOUR);

	assert_int_equal(cf_model_find(model, "10.0.0.5")->hits, 8);
	cf_model_free(model);
	box_close(&box);
}

static void relays_and_web_visits_are_told_apart(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	struct cf_fact lan = a_query("tap", "10.0.0.1", T0_S),
	               visit = a_query("edge", "10.0.0.2", T0_S);

	lan.event = CF_EVENT_LAN;
	lan.via = CF_VIA_LAN_PORT;
	lan.action = CF_ACTION_OBSERVE;
	lan.relay = text_of("10.0.0.250");
	visit.category = text_of("sales");
	visit.product = text_of("");
	box_add(&box, &lan);
	box_add(&box, &visit);
	struct cf_model *model = box_model(&box, T0_S + HOUR);

	assert_string_equal(cf_model_find(model, "10.0.0.1")->rare->relay, "10.0.0.250");
	assert_string_equal(cf_model_find(model, "10.0.0.2")->confidence, "low");
	assert_string_equal(cf_model_find(model, "10.0.0.2")->product, "web visit");
	/* Somebody opened a web page: nothing depends on it. */
	assert_int_equal(cf_model_find(model, "10.0.0.2")->state, CF_STATE_VISITED);
	assert_int_equal(cf_model_find(model, "10.0.0.2")->hits, 0);
	assert_int_equal(cf_model_find(model, "10.0.0.2")->rare->visits, 1);
	assert_int_equal(cf_model_find(model, "10.0.0.2")->first_hit_wall_us, 0);
	cf_model_free(model);
	box_close(&box);
}

static void an_excepted_host_has_its_first_and_last_hit(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	for (int i = 0; i < 3; i++) {
		struct cf_fact allowed = a_query("edge", "10.0.0.5", T0_S + i * HOUR);

		allowed.action = CF_ACTION_ALLOW;
		allowed.owner = text_of("jdoe");
		box_add(&box, &allowed);
	}
	struct cf_model *model = box_model(&box, T0_S + DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(host->state, CF_STATE_EXCEPTED);
	assert_int_equal(host->rare->excepted, 3);
	assert_int_equal(host->first_hit_wall_us, T0_S * 1000000);
	assert_int_equal(host->last_hit_wall_us, (T0_S + 2 * HOUR) * 1000000);
	cf_model_free(model);
	box_close(&box);
}

/* A host alive for 20 days; the monitor watches but for one gap or two. */
static struct cf_model *gaps_of(struct box *box, int64_t first_gap_s, int64_t second_gap_s)
{
	int64_t end = T0_S + 20 * DAY, from = T0_S;
	const int64_t gaps[] = {first_gap_s, second_gap_s};

	box_open(box);
	box_alive(box, "tap", "10.0.0.5", MAC_G, "pc", T0_S, end);
	for (size_t i = 0; i < 2 && gaps[i] > 0; i++) {
		box_watch(box, "tap", "monitor", from, T0_S + gaps[i]);
		from = T0_S + gaps[i] + 10 * MINUTE;
	}
	box_watch(box, "tap", "monitor", from, end);
	return box_model(box, end);
}

static void ten_minutes_unwatched_are_named_and_cost_no_more_than_themselves(void **state)
{
	(void)state;
	struct box box;
	struct cf_model *model = gaps_of(&box, 15 * DAY, 0);
	const struct cf_host *host = cf_model_find(model, "pc");

	assert_int_equal(host->state, CF_STATE_UNKNOWN);
	assert_true(host->is_clean_but);
	assert_int_equal(host->watch->from_minute, (T0_S + 15 * DAY) / 60);
	assert_int_equal(host->watch->to_minute, (T0_S + 15 * DAY) / 60 + 10);
	assert_int_equal(host->watch->watched_minutes, 14 * 1440 - 10);
	assert_string_equal(host->why,
	    "clean but for 10 min from 2026-01-20 00:00 to 2026-01-20 "
	    "00:10, when nobody watched");
	cf_model_free(model);
	box_close(&box);
	/* Two: closing one of them gives nothing back. */
	model = gaps_of(&box, 12 * DAY, 15 * DAY);
	host = cf_model_find(model, "pc");
	assert_int_equal(host->state, CF_STATE_UNKNOWN);
	assert_false(host->is_clean_but);
	assert_int_equal(host->watch->stretches, 2);
	assert_int_equal(host->watch->lacking_minutes, 20);
	cf_model_free(model);
	box_close(&box);
	/* Before the window it costs nothing. */
	model = gaps_of(&box, 3 * DAY, 0);
	assert_int_equal(cf_model_find(model, "pc")->state, CF_STATE_CLEAN);
	cf_model_free(model);
	box_close(&box);
}

static void the_reason_of_an_unknown_host_is_the_true_one(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	box_watch(&box, "tap", "monitor", T0_S, T0_S + 20 * DAY);
	box_alive(&box, "tap", "10.0.0.1", MAC_G, "new", T0_S + 15 * DAY, T0_S + 20 * DAY);
	box_alive(&box, "tap", "10.0.0.2", MAC_H, "gone", T0_S, T0_S + 12 * DAY);
	box_alive(&box, "tap", "10.0.0.3", "00:1b:21:00:00:03", "away", T0_S, T0_S + 8 * DAY);
	box_alive(
	    &box, "tap", "10.0.0.3", "00:1b:21:00:00:03", "away", T0_S + 14 * DAY, T0_S + 20 * DAY);
	struct cf_fact lease =
	    an_identity("tap", "10.0.0.4", "00:1b:21:00:00:04", "leased", T0_S, T0_S + 20 * DAY);

	lease.how = text_of("lease");
	box_add(&box, &lease);
	struct cf_model *model = box_model(&box, T0_S + 20 * DAY);

	assert_string_equal(
	    cf_model_find(model, "new")->why, "first seen at 2026-01-20 00:00, within the window");
	assert_string_equal(
	    cf_model_find(model, "gone")->why, "not seen alive since 2026-01-16 23:50");
	assert_string_equal(cf_model_find(model, "away")->why,
	    "not seen alive from 2026-01-12 23:50 to 2026-01-19 00:00");
	assert_string_equal(cf_model_find(model, "leased")->why, "never seen alive");
	assert_int_equal(cf_model_find(model, "leased")->last_minute, 0);
	cf_model_free(model);
	box_close(&box);
}

/* Rows of a lease file: each says from when to when, and why no longer. */
static void lease(struct box *box, const char *mac, const char *name, int64_t from, int64_t to,
    enum cf_identity_end end)
{
	struct cf_fact fact = an_identity("leases", "10.0.0.5", mac, name, from, to);

	fact.how = text_of("lease");
	fact.end = end;
	box_add(box, &fact);
}

static uint64_t hits_of(const struct cf_model *model, const char *selector)
{
	const struct cf_host *host = cf_model_find(model, selector);

	return host == NULL ? 0 : host->hits;
}

static void a_lease_that_spans_the_moment_names_the_host(void **state)
{
	(void)state;
	struct box box;
	/* alpha gave the address back at 19:00, beta has it from 19:30 for twelve hours. */
	struct cf_fact between = a_query("edge", "10.0.0.5", T0_S + 19 * HOUR + 15 * MINUTE),
	               night = a_query("edge", "10.0.0.5", T0_S + 30 * HOUR),
	               early = a_query("edge", "10.0.0.5", T0_S + 18 * HOUR + 40 * MINUTE),
	               before = a_query("edge", "10.0.0.5", T0_S + 17 * HOUR),
	               after = a_query("edge", "10.0.0.5", T0_S + 32 * HOUR);

	box_open(&box);
	lease(&box, MAC_G, "alpha", T0_S + 18 * HOUR, T0_S + 19 * HOUR, CF_IDENTITY_RELEASED);
	lease(&box, MAC_H, "beta", T0_S + 19 * HOUR + 30 * MINUTE, T0_S + 31 * HOUR + 30 * MINUTE,
	    CF_IDENTITY_EXPIRED);
	box_add(&box, &between);
	box_add(&box, &night);
	box_add(&box, &early);
	box_add(&box, &before);
	box_add(&box, &after);
	struct cf_model *model = box_model(&box, T0_S + 2 * DAY);

	assert_int_equal(hits_of(model, "alpha"), 1);
	assert_int_equal(hits_of(model, "beta"), 1);
	const struct cf_host *nobody = cf_model_find(model, "ip:10.0.0.5@");

	assert_non_null(nobody);
	assert_int_equal(nobody->hits, 3);
	assert_true(nobody->is_unknown_holder);
	assert_false(cf_model_find(model, "beta")->is_unknown_holder);
	cf_model_free(model);
	box_close(&box);
}

static void two_imports_of_one_lease_are_one(void **state)
{
	(void)state;
	struct box box;
	struct cf_fact late = a_query("edge", "10.0.0.5", T0_S + 20 * HOUR);

	box_open(&box);
	/* At 18:30 it was running; by now it is known to have ended at 19:00. */
	lease(&box, MAC_G, "alpha", T0_S + 18 * HOUR, T0_S + 18 * HOUR + 30 * MINUTE,
	    CF_IDENTITY_OPEN);
	box_commit(&box);
	lease(&box, MAC_G, "alpha", T0_S + 18 * HOUR, T0_S + 19 * HOUR, CF_IDENTITY_RELEASED);
	box_add(&box, &late);
	struct cf_model *model = box_model(&box, T0_S + 2 * DAY);

	assert_int_equal(hits_of(model, "alpha"), 0);
	assert_true(cf_model_find(model, "ip:10.0.0.5@")->is_unknown_holder);
	cf_model_free(model);
	box_close(&box);
}

static void an_address_seen_once_is_not_its_hosts_for_ever(void **state)
{
	(void)state;
	struct box box;
	struct cf_fact soon = a_query("edge", "10.0.0.5", T0_S + 5 * HOUR),
	               late = a_query("edge", "10.0.0.5", T0_S + 9 * DAY);

	box_open(&box);
	box_alive(&box, "tap", "10.0.0.5", MAC_G, "visitor", T0_S, T0_S + 2 * HOUR);
	box_add(&box, &soon);
	box_add(&box, &late);
	struct cf_model *model = box_model(&box, T0_S + 10 * DAY);

	assert_int_equal(hits_of(model, "visitor"), 1);
	assert_int_equal(hits_of(model, "ip:10.0.0.5@"), 1);
	cf_model_free(model);
	box_close(&box);
}

static void a_machine_that_forwards_keeps_its_own_address(void **state)
{
	(void)state;
	struct box box;
	struct cf_fact own = an_identity("tap", "10.0.0.5", MAC_G, "node", T0_S, T0_S + HOUR),
	               pod = an_identity("tap", "10.88.0.2", MAC_G, "", T0_S, T0_S + HOUR),
	               query = a_query("edge", "10.0.0.5", T0_S + 5 * MINUTE),
	               other = a_query("edge", "10.88.0.2", T0_S + 5 * MINUTE);

	box_open(&box);
	own.how = text_of("arp");
	pod.how = text_of("traffic");
	own.router = pod.router = true;
	box_add(&box, &own);
	box_add(&box, &pod);
	box_add(&box, &query);
	box_add(&box, &other);
	struct cf_model *model = box_model(&box, T0_S + DAY);

	assert_string_equal(cf_model_find(model, "node")->key, "mac:" MAC_G);
	assert_int_equal(hits_of(model, "node"), 1);
	assert_int_equal(hits_of(model, "ip:10.88.0.2@"), 1);
	cf_model_free(model);
	/* One that answers for others is nobody. */
	own.addr = text_of("10.0.0.6");
	own.name = text_of("");
	box_add(&box, &own);
	model = box_model(&box, T0_S + DAY);
	assert_null(cf_model_find(model, "mac:" MAC_G));
	cf_model_free(model);
	box_close(&box);
}

static void a_throwaway_name_names_nobody(void **state)
{
	(void)state;
	struct box box;
	struct cf_fact seen = an_identity(
	    "tap", "10.0.0.5", "", "d3b07384-d113-4ec5-8e3d-0c2b1f9f6b70.local", T0_S, T0_S + HOUR);

	box_open(&box);
	seen.how = text_of("mdns");
	box_add(&box, &seen);
	struct cf_model *model = box_model(&box, T0_S + DAY);

	assert_string_equal(cf_model_find(model, "10.0.0.5")->name, "");
	assert_true(cf_model_find(model, "10.0.0.5")->is_unknown_holder);
	cf_model_free(model);
	box_close(&box);
}

/* Rows that cannot be, as a damaged file or a wild clock leaves them. */
static void damaged_rows_are_passed_over_and_counted(void **state)
{
	static const char *const damage[] = {
	    "INSERT INTO sighting VALUES(20458, 1, 0, 1, 2, x'010101', x'')",
	    "INSERT INTO sighting VALUES(20458, 1, 777, 1, 2, x'010101', x'')",
	    "INSERT INTO sighting VALUES(2932896, 1, 1, 1, 2, x'010101', x'')", /* year 9999 */
	    "INSERT INTO sighting VALUES(-5, 1, 1, 1, 2, x'010101', x'')",
	    "INSERT INTO sighting VALUES(20459, 1, 1, 7, 3, x'010101', x'')",
	    "INSERT INTO sighting VALUES(20460, 1, 1, 1, 2, x'010101', x'ffffff')",
	    "INSERT INTO rollup VALUES(20458, 1, 0, 1, 1, 0, 0, 0, 0, '', x'')",
	    "INSERT INTO claim VALUES(-7, 'a', 'b', 'c', 'd', 0, 'arp', 0)"};
	struct box box;
	struct cf_error error = {0};

	(void)state;
	box_open(&box);
	box_alive(&box, "tap", "10.0.0.5", MAC_G, "pc", T0_S, T0_S + HOUR);
	queries(&box, "edge", "10.0.0.5", T0_S, T0_S + DAY);
	struct cf_model *model = box_model(&box, T0_S + DAY);

	assert_int_equal(cf_model_skipped_rows(model), 0);
	cf_model_free(model);
	for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++)
		if (cf_ledger_exec(box.ledger, damage[i], &error) != CF_OK)
			fail_msg("%s: %s", damage[i], error.text);
	model = box_model(&box, T0_S + DAY);
	assert_int_equal(hits_of(model, "pc"), 6);
	assert_true(cf_model_skipped_rows(model) >= sizeof damage / sizeof damage[0]);
	cf_model_free(model);
	box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_without_identity_is_a_dependent_host),
	    cmocka_unit_test(resolver_and_monitor_tell_of_one_host),
	    cmocka_unit_test(an_address_that_changed_hands_is_divided_by_the_minute),
	    cmocka_unit_test(a_mac_that_moved_is_one_host_with_the_hits_of_both_addresses),
	    cmocka_unit_test(a_router_joins_nothing),
	    cmocka_unit_test(a_mac_with_many_addresses_is_taken_for_a_router),
	    cmocka_unit_test(sites_with_the_same_private_addresses_stay_apart),
	    cmocka_unit_test(a_local_mac_means_nothing_at_another_site),
	    cmocka_unit_test(merge_split_and_undo_are_obeyed),
	    cmocka_unit_test(states_follow_the_evidence),
	    cmocka_unit_test(a_broken_chain_uncovers_its_interval),
	    cmocka_unit_test(an_escape_makes_it_bypassing_and_an_exception_excepted),
	    cmocka_unit_test(a_report_of_an_earlier_instant_knows_nothing_later),
	    cmocka_unit_test(relays_and_web_visits_are_told_apart),
	    cmocka_unit_test(a_lease_that_spans_the_moment_names_the_host),
	    cmocka_unit_test(two_imports_of_one_lease_are_one),
	    cmocka_unit_test(an_address_seen_once_is_not_its_hosts_for_ever),
	    cmocka_unit_test(a_machine_that_forwards_keeps_its_own_address),
	    cmocka_unit_test(a_throwaway_name_names_nobody),
	    cmocka_unit_test(damaged_rows_are_passed_over_and_counted),
	    cmocka_unit_test(an_excepted_host_has_its_first_and_last_hit),
	    cmocka_unit_test(ten_minutes_unwatched_are_named_and_cost_no_more_than_themselves),
	    cmocka_unit_test(the_reason_of_an_unknown_host_is_the_true_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
