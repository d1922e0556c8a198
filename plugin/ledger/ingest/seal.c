/*
 * Chains and runs of a log's writers. One file: which line came before and what a seal covers are
 * asked of one state for each writer.
 */

#include "ledger/ingest/seal.h"

#include "base/array.h"
#include "base/map.h"
#include "records/files/chain.h"
#include "records/form/ulid.h"

#include <stdlib.h>
#include <string.h>

/* Writers that share one file, told apart: a collector joins the logs of a whole network. */
#define WRITERS 65536
/* Lines before the first seal of a file are kept until it says what they follow: a minute of hits
 * of one writer; and of all. */
#define HELD_BYTES     (8u << 20)
#define HELD_BYTES_ALL (64u << 20)
#define ID_BYTES       26
/* Of an id: where its random part begins, and the letters of it that differ seldom. */
#define COUNT_AT   10
#define COUNT_HIGH 12
/* Runs in one file that lines are held against: restarts of a year of bad days. */
#define RUNS       1000
#define NAME_BYTES (2 * 96)
#define NOWHERE    UINT64_MAX

/* One run of a writer, as far as this file shows it: its first and last id. */
struct run {
	char first[ID_BYTES], last[ID_BYTES];
};

struct writer {
	struct cf_chain chain;
	bool knows_prev; /* a seal was seen: the chain runs */
	bool gave_up;    /* too much came before the first seal to hold it */
	bool is_mixed;   /* two machines of one name: ids do not rise */
	bool goes_on;    /* chain has lines of the file before, and this one has no seal yet */
	char *held;      /* before the first seal */
	size_t held_len, held_size;
	/* Of its last seal's line, or of its first line; NOWHERE before that in this file. */
	uint64_t seal_offset;
	uint8_t seal_hash[CF_SEAL_HASH_BYTES];
	int64_t from_wall_us; /* time of its last seal, or of its first line */
	bool has_from;
	char run[ID_BYTES]; /* that writes now; zeros while the file has not said it */
	struct run *runs;   /* the last is under way */
	size_t run_count, run_size;
};

struct cf_seals {
	struct cf_map *map; /* sensor and source to number */
	struct cf_sha256
	    *sha; /* of one line at a time: to begin a digest costs more than a line's */
	struct writer *writers;
	size_t count, size, held_all;
	uint64_t unjudged;
	bool in_middle;
	char last_name[NAME_BYTES]; /* of the writer found last: nearly always the next one's too */
	size_t last_len, last;
};

enum cf_status cf_seals_new(struct cf_seals **seals_out)
{
	struct cf_seals *seals = calloc(1, sizeof *seals);

	if (seals == NULL)
		return CF_ENOMEM;
	seals->map = cf_map_new();
	seals->sha = cf_sha256_new();
	if (seals->map == NULL || seals->sha == NULL) {
		cf_seals_free(seals);
		return CF_ENOMEM;
	}
	*seals_out = seals;
	return CF_OK;
}

void cf_seals_free(struct cf_seals *seals)
{
	if (seals == NULL)
		return;
	for (size_t i = 0; i < seals->count; i++) {
		cf_chain_done(&seals->writers[i].chain);
		free(seals->writers[i].held);
		free(seals->writers[i].runs);
	}
	free(seals->writers);
	cf_sha256_free(seals->sha);
	cf_map_free(seals->map);
	free(seals);
}

void cf_seals_resume(struct cf_seals *seals)
{
	seals->in_middle = true;
}

void cf_seals_next_file(struct cf_seals *seals)
{
	for (size_t i = 0; i < seals->count; i++) {
		struct writer *writer = &seals->writers[i];

		writer->seal_offset = NOWHERE;
		writer->goes_on = writer->knows_prev && writer->chain.lines > 0;
		writer->knows_prev = false;
	}
	seals->unjudged = 0;
}

uint64_t cf_seals_unjudged(const struct cf_seals *seals)
{
	return seals->unjudged;
}

