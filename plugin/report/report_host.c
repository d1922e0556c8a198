/* curfew report host: one host's story from every vantage point. */

#include "base/instant.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

static const char *identity_word(enum cf_host_identity_kind kind)
{
	static const char *const words[] = {"address", "MAC", "name", "client id", "VLAN"};

	return words[kind];
}

/*
 * Since when all that it tried past the resolver was refused by the edge; 0: the edge never refused
 * it, or something got through since. Hits of one kind are known by their first and last: what is
 * refused again behind an escape counts from that escape.
 */
static int64_t stopped_since_wall_us(struct cf_model *model, const struct cf_host *host)
{
	int64_t first = 0, last = 0;

	for (size_t i = 0; i < host->evidence_count; i++) {
		const struct cf_evidence *evidence = &host->evidence[i];
		const struct cf_model_kind *kind = cf_model_kind(model, evidence->kind);

		if (!kind->is_blocked || strcmp(kind->via, "egress") != 0)
			continue;
		if (first == 0 || evidence->first_wall_us < first)
			first = evidence->first_wall_us;
		if (evidence->last_wall_us > last)
			last = evidence->last_wall_us;
	}
	if (last <= host->rare->last_escape_wall_us)
		return 0;
	return first > host->rare->last_escape_wall_us ? first : host->rare->last_escape_wall_us;
}

static void add_edge(struct cf_doc *doc, struct cf_model *model, const struct cf_host *host)
{
	int64_t since_wall_s = stopped_since_wall_us(model, host) / 1000000;
	char since[CF_INSTANT_TEXT_BYTES];

	if (since_wall_s == 0)
		return;
	cf_doc_fact_instant(doc, "stopped_at_edge", "stopped at the edge since", since_wall_s);
	if (host->rare->escapes > 0)
		cf_doc_note(doc, "it got round the block, and is stopped at the edge since %s",
		    cf_instant_format(since_wall_s, since));
}

