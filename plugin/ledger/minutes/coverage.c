/* Heartbeats and doubts to intervals, and sets of sensors. */

#include "ledger/minutes/coverage.h"

#include "base/array.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

/* Heartbeats come each minute by default; two may be late or lost before we call it a gap. */
#define BEAT_GAP_MINUTES 3
#define WORD_BITS        64

struct run {
	uint32_t sensor;
	uint32_t last_minute;
	uint64_t lost;
};

struct set {
	uint64_t *words;
	struct cf_minute_spans watched; /* union over the set */
	bool is_built;
};

struct cf_coverage {
	uint32_t sensor_count, words;
	struct cf_minute_spans *watched, *doubts, *gaps;
	struct cf_map *run_map;
	struct run *runs;
	uint32_t run_count;
	size_t run_size;
	struct cf_map *set_map, *union_map;
	struct set *sets;
	uint32_t set_count;
	size_t set_size;
};

enum cf_status cf_coverage_new(uint32_t sensor_count, struct cf_coverage **coverage_out)
{
	struct cf_coverage *coverage = calloc(1, sizeof *coverage);

	if (coverage == NULL)
		return CF_ENOMEM;
	coverage->sensor_count = sensor_count;
	coverage->words = sensor_count / WORD_BITS + 1;
	coverage->watched = calloc(sensor_count + 1u, sizeof *coverage->watched);
	coverage->doubts = calloc(sensor_count + 1u, sizeof *coverage->doubts);
	coverage->gaps = calloc(sensor_count + 1u, sizeof *coverage->gaps);
	coverage->run_map = cf_map_new();
	coverage->set_map = cf_map_new();
	coverage->union_map = cf_map_new();
	coverage->sets = calloc(16, sizeof *coverage->sets);
	coverage->set_size = 16;
	if (coverage->watched == NULL || coverage->doubts == NULL || coverage->gaps == NULL ||
	    coverage->run_map == NULL || coverage->set_map == NULL || coverage->union_map == NULL ||
	    coverage->sets == NULL)
		goto out;
	coverage->sets[0].words = calloc(coverage->words, sizeof *coverage->sets[0].words);
	if (coverage->sets[0].words == NULL)
		goto out;
	coverage->set_count = 1;
	*coverage_out = coverage;
	return CF_OK;
out:
	cf_coverage_free(coverage);
	return CF_ENOMEM;
}

void cf_coverage_free(struct cf_coverage *coverage)
{
	if (coverage == NULL)
		return;
	for (uint32_t i = 0; i < coverage->sensor_count; i++) {
		if (coverage->watched != NULL)
			free(coverage->watched[i].items);
		if (coverage->doubts != NULL)
			free(coverage->doubts[i].items);
		if (coverage->gaps != NULL)
			free(coverage->gaps[i].items);
	}
	for (uint32_t i = 0; i < coverage->set_count; i++) {
		free(coverage->sets[i].words);
		free(coverage->sets[i].watched.items);
	}
	free(coverage->watched);
	free(coverage->doubts);
	free(coverage->gaps);
	free(coverage->sets);
	free(coverage->runs);
	cf_map_free(coverage->run_map);
	cf_map_free(coverage->set_map);
	cf_map_free(coverage->union_map);
	free(coverage);
}

static struct run *run_of(
    struct cf_coverage *coverage, uint32_t sensor, int64_t started_us, bool *is_new)
{
	struct {
		int64_t started_us;
		uint64_t sensor;
	} key = {started_us, sensor};
	uint32_t at;

	struct run *runs = cf_array_grow(
	    coverage->runs, coverage->run_count, 1, &coverage->run_size, sizeof *runs);

	if (runs == NULL)
		return NULL;
	coverage->runs = runs;
	if (cf_map_add(coverage->run_map, &key, sizeof key, coverage->run_count, &at, is_new) !=
	    CF_OK)
		return NULL;
	if (*is_new)
		coverage->runs[coverage->run_count++] = (struct run){.sensor = sensor};
	return &coverage->runs[at];
}

