#include "fleet/wire/segment.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

enum cf_status cf_segment_reader_init(struct cf_segment_reader *reader)
{
	*reader = (struct cf_segment_reader){.held = NULL};
	return cf_chain_init(&reader->chain);
}

void cf_segment_reader_done(struct cf_segment_reader *reader)
{
	cf_chain_done(&reader->chain);
	free(reader->held);
	reader->held = NULL;
}

static bool copy(struct cf_text from, char *to, size_t size)
{
	if (from.len == 0 || from.len >= size || memchr(from.data, '\0', from.len) != NULL)
		return false;
	memcpy(to, from.data, from.len);
	to[from.len] = '\0';
	return true;
}

bool cf_segment_writer(const struct cf_record *record, struct cf_bundle_writer *writer_out)
{
	return copy(record->sensor, writer_out->sensor, sizeof writer_out->sensor) &&
	    copy(record->source, writer_out->source, sizeof writer_out->source);
}

static enum cf_status hold(struct cf_segment_reader *reader, const char *line, size_t len)
{
	size_t need = len + 1;

	if (reader->too_long || need > CF_FLEET_PLAIN_BYTES - reader->held_len) {
		reader->too_long = true;
		return CF_OK;
	}
	if (need > reader->held_size - reader->held_len) {
		size_t size = reader->held_size + reader->held_size / 2 + need + 4096;
		char *held = realloc(reader->held, size);

		if (held == NULL)
			return CF_ENOMEM;
		reader->held = held;
		reader->held_size = size;
	}
	memcpy(reader->held + reader->held_len, line, len);
	reader->held[reader->held_len + len] = '\n';
	reader->held_len += need;
	return CF_OK;
}

/* A block, something that got through, or records that are missing: nobody shall wait for those. */
static bool is_urgent(const struct cf_record *record)
{
	return record->flow.escape || record->event == CF_EVENT_LOST ||
	    (record->is_hit && record->action == CF_ACTION_BLOCK);
}

/* What the seal says; false when it is not formed as one. */
static bool read_seal(
    const struct cf_record *record, const char *line, size_t len, struct cf_segment *segment)
{
	const struct cf_seal *seal = &record->seal;

	segment->seq = seal->seq;
	segment->at_wall_us = record->at_wall_us;
	return seal->seq > 0 && cf_chain_ends(line, len, seal) &&
	    copy(seal->prev, segment->prev, sizeof segment->prev) &&
	    strlen(segment->prev) == sizeof segment->prev - 1 &&
	    copy(seal->sha256, segment->sha256, sizeof segment->sha256) &&
	    copy(seal->run, segment->run, sizeof segment->run) &&
	    strlen(segment->run) == sizeof segment->run - 1;
}

/* Whether the lines before are those that it seals. */
static bool fits(struct cf_segment_reader *reader, const struct cf_record *record, const char *line)
{
	const struct cf_seal *seal = &record->seal;
	const char *at = reader->held, *end = reader->held + reader->held_len;
	char digest[CF_SHA256_TEXT_BYTES], prev[CF_SHA256_TEXT_BYTES];

	if (reader->too_long)
		return false;
	memcpy(prev, seal->prev.data, sizeof prev - 1);
	prev[sizeof prev - 1] = '\0';
	cf_chain_resume(&reader->chain, seal->seq - 1, prev);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		cf_chain_line(&reader->chain, at, (size_t)(newline + 1 - at));
		at = newline + 1;
	}
	return reader->chain.lines == seal->lines &&
	    cf_chain_digest(&reader->chain, line, (size_t)(seal->sha256.data - line), digest) &&
	    memcmp(digest, seal->sha256.data, seal->sha256.len) == 0;
}

enum cf_status cf_segment_reader_line(struct cf_segment_reader *reader,
    const struct cf_record *record, const char *line, size_t len, enum cf_segment_line *what_out,
    struct cf_segment *segment_out)
{
	*what_out = CF_SEGMENT_OPEN;
	reader->is_urgent = reader->is_urgent || is_urgent(record);
	if (record->seal.sha256.len == 0)
		return hold(reader, line, len);
	*segment_out = (struct cf_segment){.is_urgent = reader->is_urgent};
	*what_out = read_seal(record, line, len, segment_out) && fits(reader, record, line)
	    ? CF_SEGMENT_HOLDS
	    : CF_SEGMENT_BROKEN;
	return hold(reader, line, len);
}

void cf_segment_reader_next(struct cf_segment_reader *reader)
{
	reader->held_len = 0;
	reader->is_urgent = false;
	reader->too_long = false;
}
