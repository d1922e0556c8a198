/* curfew report, curfew report progress, curfew report escapes. */

#include "report/report.h"

#include <string.h>

static const char *const state_words[CF_STATES] = {
    "bypassing", "dependent", "migrating", "excepted", "visited", "unknown", "clean"};

/* Hosts by state per day: the chart of several reports. Rows are added to the last table if asked.
 */
static void add_progress(struct cf_doc *doc, struct cf_model *model, bool with_rows)
{
	struct cf_progress progress = {0};

	if (cf_model_progress(model, &progress) != CF_OK) {
		doc->failed = true;
		return;
	}
	static const char *const hit_series[] = {"hits", "escapes"};
	int64_t *states = progress.day_count == 0
	    ? NULL
	    : cf_doc_chart(doc, "states", "Hosts by state", progress.first_day, progress.day_count,
	          state_words, CF_STATES, true);
	int64_t *hits = progress.day_count == 0
	    ? NULL
	    : cf_doc_chart(doc, "hits", "Hits and escapes", progress.first_day, progress.day_count,
	          hit_series, 2, false);

	for (uint32_t day = 0; day < progress.day_count && states != NULL && hits != NULL; day++) {
		struct cf_doc_cell cells[CF_STATES + 3] = {{.number = progress.first_day + day}};

		for (int i = 0; i < CF_STATES; i++) {
			states[day * CF_STATES + (uint32_t)i] = progress.counts[day][i];
			cells[1 + i].number = progress.counts[day][i];
		}
		hits[day * 2] = cells[CF_STATES + 1].number = (int64_t)progress.hits[day];
		hits[day * 2 + 1] = cells[CF_STATES + 2].number = (int64_t)progress.escapes[day];
		if (with_rows)
			cf_doc_row(doc, cells);
	}
	cf_progress_done(&progress);
}

static const struct cf_doc_column host_columns[] = {
    {"state", "state", CF_DOC_STATE, false},
    {"host", "host", CF_DOC_TEXT, false},
    {"address", "address", CF_DOC_TEXT, false},
    {"site", "site", CF_DOC_TEXT, false},
    {"holder", "holder", CF_DOC_TEXT, true},
    {"product", "product", CF_DOC_TEXT, false},
    {"confidence", "sure", CF_DOC_TEXT, true},
    {"through", "through", CF_DOC_TEXT, false},
    {"hits", "hits", CF_DOC_NUMBER, false},
    {"blocked", "blocked", CF_DOC_NUMBER, true},
    {"answered", "answered", CF_DOC_NUMBER, true},
    {"refused", "refused elsewhere", CF_DOC_NUMBER, true},
    {"unanswered", "not answered", CF_DOC_NUMBER, true},
    {"observed", "observed only", CF_DOC_NUMBER, true},
    {"escapes", "escapes", CF_DOC_NUMBER, false},
    {"first_escape", "first escape", CF_DOC_INSTANT, true},
    {"last_escape", "last escape", CF_DOC_INSTANT, true},
    {"excepted_hits", "excepted", CF_DOC_NUMBER, true},
    {"visits", "visits", CF_DOC_NUMBER, true},
    {"first_hit", "first hit", CF_DOC_INSTANT, false},
    {"last_hit", "last hit", CF_DOC_INSTANT, false},
    {"watched_percent", "watched", CF_DOC_SHARE, false},
    {"clean_but_from", "clean but from", CF_DOC_INSTANT, true},
    {"clean_but_to", "to", CF_DOC_INSTANT, true},
    {"as_far_as", "as far as", CF_DOC_TEXT, true},
    {"last_seen", "last seen", CF_DOC_INSTANT, true},
    {"clean_since", "clean since", CF_DOC_INSTANT, true},
    {"excepted_until", "until", CF_DOC_INSTANT, true},
    {"excepted_by", "by", CF_DOC_TEXT, true},
    {"owner", "owner", CF_DOC_TEXT, true},
    {"mac", "MAC", CF_DOC_TEXT, true},
    {"why", "why", CF_DOC_TEXT, true},
    {"id", "id", CF_DOC_TEXT, true},
};

