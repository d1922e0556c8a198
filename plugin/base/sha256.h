/*
 * SHA-256 (FIPS 180-4) through libcrypto, for the image's checksum and the hit log's chain.
 * One context belongs to one thread.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_SHA256_BYTES      32
#define CF_SHA256_TEXT_BYTES 65

struct cf_sha256;

/* A new running digest, or NULL without memory. Free with cf_sha256_free(). */
struct cf_sha256 *cf_sha256_new(void);
void cf_sha256_free(struct cf_sha256 *sha);
/* A second running digest of the same bytes so far, or NULL without memory. */
struct cf_sha256 *cf_sha256_copy(const struct cf_sha256 *sha);

/* Adds bytes. */
void cf_sha256_update(struct cf_sha256 *sha, const void *data, size_t len);
/* Writes the digest and starts over with an empty message. */
void cf_sha256_final(struct cf_sha256 *sha, uint8_t digest[CF_SHA256_BYTES]);

/* The digest of one buffer. CF_ENOMEM when libcrypto cannot start. */
enum cf_status cf_sha256(
    const void *data, size_t len, uint8_t digest[CF_SHA256_BYTES]) CF_MUST_CHECK;

/* Lower-case hex with terminator; returns text. */
const char *cf_sha256_format(
    const uint8_t digest[CF_SHA256_BYTES], char text[CF_SHA256_TEXT_BYTES]);
/* From hex of either case; false, and digest_out undefined, for anything else. */
bool cf_sha256_parse(const char *text, size_t len, uint8_t digest_out[CF_SHA256_BYTES]);
