/*
 * curfew report compliance: what a legal text asks to be shown, in its own clock. The texts are
 * read in docs; here stand their dates and questions. A report is evidence, not advice.
 */

#include "report/report.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400

/* A date of the text. after: what must not be seen from then on. */
struct milestone {
	int64_t at_wall_s;
	const char *what;
	const char *const
	    *categories; /* that must be silent from then on; NULL: nothing to measure */
};

struct regime {
	const char *id, *title, *citation;
	const struct milestone *milestones;
	size_t milestone_count;
	bool reports_discoveries; /* FAR 52.204-23: within 3 and 10 business days */
	bool wants_justified_exemptions;
	const char *note;
};

static const char *const sales[] = {"sales", NULL};
static const char *const service[] = {
    "updates", "telemetry", "activation", "cloud-console", "product-service", NULL};
static const char *const everything[] = {"updates", "telemetry", "activation", "cloud-console",
    "product-service", "sales", "web-account", "corporate", "pki", NULL};

static const struct milestone us_commerce[] = {
    {1721448000, "new agreements barred", sales},
    {1727582400, "updates and KSN barred", service},
};
static const struct milestone us_federal[] = {
    {1507867200, "BOD 17-01: identified (30 d)", NULL},
    {1510462800, "BOD 17-01: planned (60 d)", NULL},
    {1513054800, "BOD 17-01: removal begun (90 d)", service},
    {1538366400, "section 1634 in force", everything},
};
static const struct milestone au_pspf[] = {
    {1740056400, "no new installation", sales},
    {1743426000, "all instances removed", everything},
};

static const struct regime regimes[] = {
    {"us-commerce-2024", "US Commerce (BIS) Final Determination on Kaspersky",
        "89 FR 52434 (FR Doc. 2024-13532)", us_commerce, 2, false, false,
        "the determination binds the vendor and its resellers; end users are not themselves "
        "penalised"},
    {"us-federal",
        "US federal agencies and contractors: BOD 17-01, NDAA FY2018 section 1634, FAR 52.204-23",
        "FR 2017-19838; Pub. L. 115-91 section 1634; FAR 52.204-23", us_federal, 4, true, false,
        "FAR 52.204-23 asks for a report of a discovery within 3 business days and a follow-up "
        "within 10"
        " (counted here without public holidays), and flows down to subcontractors"},
    {"au-pspf-002-2025", "Australia: PSPF Direction 002-2025",
        "PSPF Direction 002-2025, 21 February 2025", au_pspf, 2, false, true,
        "completion is to be reported; an exemption needs a justification, a mitigation and an end "
        "date"},
};

const char *const *cf_report_regimes(void)
{
	static const char *const names[] = {
	    "us-commerce-2024", "us-federal", "au-pspf-002-2025", NULL};

	return names;
}

static bool is_among(const char *category, const char *const *categories)
{
	for (; *categories != NULL; categories++)
		if (strcmp(*categories, category) == 0)
			return true;
	return false;
}

/* What of these categories was seen after an instant: asked for and blocked, let pass, got through.
 */
struct tally {
	int64_t hosts, asked, blocked, refused, excepted, escapes, last_wall_s;
};

static void tally_host(struct cf_model *model, const struct cf_host *host,
    const struct milestone *milestone, struct tally *tally)
{
	bool found = false;

	for (size_t i = 0; i < host->evidence_count; i++) {
		const struct cf_evidence *evidence = &host->evidence[i];
		const struct cf_model_kind *kind = cf_model_kind(model, evidence->kind);

		if (evidence->last_wall_us < milestone->at_wall_s * 1000000 ||
		    (!kind->is_dependence && !kind->is_excepted && !kind->is_visit) ||
		    !is_among(kind->category, milestone->categories))
			continue;
		found = true;
		if (kind->is_excepted)
			tally->excepted += (int64_t)evidence->counted;
		else
			tally->asked += (int64_t)evidence->counted;
		if (kind->outcome == CF_OUTCOME_BLOCKED_HERE && !kind->is_excepted)
			tally->blocked += (int64_t)evidence->counted;
		if (kind->outcome == CF_OUTCOME_REFUSED_ELSEWHERE && !kind->is_excepted)
			tally->refused += (int64_t)evidence->counted;
		tally->escapes += (int64_t)evidence->escaped;
		if (evidence->last_wall_us / 1000000 > tally->last_wall_s)
			tally->last_wall_s = evidence->last_wall_us / 1000000;
	}
	tally->hosts += found;
}

/* What no hit means: only where sensors watched is silence an answer. */
static const char *silence_since(struct cf_model *model, const struct milestone *milestone)
{
	const struct cf_model_options *options = cf_model_options(model);
	struct cf_coverage *coverage = cf_model_coverage(model);
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors);
	uint32_t all = 0, from = (uint32_t)(milestone->at_wall_s / 60);
	bool ever = false;

	for (size_t i = 0; i < count; i++) {
		const struct cf_span *spans;
		size_t span_count = cf_coverage_spans(coverage, (uint32_t)i, &spans);

		ever = ever || (span_count > 0 && spans[span_count - 1].to_minute > from);
		all = cf_coverage_set_add(coverage, all, (uint32_t)i);
	}
	if (!ever)
		return "not known: nothing watched";
	if (all == UINT32_MAX ||
	    cf_coverage_since(coverage, all, (uint32_t)(options->at_wall_s / 60),
	        options->tolerance_minutes, options->lag_minutes) > from)
		return "nothing seen, but not always watched";
	return "nothing seen while watched";
}