static int64_t until_of(const struct cf_host *host)
{
	return host->state == CF_STATE_EXCEPTED && host->rare->excepted_until_wall_s < INT64_MAX
	    ? host->rare->excepted_until_wall_s
	    : 0;
}

static void fill_host(void *arg, size_t index, struct cf_doc_cell *cells)
{
	struct cf_model *model = arg;
	struct cf_host *const *hosts;

	(void)cf_model_hosts(model, &hosts);
	const struct cf_host *host = hosts[index];
	bool depends = host->hits + host->rare->excepted > 0;
	bool is_excepted = host->state == CF_STATE_EXCEPTED;
	const struct cf_doc_cell row[] = {
	    {.text = cf_state_text(host->state)},
	    {.text = cf_report_host_name(host)},
	    {.text = host->addr},
	    {.text = host->site},
	    {.text = cf_report_has_unknown_holder(host) ? "unknown holder" : ""},
	    {.text = host->product},
	    {.text = host->confidence},
	    {.text = !depends                      ? ""
	            : host->rare->relay[0] == '\0' ? "direct"
	                                           : host->rare->relay},
	    {.number = (int64_t)host->hits},
	    {.number = (int64_t)host->blocked},
	    {.number = (int64_t)host->answered},
	    {.number = (int64_t)host->refused},
	    {.number = (int64_t)host->unanswered},
	    {.number = (int64_t)host->observed},
	    {.number = (int64_t)host->rare->escapes},
	    {.number = host->rare->first_escape_wall_us / 1000000},
	    {.number = host->rare->last_escape_wall_us / 1000000},
	    {.number = (int64_t)host->rare->excepted},
	    {.number = (int64_t)host->rare->visits},
	    {.number = host->first_hit_wall_us / 1000000},
	    {.number = host->last_hit_wall_us / 1000000},
	    {.number = cf_report_host_share(model, host)},
	    {.number = host->is_clean_but ? (int64_t)host->watch->from_minute * 60 : 0},
	    {.number = host->is_clean_but ? (int64_t)host->watch->to_minute * 60 : 0},
	    {.text = host->by_dns_alone ? "DNS shows" : ""},
	    {.number = (int64_t)host->last_minute * 60},
	    {.number = host->state == CF_STATE_CLEAN ? host->since_wall_s : 0},
	    {.number = until_of(host)},
	    {.text = is_excepted ? host->rare->excepted_by : ""},
	    {.text = host->rare->owner},
	    {.text = host->mac},
	    {.text = host->why},
	    {.text = host->id},
	};

	_Static_assert(sizeof row / sizeof row[0] == sizeof host_columns / sizeof host_columns[0],
	    "one cell a column");
	memcpy(cells, row, sizeof row);
}

struct cf_doc *cf_report_hosts(struct cf_model *model)
{
	struct cf_doc *doc = cf_doc_new("hosts");
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts);

	if (doc == NULL)
		return NULL;
	cf_doc_set_title(doc, "Which hosts still depend on the vendor");
	cf_report_head(doc, model);
	cf_doc_table(doc, "hosts", "Hosts, worst first", host_columns,
	    sizeof host_columns / sizeof host_columns[0]);
	cf_doc_rows(doc, count, fill_host, model);
	if (count == 0)
		cf_doc_table_note(
		    doc, "no host is known; `curfew ledger ingest LOG` takes logs in");
	cf_doc_note(doc,
	    "clean means: the host itself was seen alive, a sensor that sees it was watching,"
	    " and nothing was found for the whole window; anything less is unknown");
	cf_doc_note(doc,
	    "hits are look-ups and connections, each once however many sensors saw it; a visit to "
	    "the"
	    " vendor's web site is no hit");
	cf_report_gap_costs(doc, model);
	add_progress(doc, model, false);
	return doc;
}

struct cf_doc *cf_report_progress(struct cf_model *model)
{
	static const struct cf_doc_column columns[] = {
	    {"day", "day", CF_DOC_DAY, false},
	    {"bypassing", "bypassing", CF_DOC_NUMBER, false},
	    {"dependent", "dependent", CF_DOC_NUMBER, false},
	    {"migrating", "migrating", CF_DOC_NUMBER, false},
	    {"excepted", "excepted", CF_DOC_NUMBER, false},
	    {"visited", "visited", CF_DOC_NUMBER, false},
	    {"unknown", "unknown", CF_DOC_NUMBER, false},
	    {"clean", "clean", CF_DOC_NUMBER, false},
	    {"hits", "hits", CF_DOC_NUMBER, false},
	    {"escapes", "escapes", CF_DOC_NUMBER, false},
	};
	struct cf_doc *doc = cf_doc_new("progress");

