/* One log, from where it was left to its end. */

#include "ledger/ingest/ingest_private.h"

#include "base/sha256.h"
#include "ledger/ingest/fact_record.h"
#include "ledger/ingest/seal.h"
#include "records/read/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often progress() is called, and stop looked at. */
#define PROGRESS_LINES 65536
/* 2000-01-01 and 2100-01-01: records outside are a broken clock, and would stretch every table. */
#define FIRST_WALL_US (INT64_C(946684800) * 1000000)
#define LAST_WALL_US  (INT64_C(4102444800) * 1000000)

/* One log being read. */
struct source {
	struct cf_reader *reader;
	struct cf_seals *seals;
	struct cf_file_position position;
	uint64_t counted_to;            /* lines before this offset are in the ledger already */
	bool is_known;                  /* its first record was seen: position.key is set */
	uint64_t early[CF_LINE_FAULTS]; /* lines before the first record */
	uint64_t early_lines;
	bool has_moved, is_at_end;
	char last_line[CF_RECORD_LINE_BYTES];
	size_t last_len;
};

static void hash_line(const struct cf_line *line, uint8_t *hash, size_t len)
{
	uint8_t digest[CF_SHA256_BYTES] = {0};

	/* Without libcrypto nothing else would have worked either. */
	(void)!cf_sha256(line->text, line->len, digest);
	memcpy(hash, digest, len);
}

/* Counts a line that is no record. */
static enum cf_status reject(struct cf_ingest *ingest, struct source *source,
    enum cf_line_fault fault, struct cf_error *error)
{
	if (!source->is_known) {
		source->early[fault]++;
		return CF_OK;
	}
	ingest->counts.faults[fault]++;
	return cf_batch_reject(
	    ingest->batch, source->position.key, cf_line_fault_text(fault), error);
}

/*
 * The first record tells which log this is. A known one is taken up at its last seal, so that the
 * chain is followed from there; lines before counted_to are not counted again.
 */
static enum cf_status recognise(struct cf_ingest *ingest, struct source *source,
    const struct cf_line *line, bool *skipped_out, struct cf_error *error)
{
	struct cf_file_position *position = &source->position;
	uint8_t key[CF_FILE_KEY_BYTES];
	const char *path = position->path;
	enum cf_status status = CF_OK;

	hash_line(line, key, sizeof key);
	source->is_known = true;
	*skipped_out = false;
	if (cf_batch_find_file(ingest->batch, key, position)) {
		position->path = path;
		source->counted_to = position->offset;
		*skipped_out = position->segment_offset > line->offset &&
		    cf_reader_skip_to(source->reader, position->segment_offset) == CF_OK;
		return CF_OK;
	}
	memcpy(position->key, key, sizeof key);
	ingest->counts.files_new++;
	if (ingest->options.found != NULL) {
		char sensor[CF_RECORD_WORD_BYTES + 1];

		snprintf(sensor, sizeof sensor, "%.*s", (int)ingest->record->sensor.len,
		    ingest->record->sensor.data);
		ingest->options.found(ingest->options.arg, sensor);
	}
	for (int i = 0; i < CF_LINE_FAULTS && status == CF_OK; i++)
		for (uint64_t j = 0; j < source->early[i] && status == CF_OK; j++)
			status = reject(ingest, source, (enum cf_line_fault)i, error);
	position->lines = source->early_lines;
	return status;
}

static enum cf_status follow_chain(struct cf_ingest *ingest, struct source *source,
    const struct cf_line *line, bool is_new, struct cf_error *error)
{
	struct cf_seal_result seal;
	uint32_t sensor;
	enum cf_status status = cf_seals_line(source->seals, ingest->record, line, &seal);

	if (status != CF_OK)
		return cf_error_set(error, status, "no memory");
	if (!is_new || seal.verdict != CF_SEAL_BROKEN)
		return CF_OK;
	ingest->counts.broken++;
	status = cf_batch_sensor(
	    ingest->batch, ingest->record->sensor, ingest->record->source, &sensor, error);
	if (status == CF_OK)
		status = cf_batch_gap(ingest->batch, sensor, seal.from_wall_us, seal.to_wall_us,
		    "log was changed", error);
	return status;
}

static enum cf_status take_record(
    struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	struct cf_fact fact;
	struct cf_fact_texts texts;
	const char *refusal = NULL;

	if (!cf_fact_from_record(&fact, &texts, ingest->record))
		return CF_OK; /* start, lost: the next heartbeat has the totals */
	if (fact.at_wall_us < FIRST_WALL_US || fact.at_wall_us >= LAST_WALL_US ||
	    fact.last_wall_us >= LAST_WALL_US)
		refusal = "impossible time";
	enum cf_status status =
	    refusal == NULL ? cf_batch_add(ingest->batch, &fact, error) : CF_ETOOBIG;

	if (status != CF_ETOOBIG)
		return status;
	ingest->counts.refused++;
	return cf_batch_reject(ingest->batch, source->position.key,
	    refusal == NULL ? "too many hosts" : refusal, error);
}