static size_t name_of(const struct cf_record *record, char name[NAME_BYTES])
{
	size_t sensor = record->sensor.len < 95 ? record->sensor.len : 95;
	size_t source = record->source.len < 95 ? record->source.len : 95;

	memcpy(name, record->sensor.data, sensor);
	name[sensor] = '\n';
	memcpy(name + sensor + 1, record->source.data, source);
	return sensor + 1 + source;
}

/* The record's writer, a new one if need be; *writer_out is NULL past the limit. CF_ENOMEM. */
static enum cf_status writer_of(struct cf_seals *seals, const struct cf_record *record,
    uint64_t offset, struct writer **writer_out)
{
	char name[NAME_BYTES];
	size_t len = name_of(record, name);
	uint32_t at;
	bool added;

	*writer_out = NULL;
	if (seals->count > 0 && len == seals->last_len &&
	    memcmp(name, seals->last_name, len) == 0) {
		*writer_out = &seals->writers[seals->last];
		return CF_OK;
	}
	if (seals->count == WRITERS && !cf_map_find(seals->map, name, len, &at))
		return CF_OK;
	struct writer *writers =
	    cf_array_grow(seals->writers, seals->count, 1, &seals->size, sizeof *writers);

	if (writers == NULL)
		return CF_ENOMEM;
	seals->writers = writers;
	if (cf_map_add(seals->map, name, len, (uint32_t)seals->count, &at, &added) != CF_OK)
		return CF_ENOMEM;
	if (added) {
		writers[at] = (struct writer){.seal_offset = offset};
		if (cf_chain_init(&writers[at].chain) != CF_OK)
			return CF_ENOMEM; /* the map is ahead of the array: of no use any more */
		seals->count++;
	}
	memcpy(seals->last_name, name, len);
	seals->last_len = len;
	seals->last = at;
	*writer_out = &writers[at];
	return CF_OK;
}

static bool is_zero(const char id[ID_BYTES])
{
	static const char zeros[ID_BYTES];

	return memcmp(id, zeros, ID_BYTES) == 0;
}

static enum cf_status begin_run(struct writer *writer, const char *id)
{
	struct run *runs =
	    cf_array_grow(writer->runs, writer->run_count, 1, &writer->run_size, sizeof *runs);

	if (runs == NULL)
		return CF_ENOMEM;
	writer->runs = runs;
	memcpy(runs[writer->run_count].first, id, ID_BYTES);
	memcpy(runs[writer->run_count].last, id, ID_BYTES);
	writer->run_count++;
	return CF_OK;
}

/* The run that the id is of, and whether it was there by then; NULL: of none that is known. */
static struct run *run_of(struct writer *writer, const char *id, bool *is_repeated_out)
{
	for (size_t i = writer->run_count; i > 0; i--) {
		struct run *run = &writer->runs[i - 1];
		uint64_t here, last = 0;

		/* Nearly always the next line of the run under way: letters rise with their value.
		 */
		if (memcmp(id + COUNT_AT, run->last + COUNT_AT, COUNT_HIGH) == 0) {
			*is_repeated_out =
			    memcmp(id + COUNT_AT, run->last + COUNT_AT, ID_BYTES - COUNT_AT) <= 0;
			return run;
		}
		if (!cf_ulid_counts_on(run->first, id, &here))
			continue;
		(void)cf_ulid_counts_on(run->first, run->last, &last); /* it does */
		*is_repeated_out = here <= last;
		return run;
	}
	return NULL;
}

/* Whether the line was there before; notes its id if not. A line without an id of ours is new. */
static enum cf_status note_id(
    struct writer *writer, const struct cf_record *record, bool in_middle, bool *is_repeated_out)
{
	const char *id = record->id.data;

	*is_repeated_out = false;
	if (record->id.len != ID_BYTES || writer->is_mixed)
		return CF_OK;
	struct run *run = run_of(writer, id, is_repeated_out);

