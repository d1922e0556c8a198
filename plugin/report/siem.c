#include "report/siem.h"

#include "base/instant.h"
#include "report/render/safe.h"
#include "report/report.h"

#include <inttypes.h>

/* ,"key":"text" when there is a text. */
static void member(FILE *to, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(to, ",\"%s\":", key);
	cf_safe_quote(to, text);
}

static void instant_member(FILE *to, const char *key, int64_t wall_s)
{
	char instant[CF_INSTANT_TEXT_BYTES];

	if (wall_s > 0 && wall_s < INT64_MAX)
		fprintf(to, ",\"%s\":\"%s\"", key, cf_instant_format(wall_s, instant));
}

/* All values of one kind of identity as an array member; nothing when there is none. */
static void identities(
    FILE *to, const char *key, const struct cf_host *host, enum cf_host_identity_kind kind)
{
	const char *before = "";
	bool any = false;

	for (size_t i = 0; i < host->identity_count; i++) {
		if (host->identities[i].kind != kind)
			continue;
		if (!any)
			fprintf(to, ",\"%s\":[", key);
		any = true;
		fputs(before, to);
		cf_safe_quote(to, host->identities[i].value);
		before = ",";
	}
	if (any)
		fputc(']', to);
}

static const char *outcome_of(const struct cf_host *host)
{
	if (host->state == CF_STATE_CLEAN)
		return "success";
	/* A visit says nothing of whether the host needs the vendor. */
	return host->state == CF_STATE_UNKNOWN || host->state == CF_STATE_VISITED ? "unknown"
	                                                                          : "failure";
}

/* 0 informational to 100 critical, as event.severity and risk.static_score want. */
static int severity_of(const struct cf_host *host)
{
	static const int severities[CF_STATES] = {90, 70, 30, 20, 10, 40, 0};

	return severities[host->state];
}

void cf_siem_ecs(struct cf_model *model, FILE *to)
{
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts);
	char instant[CF_INSTANT_TEXT_BYTES];

	cf_instant_format(cf_model_options(model)->at_wall_s, instant);
	for (size_t i = 0; i < count; i++) {
		const struct cf_host *host = hosts[i];
		unsigned share = cf_report_host_share(model, host);

		fprintf(to,
		    "{\"@timestamp\":\"%s\",\"ecs\":{\"version\":\"8.11.0\"},\"event\":{\"kind\":"
		    "\"state\","
		    "\"category\":[\"host\"],\"type\":[\"info\"],\"module\":\"curfew\","
		    "\"dataset\":\"curfew.host\",\"outcome\":\"%s\",\"severity\":%d",
		    instant, outcome_of(host), severity_of(host));
		member(to, "reason", host->why);
		instant_member(to, "start", host->first_hit_wall_us / 1000000);
		instant_member(to, "end", host->last_hit_wall_us / 1000000);
		fputs("},\"host\":{\"id\":", to);
		cf_safe_quote(to, host->id);
		member(to, "name", cf_report_host_name(host));
		identities(to, "ip", host, CF_IDENTITY_ADDR);
		identities(to, "mac", host, CF_IDENTITY_MAC);
		fputc('}', to);
		if (host->product[0] != '\0') {
			fputs(",\"package\":{\"name\":", to);
			cf_safe_quote(to, host->product);
			fputc('}', to);
		}
		fprintf(to, ",\"labels\":{\"curfew_state\":\"%s\"", cf_state_text(host->state));
		member(to, "curfew_site", host->site);
		member(to, "curfew_confidence", host->confidence);
		member(to, "curfew_through",
		    host->hits + host->rare->excepted == 0 ? ""
		        : host->rare->relay[0] == '\0'     ? "direct"
		                                           : host->rare->relay);
		member(to, "curfew_owner", host->rare->owner);
		member(to, "curfew_excepted_by",
		    host->state == CF_STATE_EXCEPTED ? host->rare->excepted_by : "");
		instant_member(to, "curfew_clean_since",
		    host->state == CF_STATE_CLEAN ? host->since_wall_s : 0);
		fprintf(to,
		    ",\"curfew_hits\":\"%" PRIu64 "\",\"curfew_blocked\":\"%" PRIu64
		    "\",\"curfew_escapes\":\"%" PRIu64 "\",\"curfew_visits\":\"%" PRIu64
		    "\",\"curfew_watched_percent\":\"%u.%02u\"}}\n",
		    host->hits, host->blocked, host->rare->escapes, host->rare->visits, share / 100,
		    share % 100);
	}
}

void cf_siem_ocsf(struct cf_model *model, FILE *to)
{
	static const int severity_ids[CF_STATES] = {5, 4, 3, 2, 1, 3, 1};
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts);

	for (size_t i = 0; i < count; i++) {
		const struct cf_host *host = hosts[i];
		unsigned share = cf_report_host_share(model, host);

		fprintf(to,
		    "{\"activity_id\":2,\"category_uid\":5,\"class_uid\":5001,\"type_uid\":500102,"
		    "\"severity_id\":%d,\"time\":%" PRId64
		    ",\"metadata\":{\"version\":\"1.4.0\",\"product\":{\"name\":\"curfew\","
		    "\"vendor_name\":\"curfew\",\"version\":\"" CF_VERSION "\"}}",
		    severity_ids[host->state], cf_model_options(model)->at_wall_s * 1000);
		fputs(",\"device\":{\"type_id\":0,\"uid\":", to);
		cf_safe_quote(to, host->id);
		member(to, "name", cf_report_host_name(host));
		member(to, "ip", host->addr);
		member(to, "mac", host->mac);
		if (host->first_minute != UINT32_MAX)
			fprintf(to, ",\"first_seen_time\":%" PRId64 ",\"last_seen_time\":%" PRId64,
			    (int64_t)host->first_minute * 60000,
			    (int64_t)host->last_minute * 60000);
		fputs("},\"status\":", to);
		cf_safe_quote(to, cf_state_text(host->state));
		member(to, "status_detail", host->why);
		fprintf(to,
		    ",\"unmapped\":{\"hits\":%" PRIu64 ",\"blocked\":%" PRIu64
		    ",\"escapes\":%" PRIu64 ",\"visits\":%" PRIu64 ",\"watched_percent\":%u.%02u",
		    host->hits, host->blocked, host->rare->escapes, host->rare->visits, share / 100,
		    share % 100);
		member(to, "site", host->site);
		member(to, "product", host->product);
		member(to, "confidence", host->confidence);
		member(to, "relay", host->rare->relay);
		member(to, "owner", host->rare->owner);
		instant_member(
		    to, "clean_since", host->state == CF_STATE_CLEAN ? host->since_wall_s : 0);
		fputs("}}\n", to);
	}
}