static enum cf_status take_line(struct cf_ingest *ingest, struct source *source, enum cf_read got,
    const struct cf_line *line, struct cf_error *error)
{
	struct cf_file_position *position = &source->position;
	bool is_new = line->offset >= source->counted_to, skipped = false;
	enum cf_status status = CF_OK;

	if (got == CF_READ_RECORD && !source->is_known) {
		status = recognise(ingest, source, line, &skipped, error);
		is_new = line->offset >= source->counted_to;
		if (status != CF_OK || skipped)
			return status;
	}
	if (!source->is_known)
		source->early_lines++;
	if (got == CF_READ_RECORD)
		status = follow_chain(ingest, source, line, is_new, error);
	if (status != CF_OK)
		return status;
	if (!is_new) {
		uint8_t hash[CF_FILE_HASH_BYTES];

		ingest->counts.already++;
		if (cf_reader_offset(source->reader) != source->counted_to)
			return CF_OK;
		hash_line(line, hash, sizeof hash);
		if (memcmp(hash, position->last_hash, sizeof hash) != 0)
			cf_ingest_notice(ingest,
			    "a log was changed after it was read; its old lines stay counted");
		return CF_OK;
	}
	ingest->counts.lines++;
	if (source->is_known)
		position->lines++;
	if (got == CF_READ_SKIPPED)
		return reject(ingest, source, line->fault, error);
	ingest->counts.records++;
	position->records++;
	return take_record(ingest, source, error);
}

/* Keeps the line for the position's hash: hashing each would be felt. */
static void remember(struct source *source, const struct cf_line *line)
{
	size_t len = line->len < sizeof source->last_line ? line->len : sizeof source->last_line;

	memcpy(source->last_line, line->text, len);
	source->last_len = len;
	source->position.offset = cf_reader_offset(source->reader);
	source->has_moved = true;
}

/* Puts the place behind the last line into the transaction. */
static enum cf_status place(struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	const struct cf_line last = {.text = source->last_line, .len = source->last_len};

	if (!source->is_known)
		return CF_OK;
	if (source->has_moved) {
		source->position.segment_offset = cf_seals_offset(source->seals);
		source->position.last_length = source->last_len + 1;
		hash_line(&last, source->position.last_hash, sizeof source->position.last_hash);
	}
	return cf_batch_place(ingest->batch, &source->position, error);
}

/* A damaged compressed file: what came before the damage counts. */
static void fail_reading(struct cf_ingest *ingest, const struct source *source)
{
	char text[CF_ERROR_TEXT_BYTES + 64];

	snprintf(text, sizeof text, "%s; what came before counts",
	    cf_reader_error(source->reader)->text);
	cf_ingest_notice(ingest, text);
	ingest->had_failures = true;
}

static enum cf_status read_lines(
    struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	struct cf_line line;
	enum cf_read got;
	uint64_t read = 0;

	while ((got = cf_reader_next(source->reader, ingest->record, &line)) != CF_READ_END) {
		if (got == CF_READ_FAILED) {
			fail_reading(ingest, source);
			return CF_OK;
		}
		enum cf_status status = take_line(ingest, source, got, &line, error);

		if (status != CF_OK)
			return status;
		if (cf_reader_offset(source->reader) > source->counted_to)
			remember(source, &line);
		if (cf_batch_is_full(ingest->batch, ingest->options.commit_lines)) {
			status = place(ingest, source, error);
			if (status == CF_OK)
				status = cf_batch_commit(ingest->batch, error);
			if (status != CF_OK)
				return status;
		}
		if (++read % PROGRESS_LINES != 0)
			continue;
		if (ingest->options.progress != NULL)
			ingest->options.progress(ingest->options.arg, &ingest->counts);
		if (cf_ingest_is_stopped(ingest))
			return CF_OK;
	}
	source->is_at_end = true;
	return CF_OK;
}

static enum cf_status read_source(
    struct cf_ingest *ingest, struct source *source, const char *stat, struct cf_error *error)
{
	if (cf_seals_new(&source->seals) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	enum cf_status status = read_lines(ingest, source, error);

	if (status == CF_OK && source->is_at_end) {
		if (cf_reader_counts(source->reader)->tail_bytes == 0)
			snprintf(source->position.stat, sizeof source->position.stat, "%s", stat);
		else
			ingest->counts.torn_tail++;
	}
	if (status == CF_OK)
		status = place(ingest, source, error);
	ingest->counts.bytes += cf_reader_counts(source->reader)->bytes;
	cf_seals_free(source->seals);
	return status;
}

enum cf_status cf_ingest_log(
    struct cf_ingest *ingest, const char *path, const char *stat, struct cf_error *error)
{
	struct source *source = calloc(1, sizeof *source);
	struct cf_error why = {0};

	if (source == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	source->position.path = path;
	enum cf_status status =
	    cf_reader_open_until(path, ingest->options.stop, &source->reader, &why);

	if (status == CF_OK) {
		status = read_source(ingest, source, stat, error);
		cf_reader_close(source->reader);
	} else if (status == CF_ENOMEM) {
		status = cf_error_set(error, status, "no memory");
	} else {
		cf_ingest_notice(ingest, why.text);
		ingest->had_failures = true;
		status = CF_OK;
	}
	free(source);
	return status;
}
