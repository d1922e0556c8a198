/* What all reports begin with: the instant, the counts, and how much was watched. */

#include "report/gap_costs.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

const char *cf_report_host_name(const struct cf_host *host)
{
	if (host->name[0] != '\0')
		return host->name;
	if (host->addr[0] != '\0')
		return host->addr;
	return host->mac[0] != '\0' ? host->mac : host->key;
}

bool cf_report_has_unknown_holder(const struct cf_host *host)
{
	return host->is_unknown_holder && !host->is_network &&
	    host->hits + host->rare->excepted + host->rare->visits + host->rare->escapes > 0;
}

static uint64_t watched_minutes(struct cf_model *model, uint32_t sensor, uint32_t from, uint32_t to)
{
	const struct cf_span *spans;
	size_t count = cf_coverage_spans(cf_model_coverage(model), sensor, &spans);
	uint64_t minutes = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t begin = spans[i].from_minute > from ? spans[i].from_minute : from;
		uint32_t end = spans[i].to_minute < to ? spans[i].to_minute : to;

		if (begin < end)
			minutes += end - begin;
	}
	return minutes;
}

/* Rounded down: one lost minute is not a hundred per cent. */
static unsigned share_of(uint64_t minutes, uint32_t from, uint32_t to)
{
	return to == from ? 0 : (unsigned)(minutes * 10000 / (to - from));
}

static void find_window(struct cf_model *model, uint32_t *from_out, uint32_t *to_out)
{
	const struct cf_model_options *options = cf_model_options(model);

	*to_out = (uint32_t)(options->at_wall_s / 60);
	*from_out = *to_out > options->window_minutes ? *to_out - options->window_minutes : 0;
}

unsigned cf_report_host_share(struct cf_model *model, const struct cf_host *host)
{
	uint32_t from, to;

	find_window(model, &from, &to);
	return share_of(host->watch->watched_minutes, from, to);
}

unsigned cf_report_watched_share(struct cf_model *model, uint32_t sensor)
{
	uint32_t from, to;

	find_window(model, &from, &to);
	return share_of(watched_minutes(model, sensor, from, to), from, to);
}

/* What cannot be known because logs mask addresses. */
static void say_masking(struct cf_doc *doc, struct cf_model *model)
{
	const struct cf_model_sensor *sensors;
	struct cf_host *const *hosts;
	size_t sensor_count = cf_model_sensors(model, &sensors),
	       count = cf_model_hosts(model, &hosts), truncated = 0, pseudonyms = 0;
	int64_t networks = 0;

	for (size_t i = 0; i < sensor_count; i++) {
		truncated += strcmp(sensors[i].privacy, "truncate") == 0;
		pseudonyms += strcmp(sensors[i].privacy, "pseudonym") == 0;
	}
	for (size_t i = 0; i < count; i++)
		networks += hosts[i]->is_network;
	if (truncated > 0) {
		cf_doc_fact_number(doc, "networks", "of the hosts, networks", networks);
		cf_doc_note(doc,
		    "%zu of the sensors truncate addresses: what only they saw are networks (/24, "
		    "/48), each"
		    " of them one host or many, and none is ever said to be clean",
		    truncated);
	}
	if (pseudonyms > 0)
		cf_doc_note(doc,
		    "%zu of the sensors write pseudonyms for addresses: their hosts cannot be told "
		    "apart or"
		    " joined by what others say of the addresses, names and leases that are behind "
		    "them",
		    pseudonyms);
}

/* Hits of which nobody can be blamed: the address is known, but not who had it then. */
static void say_unknown_holders(struct cf_doc *doc, struct cf_model *model)
{
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts), unknown = 0, at = 0;
	char some[200] = "";

	for (size_t i = 0; i < count; i++) {
		if (!cf_report_has_unknown_holder(hosts[i]))
			continue;
		if (unknown++ < 3 && at + strlen(hosts[i]->addr) + 3 < sizeof some)
			at += (size_t)snprintf(some + at, sizeof some - at, "%s%s",
			    at == 0 ? "" : ", ", hosts[i]->addr);
	}
	if (unknown == 0)
		return;
	cf_doc_fact_number(
	    doc, "unknown_holders", "of the hosts, unknown holders", (int64_t)unknown);
	cf_doc_note(doc,
	    "unknown holder of %s%s: nobody is known to have had the address when it had hits; it "
	    "may have been any host, or several",
	    some, unknown > 3 ? " and others" : "");
}

static void say_coverage(struct cf_doc *doc, struct cf_model *model)
{
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors), whole = 0, none = 0, watchers = 0;
	unsigned least = 10000;

	for (size_t i = 0; i < count; i++) {
		unsigned share = cf_report_watched_share(model, (uint32_t)i);
		const struct cf_span *spans;

		if (sensors[i].has_leases && !sensors[i].has_sightings)
			continue;
		watchers++;
		least = share < least ? share : least;
		whole += share == 10000;
		none += cf_coverage_spans(cf_model_coverage(model), (uint32_t)i, &spans) == 0;
	}
	if (watchers == 0)
		cf_doc_fact_text(
		    doc, "coverage", "coverage", "no sensor is known: nothing can be said");
	else
		cf_doc_fact_text(doc, "coverage", "coverage",
		    cf_doc_format(doc,
		        "%zu of %zu sensors watched the whole window, %zu never watched; the"
		        " least watched %u.%02u %% of it",
		        whole, watchers, none, least / 100, least % 100));
}

