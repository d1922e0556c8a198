/*
 * A log that the ledger knows, is it what it was? Known are its beginning, its last seal and its
 * last line. One that got shorter, was written or sealed anew, or is another input with the same
 * first line, is told apart here. And the file before one that is read, of a log that was rotated:
 * which of its lines came last, and what of them no seal covers yet.
 */

#include "ledger/ingest/ingest_private.h"

#include "base/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cf_ingest_hash(const char *bytes, size_t len, uint8_t hash[CF_FILE_HASH_BYTES])
{
	uint8_t digest[CF_SHA256_BYTES] = {0};

	/* Without libcrypto nothing else would have worked either. */
	(void)!cf_sha256(bytes, len, digest);
	memcpy(hash, digest, CF_FILE_HASH_BYTES);
}

/* Once: the head as far as the ledger knows it. */
static void compare_head(struct source *source)
{
	uint8_t hash[CF_FILE_HASH_BYTES];

	source->is_compared = true;
	cf_ingest_hash(source->head, (size_t)source->position.head_length, hash);
	if (memcmp(hash, source->position.head_hash, sizeof hash) != 0)
		source->contradicts = source->lost_seals = true;
}

void cf_ingest_note_head(struct source *source, const struct cf_line *line)
{
	uint64_t known = source->position.head_length;

	if (source->head_is_whole)
		return;
	/* Only from the beginning, whole lines; the bytes of one that is too long are gone. */
	if (line->offset != source->head_len || line->fault == CF_LINE_TOO_LONG ||
	    line->len + 1 > sizeof source->head - source->head_len) {
		source->head_is_whole = true;
	} else {
		memcpy(source->head + source->head_len, line->text, line->len);
		source->head_len += line->len;
		source->head[source->head_len++] = '\n';
	}
	if (!source->was_seen || source->by_id || source->is_compared || known == 0 ||
	    known > HEAD_BYTES)
		return;
	if (source->head_len >= known || source->head_is_whole)
		compare_head(source);
}

void cf_ingest_compare_line(struct source *source, const struct cf_line *line)
{
	const struct cf_file_position *position = &source->position;
	static const uint8_t unknown[CF_FILE_HASH_BYTES];
	uint8_t hash[CF_FILE_HASH_BYTES];

	if (line->offset == position->segment_offset &&
	    memcmp(position->segment_hash, unknown, sizeof unknown) != 0) {
		cf_ingest_hash(line->text, line->len, hash);
		if (memcmp(hash, position->segment_hash, sizeof hash) != 0)
			source->contradicts = source->lost_seals = true;
	}
	if (line->offset + line->len + 1 < source->counted_to)
		return;
	/* It must be the last line that was read; one that goes on behind is another. */
	cf_ingest_hash(line->text, line->len, hash);
	if (line->offset + line->len + 1 != source->counted_to ||
	    memcmp(hash, position->last_hash, sizeof hash) != 0)
		source->contradicts = true;
}

void cf_ingest_compare_end(struct source *source)
{
	if (!source->was_seen || source->by_id)
		return;
	if (!source->is_compared && source->position.head_length > source->head_len)
		source->contradicts = source->lost_seals = true;
	if (cf_reader_offset(source->reader) < source->counted_to) {
		source->contradicts = true;
		if (cf_reader_offset(source->reader) <= source->position.segment_offset)
			source->lost_seals = true;
	}
}

bool cf_ingest_tell_contradiction(struct cf_ingest *ingest, const struct source *source)
{
	char text[CF_ERROR_TEXT_BYTES];
	bool is_shorter =
	    source->is_at_end && cf_reader_offset(source->reader) < source->counted_to;

	if (source->ids_are_own && source->known_id[0] != '\0') {
		snprintf(text, sizeof text,
		    "log '%s' %s after it was read; what was counted stays, and what is new in it "
		    "counts",
		    source->position.path, is_shorter ? "got shorter" : "was written anew");
		cf_ingest_notice(ingest, text);
		ingest->counts.rewritten += !source->is_resealed; /* one log */
		return true;
	}
	snprintf(text, sizeof text,
	    "log '%s' begins with the very line of '%s' and is another: an input with the same "
	    "first "
	    "instant, or a log written anew; nothing was taken from it",
	    source->position.path, source->path_was);
	cf_ingest_notice(ingest, text);
	ingest->counts.rewritten += !source->is_resealed; /* one log */
	ingest->had_failures = true;
	return false;
}

void cf_ingest_tell_resealed(struct cf_ingest *ingest, const struct source *source)
{
	char text[CF_ERROR_TEXT_BYTES];

	snprintf(text, sizeof text,
	    "log '%s' was rewritten: a seal in it is not the one of this number and time that was "
	    "seen before; that time is not covered",
	    source->position.path);
	cf_ingest_notice(ingest, text);
	ingest->counts.rewritten++;
}

/* Goes to the last seal that the ledger knows; false: it does not know this file. */
static bool find_end(struct cf_ingest *ingest, struct cf_reader *reader, const struct cf_line *line,
    bool *is_past_out)
{
	struct cf_file_position position;
	uint8_t hash[CF_SHA256_BYTES] = {0};

	(void)!cf_sha256(line->text, line->len, hash); /* as in cf_ingest_hash() */
	*is_past_out = false;
	if (!cf_batch_find_file(ingest->batch, hash, &position))
		return false;
	*is_past_out = position.segment_offset > cf_reader_offset(reader) &&
	    cf_reader_skip_to(reader, position.segment_offset) == CF_OK;
	return true;
}

static enum cf_status follow(struct cf_ingest *ingest, struct cf_reader *reader,
    struct cf_record *record, struct cf_seals *seals, bool *is_known_out)
{
	bool is_past = false;
	struct cf_line line;
	enum cf_status status = CF_OK;
	enum cf_read got;

	*is_known_out = false;
	while (status == CF_OK && (got = cf_reader_next(reader, record, &line)) != CF_READ_END) {
		struct cf_seal_result result;

		if (got == CF_READ_FAILED)
			break;
		if (got != CF_READ_RECORD)
			continue;
		if (!*is_known_out && !find_end(ingest, reader, &line, &is_past))
			break;
		*is_known_out = true;
		if (is_past) {
			cf_seals_resume(seals);
			is_past = false;
			continue; /* behind it lies what matters */
		}
		status = cf_seals_line(seals, record, &line, &result);
	}
	return status;
}

enum cf_status cf_ingest_read_before(struct cf_ingest *ingest, struct cf_seals **seals_out)
{
	struct cf_record *record = calloc(1, sizeof *record);
	struct cf_seals *seals = NULL;
	struct cf_reader *reader = NULL;
	bool is_known = false;
	enum cf_status status = record == NULL ? CF_ENOMEM : cf_seals_new(&seals);

	*seals_out = NULL;
	/* One that cannot be read was told of when it was its turn. */
	if (status == CF_OK &&
	    cf_reader_open_until(ingest->before, ingest->options.stop, &reader, NULL) == CF_OK)
		status = follow(ingest, reader, record, seals, &is_known);
	cf_reader_close(reader);
	free(record);
	if (status != CF_OK || !is_known) {
		cf_seals_free(seals);
		return status;
	}
	cf_seals_next_file(seals);
	*seals_out = seals;
	return CF_OK;
}