	if (doc == NULL)
		return NULL;
	cf_doc_set_title(doc, "Progress, day by day");
	cf_report_head(doc, model);
	cf_doc_table(doc, "days", "Hosts by state at the end of each day (UTC)", columns,
	    sizeof columns / sizeof columns[0]);
	add_progress(doc, model, true);
	return doc;
}

static void add_escapes(struct cf_doc *doc, struct cf_model *model, const struct cf_host *host)
{
	const struct cf_model_sensor *sensors;

	(void)cf_model_sensors(model, &sensors);
	for (size_t i = 0; i < host->evidence_count; i++) {
		const struct cf_evidence *evidence = &host->evidence[i];
		const struct cf_model_kind *kind = cf_model_kind(model, evidence->kind);
		/* Of witnesses of one event, the first tells of it. */
		if (evidence->escaped == 0)
			continue;
		const char *how = strcmp(kind->event, "bypass") == 0
		    ? "blocked, then asked elsewhere"
		    : (kind->flags & CF_FACT_FOREIGN_RESOLVER) != 0
		    ? "resolved by a foreign resolver"
		    : (kind->flags & CF_FACT_HARDCODED) != 0 ? "address never looked up"
		                                             : "traffic came back";

		const struct cf_doc_cell cells[] = {
		    {.text = cf_state_text(host->state)},
		    {.text = cf_report_host_name(host)},
		    {.text = host->addr},
		    {.text = host->site},
		    {.text = how},
		    {.text = evidence->sample},
		    {.text = kind->category},
		    {.text = kind->via},
		    {.text = kind->is_lookup ? "look-up" : "connection"},
		    {.number = (int64_t)evidence->escaped},
		    {.number = (int64_t)evidence->bytes_in},
		    {.number = (int64_t)evidence->bytes_out},
		    {.number = evidence->first_wall_us / 1000000},
		    {.number = evidence->last_wall_us / 1000000},
		    {.text = sensors[evidence->sensor].name},
		    {.text = host->id},
		};

		cf_doc_row(doc, cells);
	}
}

struct cf_doc *cf_report_escapes(struct cf_model *model)
{
	static const struct cf_doc_column columns[] = {
	    {"state", "state now", CF_DOC_STATE, false},
	    {"host", "host", CF_DOC_TEXT, false},
	    {"address", "address", CF_DOC_TEXT, false},
	    {"site", "site", CF_DOC_TEXT, true},
	    {"how", "how", CF_DOC_TEXT, false},
	    {"what", "what", CF_DOC_TEXT, false},
	    {"category", "category", CF_DOC_TEXT, false},
	    {"via", "evidence", CF_DOC_TEXT, true},
	    {"episode", "of", CF_DOC_TEXT, false},
	    {"escapes", "escapes", CF_DOC_NUMBER, false},
	    {"bytes_in", "received", CF_DOC_BYTES, false},
	    {"bytes_out", "sent", CF_DOC_BYTES, true},
	    {"first", "first", CF_DOC_INSTANT, false},
	    {"last", "last", CF_DOC_INSTANT, false},
	    {"sensor", "sensor", CF_DOC_TEXT, true},
	    {"id", "id", CF_DOC_TEXT, true},
	};
	struct cf_doc *doc = cf_doc_new("escapes");
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts);

	if (doc == NULL)
		return NULL;
	cf_doc_set_title(doc, "Vendor traffic that got through after the cut-off");
	cf_report_head(doc, model);
	cf_doc_table(doc, "escapes", "Escapes", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < count; i++)
		if (hosts[i]->rare->escapes > 0)
			add_escapes(doc, model, hosts[i]);
	if (doc->table_count > 0 && doc->tables[0].row_count == 0)
		cf_doc_table_note(
		    doc, "none found where sensors watched; see `curfew report coverage`");
	return doc;
}
