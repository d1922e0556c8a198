/*
 * Which node held which address when, from sightings and hits that carry a MAC.
 *
 * Each day's marks are put together, place by place. A place that only one node claimed that day
 * and did not give up (nearly all of them) needs its first and last minute only.
 */

#include "ledger/model/model_private.h"

#include "base/array.h"
#include "ledger/minutes/held.h"
#include "ledger/store/rows.h"

#include <stdlib.h>
#include <string.h>

struct mark {
	uint32_t place, node, first, last; /* minutes since 1970 */
	size_t blob_at, blob_len;          /* of its minutes or intervals in the day's block */
	uint8_t strength, beginning;
	bool is_claim; /* the blob is intervals (ledger/minutes/held.h); else minutes */
	bool has_end;  /* one of them has a reason for its end */
};

struct day_marks {
	struct cf_model *model;
	uint32_t day; /* UINT32_MAX before the first */
	struct mark *items;
	size_t count, size;
	uint8_t *blobs;
	size_t blob_len, blob_size;
	struct cf_held held; /* of the row at hand; kept for its memory */
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

/* The mark's claim over these minutes since 1970; nothing later than the model's instant. */
static enum cf_status claim_span(const struct day_marks *marks, const struct mark *mark,
    uint32_t first, uint32_t last, uint8_t end)
{
	struct cf_model *model = marks->model;
	struct cf_claim claim = {.from_minute = first,
	    .to_minute = last,
	    .node = mark->node,
	    .strength = mark->strength,
	    .end = end,
	    .beginning = first == last ? CF_IDENTITY_NOTICED : mark->beginning};

	if (first > model->at_minute)
		return CF_OK;
	if (last > model->at_minute) {
		claim.to_minute = model->at_minute;
		claim.end = CF_IDENTITY_OPEN;
	}
	return cf_owners_claim(model->owners, mark->place, &claim);
}

static enum cf_status claim_intervals(struct day_marks *marks, const struct mark *mark)
{
	uint32_t base = mark->first / DAY_MINUTES * DAY_MINUTES;
	enum cf_status status = CF_OK;

	if (mark->blob_len == 0) /* version 1: all the day that it was heard of */
		return claim_span(marks, mark, mark->first, mark->last, CF_IDENTITY_OPEN);
	marks->held.count = 0;
	status = cf_held_decode(&marks->held, marks->blobs + mark->blob_at, mark->blob_len);
	for (uint32_t i = 0; i < marks->held.count && status == CF_OK; i++) {
		const struct cf_held_span *span = &marks->held.items[i];

		status = claim_span(marks, mark, base + span->from, base + span->to, span->end);
	}
	return status;
}

/* Hits that carry a MAC: runs of minutes. */
static enum cf_status claim_minutes(struct day_marks *marks, const struct mark *mark)
{
	uint32_t base = mark->first / DAY_MINUTES * DAY_MINUTES;
	struct cf_minutes minutes = {0};
	enum cf_status status = cf_minutes_decode(
	    &minutes, marks->blobs + mark->blob_at, mark->blob_len, CF_MINUTES_MAX);

	for (uint32_t i = 0, next; i < minutes.count && status == CF_OK; i = next) {
		for (next = i + 1; next < minutes.count &&
		     minutes.items[next].minute == minutes.items[i].minute + (next - i);
		     next++)
			;
		status = claim_span(marks, mark, base + minutes.items[i].minute,
		    base + minutes.items[next - 1].minute, CF_IDENTITY_OPEN);
	}
	cf_minutes_done(&minutes);
	return status;
}

/* Several nodes claimed the place that day, or one gave it up: to the minute. */
static enum cf_status hold_contested(struct day_marks *marks, size_t first, size_t count)
{
	enum cf_status status = CF_OK;

	for (size_t i = first; i < first + count && status == CF_OK; i++) {
		const struct mark *mark = &marks->items[i];

		status = mark->is_claim ? claim_intervals(marks, mark) : claim_minutes(marks, mark);
		if (status == CF_EMALFORMED)
			status = cf_model_skip_row(marks->model);
	}
	return status;
}

static enum cf_status hold_alone(struct day_marks *marks, size_t first, size_t count)
{
	struct cf_model *model = marks->model;
	struct cf_claim claim = {.from_minute = marks->items[first].first,
	    .node = marks->items[first].node,
	    .beginning = marks->items[first].beginning};

	for (size_t i = first; i < first + count; i++) {
		if (marks->items[i].last > claim.to_minute)
			claim.to_minute = marks->items[i].last;
		if (marks->items[i].strength > claim.strength)
			claim.strength = marks->items[i].strength;
	}
	if (claim.to_minute > model->at_minute)
		claim.to_minute = model->at_minute;
	if (claim.from_minute == claim.to_minute)
		claim.beginning = CF_IDENTITY_NOTICED;
	return cf_owners_extend(model->owners, marks->items[first].place, &claim);
}

static enum cf_status hold_day(struct day_marks *marks)
{
	enum cf_status status = CF_OK;