static void add_facts(struct cf_doc *doc, struct cf_model *model, const struct cf_host *host)
{
	char instant[CF_INSTANT_TEXT_BYTES];

	cf_doc_fact_instant(doc, "at", "as of", cf_model_options(model)->at_wall_s);
	cf_doc_fact_text(doc, "state", "state", cf_state_text(host->state));
	cf_doc_fact_text(doc, "why", "why", host->why);
	if (host->state == CF_STATE_CLEAN)
		cf_doc_fact_instant(doc, "clean_since", "clean since", host->since_wall_s);
	cf_doc_fact_text(doc, "id", "id", host->id);
	cf_doc_fact_text(doc, "key", "known by", host->key);
	if (cf_report_has_unknown_holder(host)) {
		cf_doc_fact_text(doc, "holder", "holder", "unknown holder");
		cf_doc_note(doc,
		    "these are the hits of an address while nobody is known to have had it: of one "
		    "host or of several");
	}
	cf_doc_fact_text(doc, "site", "site", host->site);
	if (host->product[0] != '\0')
		cf_doc_fact_text(doc, "product", "product",
		    cf_doc_format(doc, "%s (confidence %s)", host->product, host->confidence));
	if (host->hits + host->rare->excepted > 0)
		cf_doc_fact_text(doc, "through", "through",
		    host->rare->relay[0] == '\0' ? "direct" : host->rare->relay);
	unsigned share = cf_report_host_share(model, host);

	if (host->is_network)
		cf_doc_note(doc, "this is a network, not one host: its addresses are truncated");

	cf_doc_fact_text(doc, "watched", "watched",
	    cf_doc_format(doc, "%u.%02u %% of the window", share / 100, share % 100));
	cf_doc_fact_number(doc, "hits", "hits (look-ups and connections)", (int64_t)host->hits);
	cf_doc_fact_number(doc, "blocked", "of them blocked", (int64_t)host->blocked);
	cf_doc_fact_number(doc, "answered", "of them answered", (int64_t)host->answered);
	cf_doc_fact_number(doc, "refused", "of them refused elsewhere", (int64_t)host->refused);
	cf_doc_fact_number(doc, "unanswered", "of them not answered", (int64_t)host->unanswered);
	cf_doc_fact_number(doc, "observed", "of them observed only", (int64_t)host->observed);
	cf_doc_fact_number(doc, "escapes", "escapes", (int64_t)host->rare->escapes);
	cf_doc_fact_number(doc, "escaped_lookups", "of them look-ups answered elsewhere",
	    (int64_t)host->rare->escaped_lookups);
	cf_doc_fact_number(
	    doc, "visits", "visits to the vendor's web site", (int64_t)host->rare->visits);
	cf_doc_fact_number(
	    doc, "excepted_hits", "let pass by exception", (int64_t)host->rare->excepted);
	cf_doc_fact_instant(doc, "first_hit", "first hit", host->first_hit_wall_us / 1000000);
	cf_doc_fact_instant(doc, "last_hit", "last hit", host->last_hit_wall_us / 1000000);
	if (host->rare->escapes > 0)
		cf_doc_fact_instant(doc, "first_escape", "first escape",
		    host->rare->first_escape_wall_us / 1000000);
	add_edge(doc, model, host);
	if (host->rare->last_visit_wall_us > 0)
		cf_doc_fact_instant(
		    doc, "last_visit", "last visit", host->rare->last_visit_wall_us / 1000000);
	cf_doc_fact_instant(doc, "last_seen", "last seen", (int64_t)host->last_minute * 60);
	if (host->rare->excepted_by[0] != '\0')
		cf_doc_fact_text(doc, "exception", "exception",
		    cf_doc_format(doc, "by %s until %s: %s", host->rare->excepted_by,
		        host->rare->excepted_until_wall_s == INT64_MAX ||
		                host->rare->excepted_until_wall_s == 0
		            ? "an instant not known here (--image FILE tells)"
		            : cf_instant_format(host->rare->excepted_until_wall_s, instant),
		        host->rare->excepted_why));
	if (host->rare->owner[0] != '\0')
		cf_doc_fact_text(doc, "owner", "owner", host->rare->owner);
	if (host->rare->note[0] != '\0')
		cf_doc_fact_text(doc, "note", "note", host->rare->note);
}

static void add_identities(struct cf_doc *doc, const struct cf_host *host)
{
	static const struct cf_doc_column columns[] = {
	    {"kind", "identity", CF_DOC_TEXT, false},
	    {"value", "value", CF_DOC_TEXT, false},
	    {"site", "site", CF_DOC_TEXT, true},
	    {"how", "learned by", CF_DOC_TEXT, false},
	    {"from", "from", CF_DOC_INSTANT, false},
	    {"to", "to", CF_DOC_INSTANT, false},
	};

	cf_doc_table(doc, "identities", "Who it is", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < host->identity_count; i++) {
		const struct cf_host_identity *identity = &host->identities[i];
		const struct cf_doc_cell cells[] = {{.text = identity_word(identity->kind)},
		    {.text = identity->value}, {.text = identity->site},
		    {.text = identity->how[0] == '\0' ? "hits" : identity->how},
		    {.number = (int64_t)identity->from_minute * 60},
		    {.number = (int64_t)identity->to_minute * 60}};

		cf_doc_row(doc, cells);
	}
}

static const char *meaning_of(const struct cf_model_kind *kind)
{
	if (kind->is_escape)
		return "escape";
	if (kind->is_excepted)
		return "let pass";
	if (kind->is_visit)
		return "visit";
	if (!kind->is_dependence)
		return "no dependence";
	return kind->is_weak ? "weak" : "dependence";
}

