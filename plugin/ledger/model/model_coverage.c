/* Who watched when: heartbeats, and what casts doubt on them. */

#include "ledger/model/model_private.h"

#include "ledger/ingest/said.h"
#include "ledger/store/rows.h"

#include <string.h>

static const struct model_columns of_day = {
    0, 1, MODEL_NO_COLUMN, MODEL_NO_COLUMN, MODEL_NO_COLUMN};
static const struct model_columns of_sensor = {
    MODEL_NO_COLUMN, 0, MODEL_NO_COLUMN, MODEL_NO_COLUMN, MODEL_NO_COLUMN};

static enum cf_status take_beats(void *context, const struct cf_row *row)
{
	struct cf_model *model = context;
	struct model_links links;

	if (!cf_model_links(model, row, &of_day, &links))
		return cf_model_skip_row(model);
	uint32_t base = links.day * DAY_MINUTES;
	uint32_t index = links.sensor;
	struct cf_model_sensor *sensor = &model->sensors[index];
	struct cf_minutes minutes = {0};
	enum cf_status status =
	    cf_minutes_decode(&minutes, cf_row_blob(row, 5), cf_row_bytes(row, 5), CF_MINUTES_MAX);

	for (uint32_t i = 0; i < minutes.count && status == CF_OK; i++) {
		uint32_t minute = base + minutes.items[i].minute;

		if (minute > model->at_minute)
			break;
		if (minute < sensor->first_minute)
			sensor->first_minute = minute;
		if (minute > sensor->last_minute)
			sensor->last_minute = minute;
		status = cf_coverage_beat(
		    model->coverage, index, cf_row_int64(row, 3), minute, minutes.items[i].value);
	}
	cf_minutes_done(&minutes);
	return status;
}

static enum cf_status take_totals(void *context, const struct cf_row *row)
{
	struct cf_model *model = context;
	struct model_links links;

	if (!cf_model_links(model, row, &of_sensor, &links))
		return cf_model_skip_row(model);
	struct cf_model_sensor *sensor = &model->sensors[links.sensor];

	sensor->seen = (uint64_t)cf_row_int64(row, 1);
	sensor->lost = (uint64_t)cf_row_int64(row, 2);
	return CF_OK;
}

/* The stricter of two modes that a sensor had: a network is no host. */
static void note_privacy(struct cf_model_sensor *sensor, const char *reason)
{
	if (strcmp(reason, CF_SAID_TRUNCATE) == 0)
		sensor->privacy = "truncate";
	else if (sensor->privacy[0] == '\0')
		sensor->privacy = "pseudonym";
}

static enum cf_status take_gap(void *context, const struct cf_row *row)
{
	struct cf_model *model = context;
	const char *reason = cf_model_column(model, row, 3);
	int64_t from = cf_row_int64(row, 1) / 60000000;
	int64_t to = cf_row_int64(row, 2) / 60000000 + 1;
	struct model_links links;

	if (!cf_model_links(model, row, &of_sensor, &links))
		return cf_model_skip_row(model);
	if (reason == NULL)
		return CF_ENOMEM;
	if (strncmp(reason, CF_SAID_PRIVACY, strlen(CF_SAID_PRIVACY)) == 0) {
		note_privacy(&model->sensors[links.sensor], reason);
		return CF_OK;
	}
	if (from < 0 || from >= (int64_t)model->at_minute)
		return CF_OK;
	return cf_coverage_doubt(model->coverage, links.sensor, (uint32_t)from,
	    to > UINT32_MAX ? UINT32_MAX : (uint32_t)to, reason);
}

enum cf_status cf_model_load_coverage(struct cf_model *model, struct cf_error *error)
{
	static const char beats[] =
	    "SELECT day, sensor_id, iface, started_us, lost, minutes, seen FROM beat WHERE iface=''"
	    " ORDER BY day";
	/* The largest of each run, summed over runs. */
	static const char totals[] =
	    "SELECT sensor_id, CAST(sum(s) AS BIGINT), CAST(sum(l) AS BIGINT) FROM (SELECT "
	    "sensor_id, max(seen) AS s, max(lost) AS "
	    "l"
	    " FROM beat WHERE iface='' GROUP BY sensor_id, started_us) AS runs GROUP BY sensor_id";
	static const char gaps[] = "SELECT sensor_id, from_us, to_us, reason FROM gap";
	enum cf_status status = cf_coverage_new((uint32_t)model->sensor_count, &model->coverage);

	if (status != CF_OK)
		return cf_error_set(error, status, "no memory");
	status = cf_ledger_each_row(model->ledger, beats, take_beats, model, error);
	if (status == CF_OK)
		status = cf_ledger_each_row(model->ledger, totals, take_totals, model, error);
	if (status == CF_OK)
		status = cf_ledger_each_row(model->ledger, gaps, take_gap, model, error);
	if (status == CF_OK)
		status = cf_model_tell_machines(model, error);
	if (status == CF_OK)
		status = cf_model_tell_unread(model, error);
	if (status == CF_OK && cf_coverage_finish(model->coverage) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	return status;
}