enum cf_status cf_coverage_beat(struct cf_coverage *coverage, uint32_t sensor, int64_t started_us,
    uint32_t minute, uint64_t lost)
{
	bool is_new;
	struct run *run = run_of(coverage, sensor, started_us, &is_new);
	enum cf_status status = CF_OK;

	if (run == NULL)
		return CF_ENOMEM;
	if (is_new) {
		uint32_t started = started_us <= 0 ? minute : (uint32_t)(started_us / 60000000);

		/* The first heartbeat answers for the time since the start, if that is not long
		 * ago. */
		run->last_minute =
		    started <= minute && minute - started <= BEAT_GAP_MINUTES ? started : minute;
		run->lost = 0;
	}
	uint32_t from = run->last_minute, to = minute + 1;

	if (lost > run->lost)
		status = cf_minute_spans_add(
		    &coverage->doubts[sensor], from, to, "records or packets lost");
	if (status == CF_OK && minute - from <= BEAT_GAP_MINUTES)
		status = cf_minute_spans_add(&coverage->watched[sensor], from, to, NULL);
	else if (status == CF_OK) /* late: it answers for its own minute only */
		status = cf_minute_spans_add(&coverage->watched[sensor], minute, to, NULL);
	run->last_minute = minute;
	run->lost = lost;
	return status;
}

enum cf_status cf_coverage_doubt(struct cf_coverage *coverage, uint32_t sensor,
    uint32_t from_minute, uint32_t to_minute, const char *reason)
{
	return cf_minute_spans_add(&coverage->doubts[sensor], from_minute, to_minute, reason);
}

/* Doubts before the first time that was watched, or behind the last: no gap between, and no less
 * unknown. */
static enum cf_status add_outer(struct cf_minute_spans *gaps, const struct cf_minute_spans *watched,
    const struct cf_minute_spans *doubts, bool before)
{
	for (size_t i = 0; i < doubts->count; i++) {
		const struct cf_span *doubt = &doubts->items[i];
		bool is_before =
		    watched->count > 0 && doubt->to_minute <= watched->items[0].from_minute;
		bool is_behind = watched->count == 0 ||
		    doubt->from_minute >= watched->items[watched->count - 1].to_minute;

		if ((before ? is_before : is_behind) &&
		    cf_minute_spans_add(
		        gaps, doubt->from_minute, doubt->to_minute, doubt->reason) != CF_OK)
			return CF_ENOMEM;
	}
	return CF_OK;
}

/* What lies between two watched intervals, with the doubt that explains it if one does. */
static enum cf_status find_gaps(struct cf_minute_spans *gaps, const struct cf_minute_spans *watched,
    const struct cf_minute_spans *doubts)
{
	size_t d = 0;

	if (add_outer(gaps, watched, doubts, true) != CF_OK)
		return CF_ENOMEM;
	for (size_t i = 1; i < watched->count; i++) {
		uint32_t from = watched->items[i - 1].to_minute, to = watched->items[i].from_minute;
		const char *reason = "no heartbeat";

		while (d < doubts->count && doubts->items[d].to_minute <= from)
			d++;
		if (d < doubts->count && doubts->items[d].from_minute < to)
			reason = doubts->items[d].reason;
		if (cf_minute_spans_add(gaps, from, to, reason) != CF_OK)
			return CF_ENOMEM;
	}
	return add_outer(gaps, watched, doubts, false);
}

enum cf_status cf_coverage_finish(struct cf_coverage *coverage)
{
	for (uint32_t i = 0; i < coverage->sensor_count; i++) {
		cf_minute_spans_join(&coverage->watched[i]);
		cf_minute_spans_join(&coverage->doubts[i]);
		if (cf_minute_spans_subtract(&coverage->watched[i], &coverage->doubts[i]) !=
		        CF_OK ||
		    find_gaps(&coverage->gaps[i], &coverage->watched[i], &coverage->doubts[i]) !=
		        CF_OK)
			return CF_ENOMEM;
	}
	return CF_OK;
}

size_t cf_coverage_spans(
    const struct cf_coverage *coverage, uint32_t sensor, const struct cf_span **spans_out)
{
	*spans_out = coverage->watched[sensor].items;
	return coverage->watched[sensor].count;
}

size_t cf_coverage_gaps(
    const struct cf_coverage *coverage, uint32_t sensor, const struct cf_span **gaps_out)
{
	*gaps_out = coverage->gaps[sensor].items;
	return coverage->gaps[sensor].count;
}

/* Numbers the set with these words; words are copied. */
static uint32_t intern_set(struct cf_coverage *coverage, const uint64_t *words)
{
	size_t bytes = coverage->words * sizeof *words;
	uint32_t at;
	bool added;

	struct set *sets = cf_array_grow(
	    coverage->sets, coverage->set_count, 1, &coverage->set_size, sizeof *sets);

	if (sets == NULL)
		return UINT32_MAX;
	coverage->sets = sets;
	if (cf_map_add(coverage->set_map, words, bytes, coverage->set_count, &at, &added) != CF_OK)
		return UINT32_MAX;
	if (added) {
		uint64_t *copy = malloc(bytes);

		if (copy == NULL)
			return UINT32_MAX;
		memcpy(copy, words, bytes);
		coverage->sets[coverage->set_count++] = (struct set){.words = copy};
	}
	return at;
}