static void add_evidence(struct cf_doc *doc, struct cf_model *model, const struct cf_host *host)
{
	static const struct cf_doc_column columns[] = {
	    {"meaning", "meaning", CF_DOC_TEXT, false},
	    {"outcome", "outcome", CF_DOC_TEXT, false},
	    {"sensor", "sensor", CF_DOC_TEXT, false},
	    {"source", "seen by", CF_DOC_TEXT, false},
	    {"event", "event", CF_DOC_TEXT, true},
	    {"via", "evidence", CF_DOC_TEXT, false},
	    {"what", "what", CF_DOC_TEXT, false},
	    {"rule", "rule", CF_DOC_TEXT, true},
	    {"list", "list", CF_DOC_TEXT, true},
	    {"category", "category", CF_DOC_TEXT, false},
	    {"product", "product", CF_DOC_TEXT, true},
	    {"relay", "through", CF_DOC_TEXT, true},
	    {"hits", "as this witness counts", CF_DOC_NUMBER, true},
	    {"episodes", "episodes", CF_DOC_NUMBER, false},
	    {"bytes_in", "received", CF_DOC_BYTES, true},
	    {"bytes_out", "sent", CF_DOC_BYTES, true},
	    {"first", "first", CF_DOC_INSTANT, false},
	    {"last", "last", CF_DOC_INSTANT, false},
	};
	const struct cf_model_sensor *sensors;

	(void)cf_model_sensors(model, &sensors);
	cf_doc_table(doc, "evidence", "What was seen", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < host->evidence_count; i++) {
		const struct cf_evidence *evidence = &host->evidence[i];
		const struct cf_model_kind *kind = cf_model_kind(model, evidence->kind);
		const struct cf_doc_cell cells[] = {{.text = meaning_of(kind)},
		    {.text = cf_hit_outcome_text(kind->outcome)},
		    {.text = sensors[evidence->sensor].name},
		    {.text = sensors[evidence->sensor].source}, {.text = kind->event},
		    {.text = kind->via}, {.text = evidence->sample}, {.text = kind->rule},
		    {.text = kind->list}, {.text = kind->category}, {.text = kind->product},
		    {.text = kind->relay}, {.number = (int64_t)evidence->n},
		    {.number = (int64_t)evidence->counted}, {.number = (int64_t)evidence->bytes_in},
		    {.number = (int64_t)evidence->bytes_out},
		    {.number = evidence->first_wall_us / 1000000},
		    {.number = evidence->last_wall_us / 1000000}};

		cf_doc_row(doc, cells);
	}
	if (host->evidence_count > 0)
		cf_doc_table_note(doc,
		    "episodes: look-ups and connections that no line above it "
		    "told of already; what several saw counts once");
}

/* Who watched over it: what is said of this host is worth as much as this. */
static void add_watch(struct cf_doc *doc, struct cf_model *model, const struct cf_host *host)
{
	static const struct cf_doc_column columns[] = {
	    {"sensor", "sensor", CF_DOC_TEXT, false},
	    {"source", "source", CF_DOC_TEXT, false},
	    {"last", "last saw it", CF_DOC_DAY, false},
	    {"window_percent", "watched of the window", CF_DOC_SHARE, false},
	    {"gaps", "gaps in it", CF_DOC_NUMBER, false},
	    {"gap_minutes", "not watched", CF_DOC_SPAN, false},
	};
	const struct cf_model_options *options = cf_model_options(model);
	uint32_t to = (uint32_t)(options->at_wall_s / 60);
	uint32_t from = to > options->window_minutes ? to - options->window_minutes : 0;
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors);

	cf_doc_table(
	    doc, "watch", "Who watched over it", columns, sizeof columns / sizeof columns[0]);
	for (size_t s = 0; s < count; s++) {
		const struct cf_span *gaps;
		size_t gap_count = cf_coverage_gaps(cf_model_coverage(model), (uint32_t)s, &gaps);
		int64_t last = -1, in_window = 0, minutes = 0;

		for (size_t i = 0; i < host->day_count; i++)
			if (cf_coverage_set_has(
			        cf_model_coverage(model), host->days[i].set, (uint32_t)s))
				last = host->days[i].day;
		for (size_t i = 0; i < gap_count; i++)
			if (gaps[i].to_minute > from && gaps[i].from_minute < to) {
				in_window++;
				minutes += gaps[i].to_minute - gaps[i].from_minute;
			}
		const struct cf_doc_cell cells[] = {{.text = sensors[s].name},
		    {.text = sensors[s].source}, {.number = last},
		    {.number = cf_report_watched_share(model, (uint32_t)s)}, {.number = in_window},
		    {.number = minutes}};

		if (last >= 0)
			cf_doc_row(doc, cells);
	}
	if (doc->table_count > 0 && doc->tables[doc->table_count - 1].row_count == 0)
		cf_doc_table_note(doc, "no sensor saw it");
}

