/*
 * What a publisher does with files: a new pair of keys, a secret key that only the owner can read,
 * a serial that only rises, and a signature beside what it is about. One thread.
 */
#pragma once

#include "base/limits.h"
#include "trust/minisign_secret.h"
#include "trust/statement.h"

/*
 * Makes NAME.key (mode 0600) and NAME.pub, neither of which may be there; the public key's line in
 * key_line_out. CF_EIO, CF_EINTERNAL.
 */
enum cf_status cf_publish_new_key(const char *name, char key_line_out[CF_MINISIGN_KEY_TEXT_BYTES],
    struct cf_error *error) CF_MUST_CHECK;

/*
 * Reads the secret key at path; password NULL for none. A key that others can read is no secret:
 * CF_EINVALID. Otherwise as cf_fetch() and cf_minisign_secret_parse(). Wipe *secret_out with
 * cf_minisign_secret_done().
 */
enum cf_status cf_publish_read_key(const char *path, const char *password,
    struct cf_minisign_secret *secret_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * The serial after the one of the signature at path: one more, and at least that of the day as
 * YYYYMMDD01.
 */
uint64_t cf_publish_next_serial(const char *signature_path, int64_t now_wall_s);

/*
 * Signs the file at path of at most most_bytes, whose digest goes into *statement, and writes
 * PATH.minisig by rename. As cf_fetch(), cf_minisign_sign(); CF_EIO, CF_ETOOBIG.
 */
enum cf_status cf_publish_sign(const char *path, uint64_t most_bytes,
    const struct cf_minisign_secret *secret, struct cf_statement *statement,
    struct cf_error *error) CF_MUST_CHECK;

/*
 * Publishes len bytes of data as the file at path: signs them first, with their digest in
 * *statement, then replaces the file and after it PATH.minisig, each by rename. Who fetches between
 * the two finds that they do not fit, and asks again. As cf_minisign_sign(); CF_EIO.
 */
enum cf_status cf_publish_bytes(const char *path, const void *data, size_t len,
    const struct cf_minisign_secret *secret, struct cf_statement *statement,
    struct cf_error *error) CF_MUST_CHECK;
