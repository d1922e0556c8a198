#include "report/metrics.h"

#include "base/file_writer.h"
#include "report/render/safe.h"
#include "report/report.h"

#include <inttypes.h>
#include <string.h>

/* Series for sensors past this are left out and counted: a label set must not grow without end. */
#define SENSORS 1000

static void head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Connections of a host that the edge refused and logged. */
static uint64_t stopped_at_edge(struct cf_model *model, const struct cf_host *host)
{
	uint64_t stopped = 0;

	for (size_t i = 0; i < host->evidence_count; i++) {
		const struct cf_model_kind *kind = cf_model_kind(model, host->evidence[i].kind);

		if (kind->is_blocked && strcmp(kind->via, "egress") == 0)
			stopped += host->evidence[i].n;
	}
	return stopped;
}

static void put_states(struct cf_model *model, FILE *to)
{
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts), by_state[CF_STATES] = {0};
	uint64_t blocked = 0, answered = 0, refused = 0, unanswered = 0, observed = 0, escapes = 0,
	         excepted = 0, visits = 0, clean_but = 0, stopped = 0;

	for (size_t i = 0; i < count; i++) {
		by_state[hosts[i]->state]++;
		blocked += hosts[i]->blocked;
		answered += hosts[i]->answered;
		refused += hosts[i]->refused;
		unanswered += hosts[i]->unanswered;
		observed += hosts[i]->observed;
		visits += hosts[i]->rare->visits;
		clean_but +=
		    hosts[i]->state == CF_STATE_UNKNOWN && hosts[i]->lack == CF_LACK_WATCHED;
		escapes += hosts[i]->rare->escapes;
		excepted += hosts[i]->rare->excepted;
		stopped += stopped_at_edge(model, hosts[i]);
	}
	head(to, "curfew_hosts", "gauge", "Hosts by state.");
	for (int i = 0; i < CF_STATES; i++)
		fprintf(to, "curfew_hosts{state=\"%s\"} %zu\n", cf_state_text((enum cf_state)i),
		    by_state[i]);
	head(to, "curfew_hosts_open", "gauge", "Hosts that depend or bypass.");
	fprintf(to, "curfew_hosts_open %zu\n",
	    by_state[CF_STATE_BYPASSING] + by_state[CF_STATE_DEPENDENT]);
	head(to, "curfew_hosts_clean_but_for_gaps", "gauge",
	    "Unknown hosts that would be clean had somebody watched all the time.");
	fprintf(to, "curfew_hosts_clean_but_for_gaps %" PRIu64 "\n", clean_but);
	head(to, "curfew_ledger_hits", "gauge",
	    "Look-ups and connections in the ledger, each once, by what became of them.");
	fprintf(to, "curfew_ledger_hits{outcome=\"blocked\"} %" PRIu64 "\n", blocked);
	fprintf(to, "curfew_ledger_hits{outcome=\"answered\"} %" PRIu64 "\n", answered);
	fprintf(to, "curfew_ledger_hits{outcome=\"refused_elsewhere\"} %" PRIu64 "\n", refused);
	fprintf(to, "curfew_ledger_hits{outcome=\"not_answered\"} %" PRIu64 "\n", unanswered);
	fprintf(to, "curfew_ledger_hits{outcome=\"observed_only\"} %" PRIu64 "\n", observed);
	fprintf(to, "curfew_ledger_hits{outcome=\"excepted\"} %" PRIu64 "\n", excepted);
	head(to, "curfew_ledger_escapes", "gauge",
	    "Of answered ones and visits: what got through after the cut-off.");
	fprintf(to, "curfew_ledger_escapes %" PRIu64 "\n", escapes);
	head(to, "curfew_ledger_stopped_at_edge", "gauge",
	    "Connections that the rules of `curfew egress` refused and logged.");
	fprintf(to, "curfew_ledger_stopped_at_edge %" PRIu64 "\n", stopped);
	head(to, "curfew_ledger_visits", "gauge", "Visits to the vendor's web site.");
	fprintf(to, "curfew_ledger_visits %" PRIu64 "\n", visits);
}

static void put_sensor_labels(FILE *to, const struct cf_model_sensor *sensor)
{
	fputs("{sensor=", to);
	cf_safe_quote(to, sensor->name);
	fputs(",source=", to);
	cf_safe_quote(to, sensor->source);
	fputs(",site=", to);
	cf_safe_quote(to, sensor->site);
	fputc('}', to);
}

