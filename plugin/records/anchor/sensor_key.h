/*
 * The secret key of a sensor: what a writer signs its seals with. Read from a file of minisign's
 * format without a password, which is its owner's alone; never written to a log.
 *
 * Made by `curfew log key new`. One thread a key.
 */
#pragma once

#include "records/anchor/public_key.h"

struct cf_sensor_key;

/*
 * Reads path. Not there: CF_ENOTFOUND; readable by others, no regular file, under a password:
 * CF_EINVALID; damaged: CF_EMALFORMED; CF_EIO, CF_ENOMEM. *error says which, and what now.
 */
enum cf_status cf_sensor_key_read(
    const char *path, struct cf_sensor_key **key_out, struct cf_error *error) CF_MUST_CHECK;
/* The same from memory. */
enum cf_status cf_sensor_key_parse(const char *text, size_t len, struct cf_sensor_key **key_out,
    struct cf_error *error) CF_MUST_CHECK;
/* Wipes it; NULL is fine. */
void cf_sensor_key_free(struct cf_sensor_key *key);

/*
 * Which file lies at a path: two marks differ when it was replaced, written or its rights changed.
 * Zeros when there is none.
 */
struct cf_key_mark {
	uint64_t device, inode, size;
	int64_t written_ns, changed_ns;
};

/* By stat(), which errno is of: false when that says no. Links are followed, as a reader does. */
bool cf_key_mark_take(const char *path, struct cf_key_mark *mark_out);
bool cf_key_mark_same(const struct cf_key_mark *a, const struct cf_key_mark *b);
/* The file that the key was read from; zeros when it was parsed. */
const struct cf_key_mark *cf_sensor_key_mark(const struct cf_sensor_key *key);

const struct cf_public_key *cf_sensor_key_public(const struct cf_sensor_key *key);
const char *cf_sensor_key_id(const struct cf_sensor_key *key);
/* The newest change of keys, as its text; "" when this is the first. */
const char *cf_sensor_key_change(const struct cf_sensor_key *key);

/* Signs bytes. False when libcrypto does not. */
bool cf_sensor_key_sign(
    const struct cf_sensor_key *key, const void *bytes, size_t len, char sig[CF_SEAL_SIG_BYTES]);
/* Signs a seal whose other members are there: fills in sig. key must hold this key's id. */
bool cf_sensor_key_seal(const struct cf_sensor_key *key, struct cf_seal_text *seal);
