/* Ed25519 by libcrypto's EVP; minisign's public texts; changes of keys. */

#include "records/anchor/public_key.h"

#include "base/bytes.h"
#include "base/instant.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define MOST_BYTES 192
#define CHANGE     "curfew-key-1 at="
/* A writer sees its key's successor within a second, while it runs, and seals each minute. */
#define LATE_US (INT64_C(180) * 1000000)

bool cf_base64_decode(const char *text, size_t len, uint8_t *bytes, size_t size)
{
	uint8_t decoded[MOST_BYTES + 3];
	char again[(MOST_BYTES + 2) / 3 * 4 + 1];

	if (size > MOST_BYTES || len != (size + 2) / 3 * 4 ||
	    EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)len) < (int)size)
		return false;
	/* libcrypto passes over blanks and odd bits at the end; one text for one value. */
	cf_base64_encode(decoded, size, again);
	if (memcmp(again, text, len) != 0)
		return false;
	memcpy(bytes, decoded, size);
	return true;
}

void cf_base64_encode(const uint8_t *bytes, size_t size, char *text)
{
	(void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)size); /* its length is known */
}

void cf_public_key_id(const struct cf_public_key *key, char id[CF_KEY_ID_TEXT_BYTES])
{
	static const char digits[] = "0123456789ABCDEF";

	/* A little-endian number, as minisign prints it. */
	for (size_t i = 0; i < sizeof key->id; i++) {
		uint8_t byte = key->id[sizeof key->id - 1 - i];

		id[2 * i] = digits[byte >> 4];
		id[2 * i + 1] = digits[byte & 15];
	}
	id[CF_KEY_ID_TEXT_BYTES - 1] = '\0';
}

bool cf_public_key_parse(const char *text, size_t len, struct cf_public_key *key_out)
{
	uint8_t bytes[2 + sizeof *key_out];

	if (!cf_base64_decode(text, len, bytes, sizeof bytes) || memcmp(bytes, "Ed", 2) != 0)
		return false;
	memcpy(key_out->id, bytes + 2, sizeof key_out->id);
	memcpy(key_out->key, bytes + 2 + sizeof key_out->id, sizeof key_out->key);
	return true;
}

void cf_public_key_format(const struct cf_public_key *key, char text[CF_PUBLIC_KEY_TEXT_BYTES])
{
	uint8_t bytes[2 + sizeof *key] = {'E', 'd'};

	memcpy(bytes + 2, key->id, sizeof key->id);
	memcpy(bytes + 2 + sizeof key->id, key->key, sizeof key->key);
	cf_base64_encode(bytes, sizeof bytes, text);
}

bool cf_public_key_verify(
    const struct cf_public_key *key, const void *bytes, size_t len, const char *sig)
{
	uint8_t raw[CF_ED25519_SIG_BYTES];
	EVP_PKEY *pkey = NULL;
	EVP_MD_CTX *context = NULL;
	bool good = false;

	if (!cf_base64_decode(sig, strlen(sig), raw, sizeof raw))
		return false;
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->key, sizeof key->key);
	context = EVP_MD_CTX_new();
	if (pkey != NULL && context != NULL &&
	    EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1)
		good = EVP_DigestVerify(context, raw, sizeof raw, bytes, len) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return good;
}

size_t cf_key_change_format_signed(
    const struct cf_key_change *change, char text[CF_KEY_CHANGE_TEXT_BYTES])
{
	char next[CF_PUBLIC_KEY_TEXT_BYTES];

	cf_public_key_format(&change->next, next);
	return (size_t)snprintf(text, CF_KEY_CHANGE_TEXT_BYTES, CHANGE "%s old=%s new=%s",
	    change->at, change->old_id, next);
}

size_t cf_key_change_format(const struct cf_key_change *change, char text[CF_KEY_CHANGE_TEXT_BYTES])
{
	size_t len = cf_key_change_format_signed(change, text);

	return len +
	    (size_t)snprintf(text + len, CF_KEY_CHANGE_TEXT_BYTES - len, " sig=%s", change->sig);
}

bool cf_key_change_parse(const char *text, size_t len, struct cf_key_change *change_out)
{
	struct cf_key_change change = {.at_wall_us = 0};
	char copy[CF_KEY_CHANGE_TEXT_BYTES], next[CF_PUBLIC_KEY_TEXT_BYTES];
	char again[CF_KEY_CHANGE_TEXT_BYTES];

	if (len >= sizeof copy || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (sscanf(copy,
	        CHANGE "%31[0-9TZ:.-] old=%16[0-9A-F] new=%56[A-Za-z0-9+/=] "
	               "sig=%88[A-Za-z0-9+/=]",
	        change.at, change.old_id, next, change.sig) != 4 ||
	    strlen(change.old_id) != CF_KEY_ID_TEXT_BYTES - 1 ||
	    strlen(change.sig) != CF_SEAL_SIG_BYTES - 1 ||
	    cf_instant_parse_us(change.at, &change.at_wall_us) != CF_OK ||
	    !cf_public_key_parse(next, strlen(next), &change.next))
		return false;
	/* Blanks and what stands behind: each change has one text. */
	if (cf_key_change_format(&change, again) != len || memcmp(again, copy, len) != 0)
		return false;
	*change_out = change;
	return true;
}

static bool add(struct cf_public_keys *keys, const struct cf_public_key *key, bool is_pinned)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (memcmp(&keys->at[i].key, key, sizeof *key) == 0) {
			keys->at[i].is_pinned = keys->at[i].is_pinned || is_pinned;
			return true;
		}
	if (keys->count == CF_PUBLIC_KEYS)
		return false;
	memset(&keys->at[keys->count], 0, sizeof keys->at[0]);
	keys->at[keys->count].key = *key;
	keys->at[keys->count++].is_pinned = is_pinned;
	return true;
}

