/* Witnessed seals: an array, and maps into it by writer and number. */

#include "records/anchor/witness.h"

#include "base/array.h"
#include "base/bytes.h"
#include "base/input_file.h"
#include "base/instant.h"
#include "base/limits.h"
#include "base/map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* Longer lines are no log's; what lies behind is passed over. */
#define LINE_BYTES 65536
/* Seals of one number: a log can only be one of them, and more say no more. */
#define SAME_SEALS 32

struct cf_witness {
	struct cf_witnessed *seals;
	size_t count, room;
	struct cf_witness_writer *writers;
	size_t writer_count, writer_room;
	struct cf_map *by_name, *by_seq;
};

struct seq_key {
	uint64_t writer, seq;
};

void cf_witness_free(struct cf_witness *witness)
{
	if (witness == NULL)
		return;
	cf_map_free(witness->by_name);
	cf_map_free(witness->by_seq);
	free(witness->seals);
	free(witness->writers);
	free(witness);
}

struct cf_witness *cf_witness_new(void)
{
	struct cf_witness *witness = calloc(1, sizeof *witness);

	if (witness == NULL)
		return NULL;
	witness->by_name = cf_map_new();
	witness->by_seq = cf_map_new();
	if (witness->by_name == NULL || witness->by_seq == NULL) {
		cf_witness_free(witness);
		return NULL;
	}
	return witness;
}

/* Zeros behind the ends, for the bytes are the key. */
static struct cf_witness_writer key_of(const char *sensor, const char *source)
{
	struct cf_witness_writer key;

	memset(&key, 0, sizeof key);
	memcpy(key.sensor, sensor, strnlen(sensor, sizeof key.sensor - 1));
	memcpy(key.source, source, strnlen(source, sizeof key.source - 1));
	return key;
}

static enum cf_status writer_of(
    struct cf_witness *witness, const struct cf_seal_text *seal, uint32_t *writer_out)
{
	const struct cf_witness_writer key = key_of(seal->sensor, seal->source);
	struct cf_witness_writer *writers = cf_array_grow(
	    witness->writers, witness->writer_count, 1, &witness->writer_room, sizeof *writers);
	bool added;

	if (writers == NULL)
		return CF_ENOMEM;
	witness->writers = writers;
	if (cf_map_add(witness->by_name, &key, sizeof key, (uint32_t)witness->writer_count,
	        writer_out, &added) != CF_OK)
		return CF_ENOMEM;
	if (!added)
		return CF_OK;
	writers[witness->writer_count++] = key;
	return CF_OK;
}

static bool is_same(const struct cf_witnessed *a, const struct cf_witnessed *b)
{
	return a->at_wall_us == b->at_wall_us && strcmp(a->key, b->key) == 0 &&
	    memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0 &&
	    memcmp(a->sig, b->sig, sizeof a->sig) == 0;
}

/* Puts it behind those of its number; one that is there only gains an earlier stamp. */
static enum cf_status add(struct cf_witness *witness, const struct cf_witnessed *seal)
{
	const struct seq_key key = {seal->writer, seal->seq};
	struct cf_witnessed *seals =
	    cf_array_grow(witness->seals, witness->count, 1, &witness->room, sizeof *seals);
	uint32_t at;
	bool added;

	if (seals == NULL)
		return CF_ENOMEM;
	witness->seals = seals;
	if (cf_map_add(witness->by_seq, &key, sizeof key, (uint32_t)witness->count, &at, &added) !=
	    CF_OK)
		return CF_ENOMEM;
	for (unsigned same = 1; !added; at = seals[at].next, same++) {
		if (same == SAME_SEALS)
			return CF_OK;
		if (is_same(&seals[at], seal)) {
			if (seal->stamp_wall_us < seals[at].stamp_wall_us)
				seals[at].stamp_wall_us = seal->stamp_wall_us;
			return CF_OK;
		}
		if (seals[at].next == CF_WITNESS_NONE)
			break;
	}
	if (witness->count == CF_WITNESS_SEALS)
		return CF_ETOOBIG;
	if (!added)
		seals[at].next = (uint32_t)witness->count;
	seals[witness->count++] = *seal;
	return CF_OK;
}

enum cf_status cf_witness_take(struct cf_witness *witness, const char *line, size_t len,
    uint32_t number, int64_t stamp_wall_us, bool *found_out)
{
	struct cf_witnessed seal = {.next = CF_WITNESS_NONE, .line = number};
	struct cf_seal_text text;
	enum cf_status status;

	if (!cf_seal_text_parse(line, len, &text, found_out))
		return CF_EMALFORMED;
	if (!cf_sha256_parse(text.sha256, strlen(text.sha256), seal.sha256) ||
	    (text.sig[0] != '\0' &&
	        !cf_base64_decode(text.sig, strlen(text.sig), seal.sig, sizeof seal.sig)))
		return CF_EMALFORMED;
	seal.seq = text.seq;
	seal.at_wall_us = text.at_wall_us;
	seal.stamp_wall_us = stamp_wall_us;
	memcpy(seal.key, text.key, sizeof seal.key);
	status = writer_of(witness, &text, &seal.writer);
	return status == CF_OK ? add(witness, &seal) : status;
}

