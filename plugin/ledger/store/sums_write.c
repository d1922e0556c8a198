/* From sums to rows. */

#include "ledger/store/sums.h"

#include <stdlib.h>
#include <string.h>

static void bind_text(sqlite3_stmt *stmt, int at, const char *text, size_t len)
{
	/* Binding fails for want of memory alone, which the step then reports as a NULL in a NOT
	 * NULL. */
	(void)sqlite3_bind_text(stmt, at, len == 0 ? "" : text, (int)len, SQLITE_STATIC);
}

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

static void bind_key(struct cf_sums *sums, sqlite3_stmt *stmt, const struct cf_sum *sum)
{
	(void)sqlite3_bind_int64(stmt, 1, sum->key.day);
	(void)sqlite3_bind_int64(stmt, 2, sum->key.sensor);
	if (sums->table == CF_SUM_BEAT) {
		const struct cf_text *iface = &sums->ifaces[sum->key.subject];

		bind_text(stmt, 3, iface->data, iface->len);
		(void)sqlite3_bind_int64(stmt, 4, sum->key.started_us);
		return;
	}
	(void)sqlite3_bind_int64(stmt, 3, sum->key.subject);
	if (sums->table == CF_SUM_ROLLUP)
		(void)sqlite3_bind_int64(stmt, 4, sum->key.kind);
}

static void bind_sum(
    struct cf_sums *sums, sqlite3_stmt *stmt, const struct cf_sum *sum, const char *sample)
{
	uint8_t *blob = sums->blob;
	size_t len = cf_minutes_encode(&sum->minutes, blob);
	const struct cf_minute *items = sum->minutes.items;

	bind_key(sums, stmt, sum);
	if (sums->table == CF_SUM_SIGHTING) {
		(void)sqlite3_bind_int64(stmt, 5, items[0].minute);
		(void)sqlite3_bind_int64(stmt, 6, items[sum->minutes.count - 1].minute);
		(void)sqlite3_bind_blob(stmt, 12, blob + CF_MINUTES_BYTES,
		    (int)cf_held_encode(&sum->held, blob + CF_MINUTES_BYTES), SQLITE_STATIC);
	} else if (sums->table == CF_SUM_BEAT) {
		(void)sqlite3_bind_int64(stmt, 5, (int64_t)sum->n);
		(void)sqlite3_bind_int64(stmt, 6, (int64_t)sum->bytes_in);
	} else {
		(void)sqlite3_bind_int64(stmt, 5, (int64_t)sum->n);
		(void)sqlite3_bind_int64(stmt, 6, sum->first_us);
		(void)sqlite3_bind_int64(stmt, 7, sum->last_us);
		(void)sqlite3_bind_int64(stmt, 8, (int64_t)sum->bytes_out);
		(void)sqlite3_bind_int64(stmt, 9, (int64_t)sum->bytes_in);
		bind_text(stmt, 10, sample, sum->sample_len);
	}
	(void)sqlite3_bind_blob(stmt, 11, blob, (int)len, SQLITE_STATIC);
}

/* A row of version 1 says when a claim was first and last heard that day, and held between. */
static enum cf_status merge_held(sqlite3_stmt *row, struct cf_sum *sum)
{
	int64_t first = sqlite3_column_int64(row, 2), last = sqlite3_column_int64(row, 3);

	if (sqlite3_column_bytes(row, 1) > 0)
		return cf_held_decode(
		    &sum->held, sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1));
	if (first < 0 || last < first || last >= CF_DAY_MINUTES)
		return CF_EMALFORMED;
	return cf_held_add(
	    &sum->held, (struct cf_held_span){.from = (uint16_t)first, .to = (uint16_t)last});
}

/* Adds the row that is there already to *sum. */
static enum cf_status merge_row(
    enum cf_sum_table table, sqlite3_stmt *row, struct cf_sum *sum, const char **sample)
{
	enum cf_status status = cf_minutes_decode(&sum->minutes, sqlite3_column_blob(row, 0),
	    (size_t)sqlite3_column_bytes(row, 0),
	    table == CF_SUM_ROLLUP ? CF_MINUTES_SUM : CF_MINUTES_MAX);

	if (status == CF_OK && table == CF_SUM_SIGHTING)
		return merge_held(row, sum);
	if (status != CF_OK)
		return status;
	uint64_t n = (uint64_t)sqlite3_column_int64(row, 1);

	if (table == CF_SUM_BEAT) {
		uint64_t lost = (uint64_t)sqlite3_column_int64(row, 2);

		sum->n = n > sum->n ? n : sum->n;
		sum->bytes_in = lost > sum->bytes_in ? lost : sum->bytes_in;
		return CF_OK;
	}
	int64_t first = sqlite3_column_int64(row, 2), last = sqlite3_column_int64(row, 3);
	const char *old = (const char *)sqlite3_column_text(row, 6);
	uint32_t old_len = (uint32_t)sqlite3_column_bytes(row, 6);
	uint32_t common = old_len < sum->sample_len ? old_len : sum->sample_len;
	int order = common == 0 ? 0 : memcmp(old, *sample, common);

	if (first < sum->first_us ||
	    (first == sum->first_us && (order < 0 || (order == 0 && old_len < sum->sample_len)))) {
		*sample = old;
		sum->sample_len = old_len;
	}
	sum->n += n;
	sum->bytes_out += (uint64_t)sqlite3_column_int64(row, 4);
	sum->bytes_in += (uint64_t)sqlite3_column_int64(row, 5);
	sum->first_us = first < sum->first_us ? first : sum->first_us;
	sum->last_us = last > sum->last_us ? last : sum->last_us;
	return CF_OK;
}