	if (marks->count > 1)
		qsort(marks->items, marks->count, sizeof *marks->items, by_place_and_time);
	for (size_t i = 0, next; i < marks->count && status == CF_OK; i = next) {
		const struct mark *first = &marks->items[i];
		bool is_contested = first->has_end;

		for (next = i + 1; next < marks->count && marks->items[next].place == first->place;
		     next++)
			if (marks->items[next].node != first->node || marks->items[next].has_end)
				is_contested = true;
		status = is_contested ? hold_contested(marks, i, next - i)
		                      : hold_alone(marks, i, next - i);
	}
	marks->count = 0;
	marks->blob_len = 0;
	return status;
}

/* First and last minute of the intervals of the row at hand. False: they are damaged. */
static bool read_intervals(struct day_marks *marks, const struct cf_row *row, struct mark *mark)
{
	uint32_t base = (uint32_t)cf_row_int64(row, 0) * DAY_MINUTES;

	if (mark->blob_len == 0)
		return true;
	marks->held.count = 0;
	if (cf_held_decode(&marks->held, cf_row_blob(row, 5), mark->blob_len) != CF_OK ||
	    marks->held.count == 0)
		return false;
	mark->first = base + marks->held.items[0].from;
	mark->last = base + marks->held.items[marks->held.count - 1].to;
	for (uint32_t i = 0; i < marks->held.count; i++)
		mark->has_end |= marks->held.items[i].end != CF_IDENTITY_OPEN;
	return true;
}

/* The node that the row names, with its address and what it is worth. */
static uint32_t read_subject(struct cf_model *model, const struct model_links *links,
    struct mark *mark, const char **addr_out, uint32_t *number_out)
{
	uint32_t site = model->sensor_site[links->sensor];

	if (!mark->is_claim) {
		*addr_out = model->endpoints[links->endpoint].addr;
		*number_out = model->endpoints[links->endpoint].addr_number;
		return cf_model_endpoint_node(model, site, &model->endpoints[links->endpoint]);
	}
	const struct model_claim *claim = &model->claims[links->claim];

	*addr_out = claim->addr;
	*number_out = claim->addr_number;
	mark->strength = (uint8_t)cf_identity_strength(claim->how);
	mark->beginning = (uint8_t)cf_identity_beginning(claim->how);
	return cf_model_claim_node(model, site, links->claim);
}

/* One row of either table: day, sensor, claim or endpoint, first, last, blob, which. */
static enum cf_status add_mark(struct day_marks *marks, const struct cf_row *row)
{
	static const struct model_columns of_claims = {0, 1, 2, MODEL_NO_COLUMN, MODEL_NO_COLUMN},
	                                  of_endpoints = {
	                                      0, 1, MODEL_NO_COLUMN, 2, MODEL_NO_COLUMN};
	struct cf_model *model = marks->model;
	int64_t first = cf_row_int64(row, 3), last = cf_row_int64(row, 4);
	struct model_links links;
	struct mark mark = {
	    .is_claim = cf_row_int64(row, 6) != 0, .blob_len = cf_row_bytes(row, 5)};

	if (first < 0 || last < first || last >= DAY_MINUTES ||
	    !cf_model_links(model, row, mark.is_claim ? &of_claims : &of_endpoints, &links))
		return cf_model_skip_row(model);
	uint32_t base = links.day * DAY_MINUTES;
	const char *addr;
	uint32_t addr_number;

	mark.first = base + (uint32_t)first;
	mark.last = base + (uint32_t)last;
	mark.node = read_subject(model, &links, &mark, &addr, &addr_number);
	if (mark.is_claim && !read_intervals(marks, row, &mark))
		return cf_model_skip_row(model);
	if (mark.node == CF_NODE_NONE || mark.first > model->at_minute)
		return CF_OK;
	cf_owners_saw(model->owners, mark.node, mark.first);
	if (addr[0] == '\0')
		return CF_OK;
	uint32_t site = model->sensor_site[links.sensor];

	mark.place = cf_owners_place(model->owners, site, addr_number, addr);
	if (mark.place == CF_NODE_NONE)
		return CF_ENOMEM;
	return push_mark(marks, &mark, cf_row_blob(row, 5));
}

static enum cf_status take_row(void *context, const struct cf_row *row)
{
	struct day_marks *marks = context;
	uint32_t day = (uint32_t)cf_row_int64(row, 0);
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
	    "SELECT day, sensor_id, claim_id, first_minute, last_minute, held, 1 FROM sighting"
	    " UNION ALL SELECT day, sensor_id, endpoint_id, first_us/60000000-day*1440,"
	    " CASE WHEN last_us/60000000-day*1440<1439 THEN last_us/60000000-day*1440 ELSE 1439 "
	    "END,"
	    " minutes, 0 FROM rollup JOIN endpoint"
	    " USING(endpoint_id) WHERE mac<>'' ORDER BY 1";
	struct day_marks marks = {.model = model, .day = UINT32_MAX};
	enum cf_status status = cf_ledger_each_row(model->ledger, sql, take_row, &marks, error);

	if (status == CF_OK) {
		status = hold_day(&marks);
		if (status == CF_OK)
			status = cf_owners_settle(model->owners);
		if (status != CF_OK)
			status = cf_error_set(error, status, "cannot read ledger '%s': %s",
			    cf_ledger_path(model->ledger), cf_status_text(status));
	}
	free(marks.items);
	free(marks.blobs);
	cf_held_done(&marks.held);
	return status;
}
