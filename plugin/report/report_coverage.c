/* curfew report coverage, curfew report exceptions. */

#include "ledger/action.h"
#include "ledger/store/rows.h"
#include "ledger/upkeep/planned.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A gap begins with the last minute that was watched, and plans are said in round minutes. */
#define PLAN_SLACK_S 120

static void add_sensors(struct cf_doc *doc, struct cf_model *model)
{
	static const struct cf_doc_column columns[] = {
	    {"sensor", "sensor", CF_DOC_TEXT, false},
	    {"source", "source", CF_DOC_TEXT, false},
	    {"site", "site", CF_DOC_TEXT, false},
	    {"first", "first heartbeat", CF_DOC_INSTANT, false},
	    {"last", "last heartbeat", CF_DOC_INSTANT, false},
	    {"window_percent", "of window", CF_DOC_SHARE, false},
	    {"watched_minutes", "watched", CF_DOC_SPAN, false},
	    {"gaps", "gaps", CF_DOC_NUMBER, false},
	    {"seen", "queries, packets", CF_DOC_NUMBER, true},
	    {"lost", "lost", CF_DOC_NUMBER, false},
	    {"unread", "in tunnels not read", CF_DOC_NUMBER, true},
	};
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors);

	cf_doc_table(doc, "sensors", "Sensors", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < count; i++) {
		const struct cf_span *spans;
		const struct cf_span *gaps;
		size_t span_count =
		    cf_coverage_spans(cf_model_coverage(model), (uint32_t)i, &spans);
		size_t gap_count = cf_coverage_gaps(cf_model_coverage(model), (uint32_t)i, &gaps);
		bool ever = sensors[i].first_minute <= sensors[i].last_minute;
		int64_t minutes = 0;

		for (size_t j = 0; j < span_count; j++)
			minutes += spans[j].to_minute - spans[j].from_minute;
		const struct cf_doc_cell cells[] = {{.text = sensors[i].name},
		    {.text = sensors[i].source}, {.text = sensors[i].site},
		    {.number = ever ? (int64_t)sensors[i].first_minute * 60 : 0},
		    {.number = ever ? (int64_t)sensors[i].last_minute * 60 : 0},
		    {.number = cf_report_watched_share(model, (uint32_t)i)}, {.number = minutes},
		    {.number = (int64_t)gap_count}, {.number = (int64_t)sensors[i].seen},
		    {.number = (int64_t)sensors[i].lost}, {.number = (int64_t)sensors[i].unread}};

		cf_doc_row(doc, cells);
	}
}

/* Its reason, after that of whoever planned it. */
static const char *reason_of(
    struct cf_doc *doc, const struct cf_model *model, const char *sensor, const struct cf_span *gap)
{
	struct cf_planned planned;

	if (!cf_planned_find(cf_model_actions(model), sensor, (int64_t)gap->from_minute * 60,
	        (int64_t)gap->to_minute * 60, PLAN_SLACK_S, &planned))
		return gap->reason;
	return cf_doc_format(doc, "planned: %s (%s)", planned.why, gap->reason);
}

static void add_gaps(struct cf_doc *doc, struct cf_model *model)
{
	static const struct cf_doc_column columns[] = {
	    {"sensor", "sensor", CF_DOC_TEXT, false},
	    {"source", "source", CF_DOC_TEXT, false},
	    {"from", "from", CF_DOC_INSTANT, false},
	    {"to", "to", CF_DOC_INSTANT, false},
	    {"minutes", "length", CF_DOC_SPAN, false},
	    {"reason", "reason", CF_DOC_TEXT, false},
	};
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors), listed = 0;

	cf_doc_table(doc, "gaps", "Gaps: nothing is known about these times", columns,
	    sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < count; i++) {
		const struct cf_span *gaps;
		size_t gap_count = cf_coverage_gaps(cf_model_coverage(model), (uint32_t)i, &gaps);

		for (size_t j = 0; j < gap_count; j++, listed++) {
			const struct cf_doc_cell cells[] = {{.text = sensors[i].name},
			    {.text = sensors[i].source},
			    {.number = (int64_t)gaps[j].from_minute * 60},
			    {.number = (int64_t)gaps[j].to_minute * 60},
			    {.number = gaps[j].to_minute - gaps[j].from_minute},
			    {.text = reason_of(doc, model, sensors[i].name, &gaps[j])}};

			cf_doc_row(doc, cells);
		}
	}
	if (listed == 0)
		cf_doc_table_note(doc, "none between each sensor's first and last heartbeat");
}