static void add_days(struct cf_doc *doc, struct cf_model *model, const struct cf_host *host)
{
	static const struct cf_doc_column columns[] = {
	    {"day", "day", CF_DOC_DAY, false},
	    {"alive_from", "alive from", CF_DOC_INSTANT, false},
	    {"alive_to", "to", CF_DOC_INSTANT, false},
	    {"hits", "hits", CF_DOC_NUMBER, false},
	    {"blocked", "blocked", CF_DOC_NUMBER, false},
	    {"excepted_hits", "let pass", CF_DOC_NUMBER, false},
	    {"escapes", "escapes", CF_DOC_NUMBER, false},
	    {"visits", "visits", CF_DOC_NUMBER, true},
	    {"sensors", "seen by", CF_DOC_TEXT, false},
	};
	static const char *const series[] = {"hits", "escapes", "let pass"};
	const struct cf_model_sensor *sensors;
	size_t sensor_count = cf_model_sensors(model, &sensors);

	cf_doc_table(doc, "days", "Day by day (UTC)", columns, sizeof columns / sizeof columns[0]);
	if (host->day_count == 0)
		return;
	uint32_t first = host->days[0].day;
	int64_t *values = cf_doc_chart(doc, "hits", "Hits per day", first,
	    host->days[host->day_count - 1].day - first + 1, series, 3, false);

	for (size_t i = 0; i < host->day_count; i++) {
		const struct cf_host_day *day = &host->days[i];
		char seen_by[200] = "";
		size_t used = 0;

		for (size_t s = 0; s < sensor_count; s++)
			if (cf_coverage_set_has(cf_model_coverage(model), day->set, (uint32_t)s) &&
			    used < sizeof seen_by)
				used += (size_t)snprintf(seen_by + used, sizeof seen_by - used,
				    "%s%s (%s)", used > 0 ? ", " : "", sensors[s].name,
				    sensors[s].source);
		int64_t base = (int64_t)day->day * 86400;
		const struct cf_doc_cell cells[] = {{.number = day->day},
		    {.number = day->alive_first < 0 ? 0 : base + day->alive_first * 60},
		    {.number = day->alive_last < 0 ? 0 : base + day->alive_last * 60},
		    {.number = (int64_t)day->found->hits}, {.number = (int64_t)day->found->blocked},
		    {.number = (int64_t)day->found->excepted},
		    {.number = (int64_t)day->found->escapes},
		    {.number = (int64_t)day->found->visits}, {.text = seen_by}};

		cf_doc_row(doc, cells);
		if (values != NULL) {
			values[(day->day - first) * 3] = (int64_t)day->found->hits;
			values[(day->day - first) * 3 + 1] = (int64_t)day->found->escapes;
			values[(day->day - first) * 3 + 2] = (int64_t)day->found->excepted;
		}
	}
}

struct cf_doc *cf_report_host(struct cf_model *model, const struct cf_host *host)
{
	struct cf_doc *doc = cf_doc_new("host");

	if (doc == NULL)
		return NULL;
	cf_doc_set_title(doc, cf_doc_format(doc, "The story of %s", cf_report_host_name(host)));
	add_facts(doc, model, host);
	add_identities(doc, host);
	add_evidence(doc, model, host);
	add_watch(doc, model, host);
	add_days(doc, model, host);
	return doc;
}