static const char *verdict_of(struct cf_model *model, const struct milestone *milestone,
    const struct tally *tally, int64_t at_s)
{
	if (at_s < milestone->at_wall_s)
		return "not yet in force";
	if (milestone->categories == NULL)
		return "to be shown by documents";
	if (tally->escapes > 0)
		return "not met: traffic escaped";
	if (tally->asked > tally->blocked + tally->refused)
		return "not met: not all blocked";
	if (tally->excepted > 0)
		return "met but for exceptions";
	if (tally->asked > 0)
		return tally->refused > 0 ? "enforced: all was blocked or refused elsewhere"
		                          : "enforced: all was blocked";
	return silence_since(model, milestone);
}

static void add_milestones(struct cf_doc *doc, struct cf_model *model, const struct regime *regime)
{
	static const struct cf_doc_column columns[] = {
	    {"from", "from", CF_DOC_INSTANT, false},
	    {"what", "what the text says", CF_DOC_TEXT, false},
	    {"verdict", "what was seen since", CF_DOC_TEXT, false},
	    {"hosts", "hosts", CF_DOC_NUMBER, false},
	    {"asked", "asked", CF_DOC_NUMBER, false},
	    {"blocked", "blocked", CF_DOC_NUMBER, false},
	    {"excepted", "let pass", CF_DOC_NUMBER, true},
	    {"escapes", "escapes", CF_DOC_NUMBER, false},
	    {"last", "last", CF_DOC_INSTANT, false},
	};
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts);

	cf_doc_table(doc, "milestones", "The clock of the text", columns,
	    sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < regime->milestone_count; i++) {
		const struct milestone *milestone = &regime->milestones[i];
		struct tally tally = {0};

		for (size_t j = 0; j < count && milestone->categories != NULL; j++)
			tally_host(model, hosts[j], milestone, &tally);
		const struct cf_doc_cell cells[] = {{.number = milestone->at_wall_s},
		    {.text = milestone->what},
		    {.text = verdict_of(
		         model, milestone, &tally, cf_model_options(model)->at_wall_s)},
		    {.number = tally.hosts}, {.number = tally.asked}, {.number = tally.blocked},
		    {.number = tally.excepted}, {.number = tally.escapes},
		    {.number = tally.last_wall_s}};

		cf_doc_row(doc, cells);
	}
}

/* Business days later: Saturday and Sunday do not count. 1970-01-01 was a Thursday. */
static int64_t business_days_later(int64_t wall_s, int days)
{
	int64_t day = wall_s / DAY_S;

	while (days > 0) {
		day++;
		if ((day + 3) % 7 < 5)
			days--;
	}
	return (day + 1) * DAY_S - 1;
}

static int64_t evidence_until(const struct cf_host *host)
{
	return host->rare->excepted_until_wall_s == INT64_MAX ? 0
	                                                      : host->rare->excepted_until_wall_s;
}

static const char *missing_of(const struct cf_host *host)
{
	if (host->state != CF_STATE_EXCEPTED)
		return "";
	if (host->rare->excepted_until_wall_s == 0 ||
	    host->rare->excepted_until_wall_s == INT64_MAX)
		return "end date";
	if (host->rare->excepted_why[0] == '\0')
		return "justification";
	return host->rare->note[0] == '\0' ? "mitigation (ledger note)" : "";
}