static enum cf_status add_log(void *context, const struct cf_row *row)
{
	const struct cf_doc_cell cells[] = {{.text = cf_row_text(row, 0)},
	    {.number = cf_row_int64(row, 1)}, {.text = cf_row_text(row, 2)},
	    {.number = cf_row_int64(row, 3)}};

	cf_doc_row(context, cells);
	return CF_OK;
}

static void add_logs(struct cf_doc *doc, struct cf_ledger *ledger)
{
	static const struct cf_doc_column columns[] = {
	    {"log", "log", CF_DOC_TEXT, false},
	    {"records", "records", CF_DOC_NUMBER, false},
	    {"reason", "skipped because", CF_DOC_TEXT, false},
	    {"lines", "lines", CF_DOC_NUMBER, false},
	};

	cf_doc_table(doc, "skipped", "Lines that were not taken", columns,
	    sizeof columns / sizeof columns[0]);
	/* Those of days to come are in the ledger, but say nothing until those days are here. */
	char sql[600];
	long long today = (long long)(cf_ledger_now_wall_s(ledger) / 86400);

	snprintf(sql, sizeof sql,
	    "SELECT coalesce(path, '(an older ledger)') AS log, coalesce(records, 0), reason, n AS "
	    "lines FROM reject LEFT JOIN file USING(key)"
	    " UNION ALL SELECT '(the ledger)', 0, 'days after the clock of this machine', n FROM"
	    " (SELECT (SELECT count(*) FROM rollup WHERE day>%lld)"
	    " + (SELECT count(*) FROM sighting WHERE day>%lld)"
	    " + (SELECT count(*) FROM beat WHERE day>%lld) AS n) AS later WHERE n>0"
	    " ORDER BY 4 DESC, 1, 3, 2",
	    today + 1, today + 1, today + 1);
	if (cf_ledger_each_row(ledger, sql, add_log, doc, NULL) != CF_OK)
		doc->failed = true;
}

struct cf_doc *cf_report_coverage(struct cf_model *model, struct cf_ledger *ledger)
{
	struct cf_doc *doc = cf_doc_new("coverage");

	if (doc == NULL)
		return NULL;
	cf_doc_set_title(doc, "When which sensor watched");
	cf_report_head(doc, model);
	add_sensors(doc, model);
	cf_report_gap_costs(doc, model);
	add_gaps(doc, model);
	add_logs(doc, ledger);
	cf_doc_note(doc,
	    "a sensor watches from heartbeat to heartbeat; where records or packets were lost,"
	    " or the log was changed, it did not");
	return doc;
}

/* ---- exceptions */

static const char *standing_of(int64_t from_s, int64_t until_s, int64_t at_s)
{
	if (at_s < from_s)
		return "not yet";
	if (until_s == INT64_MAX)
		return "no end";
	if (at_s >= until_s)
		return "lapsed";
	return until_s - at_s <= 14 * 86400 ? "lapses soon" : "in force";
}

static void count_use(
    struct cf_model *model, const char *owner, int64_t *hosts_out, int64_t *hits_out)
{
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts);

	*hosts_out = *hits_out = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t hits = 0;

		for (size_t j = 0; j < hosts[i]->evidence_count; j++) {
			const struct cf_model_kind *kind =
			    cf_model_kind(model, hosts[i]->evidence[j].kind);

			/* A visit that was let pass uses the exception as well. */
			if (!kind->is_blocked && strcmp(kind->owner, owner) == 0)
				hits += (int64_t)hosts[i]->evidence[j].counted;
		}
		*hosts_out += hits > 0;
		*hits_out += hits;
	}
}

static void add_policy_exceptions(struct cf_doc *doc, struct cf_model *model)
{
	const struct cf_model_options *options = cf_model_options(model);

	for (size_t i = 0; i < options->exception_count; i++) {
		const struct cf_model_exception *exception = &options->exceptions[i];
		int64_t hosts, hits;

		count_use(model, exception->owner, &hosts, &hits);
		const struct cf_doc_cell cells[] = {
		    {.text = standing_of(
		         exception->from_wall_s, exception->until_wall_s, options->at_wall_s)},
		    {.text = exception->owner}, {.text = exception->clients},
		    {.number = exception->until_wall_s == INT64_MAX ? 0 : exception->until_wall_s},
		    {.text = exception->reason}, {.number = hosts}, {.number = hits},
		    {.text = "policy"}};

		cf_doc_row(doc, cells);
	}
}

