/*
 * From sums to rows. A transaction is open from the first new name to the commit, so that numbers
 * of new rows and the sums that use them appear together or not at all.
 */

#include "ledger/ingest/batch_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum cf_status step_once(
    struct cf_batch *batch, struct cf_stmt *stmt, struct cf_error *error)
{
	return cf_stmt_run(stmt) ? CF_OK : cf_ledger_fail(batch->ledger, "write to", error);
}

/* Puts the run at hand into the transaction. */
static enum cf_status write_run(struct cf_batch *batch, struct cf_error *error)
{
	const struct cf_run_row *run = &batch->run;
	struct cf_stmt *put = batch->run_put;

	if (run->sensor_id == 0)
		return CF_OK;
	cf_stmt_int64(put, 1, run->sensor_id);
	cf_stmt_int64(put, 2, run->started_us);
	cf_stmt_text(put, 3, run->run, strlen(run->run));
	cf_stmt_int64(put, 4, run->first_us);
	cf_stmt_int64(put, 5, run->last_us);
	cf_stmt_text(put, 6, run->first_prev, strlen(run->first_prev));
	cf_stmt_text(put, 7, run->last_seal, strlen(run->last_seal));
	batch->run.sensor_id = 0;
	return step_once(batch, put, error);
}

static void copy_text(char to[CF_LEDGER_TEXT_BYTES + 1], struct cf_text text)
{
	size_t len = text.len < CF_LEDGER_TEXT_BYTES ? text.len : CF_LEDGER_TEXT_BYTES;

	if (len > 0)
		memcpy(to, text.data, len);
	to[len] = '\0';
}

static bool is_run(const struct cf_run_row *run, const struct cf_run_seal *seal)
{
	return run->sensor_id == seal->sensor_id && run->started_us == seal->started_wall_us &&
	    strlen(run->run) == seal->run.len &&
	    memcmp(run->run, seal->run.data, seal->run.len) == 0;
}

enum cf_status cf_batch_run(
    struct cf_batch *batch, const struct cf_run_seal *seal, struct cf_error *error)
{
	struct cf_run_row *run = &batch->run;
	enum cf_status status = cf_batch_begin(batch, error);

	if (status == CF_OK && !is_run(run, seal)) {
		status = write_run(batch, error);
		*run = (struct cf_run_row){.sensor_id = seal->sensor_id,
		    .started_us = seal->started_wall_us,
		    .first_us = INT64_MAX,
		    .last_us = INT64_MIN};
		copy_text(run->run, seal->run);
	}
	if (status != CF_OK)
		return status;
	if (seal->at_wall_us < run->first_us) {
		run->first_us = seal->at_wall_us;
		copy_text(run->first_prev, seal->prev);
	}
	if (seal->at_wall_us > run->last_us) {
		run->last_us = seal->at_wall_us;
		copy_text(run->last_seal, seal->sha256);
	}
	return CF_OK;
}

static enum cf_status write_names(struct cf_batch *batch, struct cf_error *error)
{
	for (size_t i = 0; i < NAME_TABLES; i++)
		if (cf_names_write(batch->names[i]) != CF_OK)
			return cf_ledger_fail(batch->ledger, "write to", error);
	return CF_OK;
}

static enum cf_status write_sums(struct cf_batch *batch, struct cf_error *error)
{
	static const enum name_table subjects[] = {
	    [CF_SUM_ROLLUP] = NAMES_ENDPOINT, [CF_SUM_SIGHTING] = NAMES_CLAIM};
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
		cf_sums_mark_fresh(&batch->sums[i], batch->names[subjects[i]]);
	status = write_names(batch, error);
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0] && status == CF_OK; i++)
		cf_sums_number_subjects(&batch->sums[i], batch->names[subjects[i]]);
	batch->sums[CF_SUM_BEAT].ifaces = batch->iface_texts;
	for (size_t i = 0; i < CF_SUM_TABLES && status == CF_OK; i++)
		status = cf_sums_write(&batch->sums[i], error);
	return status;
}

static enum cf_status write_rest(struct cf_batch *batch, struct cf_error *error)
{
	enum cf_status status = write_run(batch, error);

