/*
 * A seal as it leaves the machine: one line of text, what a sensor key signs and what a witness
 * keeps (docs/FORMATS.md, "Signed seals and witnesses").
 *
 *   curfew-seal-1 sensor=NAME source=SOURCE seq=N at=INSTANT sha256=HEX key=KEY sig=BASE64
 *
 * Everything up to the blank before sig= is signed. Each seal has one such text: what is read and
 * written again is the same bytes. Pure functions; any thread.
 */
#pragma once

#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key's id as minisign prints it; an Ed25519 signature in base64. Terminators included. */
#define CF_KEY_ID_TEXT_BYTES 17
#define CF_SEAL_SIG_BYTES    89

#define CF_SEAL_SENSOR_BYTES 80
#define CF_SEAL_SOURCE_BYTES 32
#define CF_SEAL_AT_BYTES     32

/* The longest text, terminator included: every byte of both names escaped. */
#define CF_SEAL_TEXT_BYTES 640

struct cf_seal_text {
	char sensor[CF_SEAL_SENSOR_BYTES], source[CF_SEAL_SOURCE_BYTES];
	uint64_t seq;
	char at[CF_SEAL_AT_BYTES]; /* the seal's timestamp, as its line has it */
	int64_t at_wall_us;
	char sha256[CF_SHA256_TEXT_BYTES];
	char key[CF_KEY_ID_TEXT_BYTES]; /* "": unsigned, and sig as well */
	char sig[CF_SEAL_SIG_BYTES];
};

/* Writes what is signed, terminated; returns its length. */
size_t cf_seal_text_format_signed(const struct cf_seal_text *seal, char text[CF_SEAL_TEXT_BYTES]);
/* Writes all of it; the same for an unsigned seal. */
size_t cf_seal_text_format(const struct cf_seal_text *seal, char text[CF_SEAL_TEXT_BYTES]);

/*
 * Finds the first such text in line[0..len), whatever stands before it. False when there is none,
 * or one that is cut or damaged; *found_out (may be NULL) tells the one from the other.
 */
bool cf_seal_text_parse(
    const char *line, size_t len, struct cf_seal_text *seal_out, bool *found_out);
