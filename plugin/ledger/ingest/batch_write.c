/*
 * From sums to rows. A transaction is open from the first new name to the commit, so that numbers
 * of new rows and the sums that use them appear together or not at all.
 */

#include "ledger/ingest/batch_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
	const struct cf_sum_key *x = &((const struct cf_sum *)a)->key;
	const struct cf_sum_key *y = &((const struct cf_sum *)b)->key;

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

static void bind_key(
    struct cf_batch *batch, enum sum_table table, sqlite3_stmt *stmt, const struct cf_sum *sum)
{
	(void)sqlite3_bind_int64(stmt, 1, sum->key.day);
	(void)sqlite3_bind_int64(stmt, 2, sum->key.sensor);
	if (table == SUM_BEAT) {
		const struct cf_text *iface = &batch->iface_texts[sum->key.subject];

		cf_batch_bind_text(stmt, 3, iface->data, iface->len);
		(void)sqlite3_bind_int64(stmt, 4, sum->key.started_us);
		return;
	}
	(void)sqlite3_bind_int64(stmt, 3, sum->key.subject);
	if (table == SUM_ROLLUP)
		(void)sqlite3_bind_int64(stmt, 4, sum->key.kind);
}

static void bind_sum(struct cf_batch *batch, enum sum_table table, sqlite3_stmt *stmt,
    const struct cf_sum *sum, const char *sample, uint8_t *blob)
{
	size_t len = cf_minutes_encode(&sum->minutes, blob);
	const struct cf_minute *items = sum->minutes.items;

	bind_key(batch, table, stmt, sum);
	if (table == SUM_SIGHTING) {
		(void)sqlite3_bind_int64(stmt, 5, items[0].minute);
		(void)sqlite3_bind_int64(stmt, 6, items[sum->minutes.count - 1].minute);
		(void)sqlite3_bind_blob(stmt, 12, blob + CF_MINUTES_BYTES,
		    (int)cf_held_encode(&sum->held, blob + CF_MINUTES_BYTES), SQLITE_STATIC);
	} else if (table == SUM_BEAT) {
		(void)sqlite3_bind_int64(stmt, 5, (int64_t)sum->n);
		(void)sqlite3_bind_int64(stmt, 6, (int64_t)sum->bytes_in);
	} else {
		(void)sqlite3_bind_int64(stmt, 5, (int64_t)sum->n);
		(void)sqlite3_bind_int64(stmt, 6, sum->first_us);
		(void)sqlite3_bind_int64(stmt, 7, sum->last_us);
		(void)sqlite3_bind_int64(stmt, 8, (int64_t)sum->bytes_out);
		(void)sqlite3_bind_int64(stmt, 9, (int64_t)sum->bytes_in);
		cf_batch_bind_text(stmt, 10, sample, sum->sample_len);
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
    enum sum_table table, sqlite3_stmt *row, struct cf_sum *sum, const char **sample)
{
	enum cf_status status = cf_minutes_decode(&sum->minutes, sqlite3_column_blob(row, 0),
	    (size_t)sqlite3_column_bytes(row, 0),
	    table == SUM_ROLLUP ? CF_MINUTES_SUM : CF_MINUTES_MAX);

	if (status == CF_OK && table == SUM_SIGHTING)
		return merge_held(row, sum);
	if (status != CF_OK)
		return status;
	uint64_t n = (uint64_t)sqlite3_column_int64(row, 1);

	if (table == SUM_BEAT) {
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

static enum cf_status write_sum(struct cf_batch *batch, enum sum_table table, struct cf_sum *sum,
    uint8_t *blob, struct cf_error *error)
{
	sqlite3_stmt *insert = batch->sum_insert[table], *find = batch->sum_find[table],
	             *update = batch->sum_update[table];
	const char *sample = batch->texts + sum->sample_at;
	enum cf_status status = CF_OK;

	bind_sum(batch, table, insert, sum, sample, blob);
	int rc = sqlite3_step(insert);

	sqlite3_reset(insert);
	if (rc != SQLITE_DONE)
		return cf_ledger_fail(batch->ledger, "write to", error);
	if (sqlite3_changes(batch->db) > 0)
		return CF_OK;
	bind_key(batch, table, find, sum);
	rc = sqlite3_step(find);
	if (rc == SQLITE_ROW) {
		status = merge_row(table, find, sum, &sample);
		if (status == CF_OK) {
			bind_sum(batch, table, update, sum, sample, blob);
			rc = sqlite3_step(update);
			sqlite3_reset(update);
		}
	}
	sqlite3_reset(find); /* only now: sample may point into its row */
	if (status != CF_OK)
		return cf_error_set(error, status,
		    "ledger '%s' has a damaged roll-up; `curfew ledger rebuild`"
		    " makes it anew from the logs",
		    cf_ledger_path(batch->ledger));
	if (rc != SQLITE_DONE)
		return cf_ledger_fail(batch->ledger, "write to", error);
	return CF_OK;
}

static bool is_sorted(const struct cf_sums *sums)
{
	for (uint32_t i = 1; i < sums->count; i++)
		if (by_key(&sums->items[i - 1], &sums->items[i]) > 0)
			return false;
	return true;
}

static enum cf_status write_sums(struct cf_batch *batch, struct cf_error *error)
{
	uint8_t *blob = malloc(CF_MINUTES_BYTES + CF_HELD_BYTES);
	enum cf_status status = CF_OK;

	if (blob == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	for (size_t i = 0; i < SUM_TABLES && status == CF_OK; i++) {
		struct cf_sums *sums = &batch->sums[i];

		if (!is_sorted(sums))
			qsort(sums->items, sums->count, sizeof *sums->items, by_key);
		for (uint32_t j = 0; j < sums->count && status == CF_OK; j++)
			status = write_sum(batch, (enum sum_table)i, &sums->items[j], blob, error);
	}
	free(blob);
	return status;
}

static enum cf_status step_once(struct cf_batch *batch, sqlite3_stmt *stmt, struct cf_error *error)
{
	int rc = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? CF_OK : cf_ledger_fail(batch->ledger, "write to", error);
}

static enum cf_status write_rest(struct cf_batch *batch, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	for (uint32_t i = 0; i < batch->gap_count && status == CF_OK; i++) {
		(void)sqlite3_bind_int64(batch->gap_insert, 1, batch->gaps[i].sensor_id);
		(void)sqlite3_bind_int64(batch->gap_insert, 2, batch->gaps[i].from_us);
		(void)sqlite3_bind_int64(batch->gap_insert, 3, batch->gaps[i].to_us);
		cf_batch_bind_text(
		    batch->gap_insert, 4, batch->gaps[i].reason, strlen(batch->gaps[i].reason));
		status = step_once(batch, batch->gap_insert, error);
	}
	for (uint32_t i = 0; i < batch->reject_count && status == CF_OK; i++) {
		const struct cf_reject_row *row = &batch->rejects[i];

		(void)sqlite3_bind_blob(
		    batch->reject_insert, 1, row->key, CF_FILE_KEY_BYTES, SQLITE_STATIC);
		cf_batch_bind_text(batch->reject_insert, 2, row->reason, strlen(row->reason));
		(void)sqlite3_bind_int64(batch->reject_insert, 3, (int64_t)row->n);
		status = step_once(batch, batch->reject_insert, error);
	}
	return status;
}

static enum cf_status write_position(
    struct cf_batch *batch, const struct cf_file_position *position, struct cf_error *error)
{
	sqlite3_stmt *put = batch->file_put;

	(void)sqlite3_bind_blob(put, 1, position->key, CF_FILE_KEY_BYTES, SQLITE_STATIC);
	cf_batch_bind_text(put, 2, position->path, strlen(position->path));
	(void)sqlite3_bind_int64(put, 3, (int64_t)position->offset);
	(void)sqlite3_bind_int64(put, 4, (int64_t)position->segment_offset);
	(void)sqlite3_bind_int64(put, 5, (int64_t)position->lines);
	(void)sqlite3_bind_int64(put, 6, (int64_t)position->records);
	(void)sqlite3_bind_blob(put, 7, position->last_hash, CF_FILE_HASH_BYTES, SQLITE_STATIC);
	(void)sqlite3_bind_int64(put, 8, (int64_t)position->last_length);
	cf_batch_bind_text(put, 9, position->stat, strlen(position->stat));
	(void)sqlite3_bind_int64(put, 10, (int64_t)position->head_length);
	(void)sqlite3_bind_blob(put, 11, position->head_hash, CF_FILE_HASH_BYTES, SQLITE_STATIC);
	(void)sqlite3_bind_blob(put, 12, position->segment_hash, CF_FILE_HASH_BYTES, SQLITE_STATIC);
	cf_batch_bind_text(put, 13, position->last_id, strlen(position->last_id));
	return step_once(batch, put, error);
}

enum cf_status cf_batch_place(
    struct cf_batch *batch, const struct cf_file_position *position, struct cf_error *error)
{
	enum cf_status status = cf_batch_begin(batch, error);

	return status == CF_OK ? write_position(batch, position, error) : status;
}

/* So that the next run need not count. */
static enum cf_status write_counts(struct cf_batch *batch, struct cf_error *error)
{
	enum cf_status status = CF_OK;
	char sql[128];

	for (size_t i = 0; i < CACHE_TABLES && status == CF_OK; i++) {
		snprintf(sql, sizeof sql, "REPLACE INTO meta VALUES('rows_%s', %lld)",
		    cf_batch_table_names[i], (long long)batch->rows[i]);
		status = cf_ledger_exec(batch->ledger, sql, error);
	}
	return status;
}

enum cf_status cf_batch_commit(struct cf_batch *batch, struct cf_error *error)
{
	enum cf_status status = cf_batch_begin(batch, error);

	if (status == CF_OK)
		status = write_sums(batch, error);
	if (status == CF_OK)
		status = write_rest(batch, error);
	if (status == CF_OK)
		status = write_counts(batch, error);
	if (status == CF_OK)
		status = cf_ledger_exec(batch->ledger, "COMMIT", error);
	if (status != CF_OK) {
		cf_batch_abandon(batch);
		return status;
	}
	batch->in_transaction = false;
	cf_batch_forget(batch);
	return CF_OK;
}
