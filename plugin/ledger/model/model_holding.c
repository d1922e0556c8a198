/*
 * Which node held which address when, from sightings and hits that carry a MAC.
 *
 * Each day's marks are put in order of time, place by place. A place that only one node claimed
 * that day (nearly all of them) needs its first and last minute only.
 */

#include "ledger/model/model_private.h"

#include "base/array.h"
#include "ledger/store/rows.h"

#include <stdlib.h>
#include <string.h>

struct mark {
	uint32_t place, node, first, last; /* minutes since 1970 */
	size_t blob_at, blob_len;          /* of its minutes in the day's block */
};

struct day_marks {
	struct cf_model *model;
	uint32_t day; /* UINT32_MAX before the first */
	struct mark *items;
	size_t count, size;
	uint8_t *blobs;
	size_t blob_len, blob_size;
};

static enum cf_status push_mark(struct day_marks *marks, const struct mark *mark, const void *blob)
{
	struct mark *items =
	    cf_array_grow(marks->items, marks->count, 1, &marks->size, sizeof *items);

	if (items == NULL)
		return CF_ENOMEM;
	marks->items = items;
	if (mark->blob_len > 0) {
		uint8_t *blobs = cf_array_grow(
		    marks->blobs, marks->blob_len, mark->blob_len, &marks->blob_size, 1);

		if (blobs == NULL)
			return CF_ENOMEM;
		marks->blobs = blobs;
		memcpy(blobs + marks->blob_len, blob, mark->blob_len);
	}
	struct mark *kept = &marks->items[marks->count++];

	*kept = *mark;
	kept->blob_at = marks->blob_len;
	marks->blob_len += mark->blob_len;
	return CF_OK;
}

static int by_place_and_time(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

struct moment {
	uint32_t minute, node;
	const char *key;
};

/* Two in one minute: the key decides, so that the order of reading does not. */
static int by_minute(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->minute != y->minute)
		return x->minute < y->minute ? -1 : 1;
	return strcmp(x->key, y->key);
}

struct moments {
	struct moment *items;
	size_t count, size;
};

static enum cf_status add_moments(
    const struct day_marks *marks, const struct mark *mark, struct moments *moments)
{
	const char *key = cf_owners_key(marks->model->owners, mark->node);
	uint32_t base = mark->first / DAY_MINUTES * DAY_MINUTES;
	struct cf_minutes minutes = {0};
	enum cf_status status = cf_minutes_decode(
	    &minutes, marks->blobs + mark->blob_at, mark->blob_len, CF_MINUTES_MAX);

	for (uint32_t i = 0; i < minutes.count && status == CF_OK; i++) {
		struct moment *items =
		    cf_array_grow(moments->items, moments->count, 1, &moments->size, sizeof *items);

		if (items == NULL) {
			status = CF_ENOMEM;
			break;
		}
		moments->items = items;
		items[moments->count++] = (struct moment){
		    .minute = base + minutes.items[i].minute, .node = mark->node, .key = key};
	}
	cf_minutes_done(&minutes);
	return status;
}

/* Several nodes claimed the place that day: minute by minute. */
static enum cf_status hold_contested(const struct day_marks *marks, size_t first, size_t count)
{
	struct cf_model *model = marks->model;
	struct moments moments = {0};
	enum cf_status status = CF_OK;

	for (size_t i = first; i < first + count && status == CF_OK; i++)
		status = add_moments(marks, &marks->items[i], &moments);
	if (status == CF_OK && moments.count > 1)
		qsort(moments.items, moments.count, sizeof *moments.items, by_minute);
	for (size_t i = 0; i < moments.count && status == CF_OK; i++) {
		const struct moment *moment = &moments.items[i];

		if (moment->minute <= model->at_minute)
			status = cf_owners_hold(model->owners, marks->items[first].place,
			    moment->node, moment->minute, moment->minute);
	}
	free(moments.items);
	return status;
}

static enum cf_status hold_day(struct day_marks *marks)
{
	struct cf_model *model = marks->model;
	enum cf_status status = CF_OK;