/* The first successor is the one: a copy of the secret could name another. */
static bool succeed(struct cf_public_keys *keys, unsigned i, const struct cf_key_change *change)
{
	if (keys->at[i].has_successor)
		return memcmp(&keys->at[i].successor, &change->next, sizeof change->next) == 0;
	if (!add(keys, &change->next, false))
		return false;
	keys->at[i].has_successor = true;
	keys->at[i].successor = change->next;
	keys->at[i].replaced_wall_us = change->at_wall_us;
	return true;
}

bool cf_public_keys_follow(struct cf_public_keys *keys, const struct cf_key_change *change)
{
	char text[CF_KEY_CHANGE_TEXT_BYTES], id[CF_KEY_ID_TEXT_BYTES];
	size_t len = cf_key_change_format_signed(change, text);

	for (unsigned i = 0; i < keys->count; i++) {
		cf_public_key_id(&keys->at[i].key, id);
		if (strcmp(id, change->old_id) == 0 &&
		    cf_public_key_verify(&keys->at[i].key, text, len, change->sig))
			return succeed(keys, i, change);
	}
	return false;
}

bool cf_public_keys_have(const struct cf_public_keys *keys, const char *id)
{
	char own[CF_KEY_ID_TEXT_BYTES];

	for (unsigned i = 0; i < keys->count; i++) {
		cf_public_key_id(&keys->at[i].key, own);
		if (strcmp(own, id) == 0)
			return true;
	}
	return false;
}

/* The next line without its end; false at the end. */
static bool take_line(struct cf_bytes *c, const char **line_out, size_t *len_out)
{
	size_t left = cf_bytes_left(c);
	const char *line = (const char *)c->at;
	const char *newline = left == 0 ? NULL : memchr(line, '\n', left);

	if (left == 0)
		return false;
	*line_out = line;
	*len_out = newline == NULL ? left : (size_t)(newline - line);
	cf_bytes_skip(c, newline == NULL ? left : *len_out + 1);
	if (*len_out > 0 && line[*len_out - 1] == '\r')
		--*len_out;
	return true;
}

static bool begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* Changes stand newest first, and are followed from the oldest: as often as there are any. */
static void follow_all(struct cf_public_keys *keys, const char *text, size_t len)
{
	for (unsigned before = 0; before != keys->count;) {
		struct cf_bytes c = cf_bytes_make(text, len);
		struct cf_key_change change;
		const char *line;
		size_t line_len;

		before = keys->count;
		while (take_line(&c, &line, &line_len))
			if (cf_key_change_parse(line, line_len, &change))
				(void)cf_public_keys_follow(keys, &change); /* others' are none */
	}
}

enum cf_status cf_public_keys_pin(
    struct cf_public_keys *keys, const char *text, size_t len, struct cf_error *error)
{
	struct cf_bytes c = cf_bytes_make(text, len);
	struct cf_public_key key;
	const char *line = "";
	size_t line_len = 0;

	(void)take_line(&c, &line, &line_len);
	if (begins(line, line_len, "untrusted comment:"))
		(void)take_line(&c, &line, &line_len);
	if (!cf_public_key_parse(line, line_len, &key))
		return cf_error_set(error, CF_EMALFORMED,
		    "no public key: expected minisign's line of 56 characters of base64, or a file "
		    "with it");
	if (!add(keys, &key, true))
		return cf_error_set(error, CF_ETOOBIG, "more than %d keys", CF_PUBLIC_KEYS);
	follow_all(keys, text, len);
	return CF_OK;
}

enum cf_signed cf_public_keys_check(
    const struct cf_public_keys *keys, const struct cf_seal_text *seal)
{
	char text[CF_SEAL_TEXT_BYTES], id[CF_KEY_ID_TEXT_BYTES];
	size_t len = cf_seal_text_format_signed(seal, text);
	bool is_known = false;

	if (seal->key[0] == '\0' || seal->sig[0] == '\0')
		return CF_SIGNATURE_NONE;
	for (unsigned i = 0; i < keys->count; i++) {
		cf_public_key_id(&keys->at[i].key, id);
		if (strcmp(id, seal->key) != 0)
			continue;
		is_known = true;
		if (!cf_public_key_verify(&keys->at[i].key, text, len, seal->sig))
			continue;
		return keys->at[i].has_successor &&
		        seal->at_wall_us - LATE_US > keys->at[i].replaced_wall_us
		    ? CF_SIGNATURE_LATE
		    : CF_SIGNATURE_GOOD;
	}
	return is_known ? CF_SIGNATURE_BAD : CF_SIGNATURE_UNKNOWN;
}
