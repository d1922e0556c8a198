/*
 * Seals that somebody kept elsewhere, against which a log is held: read from any text with a seal's
 * form in its lines (seal_text.h), such as a journal. Reads before the log does: what is sealed
 * meanwhile is then newer than the witness, not missing. One thread.
 */
#pragma once

#include "records/anchor/public_key.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cf_witness;

struct cf_witnessed {
	uint64_t seq;
	int64_t at_wall_us;
	int64_t stamp_wall_us; /* a time stamp says that it was there by then; INT64_MAX: none */
	uint8_t sha256[CF_SHA256_BYTES];
	uint8_t sig[CF_ED25519_SIG_BYTES];
	char key[CF_KEY_ID_TEXT_BYTES]; /* "": unsigned */
	bool seen;                      /* the verifier's: a seal of the log is this one */
	uint32_t writer;
	uint32_t next; /* another one of this number; UINT32_MAX: none */
	uint32_t line; /* of the file it was read from */
};

struct cf_witness_writer {
	char sensor[CF_SEAL_SENSOR_BYTES], source[CF_SEAL_SOURCE_BYTES];
};

#define CF_WITNESS_NONE UINT32_MAX

/* NULL without memory. */
struct cf_witness *cf_witness_new(void);
void cf_witness_free(struct cf_witness *witness);

/*
 * Reads path ("-": standard input). A seal that is there already is not taken twice.
 * *damaged_out (may be NULL) counts lines that begin like a seal and are none. CF_EIO, CF_EINVALID,
 * CF_ENOMEM, CF_ETOOBIG: more than CF_WITNESS_SEALS; CF_ENOTFOUND: there is no seal in it.
 */
enum cf_status cf_witness_read(struct cf_witness *witness, const char *path, int64_t stamp_wall_us,
    uint64_t *damaged_out, struct cf_error *error) CF_MUST_CHECK;
/* The same from an open stream, called name in messages. */
enum cf_status cf_witness_read_stream(struct cf_witness *witness, FILE *file, const char *name,
    int64_t stamp_wall_us, uint64_t *damaged_out, struct cf_error *error) CF_MUST_CHECK;
/* One line. CF_EMALFORMED: no seal is in it; *found_out (may be NULL) as cf_seal_text_parse(). */
enum cf_status cf_witness_take(struct cf_witness *witness, const char *line, size_t len,
    uint32_t number, int64_t stamp_wall_us, bool *found_out) CF_MUST_CHECK;

/* The number of a writer that the witness knows, or CF_WITNESS_NONE. */
uint32_t cf_witness_writer_find(
    const struct cf_witness *witness, const char *sensor, const char *source);
const struct cf_witness_writer *cf_witness_writer_at(
    const struct cf_witness *witness, uint32_t writer);
uint32_t cf_witness_writers(const struct cf_witness *witness);

/* The first seal of this number, or NULL; the next of the same number, or NULL. */
struct cf_witnessed *cf_witness_find(
    const struct cf_witness *witness, uint32_t writer, uint64_t seq);
struct cf_witnessed *cf_witness_same(
    const struct cf_witness *witness, const struct cf_witnessed *seal);

size_t cf_witness_count(const struct cf_witness *witness);
struct cf_witnessed *cf_witness_at(const struct cf_witness *witness, size_t index);

/* Who signed it, as cf_public_keys_check() says. */
enum cf_signed cf_witness_check(const struct cf_witness *witness, const struct cf_witnessed *seal,
    const struct cf_public_keys *keys);
