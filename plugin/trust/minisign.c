/* Reading and checking of minisign's texts. */

#include "trust/minisign.h"

#include "base/bytes.h"

#include <sodium.h>
#include <string.h>

#define UNTRUSTED "untrusted comment: "
#define TRUSTED   "trusted comment: "

_Static_assert(CF_MINISIGN_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(CF_MINISIGN_DIGEST_BYTES == crypto_generichash_BYTES_MAX, "BLAKE2b-512");

/* A line without its end; what comes behind it. */
struct line {
	const char *data;
	size_t len;
};

static struct line next_line(const char **at, const char *end)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	struct line line = {*at, (size_t)((newline == NULL ? end : newline) - *at)};

	*at = newline == NULL ? end : newline + 1;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool begins(struct line line, const char *prefix)
{
	return line.len >= strlen(prefix) && memcmp(line.data, prefix, strlen(prefix)) == 0;
}

/* True when line is the base64 of exactly size bytes, which are put at bytes. */
static bool decode(struct line line, uint8_t *bytes, size_t size)
{
	size_t got;
	const char *end;

	return sodium_base642bin(bytes, size, line.data, line.len, NULL, &got, &end,
	           sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    got == size && end == line.data + line.len;
}

void cf_minisign_id_format(
    const uint8_t id[CF_MINISIGN_ID_BYTES], char text[CF_MINISIGN_ID_TEXT_BYTES])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < CF_MINISIGN_ID_BYTES; i++) {
		uint8_t byte = id[CF_MINISIGN_ID_BYTES - 1 - i];

		text[2 * i] = digits[byte >> 4];
		text[2 * i + 1] = digits[byte & 15];
	}
	text[CF_MINISIGN_ID_TEXT_BYTES - 1] = '\0';
}

enum cf_status cf_minisign_key_parse(
    const char *text, size_t len, struct cf_minisign_key *key_out, struct cf_error *error)
{
	const char *at = text, *end = text + len;
	uint8_t bytes[2 + sizeof *key_out];
	struct line line = next_line(&at, end);
	struct cf_bytes c = cf_bytes_make(bytes, sizeof bytes);

	if (begins(line, "untrusted comment:"))
		line = next_line(&at, end);
	if (!decode(line, bytes, sizeof bytes))
		return cf_error_set(error, CF_EMALFORMED,
		    "no minisign public key: expected a line of 56 characters of base64");
	if (memcmp(cf_bytes_take(&c, 2), "Ed", 2) != 0)
		return cf_error_set(
		    error, CF_EMALFORMED, "a public key, but not for Ed25519 (minisign)");
	memcpy(key_out->id, cf_bytes_take(&c, sizeof key_out->id), sizeof key_out->id);
	memcpy(key_out->key, cf_bytes_take(&c, sizeof key_out->key), sizeof key_out->key);
	return CF_OK;
}

void cf_minisign_key_format(
    const struct cf_minisign_key *key, char text[CF_MINISIGN_KEY_TEXT_BYTES])
{
	uint8_t bytes[2 + sizeof *key] = "Ed";

	memcpy(bytes + 2, key->id, sizeof key->id);
	memcpy(bytes + 2 + sizeof key->id, key->key, sizeof key->key);
	(void)sodium_bin2base64(text, CF_MINISIGN_KEY_TEXT_BYTES, bytes, sizeof bytes,
	    sodium_base64_VARIANT_ORIGINAL); /* the size is what it needs */
}

/* Copies the trusted comment; it is printed, so it holds no control characters but the tabs that
 * minisign itself puts between its words. */
static enum cf_status take_comment(
    struct line line, char comment[CF_SIGNED_COMMENT_BYTES], struct cf_error *error)
{
	const char *text = line.data + strlen(TRUSTED);
	size_t len = line.len - strlen(TRUSTED);

