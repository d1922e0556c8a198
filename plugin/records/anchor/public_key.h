/*
 * Public sensor keys, and what they signed: Ed25519 (RFC 8032) by libcrypto. The texts are
 * minisign's (trust/minisign.h says how they look); this reader is apart because the writer of the
 * log runs inside of the resolver, which does not load libsodium.
 *
 * A set of keys is what an auditor pinned, and whatever those keys named as their successors
 * (docs/FORMATS.md, "key changes"). One thread a set.
 */
#pragma once

#include "base/status.h"
#include "records/anchor/seal_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_ED25519_BYTES     32
#define CF_ED25519_SIG_BYTES 64
/* The public key's line, terminator included. */
#define CF_PUBLIC_KEY_TEXT_BYTES 57
/* A key change, terminator included. */
#define CF_KEY_CHANGE_TEXT_BYTES 256

struct cf_public_key {
	uint8_t id[8];
	uint8_t key[CF_ED25519_BYTES];
};

/* Canonical base64 of exactly size bytes (at most 192), and back; text is terminated. */
bool cf_base64_decode(const char *text, size_t len, uint8_t *bytes, size_t size);
void cf_base64_encode(const uint8_t *bytes, size_t size, char *text);

void cf_public_key_id(const struct cf_public_key *key, char id[CF_KEY_ID_TEXT_BYTES]);
/* The line of 56 characters. */
bool cf_public_key_parse(const char *text, size_t len, struct cf_public_key *key_out);
void cf_public_key_format(const struct cf_public_key *key, char text[CF_PUBLIC_KEY_TEXT_BYTES]);

/* Whether sig is the key's over these bytes; sig is canonical base64. */
bool cf_public_key_verify(
    const struct cf_public_key *key, const void *bytes, size_t len, const char *sig);

/* The old key's word that another follows it. */
struct cf_key_change {
	char at[CF_SEAL_AT_BYTES];
	int64_t at_wall_us;
	char old_id[CF_KEY_ID_TEXT_BYTES];
	struct cf_public_key next;
	char sig[CF_SEAL_SIG_BYTES];
};

/* What the old key signs, and the whole text. Both return the length. */
size_t cf_key_change_format_signed(
    const struct cf_key_change *change, char text[CF_KEY_CHANGE_TEXT_BYTES]);
size_t cf_key_change_format(
    const struct cf_key_change *change, char text[CF_KEY_CHANGE_TEXT_BYTES]);
/* text[0..len) is that and nothing else. Who signed is not looked at. */
bool cf_key_change_parse(const char *text, size_t len, struct cf_key_change *change_out);

/* Keys pinned at once, and those that they named. */
#define CF_PUBLIC_KEYS 64

struct cf_public_keys {
	struct {
		struct cf_public_key key;
		bool is_pinned; /* by a person; else another key of the set named it */
		bool has_successor;
		int64_t replaced_wall_us;       /* when it named that, by its own clock */
		struct cf_public_key successor; /* it can have one: it is gone then */
	} at[CF_PUBLIC_KEYS];
	unsigned count;
};

/*
 * Pins the key of a text: a public key file (its changes are followed), or the key's line alone.
 * CF_EMALFORMED, CF_ETOOBIG; *error says why.
 */
enum cf_status cf_public_keys_pin(struct cf_public_keys *keys, const char *text, size_t len,
    struct cf_error *error) CF_MUST_CHECK;
/*
 * Takes the new key of a change that a key of the set signed; false otherwise, when full, and when
 * that key has named another one before: then somebody else has it.
 */
bool cf_public_keys_follow(struct cf_public_keys *keys, const struct cf_key_change *change);
bool cf_public_keys_have(const struct cf_public_keys *keys, const char *id);

enum cf_signed {
	CF_SIGNATURE_GOOD,
	CF_SIGNATURE_BAD,     /* of a key of the set, but not over this */
	CF_SIGNATURE_UNKNOWN, /* of a key that is not in the set */
	CF_SIGNATURE_LATE,    /* of a key that had named its successor minutes before */
	CF_SIGNATURE_NONE,
};

enum cf_signed cf_public_keys_check(
    const struct cf_public_keys *keys, const struct cf_seal_text *seal);