	if (marks->count > 1)
		qsort(marks->items, marks->count, sizeof *marks->items, by_place_and_time);
	for (size_t i = 0, next; i < marks->count && status == CF_OK; i = next) {
		const struct mark *first = &marks->items[i];
		bool is_contested = false;
		uint32_t last = first->last;

		for (next = i + 1; next < marks->count && marks->items[next].place == first->place;
		     next++) {
			if (marks->items[next].node != first->node)
				is_contested = true;
			if (marks->items[next].last > last)
				last = marks->items[next].last;
		}
		if (is_contested)
			status = hold_contested(marks, i, next - i);
		else
			status = cf_owners_hold(model->owners, first->place, first->node,
			    first->first, last < model->at_minute ? last : model->at_minute);
	}
	marks->count = 0;
	marks->blob_len = 0;
	return status;
}

/* One row of either table: day, sensor, claim or endpoint, first, last, minutes. */
static enum cf_status add_mark(struct day_marks *marks, sqlite3_stmt *row)
{
	struct cf_model *model = marks->model;
	bool of_claims = sqlite3_column_int(row, 6) != 0;
	int64_t row_id = sqlite3_column_int64(row, 2);

	if (row_id == 0 ||
	    !cf_model_row_ok(model, sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
	        of_claims ? row_id : 0, of_claims ? 0 : row_id, 0))
		return CF_EMALFORMED;
	uint32_t sensor = model->sensor_index[sqlite3_column_int64(row, 1)];
	uint32_t site = model->sensor_site[sensor];
	uint32_t id = (uint32_t)row_id;
	const char *addr = of_claims ? model->claims[id].addr : model->endpoints[id].addr;
	uint32_t node = of_claims ? cf_model_claim_node(model, site, id)
	                          : cf_model_endpoint_node(model, site, &model->endpoints[id]);
	uint32_t base = (uint32_t)sqlite3_column_int64(row, 0) * DAY_MINUTES;
	struct mark mark = {.node = node,
	    .first = base + (uint32_t)sqlite3_column_int64(row, 3),
	    .last = base + (uint32_t)sqlite3_column_int64(row, 4),
	    .blob_len = (size_t)sqlite3_column_bytes(row, 5)};

	if (node == CF_NODE_NONE || mark.first > model->at_minute)
		return CF_OK;
	cf_owners_saw(model->owners, node, mark.first);
	if (addr[0] == '\0')
		return CF_OK;
	mark.place = cf_owners_place(model->owners, site, addr, strlen(addr));
	if (mark.place == CF_NODE_NONE)
		return CF_ENOMEM;
	return push_mark(marks, &mark, sqlite3_column_blob(row, 5));
}

static enum cf_status take_row(void *context, sqlite3_stmt *row)
{
	struct day_marks *marks = context;
	uint32_t day = (uint32_t)sqlite3_column_int64(row, 0);
	enum cf_status status = CF_OK;

	if (day != marks->day) {
		status = hold_day(marks);
		marks->day = day;
	}
	return status == CF_OK ? add_mark(marks, row) : status;
}

enum cf_status cf_model_load_holdings(struct cf_model *model, struct cf_error *error)
{
	/* Both tables in one order of days. Hits that carry a MAC are marks like any other. */
	static const char sql[] =
	    "SELECT day, sensor_id, claim_id, first_minute, last_minute, minutes, 1 FROM sighting"
	    " UNION ALL SELECT day, sensor_id, endpoint_id, first_us/60000000-day*1440,"
	    " min(last_us/60000000-day*1440, 1439), minutes, 0 FROM rollup JOIN endpoint"
	    " USING(endpoint_id) WHERE mac<>'' ORDER BY 1";
	struct day_marks marks = {.model = model, .day = UINT32_MAX};
	enum cf_status status = cf_ledger_each_row(model->ledger, sql, take_row, &marks, error);

	if (status == CF_OK) {
		status = hold_day(&marks);
		if (status != CF_OK)
			status = cf_error_set(error, status, "cannot read ledger '%s': %s",
			    cf_ledger_path(model->ledger), cf_status_text(status));
	}
	free(marks.items);
	free(marks.blobs);
	return status;
}
