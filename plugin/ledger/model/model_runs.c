/*
 * Machines of one name. A run of a writer is known by its start and by the ends of its chain; runs
 * of one sensor that overlap are two machines (a cloned image), unless one goes on with the other's
 * chain: then the clock was set back. What one of them did not see must not disappear behind the
 * other, so a minute counts as watched only where as many of them watched as there are.
 */

#include "ledger/model/model_private.h"

#include "base/array.h"
#include "ledger/store/rows.h"

#include <stdlib.h>
#include <string.h>

/* Minutes two runs of one machine may seem to overlap: both write in the minute of a restart. */
#define RESTART_MINUTES 2
/* A machine that is not heard of for so long is gone, not blind; as long as the usual window. */
#define MEMORY_MINUTES (14 * DAY_MINUTES)

struct run {
	uint32_t sensor;   /* index */
	uint32_t from, to; /* minutes since 1970, to excluded */
	const char *first_prev, *last_seal;
};

struct runs {
	struct cf_model *model;
	struct run *items;
	size_t count, size;
};

/* How many machines of a sensor lived from a minute to another. */
struct stretch {
	uint32_t from, to;
	uint32_t live;
};

static enum cf_status take_run(void *context, const struct cf_row *row)
{
	static const struct model_columns columns = {
	    MODEL_NO_COLUMN, 0, MODEL_NO_COLUMN, MODEL_NO_COLUMN, MODEL_NO_COLUMN};
	struct runs *runs = context;
	struct cf_model *model = runs->model;
	struct model_links links;
	int64_t from = cf_row_int64(row, 1) / 60000000, to = cf_row_int64(row, 2) / 60000000 + 1;

	if (!cf_model_links(model, row, &columns, &links) || from < 0 || to < from ||
	    to > UINT32_MAX)
		return cf_model_skip_row(model);
	if (from > model->at_minute)
		return CF_OK;
	struct run *items = cf_array_grow(runs->items, runs->count, 1, &runs->size, sizeof *items);

	if (items == NULL)
		return CF_ENOMEM;
	runs->items = items;
	struct run *run = &items[runs->count++];

	*run = (struct run){.sensor = links.sensor,
	    .from = (uint32_t)from,
	    .to = to > model->at_minute ? model->at_minute + 1 : (uint32_t)to,
	    .first_prev = cf_model_column(model, row, 3),
	    .last_seal = cf_model_column(model, row, 4)};
	return run->first_prev == NULL || run->last_seal == NULL ? CF_ENOMEM : CF_OK;
}

/* A run whose chain another one goes on with ended when that one began, whatever clocks say. */
static enum cf_status end_at_successors(struct run *runs, size_t count)
{
	struct cf_map *ends = cf_map_new();
	enum cf_status status = ends == NULL ? CF_ENOMEM : CF_OK;
	uint32_t at;

	for (size_t i = 0; i < count && status == CF_OK; i++)
		status = cf_map_add(
		    ends, runs[i].last_seal, strlen(runs[i].last_seal), (uint32_t)i, &at, NULL);
	for (size_t i = 0; i < count && status == CF_OK; i++)
		if (cf_map_find(ends, runs[i].first_prev, strlen(runs[i].first_prev), &at) &&
		    at != i && runs[at].to > runs[i].from)
			runs[at].to = runs[at].from > runs[i].from ? runs[at].from : runs[i].from;
	cf_map_free(ends);
	return status;
}

static int by_minute(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Beginnings and ends in order as minute * 2, plus 1 for a beginning: at one minute ends go first.
 * Returns how many. */
static size_t list_edges(const struct run *runs, size_t count, int64_t *edges)
{
	size_t edge_count = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t from = runs[i].from, to = runs[i].to;

		if (to <= from + RESTART_MINUTES)
			continue;
		edges[edge_count++] = (int64_t)from * 2 + 1;
		edges[edge_count++] = ((int64_t)to - RESTART_MINUTES) * 2;
	}
	if (edge_count > 1)
		qsort(edges, edge_count, sizeof *edges, by_minute);
	return edge_count;
}

static size_t list_stretches(const int64_t *edges, size_t edge_count, struct stretch *stretches)
{
	size_t count = 0;
	uint32_t live = 0;

	for (size_t i = 0; i + 1 < edge_count; i++) {
		live += (edges[i] & 1) != 0 ? 1 : UINT32_MAX;
		uint32_t from = (uint32_t)(edges[i] / 2), to = (uint32_t)(edges[i + 1] / 2);

		if (from == to)
			continue;
		stretches[count++] = (struct stretch){.from = from, .to = to, .live = live};
	}
	return count;
}

/* Where fewer lived than at some time near. */
static enum cf_status doubt_fewer(
    struct cf_model *model, uint32_t sensor, const struct stretch *stretches, size_t count)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0, first = 0; i < count && status == CF_OK; i++) {
		while (first < i && stretches[first].to + MEMORY_MINUTES < stretches[i].from)
			first++;
		for (size_t j = first; j < count && status == CF_OK; j++) {
			if (stretches[j].from > stretches[i].to + MEMORY_MINUTES)
				break;
			const struct stretch *few = &stretches[i], *many = &stretches[j];
			uint32_t from =
			    many->from > MEMORY_MINUTES ? many->from - MEMORY_MINUTES : 0;
			uint32_t to = many->to + MEMORY_MINUTES;

			if (many->live <= few->live || many->live < 2)
				continue;
			from = from > few->from ? from : few->from;
			to = to < few->to ? to : few->to;
			if (from < to)
				status = cf_coverage_doubt(model->coverage, sensor, from, to,
				    "another machine of this name did not watch");
		}
	}
	return status;
}

static enum cf_status judge_sensor(struct cf_model *model, struct run *runs, size_t count)
{
	int64_t *edges = calloc(2 * count, sizeof *edges);
	struct stretch *stretches = calloc(2 * count, sizeof *stretches);
	enum cf_status status =
	    edges == NULL || stretches == NULL ? CF_ENOMEM : end_at_successors(runs, count);

	if (status == CF_OK) {
		size_t stretch_count =
		    list_stretches(edges, list_edges(runs, count, edges), stretches);
		uint32_t most = 0;

		for (size_t i = 0; i < stretch_count; i++)
			most = stretches[i].live > most ? stretches[i].live : most;
		if (most > 1)
			status = doubt_fewer(model, runs[0].sensor, stretches, stretch_count);
	}
	free(edges);
	free(stretches);
	return status;
}

enum cf_status cf_model_tell_machines(struct cf_model *model, struct cf_error *error)
{
	struct runs runs = {.model = model};
	enum cf_status status = cf_ledger_each_row(model->ledger,
	    "SELECT sensor_id, started_us, last_us, first_prev, last_seal FROM run"
	    " ORDER BY sensor_id, started_us",
	    take_run, &runs, error);

	for (size_t i = 0, next; i < runs.count && status == CF_OK; i = next) {
		for (next = i + 1;
		     next < runs.count && runs.items[next].sensor == runs.items[i].sensor; next++)
			;
		status = judge_sensor(model, &runs.items[i], next - i);
		if (status != CF_OK)
			(void)cf_error_set(error, status, "no memory");
	}
	free(runs.items);
	return status;
}