/* What lies in a tunnel that is not read was not watched, however little of it there is. */
static void say_unread(struct cf_doc *doc, struct cf_model *model)
{
	const struct cf_model_sensor *sensors, *worst = NULL;
	size_t count = cf_model_sensors(model, &sensors), some = 0;
	unsigned most = 0;

	for (size_t i = 0; i < count; i++) {
		const struct cf_model_sensor *sensor = &sensors[i];

		if (sensor->unread == 0 || sensor->seen < sensor->unread)
			continue;
		/* As doubles: hundredths of large totals are larger still. */
		unsigned share = (unsigned)((double)sensor->unread * 10000 / (double)sensor->seen);

		worst = worst == NULL || share > most ? sensor : worst;
		most = share > most ? share : most;
		some++;
	}
	if (some == 0)
		return;
	cf_doc_fact_number(doc, "sensors_with_unread_tunnels",
	    "sensors that saw tunnels they do not read", (int64_t)some);
	cf_doc_note(doc,
	    "what is in tunnels that a sensor does not read is not watched: of the packets at %s "
	    "%u.%02u %% were in such; times with %u %% or more count as gaps (--unread)",
	    worst->name, most / 100, most % 100, cf_model_options(model)->unread_percent);
}

/* "234 clean but for 10 min from 2024-11-24 20:10": what closing the dearest gap would give back.
 */
static void say_gap_costs(struct cf_doc *doc, struct cf_model *model)
{
	struct cf_gap_costs costs = {0};
	uint64_t alone = 0;

	if (cf_gap_costs_find(model, &costs) != CF_OK) {
		doc->failed = true;
		return;
	}
	if (costs.by_dns_alone > 0)
		cf_doc_fact_number(doc, "clean_by_dns", "of the clean ones, as far as DNS shows",
		    (int64_t)costs.by_dns_alone);
	for (size_t i = 0; i < costs.count; i++)
		alone += costs.items[i].hosts;
	if (alone + costs.several > 0)
		cf_doc_fact_number(doc, "clean_but", "clean but for gaps in coverage",
		    (int64_t)(alone + costs.several));
	if (costs.count > 0) {
		const struct cf_gap_cost *cost = &costs.items[0];
		struct cf_doc_cell from = {.number = (int64_t)cost->from_minute * 60},
		                   to = {.number = (int64_t)cost->to_minute * 60},
		                   span = {.number = cost->to_minute - cost->from_minute};
		char a[32], b[32], c[32];

		cf_doc_fact_text(doc, "dearest_gap", "the gap that costs most",
		    cf_doc_format(doc, "%llu clean but for %s from %s to %s (%s: %s)",
		        (unsigned long long)cost->hosts,
		        cf_doc_show(CF_DOC_SPAN, &span, a, sizeof a),
		        cf_doc_show(CF_DOC_INSTANT, &from, b, sizeof b),
		        cf_doc_show(CF_DOC_INSTANT, &to, c, sizeof c), cost->sensor, cost->reason));
	}
	cf_gap_costs_done(&costs);
}

void cf_report_gap_costs(struct cf_doc *doc, struct cf_model *model)
{
	static const struct cf_doc_column columns[] = {
	    {"from", "from", CF_DOC_INSTANT, false},
	    {"to", "to", CF_DOC_INSTANT, false},
	    {"minutes", "length", CF_DOC_SPAN, false},
	    {"hosts", "hosts it keeps from clean", CF_DOC_NUMBER, false},
	    {"sensor", "sensor", CF_DOC_TEXT, false},
	    {"source", "source", CF_DOC_TEXT, false},
	    {"reason", "reason", CF_DOC_TEXT, false},
	};
	struct cf_gap_costs costs = {0};

	if (cf_gap_costs_find(model, &costs) != CF_OK) {
		doc->failed = true;
		return;
	}
	if (costs.count + costs.several > 0)
		cf_doc_table(doc, "gap_costs", "What gaps cost: clean but for these times", columns,
		    sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < costs.count; i++) {
		const struct cf_gap_cost *cost = &costs.items[i];
		const struct cf_doc_cell cells[] = {{.number = (int64_t)cost->from_minute * 60},
		    {.number = (int64_t)cost->to_minute * 60},
		    {.number = cost->to_minute - cost->from_minute},
		    {.number = (int64_t)cost->hosts}, {.text = cost->sensor},
		    {.text = cost->source}, {.text = cost->reason}};

		cf_doc_row(doc, cells);
	}
	if (costs.several > 0)
		cf_doc_table_note(doc,
		    "%llu more would be clean if several gaps had been watched, not one alone",
		    (unsigned long long)costs.several);
	cf_gap_costs_done(&costs);
}

void cf_report_head(struct cf_doc *doc, struct cf_model *model)
{
	const struct cf_model_options *options = cf_model_options(model);
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts), by_state[CF_STATES] = {0};

	cf_doc_fact_instant(doc, "at", "as of", options->at_wall_s);
	cf_doc_fact_text(doc, "window", "window",
	    cf_doc_format(doc,
	        "%u days; quiet for %u h is migrating, silent for %u h is not known to be clean",
	        options->window_minutes / 1440, options->recent_minutes / 60,
	        options->alive_minutes / 60));
	for (size_t i = 0; i < count; i++)
		by_state[hosts[i]->state]++;
	cf_doc_fact_number(doc, "hosts", "hosts", (int64_t)count);
	for (int i = 0; i < CF_STATES; i++)
		cf_doc_fact_number(doc, cf_state_text((enum cf_state)i),
		    cf_state_text((enum cf_state)i), (int64_t)by_state[i]);
	say_masking(doc, model);
	say_gap_costs(doc, model);
	say_unknown_holders(doc, model);
	say_coverage(doc, model);
	say_unread(doc, model);
	if (cf_model_skipped_rows(model) > 0)
		cf_doc_note(doc,
		    "rows of the ledger are damaged and were left out; `curfew ledger rebuild` "
		    "makes "
		    "it anew from the logs");
}