	if (*is_repeated_out)
		return CF_OK;
	if (run != NULL) {
		memcpy(run->last, id, ID_BYTES);
		return CF_OK;
	}
	if (record->event == CF_EVENT_START)
		memcpy(writer->run, id, ID_BYTES);
	/* Before all we know: what was read before, if reading began in the middle; else an older
	 * part of the log that was joined behind a newer one. */
	*is_repeated_out = in_middle && writer->run_count > 0 && record->event != CF_EVENT_START &&
	    memcmp(id, writer->runs[0].first, ID_BYTES) < 0;
	if (*is_repeated_out)
		return CF_OK;
	if (writer->run_count < RUNS)
		return begin_run(writer, id);
	/* So many are no runs: somebody draws each id anew. Then only their instants tell. */
	run = &writer->runs[RUNS - 1];
	*is_repeated_out = memcmp(id, run->last, ID_BYTES) < 0;
	if (!*is_repeated_out)
		memcpy(run->last, id, ID_BYTES);
	return CF_OK;
}

/* A seal names the run that wrote it. One of another run than the one under way, and not its first
 * word here, is that of a second machine. */
static bool mixes(struct writer *writer, const struct cf_seal *seal)
{
	if (seal->run.len != ID_BYTES)
		return false;
	if (!is_zero(writer->run) && memcmp(writer->run, seal->run.data, ID_BYTES) != 0) {
		writer->is_mixed = true;
		return true;
	}
	memcpy(writer->run, seal->run.data, ID_BYTES);
	return writer->is_mixed;
}

/* Keeps a line for the first seal; giving up is no error: the first segment is then not judged. */
static void hold(struct cf_seals *seals, struct writer *writer, const struct cf_line *line)
{
	size_t need = line->len + 1;

	if (writer->gave_up)
		return;
	if (need > writer->held_size - writer->held_len) {
		size_t size = 2 * writer->held_size + need + 4096;
		bool fits = size <= HELD_BYTES &&
		    size - writer->held_size <= HELD_BYTES_ALL - seals->held_all;
		char *held = fits ? realloc(writer->held, size) : NULL;

		if (held == NULL) {
			writer->gave_up = true;
			return;
		}
		seals->held_all += size - writer->held_size;
		writer->held = held;
		writer->held_size = size;
	}
	memcpy(writer->held + writer->held_len, line->text, line->len);
	writer->held[writer->held_len + line->len] = '\n';
	writer->held_len += need;
}

/* Gives the held lines to the chain, now that the seal says what they follow. */
static void release(struct writer *writer, const struct cf_seal *seal)
{
	char prev[CF_SHA256_TEXT_BYTES];
	const char *at = writer->held, *end = writer->held + writer->held_len;

	memcpy(prev, seal->prev.data, CF_SHA256_TEXT_BYTES - 1);
	prev[CF_SHA256_TEXT_BYTES - 1] = '\0';
	cf_chain_resume(&writer->chain, seal->seq - 1, prev);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		cf_chain_line(&writer->chain, at, (size_t)(newline + 1 - at));
		at = newline + 1;
	}
	writer->held_len = 0;
}

static bool is_well_formed(const struct cf_record *record, const struct cf_line *line)
{
	const struct cf_seal *seal = &record->seal;

	/* Members behind the digest would be believed, and no seal covers them. */
	return seal->prev.len == CF_SHA256_TEXT_BYTES - 1 &&
	    cf_chain_ends(line->text, line->len, seal);
}

static bool fits(
    const struct writer *writer, const struct cf_record *record, const struct cf_line *line)
{
	char digest[CF_SHA256_TEXT_BYTES];
	const struct cf_seal *seal = &record->seal;

	if (memcmp(writer->chain.prev, seal->prev.data, seal->prev.len) != 0 ||
	    writer->chain.lines != seal->lines)
		return false;
	return cf_chain_digest(
	           &writer->chain, line->text, (size_t)(seal->sha256.data - line->text), digest) &&
	    memcmp(digest, seal->sha256.data, seal->sha256.len) == 0;
}