static void put_sensors(struct cf_model *model, FILE *to)
{
	static const struct {
		const char *name, *type, *help;
	} series[] = {
	    {"curfew_sensor_last_heartbeat_seconds", "gauge", "Time of the last heartbeat."},
	    {"curfew_sensor_watched_ratio", "gauge",
	        "Part of the window in which the sensor watched."},
	    {"curfew_sensor_lost", "gauge", "Records and packets lost."},
	    {"curfew_sensor_gaps", "gauge", "Gaps in coverage."},
	};
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors), shown = count < SENSORS ? count : SENSORS;

	for (size_t s = 0; s < sizeof series / sizeof series[0]; s++) {
		head(to, series[s].name, series[s].type, series[s].help);
		for (size_t i = 0; i < shown; i++) {
			const struct cf_span *gaps;

			/* Never heard of: no time at all, and not that of 1970. */
			if (s == 0 && sensors[i].first_minute > sensors[i].last_minute)
				continue;
			fputs(series[s].name, to);
			put_sensor_labels(to, &sensors[i]);
			if (s == 0)
				fprintf(
				    to, " %" PRIu64 "\n", (uint64_t)sensors[i].last_minute * 60);
			else if (s == 1)
				fprintf(to, " %.4f\n",
				    cf_report_watched_share(model, (uint32_t)i) / 10000.0);
			else if (s == 2)
				fprintf(to, " %" PRIu64 "\n", sensors[i].lost);
			else
				fprintf(to, " %zu\n",
				    cf_coverage_gaps(cf_model_coverage(model), (uint32_t)i, &gaps));
		}
	}
	head(to, "curfew_sensors_not_shown", "gauge", "Sensors left out of the series above.");
	fprintf(to, "curfew_sensors_not_shown %zu\n", count - shown);
}

static void put_pack_labels(FILE *to, const struct cf_provenance_pack *pack)
{
	fputs("{pack=", to);
	cf_safe_quote(to, pack->name);
	fputs(",version=", to);
	cf_safe_quote(to, pack->version);
	fputs("}", to);
}

/* Versions come and go; the newest of each pack is enough for an alarm. */
static bool is_newest(const struct cf_provenance *provenance, const struct cf_provenance_pack *pack)
{
	for (size_t i = 0; i < provenance->pack_count; i++)
		if (strcmp(provenance->packs[i].name, pack->name) == 0 &&
		    provenance->packs[i].as_of_wall_s > pack->as_of_wall_s)
			return false;
	return true;
}

/* Likewise of the images that one sensor told of. */
static bool is_last_said(const struct cf_origin *origin, const struct cf_origin_used *used)
{
	if (used->what != CF_USED_IMAGE)
		return false;
	for (size_t i = 0; i < origin->used_count; i++)
		if (origin->used[i].what == CF_USED_IMAGE &&
		    strcmp(origin->used[i].sensor, used->sensor) == 0 &&
		    strcmp(origin->used[i].source, used->source) == 0 &&
		    origin->used[i].last_wall_s > used->last_wall_s)
			return false;
	return true;
}

/* The packs that decided: how old, and whether their publisher's time for them is over. */
static void put_packs(const struct cf_provenance *provenance, FILE *to)
{
	head(to, "curfew_pack_as_of_seconds", "gauge", "The day that a pack's version tells of.");
	for (size_t i = 0; i < provenance->pack_count; i++)
		if (provenance->packs[i].as_of_wall_s != 0 &&
		    is_newest(provenance, &provenance->packs[i])) {
			fputs("curfew_pack_as_of_seconds", to);
			put_pack_labels(to, &provenance->packs[i]);
			fprintf(to, " %" PRId64 "\n", provenance->packs[i].as_of_wall_s);
		}
	head(to, "curfew_pack_valid_until_seconds", "gauge",
	    "Until when its publisher stated it; what is over is enforced all the same.");
	for (size_t i = 0; i < provenance->pack_count; i++)
		if (provenance->packs[i].until_wall_s != 0 &&
		    is_newest(provenance, &provenance->packs[i])) {
			fputs("curfew_pack_valid_until_seconds", to);
			put_pack_labels(to, &provenance->packs[i]);
			fprintf(to, " %" PRId64 "\n", provenance->packs[i].until_wall_s);
		}
}

/* Which image decided, by the last instant it was said; the other words as labels. */
static void put_images(const struct cf_provenance *provenance, FILE *to)
{
	head(to, "curfew_image_last_said_seconds", "gauge",
	    "When a sensor last said that this image decides.");
	for (size_t i = 0; i < provenance->origin->used_count; i++) {
		const struct cf_origin_used *used = &provenance->origin->used[i];

		if (!is_last_said(provenance->origin, used))
			continue;
		fputs("curfew_image_last_said_seconds{image=", to);
		cf_safe_quote(to, used->value);
		fputs(",sensor=", to);
		cf_safe_quote(to, used->sensor);
		fputs(",source=", to);
		cf_safe_quote(to, used->source);
		fprintf(to, "} %" PRId64 "\n", used->last_wall_s);
	}
	head(to, "curfew_build_info", "gauge", "The curfew that made these figures.");
	fputs("curfew_build_info{version=", to);
	cf_safe_quote(to, provenance->version);
	fputs("} 1\n", to);
}

void cf_metrics_print(struct cf_model *model, const struct cf_provenance *provenance, FILE *to)
{
	put_states(model, to);
	put_sensors(model, to);
	put_packs(provenance, to);
	put_images(provenance, to);
	head(to, "curfew_ledger_horizon_seconds", "gauge", "The instant these numbers speak for.");
	fprintf(
	    to, "curfew_ledger_horizon_seconds %" PRId64 "\n", cf_model_options(model)->at_wall_s);
}

enum cf_status cf_metrics_write(struct cf_model *model, const struct cf_provenance *provenance,
    const char *path, struct cf_error *error)
{
	struct cf_file_writer writer;
	enum cf_status status = cf_file_writer_open(&writer, path);

	if (status == CF_OK)
		cf_metrics_print(model, provenance, writer.to);
	return cf_file_writer_end(&writer, path, status, error);
}