static enum cf_status write_sum(struct cf_sums *sums, struct cf_sum *sum, struct cf_error *error)
{
	sqlite3_stmt *insert = sums->insert, *find = sums->find, *update = sums->update;
	const char *sample = sum->sample_len == 0 ? "" : sums->texts + sum->sample_at;
	enum cf_status status = CF_OK;

	bind_sum(sums, insert, sum, sample);
	int rc = sqlite3_step(insert);

	sqlite3_reset(insert);
	if (rc != SQLITE_DONE)
		return cf_ledger_fail(sums->ledger, "write to", error);
	if (sqlite3_changes(cf_ledger_db(sums->ledger)) > 0)
		return CF_OK;
	bind_key(sums, find, sum);
	rc = sqlite3_step(find);
	if (rc == SQLITE_ROW) {
		status = merge_row(sums->table, find, sum, &sample);
		if (status == CF_OK) {
			bind_sum(sums, update, sum, sample);
			rc = sqlite3_step(update);
			sqlite3_reset(update);
		}
	}
	sqlite3_reset(find); /* only now: sample may point into its row */
	if (status != CF_OK)
		return cf_error_set(error, status,
		    "ledger '%s' has a damaged roll-up; `curfew ledger rebuild`"
		    " makes it anew from the logs",
		    cf_ledger_path(sums->ledger));
	if (rc != SQLITE_DONE)
		return cf_ledger_fail(sums->ledger, "write to", error);
	return CF_OK;
}

static bool is_sorted(const struct cf_sums *sums)
{
	for (uint32_t i = 1; i < sums->count; i++)
		if (by_key(&sums->items[i - 1], &sums->items[i]) > 0)
			return false;
	return true;
}

static void put_rollup(
    const struct cf_sums *sums, const struct cf_sum *sum, int column, sqlite3_context *result)
{
	const int64_t numbers[] = {sum->key.day, sum->key.sensor, sum->key.subject, sum->key.kind,
	    (int64_t)sum->n, sum->first_us, sum->last_us, (int64_t)sum->bytes_out,
	    (int64_t)sum->bytes_in};

	if (column < (int)(sizeof numbers / sizeof numbers[0]))
		sqlite3_result_int64(result, numbers[column]);
	else if (column == 9)
		sqlite3_result_text(result,
		    sum->sample_len == 0 ? "" : sums->texts + sum->sample_at, (int)sum->sample_len,
		    SQLITE_STATIC);
	else
		sqlite3_result_blob(result, sums->blob,
		    (int)cf_minutes_encode(&sum->minutes, sums->blob), SQLITE_TRANSIENT);
}

static void put_sighting(
    const struct cf_sums *sums, const struct cf_sum *sum, int column, sqlite3_context *result)
{
	const struct cf_minutes *minutes = &sum->minutes;
	const int64_t numbers[] = {sum->key.day, sum->key.sensor, sum->key.subject,
	    minutes->items[0].minute, minutes->items[minutes->count - 1].minute};
	uint8_t *blob = sums->blob;

	if (column < (int)(sizeof numbers / sizeof numbers[0]))
		sqlite3_result_int64(result, numbers[column]);
	else if (column == 5)
		sqlite3_result_blob(
		    result, blob, (int)cf_minutes_encode(minutes, blob), SQLITE_TRANSIENT);
	else
		sqlite3_result_blob(
		    result, blob, (int)cf_held_encode(&sum->held, blob), SQLITE_TRANSIENT);
}

static void put(void *arg, uint32_t row, int column, sqlite3_context *result)
{
	const struct cf_sums *sums = arg;

	if (sums->table == CF_SUM_ROLLUP)
		put_rollup(sums, &sums->items[row], column, result);
	else
		put_sighting(sums, &sums->items[row], column, result);
}

/* Whether the table has any row of that day. */
static bool has_day(struct cf_sums *sums, uint32_t day)
{
	(void)sqlite3_bind_int64(sums->has_day, 1, day);
	bool found = sqlite3_step(sums->has_day) != SQLITE_DONE; /* in doubt: row by row */

	sqlite3_reset(sums->has_day);
	return found;
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
			is_new = !has_day(sums, day);
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

static enum cf_status write_fresh(struct cf_sums *sums, struct cf_error *error)
{
	struct cf_bulk *bulk = &sums->bulk;

	bulk->put = put;
	for (bulk->count = 0; bulk->count < sums->count && sums->items[bulk->count].is_fresh;)
		bulk->count++;
	if (bulk->count == 0)
		return CF_OK;
	int rc = sqlite3_step(sums->bulk_insert);

	sqlite3_reset(sums->bulk_insert);
	return rc == SQLITE_DONE ? CF_OK : cf_ledger_fail(sums->ledger, "write to", error);
}

enum cf_status cf_sums_write(struct cf_sums *sums, struct cf_error *error)
{
	enum cf_status status;

	if (!is_sorted(sums))
		qsort(sums->items, sums->count, sizeof *sums->items, by_key);
	status = write_fresh(sums, error);
	for (uint32_t i = sums->bulk.count; i < sums->count && status == CF_OK; i++)
		status = write_sum(sums, &sums->items[i], error);
	return status;
}