/* The next line without its end; what is behind LINE_BYTES is passed over. False at the end. */
static bool next_line(FILE *file, char *line, size_t *len_out)
{
	size_t len = 0;
	int c;

	while ((c = getc_unlocked(file)) != EOF && c != '\n')
		if (len < LINE_BYTES)
			line[len++] = (char)c;
	*len_out = len;
	return c != EOF || len > 0;
}

static enum cf_status read_lines(struct cf_witness *witness, FILE *file, char *line,
    int64_t stamp_wall_us, uint64_t *good_out, uint64_t *damaged_out)
{
	size_t len;

	for (uint32_t number = 1; next_line(file, line, &len); number += number < UINT32_MAX) {
		bool found = false;
		enum cf_status status =
		    cf_witness_take(witness, line, len, number, stamp_wall_us, &found);

		if (status == CF_OK)
			++*good_out;
		else if (status != CF_EMALFORMED)
			return status;
		else
			*damaged_out += found;
	}
	return ferror(file) != 0 ? CF_EIO : CF_OK;
}

enum cf_status cf_witness_read_stream(struct cf_witness *witness, FILE *file, const char *name,
    int64_t stamp_wall_us, uint64_t *damaged_out, struct cf_error *error)
{
	char *line = malloc(LINE_BYTES);
	uint64_t good = 0, damaged = 0;
	enum cf_status status = CF_ENOMEM;

	if (line != NULL)
		status = read_lines(witness, file, line, stamp_wall_us, &good, &damaged);
	free(line);
	if (damaged_out != NULL)
		*damaged_out = damaged;
	if (status == CF_ETOOBIG)
		return cf_error_set(
		    error, status, "'%.300s': more than %d seals", name, CF_WITNESS_SEALS);
	if (status != CF_OK)
		return cf_error_set(
		    error, status, "cannot read '%.300s': %s", name, cf_status_text(status));
	if (good == 0)
		return cf_error_set(error, CF_ENOTFOUND,
		    "'%.300s' has no seal in it: lines of `curfew log seals`, or of a log they "
		    "were sent to",
		    name);
	return CF_OK;
}

enum cf_status cf_witness_read(struct cf_witness *witness, const char *path, int64_t stamp_wall_us,
    uint64_t *damaged_out, struct cf_error *error)
{
	FILE *file = NULL;
	enum cf_status status = cf_input_open_stream(path, &file, error);

	if (status != CF_OK)
		return status;
	status = cf_witness_read_stream(witness, file, path, stamp_wall_us, damaged_out, error);
	(void)fclose(file); /* only read */
	return status;
}

uint32_t cf_witness_writer_find(
    const struct cf_witness *witness, const char *sensor, const char *source)
{
	const struct cf_witness_writer key = key_of(sensor, source);
	uint32_t writer = CF_WITNESS_NONE;

	(void)cf_map_find(witness->by_name, &key, sizeof key, &writer); /* none stays none */
	return writer;
}

const struct cf_witness_writer *cf_witness_writer_at(
    const struct cf_witness *witness, uint32_t writer)
{
	return &witness->writers[writer];
}

uint32_t cf_witness_writers(const struct cf_witness *witness)
{
	return (uint32_t)witness->writer_count;
}

struct cf_witnessed *cf_witness_find(
    const struct cf_witness *witness, uint32_t writer, uint64_t seq)
{
	const struct seq_key key = {writer, seq};
	uint32_t at;

	return cf_map_find(witness->by_seq, &key, sizeof key, &at) ? &witness->seals[at] : NULL;
}

struct cf_witnessed *cf_witness_same(
    const struct cf_witness *witness, const struct cf_witnessed *seal)
{
	return seal->next == CF_WITNESS_NONE ? NULL : &witness->seals[seal->next];
}

size_t cf_witness_count(const struct cf_witness *witness)
{
	return witness->count;
}

struct cf_witnessed *cf_witness_at(const struct cf_witness *witness, size_t index)
{
	return &witness->seals[index];
}

enum cf_signed cf_witness_check(const struct cf_witness *witness, const struct cf_witnessed *seal,
    const struct cf_public_keys *keys)
{
	const struct cf_witness_writer *writer = &witness->writers[seal->writer];
	struct cf_seal_text text = {.seq = seal->seq, .at_wall_us = seal->at_wall_us};

	if (seal->key[0] == '\0')
		return CF_SIGNATURE_NONE;
	memcpy(text.sensor, writer->sensor, sizeof text.sensor);
	memcpy(text.source, writer->source, sizeof text.source);
	memcpy(text.key, seal->key, sizeof text.key);
	/* Writers give microseconds; a text with another form of the same instant is not theirs. */
	(void)cf_instant_format_us(seal->at_wall_us, text.at);
	(void)cf_sha256_format(seal->sha256, text.sha256);
	cf_base64_encode(seal->sig, sizeof seal->sig, text.sig);
	return cf_public_keys_check(keys, &text);
}
