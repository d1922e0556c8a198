/*
 * Traffic in tunnels that a monitor does not read passes it, and is not watched: where too much of
 * what passed between two heartbeats was such, nothing is known about the time between them.
 */

#include "ledger/model/model_private.h"

#include "ledger/ingest/said.h"
#include "ledger/store/rows.h"

#include <string.h>

static const char reason[] = "much of it in tunnels that are not read";

/* As for heartbeats themselves (coverage.c). */
#define BEAT_GAP_MINUTES 3

/* A run of a sensor, day by day: how far its counts have been compared. */
struct reading {
	struct cf_model *model;
	struct cf_minutes packets; /* of the day; its unread ones come in the row behind */
	uint32_t day, sensor;
	int64_t started_us;
	bool has_packets;
	uint32_t run_sensor, minute; /* minute 0: of no heartbeat yet */
	int64_t run_started_us;
	uint64_t seen, unread;
};

static bool is_much(const struct cf_model *model, uint64_t unread, uint64_t seen)
{
	uint32_t percent = model->options.unread_percent;

	return unread > 0 && (seen == 0 || unread * 100 / seen >= percent);
}

/* The packets counted by that minute's heartbeat, *from it on. */
static bool packets_at(
    const struct cf_minutes *packets, uint32_t minute, uint32_t *from, uint64_t *count_out)
{
	while (*from < packets->count && packets->items[*from].minute < minute)
		(*from)++;
	if (*from == packets->count || packets->items[*from].minute != minute)
		return false;
	*count_out = packets->items[*from].value;
	return true;
}

/* When the heartbeat was that was before the first one with counts: at the start, or lately. */
static uint32_t before(const struct reading *r, uint32_t minute)
{
	uint32_t started = (uint32_t)(r->started_us / 60000000);

	return r->started_us > 0 && started <= minute && minute - started <= BEAT_GAP_MINUTES
	    ? started
	    : minute - 1;
}

static enum cf_status compare(struct reading *r, uint32_t minute, uint64_t seen, uint64_t unread)
{
	uint32_t from = r->minute > 0 ? r->minute : before(r, minute);
	enum cf_status status = CF_OK;

	if (unread >= r->unread && seen >= r->seen &&
	    is_much(r->model, unread - r->unread, seen - r->seen))
		status = cf_coverage_doubt(r->model->coverage, r->sensor, from, minute + 1, reason);
	r->minute = minute;
	r->seen = seen;
	r->unread = unread;
	return status;
}

static void begin_run(struct reading *r)
{
	if (r->minute > 0 && r->run_sensor == r->sensor && r->run_started_us == r->started_us)
		return;
	r->run_sensor = r->sensor;
	r->run_started_us = r->started_us;
	r->minute = 0;
	r->seen = r->unread = 0;
}

static enum cf_status compare_day(struct reading *r, const struct cf_minutes *unread)
{
	enum cf_status status = CF_OK;
	uint32_t at = 0;

	begin_run(r);
	for (uint32_t i = 0; i < unread->count && status == CF_OK; i++) {
		uint32_t minute = r->day * DAY_MINUTES + unread->items[i].minute;
		uint64_t seen;

		if (minute > r->model->at_minute)
			break;
		if (packets_at(&r->packets, unread->items[i].minute, &at, &seen))
			status = compare(r, minute, seen, unread->items[i].value);
	}
	return status;
}

static enum cf_status take_counts(void *context, const struct cf_row *row)
{
	static const struct model_columns columns = {
	    2, 0, MODEL_NO_COLUMN, MODEL_NO_COLUMN, MODEL_NO_COLUMN};
	struct reading *r = context;
	struct cf_minutes counts = {0};
	struct model_links links;
	int64_t started_us = cf_row_int64(row, 1);

	if (!cf_model_links(r->model, row, &columns, &links))
		return cf_model_skip_row(r->model);
	enum cf_status status =
	    cf_minutes_decode(&counts, cf_row_blob(row, 4), cf_row_bytes(row, 4), CF_MINUTES_MAX);
	const char *what = cf_row_text(row, 3);

	if (status == CF_OK && what != NULL && strcmp(what, CF_SAID_PACKETS) == 0) {
		cf_minutes_done(&r->packets);
		r->packets = counts;
		r->has_packets = true;
		r->day = links.day;
		r->sensor = links.sensor;
		r->started_us = started_us;
		return CF_OK;
	}
	if (status == CF_OK && r->has_packets && r->day == links.day && r->sensor == links.sensor &&
	    r->started_us == started_us)
		status = compare_day(r, &counts);
	cf_minutes_done(&counts);
	return status == CF_EMALFORMED ? cf_model_skip_row(r->model) : status;
}

static enum cf_status take_total(void *context, const struct cf_row *row)
{
	static const struct model_columns columns = {
	    MODEL_NO_COLUMN, 0, MODEL_NO_COLUMN, MODEL_NO_COLUMN, MODEL_NO_COLUMN};
	struct cf_model *model = context;
	struct model_links links;

	if (!cf_model_links(model, row, &columns, &links))
		return cf_model_skip_row(model);
	model->sensors[links.sensor].unread = (uint64_t)cf_row_int64(row, 1);
	return CF_OK;
}

enum cf_status cf_model_tell_unread(struct cf_model *model, struct cf_error *error)
{
	/* Of a run's day, the packets before the unread ones: '/packets' before '/unread'. */
	static const char counts[] = "SELECT sensor_id, started_us, day, iface, minutes FROM beat"
	                             " WHERE iface IN ('" CF_SAID_PACKETS "', '" CF_SAID_UNREAD "')"
	                             " ORDER BY sensor_id, started_us, day, iface";
	static const char totals[] = "SELECT sensor_id, CAST(sum(s) AS BIGINT) FROM (SELECT "
	                             "sensor_id, max(seen) AS s FROM beat"
	                             " WHERE iface='" CF_SAID_UNREAD
	                             "' GROUP BY sensor_id, started_us) AS runs GROUP BY sensor_id";
	struct reading reading = {.model = model};
	enum cf_status status =
	    cf_ledger_each_row(model->ledger, counts, take_counts, &reading, error);

	cf_minutes_done(&reading.packets);
	return status == CF_OK ? cf_ledger_each_row(model->ledger, totals, take_total, model, error)
	                       : status;
}
