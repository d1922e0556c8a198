/* What all reports begin with: the instant, the counts, and how much was watched. */

#include "base/instant.h"
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

unsigned cf_report_watched_percent(struct cf_model *model, uint32_t sensor)
{
	const struct cf_model_options *options = cf_model_options(model);
	uint32_t to = (uint32_t)(options->at_wall_s / 60);
	uint32_t from = to > options->window_minutes ? to - options->window_minutes : 0;

	if (to == from)
		return 0;
	/* Rounded down: one lost minute is not a hundred percent. */
	return (unsigned)(watched_minutes(model, sensor, from, to) * 100 / (to - from));
}

static void say_coverage(struct cf_doc *doc, struct cf_model *model)
{
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors), whole = 0, none = 0, watchers = 0;
	unsigned least = 100;

	for (size_t i = 0; i < count; i++) {
		unsigned percent = cf_report_watched_percent(model, (uint32_t)i);
		const struct cf_span *spans;

		if (sensors[i].has_leases && !sensors[i].has_sightings)
			continue;
		watchers++;
		least = percent < least ? percent : least;
		whole += percent == 100;
		none += cf_coverage_spans(cf_model_coverage(model), (uint32_t)i, &spans) == 0;
	}
	if (watchers == 0)
		cf_doc_fact_text(
		    doc, "coverage", "coverage", "no sensor is known: nothing can be said");
	else
		cf_doc_fact_text(doc, "coverage", "coverage",
		    cf_doc_format(doc,
		        "%zu of %zu sensors watched the whole window, %zu never watched; the"
		        " least watched %u %% of it",
		        whole, watchers, none, least));
}

void cf_report_head(struct cf_doc *doc, struct cf_model *model)
{
	const struct cf_model_options *options = cf_model_options(model);
	char instant[CF_INSTANT_TEXT_BYTES];
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts), by_state[CF_STATES] = {0};

	cf_doc_fact_text(doc, "at", "as of", cf_instant_format(options->at_wall_s, instant));
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
	say_coverage(doc, model);
	if (cf_model_skipped_rows(model) > 0)
		cf_doc_note(doc,
		    "rows of the ledger are damaged and were left out; `curfew ledger rebuild` "
		    "makes "
		    "it anew from the logs");
}