/* The unit an auditor wants: a host with its story on one line. */
static void add_hosts(struct cf_doc *doc, struct cf_model *model, const struct regime *regime)
{
	static const struct cf_doc_column columns[] = {
	    {"state", "state", CF_DOC_STATE, false},
	    {"host", "host", CF_DOC_TEXT, false},
	    {"address", "address", CF_DOC_TEXT, false},
	    {"site", "site", CF_DOC_TEXT, true},
	    {"product", "product", CF_DOC_TEXT, false},
	    {"evidence", "kinds of evidence", CF_DOC_TEXT, true},
	    {"first_seen", "first evidence", CF_DOC_INSTANT, false},
	    {"last_seen", "last evidence", CF_DOC_INSTANT, false},
	    {"escapes", "escapes", CF_DOC_NUMBER, false},
	    {"accepted_until", "accepted until", CF_DOC_INSTANT, false},
	    {"accepted_by", "by", CF_DOC_TEXT, false},
	    {"accepted_why", "why", CF_DOC_TEXT, true},
	    {"clean_since", "clean since", CF_DOC_INSTANT, false},
	    {"report_due", "report due", CF_DOC_INSTANT, false},
	    {"follow_up_due", "follow-up due", CF_DOC_INSTANT, false},
	    {"missing", "missing", CF_DOC_TEXT, false},
	    {"how_known", "how it is known", CF_DOC_TEXT, true},
	    {"id", "id", CF_DOC_TEXT, true},
	};
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts);

	cf_doc_table(
	    doc, "hosts", "Hosts with evidence", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < count; i++) {
		const struct cf_host *host = hosts[i];
		int64_t found = host->first_hit_wall_us / 1000000;
		char via[200] = "";
		size_t used = 0;

		if (host->hits + host->rare->excepted == 0)
			continue;
		for (size_t j = 0; j < host->evidence_count && used + 40 < sizeof via; j++) {
			const struct cf_model_kind *kind =
			    cf_model_kind(model, host->evidence[j].kind);

			if (strstr(via, kind->via) == NULL)
				used += (size_t)snprintf(via + used, sizeof via - used, "%s%.30s",
				    used > 0 ? ", " : "", kind->via);
		}
		bool dated = regime->reports_discoveries && found > 0;
		const struct cf_doc_cell cells[] = {{.text = cf_state_text(host->state)},
		    {.text = cf_report_host_name(host)}, {.text = host->addr}, {.text = host->site},
		    {.text = host->product}, {.text = via}, {.number = found},
		    {.number = host->last_hit_wall_us / 1000000},
		    {.number = (int64_t)host->rare->escapes}, {.number = evidence_until(host)},
		    {.text = host->rare->excepted_by}, {.text = host->rare->excepted_why},
		    {.number = host->state == CF_STATE_CLEAN ? host->since_wall_s : 0},
		    {.number = dated ? business_days_later(found, 3) : 0},
		    {.number = dated ? business_days_later(found, 10) : 0},
		    {.text = regime->wants_justified_exemptions ? missing_of(host) : ""},
		    {.text = host->why}, {.text = host->id}};

		cf_doc_row(doc, cells);
	}
	if (doc->table_count > 0 && doc->tables[doc->table_count - 1].row_count == 0)
		cf_doc_table_note(doc, "none where sensors watched");
}

static const char *watches_since(const struct cf_model_sensor *sensor, int64_t date_s)
{
	if (sensor->first_minute > sensor->last_minute)
		return "never watched";
	if ((int64_t)sensor->last_minute * 60 <= date_s)
		return "no: its last heartbeat came before";
	if ((int64_t)sensor->first_minute * 60 > date_s)
		return "no: what came before its first heartbeat is not known";
	return "yes";
}

static void add_watch(struct cf_doc *doc, struct cf_model *model, const struct regime *regime)
{
	static const struct cf_doc_column columns[] = {
	    {"sensor", "sensor", CF_DOC_TEXT, false},
	    {"source", "source", CF_DOC_TEXT, false},
	    {"first", "first heartbeat", CF_DOC_INSTANT, false},
	    {"last", "last heartbeat", CF_DOC_INSTANT, false},
	    {"gaps", "gaps", CF_DOC_NUMBER, false},
	    {"gap_minutes", "not watched", CF_DOC_SPAN, false},
	    {"since", "watches since the last date", CF_DOC_TEXT, false},
	};
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors);
	int64_t last_date = regime->milestones[regime->milestone_count - 1].at_wall_s;

	cf_doc_table(doc, "watch", "How we know the sensors were awake", columns,
	    sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < count; i++) {
		const struct cf_span *gaps;
		size_t gap_count = cf_coverage_gaps(cf_model_coverage(model), (uint32_t)i, &gaps);
		bool ever = sensors[i].first_minute <= sensors[i].last_minute;
		int64_t minutes = 0;

		for (size_t j = 0; j < gap_count; j++)
			minutes += gaps[j].to_minute - gaps[j].from_minute;
		const struct cf_doc_cell cells[] = {{.text = sensors[i].name},
		    {.text = sensors[i].source},
		    {.number = ever ? (int64_t)sensors[i].first_minute * 60 : 0},
		    {.number = ever ? (int64_t)sensors[i].last_minute * 60 : 0},
		    {.number = (int64_t)gap_count}, {.number = minutes},
		    {.text = watches_since(&sensors[i], last_date)}};

		cf_doc_row(doc, cells);
	}
}

struct cf_doc *cf_report_compliance(struct cf_model *model, const char *name)
{
	const struct regime *regime = NULL;

	for (size_t i = 0; i < sizeof regimes / sizeof regimes[0]; i++)
		if (strcmp(regimes[i].id, name) == 0)
			regime = &regimes[i];
	struct cf_doc *doc = regime == NULL ? NULL : cf_doc_new("compliance");

	if (doc == NULL)
		return NULL;
	cf_doc_set_title(doc, regime->title);
	cf_doc_fact_text(doc, "regime", "regime", regime->id);
	cf_doc_fact_text(doc, "citation", "citation", regime->citation);
	cf_report_head(doc, model);
	add_milestones(doc, model, regime);
	add_hosts(doc, model, regime);
	add_watch(doc, model, regime);
	cf_doc_note(doc, "%s", regime->note);
	cf_doc_note(doc, "this report says what sensors saw; it is evidence, not legal advice");
	return doc;
}
