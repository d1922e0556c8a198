/*
 * The signing half of trust/minisign.h, for publishers: secret keys as minisign keeps them, with a
 * password or without, and signatures that `minisign -V` accepts.
 *
 *   untrusted comment: any text
 *   base64( "Ed" "Sc" or 0 0  "B2" salt[32] ops[8] memory[8]
 *           ( key-id[8] secret[64] BLAKE2b-256[32] of "Ed", key-id and secret ) )
 *
 * With a password the part in the inner brackets is xored with scrypt's output. Secrets are wiped
 * by cf_minisign_secret_done(). One thread an object.
 *
 * Source: minisign(1) of minisign 0.11; scrypt: RFC 7914.
 */
#pragma once

#include "trust/minisign.h"

struct cf_minisign_secret {
	struct cf_minisign_key key; /* the public half */
	uint8_t secret[64];
};

/* A file with a secret key, terminator included. */
#define CF_MINISIGN_SECRET_TEXT_BYTES 300
/* A signature file with the longest comments, terminator included. */
#define CF_MINISIGN_SIGNATURE_TEXT_BYTES (CF_SIGNED_COMMENT_BYTES + 400)

/* Makes a new key pair from the system's randomness. CF_EINTERNAL: the library will not start. */
enum cf_status cf_minisign_secret_new(struct cf_minisign_secret *secret_out) CF_MUST_CHECK;

/*
 * Reads a secret key file. password is NULL or "" for none. CF_EMALFORMED; CF_EINVALID: a password
 * is needed or is wrong; CF_ETOOBIG: scrypt settings that would take over 1 GiB or minutes;
 * CF_ENOMEM. *error says what.
 */
enum cf_status cf_minisign_secret_parse(const char *text, size_t len, const char *password,
    struct cf_minisign_secret *secret_out, struct cf_error *error) CF_MUST_CHECK;

/* Writes the key as a file without a password (as `minisign -G -W`), terminated. */
void cf_minisign_secret_format(
    const struct cf_minisign_secret *secret, char text[CF_MINISIGN_SECRET_TEXT_BYTES]);

/*
 * Signs len bytes of data (prehashed) and writes the signature file with the trusted comment,
 * terminated. CF_EINVALID: the comment holds a control character; CF_ETOOBIG: is too long.
 */
enum cf_status cf_minisign_sign(const struct cf_minisign_secret *secret, const void *data,
    size_t len, const char *comment, char text[CF_MINISIGN_SIGNATURE_TEXT_BYTES],
    struct cf_error *error) CF_MUST_CHECK;

/* Wipes the secret. */
void cf_minisign_secret_done(struct cf_minisign_secret *secret);