static struct cf_seal_result judge(struct cf_seals *seals, struct writer *writer,
    const struct cf_record *record, const struct cf_line *line)
{
	struct cf_seal_result result = {
	    .from_wall_us = writer->from_wall_us, .to_wall_us = record->at_wall_us};

	if (!is_well_formed(record, line)) {
		result.verdict = CF_SEAL_BROKEN;
		return result;
	}
	/* Between two files some may be missing: then this one is judged by itself. */
	if (writer->goes_on &&
	    memcmp(writer->chain.prev, record->seal.prev.data, record->seal.prev.len) == 0) {
		writer->knows_prev = true;
		writer->held_len = 0;
	}
	writer->goes_on = false;
	if (!writer->knows_prev && !writer->gave_up)
		release(writer, &record->seal);
	if (writer->knows_prev || !writer->gave_up)
		result.verdict = fits(writer, record, line) ? CF_SEAL_HOLDS : CF_SEAL_BROKEN;
	else
		seals->unjudged++;
	char sha[CF_SHA256_TEXT_BYTES];

	memcpy(sha, record->seal.sha256.data, sizeof sha - 1);
	sha[sizeof sha - 1] = '\0';
	cf_chain_resume(&writer->chain, record->seal.seq, sha);
	writer->knows_prev = true;
	return result;
}

static void note_seal(struct cf_seals *seals, struct writer *writer, const struct cf_line *line)
{
	uint8_t digest[CF_SHA256_BYTES];

	cf_sha256_update(seals->sha, line->text, line->len);
	cf_sha256_final(seals->sha, digest);
	memcpy(writer->seal_hash, digest, CF_SEAL_HASH_BYTES);
}

enum cf_status cf_seals_line(struct cf_seals *seals, const struct cf_record *record,
    const struct cf_line *line, struct cf_seal_result *result_out)
{
	struct writer *writer;
	enum cf_status status = writer_of(seals, record, line->offset, &writer);

	*result_out = (struct cf_seal_result){0};
	if (status != CF_OK)
		return status;
	if (writer == NULL) { /* not followed; its records count all the same */
		seals->unjudged += record->seal.sha256.len > 0;
		return CF_OK;
	}
	status = note_id(writer, record, seals->in_middle, &result_out->is_repeated);
	if (status != CF_OK || result_out->is_repeated)
		return status;
	if (writer->seal_offset == NOWHERE)
		writer->seal_offset = line->offset;
	if (!writer->has_from) {
		writer->from_wall_us = record->at_wall_us;
		writer->has_from = true;
	}
	if (record->seal.sha256.len > 0) {
		bool is_mixed = mixes(writer, &record->seal);

		*result_out = judge(seals, writer, record, line);
		result_out->is_mixed = is_mixed;
		writer->seal_offset = line->offset;
		note_seal(seals, writer, line);
		writer->from_wall_us = record->at_wall_us;
	} else {
		if (writer->knows_prev || writer->goes_on) {
			cf_chain_line(&writer->chain, line->text, line->len);
			cf_sha256_update(writer->chain.sha, "\n", 1);
		}
		if (!writer->knows_prev)
			hold(seals, writer, line);
	}
	return CF_OK;
}

uint64_t cf_seals_offset(const struct cf_seals *seals, uint8_t hash[CF_SEAL_HASH_BYTES])
{
	uint64_t offset = NOWHERE;

	memset(hash, 0, CF_SEAL_HASH_BYTES);
	for (size_t i = 0; i < seals->count; i++) {
		const struct writer *writer = &seals->writers[i];

		if (writer->seal_offset >= offset)
			continue;
		offset = writer->seal_offset;
		memcpy(hash, writer->seal_hash, CF_SEAL_HASH_BYTES);
	}
	return offset == NOWHERE ? 0 : offset;
}