bool cf_coverage_set_has(const struct cf_coverage *coverage, uint32_t set, uint32_t sensor)
{
	return (coverage->sets[set].words[sensor / WORD_BITS] >> sensor % WORD_BITS & 1) != 0;
}

uint32_t cf_coverage_set_add(struct cf_coverage *coverage, uint32_t set, uint32_t sensor)
{
	uint32_t number = UINT32_MAX;

	if (set == UINT32_MAX || cf_coverage_set_has(coverage, set, sensor))
		return set;
	uint64_t *words = malloc(coverage->words * sizeof *words);

	if (words == NULL)
		return number;
	memcpy(words, coverage->sets[set].words, coverage->words * sizeof *words);
	words[sensor / WORD_BITS] |= UINT64_C(1) << sensor % WORD_BITS;
	number = intern_set(coverage, words);
	free(words);
	return number;
}

uint32_t cf_coverage_set_union(struct cf_coverage *coverage, uint32_t a, uint32_t b)
{
	uint32_t key[2] = {a < b ? a : b, a < b ? b : a}, number;

	if (a == b || b == 0)
		return a;
	if (a == 0)
		return b;
	if (a == UINT32_MAX || b == UINT32_MAX)
		return UINT32_MAX;
	if (cf_map_find(coverage->union_map, key, sizeof key, &number))
		return number;
	uint64_t *words = malloc(coverage->words * sizeof *words);

	if (words == NULL)
		return UINT32_MAX;
	for (uint32_t i = 0; i < coverage->words; i++)
		words[i] = coverage->sets[a].words[i] | coverage->sets[b].words[i];
	number = intern_set(coverage, words);
	free(words);
	if (number == UINT32_MAX ||
	    cf_map_add(coverage->union_map, key, sizeof key, number, &number, NULL) != CF_OK)
		return UINT32_MAX;
	return number;
}

/* The union of what its sensors watched, made when first asked for. */
static const struct cf_minute_spans *watched_by(struct cf_coverage *coverage, uint32_t number)
{
	struct set *set = &coverage->sets[number];

	if (set->is_built)
		return &set->watched;
	for (uint32_t i = 0; i < coverage->sensor_count; i++) {
		if (!cf_coverage_set_has(coverage, number, i))
			continue;
		for (size_t j = 0; j < coverage->watched[i].count; j++) {
			const struct cf_span *span = &coverage->watched[i].items[j];

			if (cf_minute_spans_add(
			        &set->watched, span->from_minute, span->to_minute, NULL) != CF_OK)
				return &set->watched; /* less than there is: never too much */
		}
	}
	cf_minute_spans_join(&set->watched);
	set->is_built = true;
	return &set->watched;
}

size_t cf_coverage_set_spans(
    struct cf_coverage *coverage, uint32_t set, const struct cf_span **spans_out)
{
	if (set == 0 || set == UINT32_MAX)
		return 0;
	const struct cf_minute_spans *spans = watched_by(coverage, set);

	*spans_out = spans->items;
	return spans->count;
}

uint32_t cf_coverage_since(struct cf_coverage *coverage, uint32_t set, uint32_t to_minute,
    uint32_t tolerance_minutes, uint32_t lag_minutes)
{
	if (set == 0 || set == UINT32_MAX)
		return to_minute;
	const struct cf_minute_spans *spans = watched_by(coverage, set);
	ptrdiff_t i = cf_minute_spans_before(spans, to_minute);

	if (i < 0 ||
	    (spans->items[i].to_minute < to_minute &&
	        to_minute - spans->items[i].to_minute > lag_minutes))
		return to_minute;
	while (i > 0 &&
	    spans->items[i].from_minute - spans->items[i - 1].to_minute <= tolerance_minutes)
		i--;
	return spans->items[i].from_minute;
}

bool cf_coverage_holds(struct cf_coverage *coverage, uint32_t set, uint32_t from_minute,
    uint32_t to_minute, uint32_t tolerance_minutes)
{
	if (set == 0 || set == UINT32_MAX)
		return false;
	const struct cf_minute_spans *spans = watched_by(coverage, set);
	uint32_t at = to_minute;

	for (ptrdiff_t i = cf_minute_spans_before(spans, to_minute); at > from_minute; i--) {
		uint32_t end = i < 0 || spans->items[i].to_minute < from_minute
		    ? from_minute
		    : spans->items[i].to_minute;

		if (end < at && at - end > tolerance_minutes)
			return false;
		if (i < 0 || spans->items[i].from_minute <= from_minute || end == from_minute)
			return true;
		at = spans->items[i].from_minute;
	}
	return true;
}
