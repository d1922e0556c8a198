#include "ledger/ingest/seal.h"

#include "records/write/chain.h"

#include <stdlib.h>
#include <string.h>

/* Writers that share one file; the module and the monitor are two. More are not followed. */
#define WRITERS 8
/* Lines before the first seal of a file are kept until it says what they follow: a minute of hits.
 */
#define HELD_BYTES (8u << 20)

struct writer {
	char name[2 * 96]; /* sensor and source */
	size_t name_len;
	struct cf_chain chain;
	bool knows_prev; /* a seal was seen: the chain runs */
	bool gave_up;    /* too much came before the first seal to hold it */
	char *held;      /* before the first seal */
	size_t held_len, held_size;
	uint64_t seal_offset; /* of its last seal's line, or of its first line */
	int64_t from_wall_us; /* time of its last seal, or of its first line */
	bool has_from;
};

struct cf_seals {
	struct writer writers[WRITERS];
	size_t count;
};

enum cf_status cf_seals_new(struct cf_seals **seals_out)
{
	struct cf_seals *seals = calloc(1, sizeof *seals);

	if (seals == NULL)
		return CF_ENOMEM;
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
	}
	free(seals);
}

static struct writer *writer_of(
    struct cf_seals *seals, const struct cf_record *record, uint64_t offset)
{
	char name[2 * 96];
	size_t sensor = record->sensor.len < 95 ? record->sensor.len : 95;
	size_t source = record->source.len < 95 ? record->source.len : 95;
	size_t len = sensor + 1 + source;

	memcpy(name, record->sensor.data, sensor);
	name[sensor] = '\n';
	memcpy(name + sensor + 1, record->source.data, source);
	for (size_t i = 0; i < seals->count; i++)
		if (seals->writers[i].name_len == len &&
		    memcmp(seals->writers[i].name, name, len) == 0)
			return &seals->writers[i];
	if (seals->count == WRITERS)
		return NULL;
	struct writer *writer = &seals->writers[seals->count];

	*writer = (struct writer){.name_len = len, .seal_offset = offset};
	if (cf_chain_init(&writer->chain) != CF_OK)
		return NULL;
	memcpy(writer->name, name, len);
	seals->count++;
	return writer;
}

/* Keeps a line for the first seal; giving up is no error: the first segment is then not judged. */
static void hold(struct writer *writer, const struct cf_line *line)
{
	size_t need = line->len + 1;

	if (writer->gave_up)
		return;
	if (need > writer->held_size - writer->held_len) {
		size_t size = 2 * writer->held_size + need + 4096;
		char *held = size > HELD_BYTES ? NULL : realloc(writer->held, size);

		if (held == NULL) {
			writer->gave_up = true;
			return;
		}
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

	return seal->sha256.len == CF_SHA256_TEXT_BYTES - 1 &&
	    seal->prev.len == CF_SHA256_TEXT_BYTES - 1 && seal->sha256.data >= line->text &&
	    seal->sha256.data < line->text + line->len;
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

static struct cf_seal_result judge(
    struct writer *writer, const struct cf_record *record, const struct cf_line *line)
{
	struct cf_seal_result result = {
	    .from_wall_us = writer->from_wall_us, .to_wall_us = record->at_wall_us};

	if (!is_well_formed(record, line)) {
		result.verdict = CF_SEAL_BROKEN;
		return result;
	}
	if (!writer->knows_prev && !writer->gave_up)
		release(writer, &record->seal);
	if (writer->knows_prev || !writer->gave_up)
		result.verdict = fits(writer, record, line) ? CF_SEAL_HOLDS : CF_SEAL_BROKEN;
	char sha[CF_SHA256_TEXT_BYTES];

	memcpy(sha, record->seal.sha256.data, sizeof sha - 1);
	sha[sizeof sha - 1] = '\0';
	cf_chain_resume(&writer->chain, record->seal.seq, sha);
	writer->knows_prev = true;
	return result;
}

enum cf_status cf_seals_line(struct cf_seals *seals, const struct cf_record *record,
    const struct cf_line *line, struct cf_seal_result *result_out)
{
	struct writer *writer = writer_of(seals, record, line->offset);

	*result_out = (struct cf_seal_result){0};
	if (writer == NULL)
		return CF_OK; /* not followed; its records count all the same */
	if (!writer->has_from) {
		writer->from_wall_us = record->at_wall_us;
		writer->has_from = true;
	}
	if (record->seal.sha256.len > 0) {
		*result_out = judge(writer, record, line);
		writer->seal_offset = line->offset;
		writer->from_wall_us = record->at_wall_us;
	} else if (writer->knows_prev) {
		cf_chain_line(&writer->chain, line->text, line->len);
		cf_sha256_update(writer->chain.sha, "\n", 1);
	} else {
		hold(writer, line);
	}
	return CF_OK;
}

uint64_t cf_seals_offset(const struct cf_seals *seals)
{
	uint64_t offset = UINT64_MAX;

	for (size_t i = 0; i < seals->count; i++)
		if (seals->writers[i].seal_offset < offset)
			offset = seals->writers[i].seal_offset;
	return offset == UINT64_MAX ? 0 : offset;
}