	if (len >= CF_SIGNED_COMMENT_BYTES)
		return cf_error_set(error, CF_ETOOBIG,
		    "the trusted comment has %zu bytes, %d at most", len,
		    CF_SIGNED_COMMENT_BYTES - 1);
	for (size_t i = 0; i < len; i++)
		if (((uint8_t)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return cf_error_set(
			    error, CF_EMALFORMED, "a control character in the trusted comment");
	memcpy(comment, text, len);
	comment[len] = '\0';
	return CF_OK;
}

enum cf_status cf_minisign_signature_parse(const char *text, size_t len,
    struct cf_minisign_signature *signature_out, struct cf_error *error)
{
	const char *at = text, *end = text + len;
	struct cf_minisign_signature signature = {0};
	uint8_t bytes[2 + CF_MINISIGN_ID_BYTES + 64];
	struct line untrusted = next_line(&at, end), first = next_line(&at, end);
	struct line trusted = next_line(&at, end), second = next_line(&at, end);
	enum cf_status status;

	if (!begins(untrusted, UNTRUSTED))
		return cf_error_set(error, CF_EMALFORMED,
		    "no minisign signature: the first line is not '" UNTRUSTED "...'");
	if (!decode(first, bytes, sizeof bytes) || bytes[0] != 'E' ||
	    (bytes[1] != 'd' && bytes[1] != 'D'))
		return cf_error_set(
		    error, CF_EMALFORMED, "no minisign signature: line 2 is no Ed25519 signature");
	if (!begins(trusted, TRUSTED))
		return cf_error_set(
		    error, CF_EMALFORMED, "no minisign signature: line 3 is not '" TRUSTED "...'");
	if (!decode(second, signature.comment_signature, sizeof signature.comment_signature))
		return cf_error_set(error, CF_EMALFORMED,
		    "no minisign signature: line 4 does not sign the trusted comment");
	status = take_comment(trusted, signature.comment, error);
	if (status != CF_OK)
		return status;
	signature.prehashed = bytes[1] == 'D';
	memcpy(signature.id, bytes + 2, sizeof signature.id);
	memcpy(signature.signature, bytes + 2 + sizeof signature.id, sizeof signature.signature);
	*signature_out = signature;
	return CF_OK;
}

static enum cf_status check_key(const struct cf_minisign_key *key,
    const struct cf_minisign_signature *signature, struct cf_error *error)
{
	char by[CF_MINISIGN_ID_TEXT_BYTES], expected[CF_MINISIGN_ID_TEXT_BYTES];

	if (memcmp(key->id, signature->id, sizeof key->id) == 0)
		return CF_OK;
	cf_minisign_id_format(signature->id, by);
	cf_minisign_id_format(key->id, expected);
	return cf_error_set(
	    error, CF_EINVALID, "signed with key %s, expected is key %s", by, expected);
}

/* Of the signature of the message with the trusted comment. */
static enum cf_status check_comment(const struct cf_minisign_key *key,
    const struct cf_minisign_signature *signature, struct cf_error *error)
{
	uint8_t joined[sizeof signature->signature + sizeof signature->comment];
	size_t comment_len = strlen(signature->comment);

	memcpy(joined, signature->signature, sizeof signature->signature);
	memcpy(joined + sizeof signature->signature, signature->comment, comment_len);
	if (crypto_sign_verify_detached(signature->comment_signature, joined,
	        sizeof signature->signature + comment_len, key->key) != 0)
		return cf_error_set(
		    error, CF_ECHECKSUM, "the trusted comment is not the one that was signed");
	return CF_OK;
}

static enum cf_status check_signatures(const struct cf_minisign_key *key,
    const struct cf_minisign_signature *signature, const void *message, size_t len,
    struct cf_error *error)
{
	if (crypto_sign_verify_detached(signature->signature, message, len, key->key) != 0)
		return cf_error_set(
		    error, CF_ECHECKSUM, "the signature does not fit the bytes: one was changed");
	return check_comment(key, signature, error);
}

enum cf_status cf_minisign_verify_comment(const struct cf_minisign_key *key,
    const struct cf_minisign_signature *signature, struct cf_error *error)
{
	enum cf_status status = check_key(key, signature, error);

	return status != CF_OK ? status : check_comment(key, signature, error);
}

enum cf_status cf_minisign_verify_digest(const struct cf_minisign_key *key,
    const struct cf_minisign_signature *signature, const uint8_t digest[CF_MINISIGN_DIGEST_BYTES],
    struct cf_error *error)
{
	enum cf_status status = check_key(key, signature, error);

	if (status != CF_OK)
		return status;
	if (!signature->prehashed)
		return cf_error_set(error, CF_EINVALID,
		    "signed in minisign's older way (-l); sign again without -l");
	return check_signatures(key, signature, digest, CF_MINISIGN_DIGEST_BYTES, error);
}

enum cf_status cf_minisign_verify(const struct cf_minisign_key *key,
    const struct cf_minisign_signature *signature, const void *data, size_t len,
    bool require_prehashed, struct cf_error *error)
{
	uint8_t digest[CF_MINISIGN_DIGEST_BYTES];
	enum cf_status status;

	if (!signature->prehashed && !require_prehashed) {
		status = check_key(key, signature, error);
		return status != CF_OK ? status
		                       : check_signatures(key, signature, data, len, error);
	}
	if (crypto_generichash(digest, sizeof digest, data, len, NULL, 0) != 0)
		return cf_error_set(error, CF_EINTERNAL, "no BLAKE2b in the library");
	return cf_minisign_verify_digest(key, signature, digest, error);
}
