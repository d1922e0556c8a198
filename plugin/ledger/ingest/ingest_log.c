/*
 * One log, from where it was left to its end. One file: where reading goes on, what a line is and
 * when it is committed depend on one position in one log.
 */

#include "ledger/ingest/ingest_private.h"

#include "base/sha256.h"
#include "ledger/ingest/fact_record.h"
#include "ledger/ingest/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often progress() is called, and stop looked at. */
#define PROGRESS_LINES 65536
#define STOP_LINES     1024

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

static void tell_found(struct cf_ingest *ingest)
{
	char sensor[CF_RECORD_WORD_BYTES + 1];

	ingest->counts.files_new++;
	if (ingest->options.found == NULL)
		return;
	snprintf(sensor, sizeof sensor, "%.*s", (int)ingest->record->sensor.len,
	    ingest->record->sensor.data);
	ingest->options.found(ingest->options.arg, sensor);
}

/* Where a file is read from its beginning, and a run did not begin there, it goes on from the one
 * before: what that leaves is in hand, or is read again from its last seal. */
static enum cf_status go_on(struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	struct cf_seals *seals = NULL;

	if (source->goes_on || source->by_id || ingest->before == NULL ||
	    ingest->record->event == CF_EVENT_START || source->position.segment_offset > 0)
		return CF_OK;
	if (cf_ingest_read_before(ingest, &seals) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (seals == NULL)
		return CF_OK;
	cf_seals_free(source->seals);
	source->seals = seals;
	source->goes_on = true;
	return CF_OK;
}

/* The first record tells which log this is, and what its clock was. */
static enum cf_status recognise(struct cf_ingest *ingest, struct source *source,
    const struct cf_line *line, struct cf_error *error)
{
	const struct cf_record *record = ingest->record;
	struct cf_file_position *position = &source->position;
	uint8_t key[CF_SHA256_BYTES] = {0};
	const char *path = position->path;
	enum cf_status status = CF_OK;

	(void)!cf_sha256(line->text, line->len, key); /* as in cf_ingest_hash() */
	source->is_known = true;
	source->first_wall_us = record->at_wall_us;
	/* A run of 0.1.0 over a capture draws the same ids whenever it begins at the same instant.
	 */
	source->ids_are_own = record->event != CF_EVENT_START || record->report.pid > 0 ||
	    record->report.input.len > 0;
	/* Not the clock of when it was opened: a log that is followed goes on for months. */
	source->door = cf_door_make(
	    cf_ledger_clock_s(ingest->ledger), source->look->written_wall_s, record->at_wall_us);
	source->was_seen = cf_batch_find_file(ingest->batch, key, position);
	status = go_on(ingest, source, error);
	if (status != CF_OK)
		return status;
	if (source->was_seen) {
		position->path = path;
		source->was = *position;
		source->counted_to = position->offset;
		memcpy(source->known_id, position->last_id, sizeof source->known_id);
		cf_batch_find_path(ingest->batch, key, source->path_was, sizeof source->path_was);
		return CF_OK;
	}
	memcpy(position->key, key, sizeof position->key);
	tell_found(ingest);
	for (int i = 0; i < CF_LINE_FAULTS && status == CF_OK; i++)
		for (uint64_t j = 0; j < source->early[i] && status == CF_OK; j++)
			status = reject(ingest, source, (enum cf_line_fault)i, error);
	position->lines = source->early_lines;
	return status;
}

/* A known log is taken up at its last seal, so that the chain is followed from there. */
static enum cf_status skip_known(struct source *source)
{
	uint64_t to = source->position.segment_offset;

	if (!source->was_seen || source->by_id || source->has_skipped || !source->head_is_whole ||
	    to <= cf_reader_offset(source->reader))
		return CF_OK;
	source->has_skipped = true;
	if (cf_reader_skip_to(source->reader, to) != CF_OK)
		return CF_OK; /* shorter than it was: found at its end */
	cf_seals_free(source->seals);
	source->seals = NULL;
	enum cf_status status = cf_seals_new(&source->seals);

	if (status == CF_OK)
		cf_seals_resume(source->seals);
	return status;
}

static enum cf_status add_gap(struct cf_ingest *ingest, const struct source *source,
    int64_t from_wall_us, int64_t to_wall_us, const char *reason, struct cf_error *error)
{
	uint32_t sensor;

	if (!cf_door_is_instant(&source->door, from_wall_us))
		from_wall_us = to_wall_us;
	if (!cf_door_is_instant(&source->door, to_wall_us))
		return CF_OK; /* of no day that the ledger has */
	enum cf_status status = cf_batch_sensor(
	    ingest->batch, ingest->record->sensor, ingest->record->source, &sensor, error);

	return status == CF_OK
	    ? cf_batch_gap(ingest->batch, sensor, from_wall_us, to_wall_us, reason, error)
	    : status;
}

/* Notes the ends of a run's chain, by which two machines of one name are told apart. */
static enum cf_status note_run(
    struct cf_ingest *ingest, const struct source *source, struct cf_error *error)
{
	const struct cf_record *record = ingest->record;
	struct cf_run_seal seal = {.started_wall_us = record->report.started_wall_us,
	    .at_wall_us = record->at_wall_us,
	    .run = record->seal.run,
	    .prev = record->seal.prev,
	    .sha256 = record->seal.sha256};

	if (!cf_door_is_instant(&source->door, seal.at_wall_us) ||
	    !cf_door_is_instant(&source->door, seal.started_wall_us) ||
	    seal.run.len > CF_LEDGER_TEXT_BYTES || seal.prev.len > CF_LEDGER_TEXT_BYTES ||
	    seal.sha256.len > CF_LEDGER_TEXT_BYTES)
		return CF_OK;
	enum cf_status status =
	    cf_batch_sensor(ingest->batch, record->sensor, record->source, &seal.sensor_id, error);

	return status == CF_OK ? cf_batch_run(ingest->batch, &seal, error) : status;
}

/*
 * Whether the log is one that was sealed anew since it was seen. Runs over captures are dated by
 * their packets: two of them may well tell of one minute.
 */
static enum cf_status compare_seal(
    struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	const struct cf_record *record = ingest->record;
	int64_t from_wall_us = 0;
	bool contradicts = false;
	uint32_t sensor;

	if (source->over_files || !cf_door_is_instant(&source->door, record->at_wall_us))
		return CF_OK;
	enum cf_status status =
	    cf_batch_sensor(ingest->batch, record->sensor, record->source, &sensor, error);

	if (status == CF_OK)
		status = cf_batch_seen(
		    ingest->batch, sensor, record, &contradicts, &from_wall_us, error);
	if (status != CF_OK || !contradicts)
		return status;
	if (!source->is_resealed)
		cf_ingest_tell_resealed(ingest, source);
	source->is_resealed = true;
	return add_gap(
	    ingest, source, from_wall_us, record->at_wall_us, "log was rewritten", error);
}

static enum cf_status follow_chain(struct cf_ingest *ingest, struct source *source,
    const struct cf_line *line, bool is_new, bool *is_repeated_out, struct cf_error *error)
{
	struct cf_seal_result seal;
	enum cf_status status = cf_seals_line(source->seals, ingest->record, line, &seal);

	*is_repeated_out = seal.is_repeated;
	if (status != CF_OK)
		return cf_error_set(error, status, "no memory");
	if (ingest->record->event == CF_EVENT_START)
		source->over_files = ingest->record->report.input.len > 0;
	if (seal.verdict == CF_SEAL_HOLDS && !seal.is_repeated && !seal.is_mixed)
		status = compare_seal(ingest, source, error);
	if (!is_new || seal.is_repeated || status != CF_OK)
		return status;
	if (ingest->record->seal.sha256.len > 0)
		status = note_run(ingest, source, error);
	if (status != CF_OK)
		return status;
	if (seal.is_mixed) {
		ingest->counts.mixed++;
		return add_gap(ingest, source, seal.from_wall_us, seal.to_wall_us,
		    "two machines use this name", error);
	}
	if (seal.verdict != CF_SEAL_BROKEN)
		return CF_OK;
	ingest->counts.broken++;
	return add_gap(
	    ingest, source, seal.from_wall_us, seal.to_wall_us, "log was changed", error);
}

/* What is more than one fact, or about the writer. */
static enum cf_status take_said(struct cf_ingest *ingest, struct cf_error *error)
{
	if (ingest->record->event == CF_EVENT_ALIVE)
		return cf_said_alive(ingest->batch, ingest->record, error);
	return cf_said_limits(ingest->batch, ingest->record, error);
}

static enum cf_status take_record(
    struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	struct cf_fact fact;
	struct cf_fact_texts texts;
	const char *refusal = "too many hosts";
	/* Start and lost have none: the next heartbeat has the totals. */
	bool has_fact = cf_fact_from_record(&fact, &texts, ingest->record);
	enum cf_status status = CF_ETOOBIG;

	if (cf_door_admits(&source->door, &fact, &refusal))
		status = ingest->record->is_hit ? CF_OK : take_said(ingest, error);
	if (status == CF_OK)
		status = cf_said_used(ingest->batch, ingest->record, error);
	if (status == CF_OK && has_fact)
		status = cf_batch_add(ingest->batch, &fact, error);
	if (status != CF_ETOOBIG)
		return status;
	ingest->counts.refused++;
	return cf_batch_reject(ingest->batch, source->position.key, refusal, error);
}

/* Whether the ledger has not got the line yet. */
static bool is_new_line(const struct cf_ingest *ingest, const struct source *source,
    enum cf_read got, const struct cf_line *line)
{
	if (!source->by_id)
		return line->offset >= source->counted_to;
	return got == CF_READ_RECORD && ingest->record->id.len == ID_BYTES &&
	    memcmp(ingest->record->id.data, source->known_id, ID_BYTES) > 0;
}

/* The record is in the ledger now; ids tell it again where offsets do not. */
static void note_taken(const struct cf_ingest *ingest, struct source *source)
{
	const struct cf_record *record = ingest->record;

	source->last_wall_us = record->at_wall_us;
	if (record->id.len != ID_BYTES ||
	    (source->position.last_id[0] != '\0' &&
	        memcmp(record->id.data, source->position.last_id, ID_BYTES) <= 0))
		return;
	memcpy(source->position.last_id, record->id.data, ID_BYTES);
	source->position.last_id[ID_BYTES] = '\0';
}

/* Whether the line's writer ships: then it comes, or came, that way. */
static enum cf_status find_shipped(
    struct cf_ingest *ingest, bool *is_shipped_out, struct cf_error *error)
{
	uint32_t sensor;
	bool any = false;
	enum cf_status status = cf_batch_has_shipped(ingest->batch, &any, error);

	if (status != CF_OK || !any) /* a sensor of which nothing is taken is none */
		return status;
	status = cf_batch_sensor(
	    ingest->batch, ingest->record->sensor, ingest->record->source, &sensor, error);
	if (status == CF_ETOOBIG) /* of no sensor that could ship; refused where it is summed */
		return CF_OK;
	if (status == CF_OK && cf_batch_is_shipped(ingest->batch, sensor)) {
		*is_shipped_out = true;
		ingest->counts.shipped++;
	}
	return status;
}

/* A new line of a log that is known. */
static enum cf_status take_new_line(struct cf_ingest *ingest, struct source *source,
    enum cf_read got, const struct cf_line *line, bool is_repeated, struct cf_error *error)
{
	ingest->counts.lines++;
	source->position.lines++;
	if (got == CF_READ_SKIPPED)
		return reject(ingest, source, line->fault, error);
	if (is_repeated) {
		ingest->counts.repeated++;
		return cf_batch_reject(ingest->batch, source->position.key, "repeated line", error);
	}
	bool is_shipped = false;
	enum cf_status status = find_shipped(ingest, &is_shipped, error);

	if (status != CF_OK || is_shipped)
		return status;
	ingest->counts.records++;
	source->position.records++;
	note_taken(ingest, source);
	return take_record(ingest, source, error);
}

static enum cf_status take_line(struct cf_ingest *ingest, struct source *source, enum cf_read got,
    const struct cf_line *line, struct cf_error *error)
{
	bool is_repeated = false;
	enum cf_status status = CF_OK;

	if (got == CF_READ_RECORD && !source->is_known)
		status = recognise(ingest, source, line, error);
	if (status != CF_OK)
		return status;
	cf_ingest_note_head(source, line);
	if (!source->is_known) {
		source->early_lines++;
		ingest->counts.lines++;
		return got == CF_READ_SKIPPED ? reject(ingest, source, line->fault, error) : CF_OK;
	}
	bool is_new = is_new_line(ingest, source, got, line);

	if (!is_new && !source->by_id)
		cf_ingest_compare_line(source, line);
	if (source->contradicts || source->door.latest_wall_us == 0)
		return CF_OK;
	if (got == CF_READ_RECORD)
		status = follow_chain(ingest, source, line, is_new, &is_repeated, error);
	if (status == CF_OK && is_new)
		return take_new_line(ingest, source, got, line, is_repeated, error);
	ingest->counts.already++;
	if (status == CF_OK && skip_known(source) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	return status;
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

/*
 * Puts the place behind the last line into the transaction. While a log is read by ids, and when it
 * is shorter than it was, the place stays what it was but for the largest id.
 */
static enum cf_status place(struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	struct cf_file_position *position = &source->position;

	if (!source->is_known)
		return CF_OK;
	if (source->by_id && (!source->is_at_end || position->offset < source->was.offset)) {
		struct cf_file_position was = source->was;

		was.path = position->path;
		memcpy(was.last_id, position->last_id, sizeof was.last_id);
		memcpy(was.stat, position->stat, sizeof was.stat);
		return cf_batch_place(ingest->batch, &was, error);
	}
	if (source->has_moved) {
		position->segment_offset = cf_seals_offset(source->seals, position->segment_hash);
		position->last_length = source->last_len + 1;
		cf_ingest_hash(source->last_line, source->last_len, position->last_hash);
		if (source->head_len > position->head_length || source->by_id) {
			position->head_length = source->head_len;
			cf_ingest_hash(source->head, source->head_len, position->head_hash);
		}
	}
	return cf_batch_place(ingest->batch, position, error);
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

/* Tables of names that are nearly full are relieved of what is old; again only after they grew. */
static enum cf_status make_room(struct cf_ingest *ingest, struct cf_error *error)
{
	uint64_t rows = cf_batch_most_rows(ingest->batch);

	if (ingest->options.make_room == NULL || rows < CF_LEDGER_NAMES / 4 * 3 ||
	    rows < ingest->room_asked_rows + CF_LEDGER_NAMES / 16)
		return CF_OK;
	enum cf_status status = ingest->options.make_room(ingest->options.arg, error);

	cf_batch_reload(ingest->batch);
	ingest->room_asked_rows = cf_batch_most_rows(ingest->batch);
	return status;
}

static enum cf_status commit_if_full(
    struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	if (!cf_batch_is_full(ingest->batch, ingest->options.commit_lines))
		return CF_OK;
	enum cf_status status = place(ingest, source, error);

	if (status == CF_OK)
		status = cf_batch_commit(ingest->batch, error);
	return status == CF_OK ? make_room(ingest, error) : status;
}

static enum cf_status read_lines(
    struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	struct cf_line line;
	enum cf_read got;
	uint64_t read = 0;

	while ((got = cf_reader_next(source->reader, ingest->record, &line)) != CF_READ_END) {
		if (got == CF_READ_FAILED && cf_ingest_is_stopped(ingest))
			return CF_OK;
		if (got == CF_READ_FAILED) {
			fail_reading(ingest, source);
			return CF_OK;
		}
		enum cf_status status = take_line(ingest, source, got, &line, error);

		if (status != CF_OK || source->contradicts ||
		    (source->is_known && source->door.latest_wall_us == 0))
			return status;
		if (source->by_id || cf_reader_offset(source->reader) > source->counted_to)
			remember(source, &line);
		status = commit_if_full(ingest, source, error);
		if (status != CF_OK)
			return status;
		if (++read % PROGRESS_LINES == 0 && ingest->options.progress != NULL)
			ingest->options.progress(ingest->options.arg, &ingest->counts);
		if (read % STOP_LINES == 0 && cf_ingest_is_stopped(ingest))
			return CF_OK;
	}
	source->is_at_end = true;
	cf_ingest_compare_end(source);
	return CF_OK;
}

static enum cf_status finish_source(
    struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	if (source->is_known && source->door.latest_wall_us == 0) {
		char text[CF_ERROR_TEXT_BYTES];

		snprintf(text, sizeof text,
		    "the clock of this machine is not set, and log '%s' does not tell the time "
		    "either; nothing was taken from it",
		    source->position.path);
		cf_ingest_notice(ingest, text);
		ingest->had_failures = true;
		return CF_OK;
	}
	if (source->is_at_end && cf_reader_counts(source->reader)->tail_bytes == 0)
		snprintf(
		    source->position.stat, sizeof source->position.stat, "%s", source->look->stat);
	else if (source->is_at_end && source->is_known)
		ingest->counts.torn_tail++;
	if (source->by_id && source->lost_seals)
		status = add_gap(ingest, source, source->first_wall_us, source->last_wall_us,
		    "log was rewritten", error);
	return status == CF_OK ? place(ingest, source, error) : status;
}

static enum cf_status read_source(
    struct cf_ingest *ingest, struct source *source, struct cf_error *error)
{
	source->seals = source->by_id ? NULL : ingest->left;
	source->goes_on = source->seals != NULL;
	if (source->goes_on)
		ingest->left = NULL;
	else if (cf_seals_new(&source->seals) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	enum cf_status status = read_lines(ingest, source, error);

	if (status == CF_OK && !source->contradicts)
		status = finish_source(ingest, source, error);
	ingest->counts.bytes += cf_reader_counts(source->reader)->bytes;
	if (source->seals != NULL)
		ingest->counts.unjudged += cf_seals_unjudged(source->seals);
	if (status == CF_OK && source->is_at_end && !source->contradicts && !source->by_id) {
		cf_seals_next_file(source->seals);
		ingest->left = source->seals;
	} else {
		cf_seals_free(source->seals);
	}
	source->seals = NULL;
	return status;
}

/* One pass over the log; *again_out: it is not what it was, and is to be read by ids. */
static enum cf_status read_once(
    struct cf_ingest *ingest, struct source *source, bool *again_out, struct cf_error *error)
{
	struct cf_error why = {0};
	enum cf_status status = cf_reader_open_until(
	    source->position.path, ingest->options.stop, &source->reader, &why);

	*again_out = false;
	if (status == CF_ENOMEM)
		return cf_error_set(error, status, "no memory");
	if (status != CF_OK && cf_ingest_is_stopped(ingest))
		return CF_OK;
	if (status != CF_OK) {
		cf_ingest_notice(ingest, why.text);
		ingest->had_failures = true;
		return CF_OK;
	}
	status = read_source(ingest, source, error);
	if (status == CF_OK && source->contradicts)
		*again_out = cf_ingest_tell_contradiction(ingest, source);
	cf_reader_close(source->reader);
	source->reader = NULL;
	return status;
}

enum cf_status cf_ingest_log(struct cf_ingest *ingest, const char *path,
    const struct ingest_look *look, struct cf_error *error)
{
	struct source *source = calloc(1, sizeof *source);
	bool again = false;

	if (source == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	source->position.path = path;
	source->look = look;
	enum cf_status status = read_once(ingest, source, &again, error);

	if (status == CF_OK && again) {
		bool lost_seals = source->lost_seals;

		memset(source, 0, sizeof *source);
		source->position.path = path;
		source->look = look;
		source->by_id = true;
		source->lost_seals = lost_seals;
		source->is_resealed = true; /* told as much */
		status = read_once(ingest, source, &again, error);
	}
	free(source);
	return status;
}

/* One line of a segment, as of a log that was never seen. */
static enum cf_status take_shipped(struct cf_ingest *ingest, struct source *source,
    const struct cf_line *line, struct cf_error *error)
{
	bool is_repeated = false;
	enum cf_line_fault fault = cf_record_parse(line->text, line->len, ingest->record);

	ingest->counts.lines++;
	if (fault != CF_LINE_OK)
		return reject(ingest, source, fault, error);
	enum cf_status status = follow_chain(ingest, source, line, true, &is_repeated, error);

	if (status != CF_OK)
		return status;
	if (is_repeated) {
		ingest->counts.repeated++;
		return cf_batch_reject(ingest->batch, source->position.key, "repeated line", error);
	}
	ingest->counts.records++;
	return take_record(ingest, source, error);
}

static enum cf_status take_segments(struct cf_ingest *ingest, struct source *source,
    const char *lines, size_t len, struct cf_error *error)
{
	const char *at = lines, *end = lines + len;
	enum cf_status status = CF_OK;

	while (at < end && status == CF_OK) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct cf_line line = {.text = at,
		    .len = (size_t)((newline == NULL ? end : newline) - at),
		    .offset = (uint64_t)(at - lines)};

		status = take_shipped(ingest, source, &line, error);
		at += line.len + 1;
	}
	return status;
}

enum cf_status cf_ingest_segments(struct cf_ingest *ingest, const uint8_t key[CF_FILE_KEY_BYTES],
    const char *lines, size_t len, struct cf_error *error)
{
	struct source *source = calloc(1, sizeof *source);

	if (source == NULL || cf_seals_new(&source->seals) != CF_OK) {
		free(source);
		return cf_error_set(error, CF_ENOMEM, "no memory");
	}
	source->is_known = true;
	source->position.path = "";
	memcpy(source->position.key, key, CF_FILE_KEY_BYTES);
	source->door = cf_door_make(cf_ledger_clock_s(ingest->ledger), 0, 0);
	cf_seals_resume(source->seals);
	enum cf_status status = take_segments(ingest, source, lines, len, error);

	ingest->counts.bytes += len;
	cf_seals_free(source->seals);
	free(source);
	return status;
}