	for (uint32_t i = 0; i < batch->gap_count && status == CF_OK; i++) {
		cf_stmt_int64(batch->gap_insert, 1, batch->gaps[i].sensor_id);
		cf_stmt_int64(batch->gap_insert, 2, batch->gaps[i].from_us);
		cf_stmt_int64(batch->gap_insert, 3, batch->gaps[i].to_us);
		cf_stmt_text(
		    batch->gap_insert, 4, batch->gaps[i].reason, strlen(batch->gaps[i].reason));
		status = step_once(batch, batch->gap_insert, error);
	}
	for (uint32_t i = 0; i < batch->reject_count && status == CF_OK; i++) {
		const struct cf_reject_row *row = &batch->rejects[i];

		cf_stmt_blob(batch->reject_insert, 1, row->key, CF_FILE_KEY_BYTES);
		cf_stmt_text(batch->reject_insert, 2, row->reason, strlen(row->reason));
		cf_stmt_int64(batch->reject_insert, 3, (int64_t)row->n);
		status = step_once(batch, batch->reject_insert, error);
	}
	return status;
}

static enum cf_status write_position(
    struct cf_batch *batch, const struct cf_file_position *position, struct cf_error *error)
{
	struct cf_stmt *put = batch->file_put;

	cf_stmt_blob(put, 1, position->key, CF_FILE_KEY_BYTES);
	cf_stmt_text(put, 2, position->path, strlen(position->path));
	cf_stmt_int64(put, 3, (int64_t)position->offset);
	cf_stmt_int64(put, 4, (int64_t)position->segment_offset);
	cf_stmt_int64(put, 5, (int64_t)position->lines);
	cf_stmt_int64(put, 6, (int64_t)position->records);
	cf_stmt_blob(put, 7, position->last_hash, CF_FILE_HASH_BYTES);
	cf_stmt_int64(put, 8, (int64_t)position->last_length);
	cf_stmt_text(put, 9, position->stat, strlen(position->stat));
	cf_stmt_int64(put, 10, (int64_t)position->head_length);
	cf_stmt_blob(put, 11, position->head_hash, CF_FILE_HASH_BYTES);
	cf_stmt_blob(put, 12, position->segment_hash, CF_FILE_HASH_BYTES);
	cf_stmt_text(put, 13, position->last_id, strlen(position->last_id));
	return step_once(batch, put, error);
}

enum cf_status cf_batch_place(
    struct cf_batch *batch, const struct cf_file_position *position, struct cf_error *error)
{
	enum cf_status status = cf_batch_begin(batch, error);

	return status == CF_OK ? write_position(batch, position, error) : status;
}

static enum cf_status write_count(
    struct cf_batch *batch, const char *table, int64_t rows, struct cf_error *error)
{
	char key[32];
	int len = snprintf(key, sizeof key, "rows_%s", table);

	cf_stmt_text(batch->count_put, 1, key, (size_t)len);
	cf_stmt_int64(batch->count_put, 2, rows);
	return step_once(batch, batch->count_put, error);
}

enum cf_status cf_batch_used(struct cf_batch *batch, uint32_t sensor_id, enum cf_used_what what,
    struct cf_text value, int64_t from_wall_us, int64_t to_wall_us, struct cf_error *error)
{
	enum cf_status status = cf_batch_begin(batch, error);

	return status == CF_OK ? cf_used_note(batch->used, sensor_id, what, value.data, value.len,
	                             from_wall_us, to_wall_us, error)
	                       : status;
}

enum cf_status cf_batch_seen(struct cf_batch *batch, uint32_t sensor_id,
    const struct cf_record *record, bool *contradicts_out, int64_t *from_wall_us_out,
    struct cf_error *error)
{
	enum cf_status status = cf_batch_begin(batch, error);

	return status == CF_OK
	    ? cf_seen_seals_take(batch->seen, sensor_id, record->seal.seq, record->at_wall_us,
	          record->seal.sha256.data, record->seal.sha256.len, contradicts_out,
	          from_wall_us_out, error)
	    : status;
}

/* So that the next run need not count. */
static enum cf_status write_counts(struct cf_batch *batch, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	if (!cf_ledger_counts_names(batch->ledger))
		return CF_OK;
	for (size_t i = 0; i < CACHE_TABLES && status == CF_OK; i++)
		status = write_count(batch, cf_batch_table_names[i], batch->rows[i], error);
	for (size_t i = 0; i < NAME_TABLES && status == CF_OK; i++)
		status = write_count(
		    batch, cf_batch_names[i].name, cf_names_rows(batch->names[i]), error);
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
		status = cf_used_write(batch->used, error);
	if (status == CF_OK)
		status = cf_seen_seals_write(batch->seen, error);
	if (status == CF_OK)
		status = write_counts(batch, error);
	if (status == CF_OK)
		status = cf_ledger_commit(batch->ledger, error);
	if (status != CF_OK) {
		cf_batch_abandon(batch);
		return status;
	}
	batch->in_transaction = false;
	cf_batch_forget(batch);
	for (size_t i = 0; i < NAME_TABLES; i++)
		cf_names_trim(batch->names[i]);
	return CF_OK;
}
