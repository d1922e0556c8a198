/*
 * The keys that a reader trusts, each for a time, and the highest serial seen of what they signed.
 *
 * Keys are pinned in the policy; while one follows another both stand there with an overlap. The
 * serials lie in a small file, so that a former bundle is refused however well it is signed:
 *
 *   # key	kind	name	serial	sha256
 *   F1E074A9F9CF9DAB	pack	kaspersky	2026112901	<64 digits>
 *
 * Only the serials of keys that are trusted now count: a stolen key that signed the highest serial
 * there is stops nothing once it is no longer pinned ("fast-forward", TUF 1.0, 1.5.2).
 *
 * Plain data; one thread a keyring. The file is replaced by rename.
 */
#pragma once

#include "trust/minisign.h"
#include "trust/statement.h"

/* Keys of one publisher at a time: the one in use, the next, a spare. */
#define CF_KEYRING_KEYS 8

struct cf_trusted_key {
	struct cf_minisign_key key;
	int64_t from_wall_s;  /* INT64_MIN: from ever */
	int64_t until_wall_s; /* first second it is no longer trusted; INT64_MAX: never */
};

struct cf_keyring {
	struct cf_trusted_key keys[CF_KEYRING_KEYS];
	unsigned count;
};

/* Adds a key as cf_minisign_key_parse() reads it. CF_EMALFORMED, CF_ETOOBIG; *error says why. */
enum cf_status cf_keyring_add(struct cf_keyring *keyring, const char *text, int64_t from_wall_s,
    int64_t until_wall_s, struct cf_error *error) CF_MUST_CHECK;

/* The key with this id that is trusted at now, or NULL. */
const struct cf_minisign_key *cf_keyring_find(
    const struct cf_keyring *keyring, const uint8_t id[CF_MINISIGN_ID_BYTES], int64_t now_wall_s);

/*
 * The highest serial of kind and name that keys trusted now have signed, by the file at path; zero
 * when there is none or no file. CF_EIO; CF_EMALFORMED: a line that is none of ours - then nothing
 * is taken until a person looks, since a lost serial would open the door to rollback.
 */
enum cf_status cf_keyring_seen(const struct cf_keyring *keyring, const char *path,
    enum cf_statement_kind kind, const char *name, int64_t now_wall_s,
    struct cf_fresh_seen *seen_out, struct cf_error *error) CF_MUST_CHECK;

/* Notes that statement, signed by the key with id, was taken. Errors as above. */
enum cf_status cf_keyring_note(const char *path, const uint8_t id[CF_MINISIGN_ID_BYTES],
    const struct cf_statement *statement, struct cf_error *error) CF_MUST_CHECK;
