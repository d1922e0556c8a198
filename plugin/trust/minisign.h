/*
 * Signatures of files in minisign's format: what `minisign -V` accepts is accepted here, and the
 * other way round, so that a stranger checks what curfew checks with a tool of his own.
 *
 * A public key and a signature are texts of two and four lines:
 *
 *   untrusted comment: any text                      untrusted comment: any text
 *   base64( "Ed" key-id[8] key[32] )                 base64( "Ed" or "ED" key-id[8] signature[64] )
 *                                                    trusted comment: any text
 *                                                    base64( signature[64] of signature and comment
 * )
 *
 * "ED" signs the BLAKE2b-512 of the file, "Ed" (older) the file itself. Both are Ed25519, RFC 8032.
 * Nothing of a text is believed before cf_minisign_verify() said CF_OK: neither the signed bytes,
 * nor the trusted comment. Pure functions over the caller's memory; any thread.
 *
 * Source: minisign(1), "signature format", of minisign 0.11.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_MINISIGN_ID_BYTES     8
#define CF_MINISIGN_KEY_BYTES    32
#define CF_MINISIGN_DIGEST_BYTES 64

struct cf_minisign_key {
	uint8_t id[CF_MINISIGN_ID_BYTES];
	uint8_t key[CF_MINISIGN_KEY_BYTES];
};

/* A key's id as minisign prints it: 16 upper-case digits of the id as a little-endian number. */
#define CF_MINISIGN_ID_TEXT_BYTES 17
void cf_minisign_id_format(
    const uint8_t id[CF_MINISIGN_ID_BYTES], char text[CF_MINISIGN_ID_TEXT_BYTES]);

/*
 * Reads a public key: a whole .pub file, or its second line alone as `minisign -P` takes it.
 * CF_EMALFORMED with *error saying what is wrong; *key_out is untouched then.
 */
enum cf_status cf_minisign_key_parse(const char *text, size_t len, struct cf_minisign_key *key_out,
    struct cf_error *error) CF_MUST_CHECK;

/* Writes the line that cf_minisign_key_parse() and `minisign -P` take, terminated. */
#define CF_MINISIGN_KEY_TEXT_BYTES 57
void cf_minisign_key_format(
    const struct cf_minisign_key *key, char text[CF_MINISIGN_KEY_TEXT_BYTES]);

struct cf_minisign_signature {
	bool prehashed;
	uint8_t id[CF_MINISIGN_ID_BYTES];
	uint8_t signature[64];
	uint8_t comment_signature[64];
	char comment[CF_SIGNED_COMMENT_BYTES]; /* the trusted comment, terminated */
};

/*
 * Reads a signature file. CF_EMALFORMED (also for control characters but tabs in the trusted
 * comment), CF_ETOOBIG: a comment longer than CF_SIGNED_COMMENT_BYTES; *error says what.
 */
enum cf_status cf_minisign_signature_parse(const char *text, size_t len,
    struct cf_minisign_signature *signature_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Checks that key signed data, and the trusted comment with it. CF_ECHECKSUM: it did not, or not
 * these bytes; CF_EINVALID: another key's signature, or the older kind when require_prehashed;
 * CF_ENOMEM. *error (may be NULL) says which.
 */
enum cf_status cf_minisign_verify(const struct cf_minisign_key *key,
    const struct cf_minisign_signature *signature, const void *data, size_t len,
    bool require_prehashed, struct cf_error *error) CF_MUST_CHECK;

/*
 * As above for bytes that were hashed as they came (BLAKE2b-512), for files too long for memory.
 * CF_EINVALID for a signature of the older kind, which needs the bytes themselves.
 */
enum cf_status cf_minisign_verify_digest(const struct cf_minisign_key *key,
    const struct cf_minisign_signature *signature, const uint8_t digest[CF_MINISIGN_DIGEST_BYTES],
    struct cf_error *error) CF_MUST_CHECK;

/*
 * Checks that key signed the trusted comment, together with a signature of bytes that are not
 * looked at: what the comment says is the signer's word then, before anything is fetched.
 * CF_EINVALID, CF_ECHECKSUM as above.
 */
enum cf_status cf_minisign_verify_comment(const struct cf_minisign_key *key,
    const struct cf_minisign_signature *signature, struct cf_error *error) CF_MUST_CHECK;