static void add_actions(struct cf_doc *doc, struct cf_model *model)
{
	const struct cf_actions *actions = cf_model_actions(model);
	int64_t at = cf_model_options(model)->at_wall_s;

	for (size_t i = 0; i < cf_actions_count(actions); i++) {
		const struct cf_ledger_action *action = cf_actions_get(actions, i);

		if (strcmp(action->verb, "except") != 0 || cf_actions_is_undone(actions, i))
			continue;
		const struct cf_host *host = cf_model_find(model, action->args[0]);
		int64_t until = strtoll(action->args[1], NULL, 10);
		const struct cf_doc_cell cells[] = {
		    {.text = standing_of(action->at_wall_s, until, at)}, {.text = action->args[2]},
		    {.text = host == NULL ? action->args[0] : cf_report_host_name(host)},
		    {.number = until == INT64_MAX ? 0 : until}, {.text = action->args[3]},
		    {.number = host != NULL}, {.number = host == NULL ? 0 : (int64_t)host->hits},
		    {.text = "by hand"}};

		cf_doc_row(doc, cells);
	}
}

struct cf_doc *cf_report_exceptions(struct cf_model *model)
{
	static const struct cf_doc_column columns[] = {
	    {"standing", "standing", CF_DOC_TEXT, false},
	    {"owner", "owner", CF_DOC_TEXT, false},
	    {"clients", "for", CF_DOC_TEXT, false},
	    {"until", "until", CF_DOC_INSTANT, false},
	    {"reason", "reason", CF_DOC_TEXT, false},
	    {"hosts", "hosts", CF_DOC_NUMBER, false},
	    {"hits", "hits", CF_DOC_NUMBER, false},
	    {"origin", "given in", CF_DOC_TEXT, true},
	};
	static const struct cf_doc_column host_columns[] = {
	    {"host", "host", CF_DOC_TEXT, false},
	    {"address", "address", CF_DOC_TEXT, false},
	    {"owner", "let pass by", CF_DOC_TEXT, false},
	    {"until", "until", CF_DOC_INSTANT, false},
	    {"why", "why", CF_DOC_TEXT, false},
	    {"hits", "hits let pass", CF_DOC_NUMBER, false},
	    {"first", "first", CF_DOC_INSTANT, false},
	    {"last", "last", CF_DOC_INSTANT, false},
	    {"state", "state", CF_DOC_STATE, false},
	};
	struct cf_doc *doc = cf_doc_new("exceptions");
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts);

	if (doc == NULL)
		return NULL;
	cf_doc_set_title(doc, "Who is let pass, by whom, until when");
	cf_report_head(doc, model);
	cf_doc_table(doc, "exceptions", "Exceptions", columns, sizeof columns / sizeof columns[0]);
	add_policy_exceptions(doc, model);
	add_actions(doc, model);
	if (doc->table_count > 0 && doc->tables[0].row_count == 0)
		cf_doc_table_note(
		    doc, "none known; --image FILE reads those of the policy in force");
	cf_doc_table(doc, "hosts", "Hosts that were let pass", host_columns,
	    sizeof host_columns / sizeof host_columns[0]);
	for (size_t i = 0; i < count; i++) {
		const struct cf_host *host = hosts[i];
		const struct cf_doc_cell cells[] = {{.text = cf_report_host_name(host)},
		    {.text = host->addr}, {.text = host->rare->excepted_by},
		    {.number = host->rare->excepted_until_wall_s == INT64_MAX
		            ? 0
		            : host->rare->excepted_until_wall_s},
		    {.text = host->rare->excepted_why}, {.number = (int64_t)host->rare->excepted},
		    {.number = host->first_hit_wall_us / 1000000},
		    {.number = host->last_hit_wall_us / 1000000},
		    {.text = cf_state_text(host->state)}};

		if (host->rare->excepted_by[0] != '\0')
			cf_doc_row(doc, cells);
	}
	return doc;
}
