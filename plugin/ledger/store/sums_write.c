/* From sums to rows: which have one, in which order, and joined with it. */

#include "ledger/store/sums.h"

#include "ledger/store/engine.h"

#include <stdlib.h>
#include <string.h>

/* What is fresh first; then as rows lie in the file. */
static int by_key(const void *a, const void *b)
{
	const struct cf_sum_key *x = &((const struct cf_sum *)a)->key;
	const struct cf_sum_key *y = &((const struct cf_sum *)b)->key;

	if (((const struct cf_sum *)a)->is_fresh != ((const struct cf_sum *)b)->is_fresh)
		return ((const struct cf_sum *)a)->is_fresh ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	if (x->sensor != y->sensor)
		return x->sensor < y->sensor ? -1 : 1;
	if (x->subject != y->subject)
		return x->subject < y->subject ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->started_us > y->started_us) - (x->started_us < y->started_us);
}

/* A row of version 1 says when a claim was first and last heard that day, and held between. */
static enum cf_status merge_held(const struct cf_row *row, struct cf_sum *sum)
{
	int64_t first = cf_row_int64(row, 2), last = cf_row_int64(row, 3);

	if (cf_row_bytes(row, 1) > 0)
		return cf_held_decode(&sum->held, cf_row_blob(row, 1), cf_row_bytes(row, 1));
	if (first < 0 || last < first || last >= CF_DAY_MINUTES)
		return CF_EMALFORMED;
	return cf_held_add(
	    &sum->held, (struct cf_held_span){.from = (uint16_t)first, .to = (uint16_t)last});
}

enum cf_status cf_sums_merge(
    enum cf_sum_table table, const struct cf_row *row, struct cf_sum *sum, const char **sample)
{
	enum cf_status status = cf_minutes_decode(&sum->minutes, cf_row_blob(row, 0),
	    cf_row_bytes(row, 0), table == CF_SUM_ROLLUP ? CF_MINUTES_SUM : CF_MINUTES_MAX);

	if (status == CF_OK && table == CF_SUM_SIGHTING)
		return merge_held(row, sum);
	if (status != CF_OK)
		return status;
	uint64_t n = (uint64_t)cf_row_int64(row, 1);

	if (table == CF_SUM_BEAT) {
		uint64_t lost = (uint64_t)cf_row_int64(row, 2);

		sum->n = n > sum->n ? n : sum->n;
		sum->bytes_in = lost > sum->bytes_in ? lost : sum->bytes_in;
		return CF_OK;
	}
	int64_t first = cf_row_int64(row, 2), last = cf_row_int64(row, 3);
	const char *old = cf_row_text(row, 6);
	uint32_t old_len = (uint32_t)cf_row_bytes(row, 6);
	uint32_t common = old_len < sum->sample_len ? old_len : sum->sample_len;
	int order = common == 0 ? 0 : memcmp(old, *sample, common);

	if (first < sum->first_us ||
	    (first == sum->first_us && (order < 0 || (order == 0 && old_len < sum->sample_len)))) {
		*sample = old;
		sum->sample_len = old_len;
	}
	sum->n += n;
	sum->bytes_out += (uint64_t)cf_row_int64(row, 4);
	sum->bytes_in += (uint64_t)cf_row_int64(row, 5);
	sum->first_us = first < sum->first_us ? first : sum->first_us;
	sum->last_us = last > sum->last_us ? last : sum->last_us;
	return CF_OK;
}

static bool is_sorted(const struct cf_sums *sums)
{
	for (uint32_t i = 1; i < sums->count; i++)
		if (by_key(&sums->items[i - 1], &sums->items[i]) > 0)
			return false;
	return true;
}

/* What has no row yet needs not be looked for. Asked while new names still wait for theirs. */
void cf_sums_mark_fresh(struct cf_sums *sums, const struct cf_names *names)
{
	uint32_t day = UINT32_MAX;
	bool is_new = false;

	for (uint32_t i = 0; i < sums->count; i++) {
		struct cf_sum *sum = &sums->items[i];

		sum->is_fresh = cf_names_id(names, sum->key.subject) == 0;
		if (sum->is_fresh)
			continue;
		if (sum->key.day != day) {
			day = sum->key.day;
			is_new = !sums->ledger->engine->sums_has_day(sums, day);
		}
		sum->is_fresh = is_new;
	}
}

/* Subjects become numbers of rows, now that all have one; the map of sums is of no use any more. */
void cf_sums_number_subjects(struct cf_sums *sums, const struct cf_names *names)
{
	for (uint32_t i = 0; i < sums->count; i++)
		sums->items[i].key.subject = cf_names_id(names, sums->items[i].key.subject);
}

enum cf_status cf_sums_write(struct cf_sums *sums, struct cf_error *error)
{
	uint32_t fresh = 0;

	if (sums->count == 0)
		return CF_OK;
	if (!is_sorted(sums))
		qsort(sums->items, sums->count, sizeof *sums->items, by_key);
	while (fresh < sums->count && sums->items[fresh].is_fresh)
		fresh++;
	return sums->ledger->engine->sums_write(sums, fresh, error);
}
