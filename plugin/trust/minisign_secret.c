/* Reading secret keys, and signing. */

#include "trust/minisign_secret.h"

#include "base/bytes.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What the password covers. */
struct hidden {
	uint8_t id[CF_MINISIGN_ID_BYTES];
	uint8_t secret[64];
	uint8_t check[32];
};
_Static_assert(sizeof(struct hidden) == 104, "no padding: it lies in files");

#define HEAD_BYTES 54 /* three kinds of two bytes, salt, two numbers */
#define FILE_BYTES (HEAD_BYTES + sizeof(struct hidden))

/* minisign's own settings take 1 GiB; a file that asks for more is no key of ours. */
#define SCRYPT_MEMORY 1073741824u
#define SCRYPT_OPS    33554432u

static void check_of(const struct hidden *hidden, uint8_t check[32])
{
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, 32);
	(void)crypto_generichash_update(&state, (const uint8_t *)"Ed", 2);
	(void)crypto_generichash_update(&state, hidden->id, sizeof hidden->id);
	(void)crypto_generichash_update(&state, hidden->secret, sizeof hidden->secret);
	(void)crypto_generichash_final(&state, check, 32);
}

enum cf_status cf_minisign_secret_new(struct cf_minisign_secret *secret_out)
{
	if (sodium_init() < 0)
		return CF_EINTERNAL;
	randombytes_buf(secret_out->key.id, sizeof secret_out->key.id);
	return crypto_sign_keypair(secret_out->key.key, secret_out->secret) == 0 ? CF_OK
	                                                                         : CF_EINTERNAL;
}

void cf_minisign_secret_done(struct cf_minisign_secret *secret)
{
	sodium_memzero(secret, sizeof *secret);
}

/* Takes the password's cover off. */
static enum cf_status uncover(struct hidden *hidden, const char *password, const uint8_t *salt,
    uint64_t ops, uint64_t memory, struct cf_error *error)
{
	uint8_t stream[sizeof *hidden];

	if (password == NULL || password[0] == '\0')
		return cf_error_set(error, CF_EINVALID, "the secret key needs its password");
	if (ops > SCRYPT_OPS || memory > SCRYPT_MEMORY)
		return cf_error_set(error, CF_ETOOBIG,
		    "the secret key's password settings ask for more than 1 GiB");
	if (crypto_pwhash_scryptsalsa208sha256(
	        stream, sizeof stream, password, strlen(password), salt, ops, (size_t)memory) != 0)
		return cf_error_set(error, CF_ENOMEM, "no memory for the password's check");
	for (size_t i = 0; i < sizeof stream; i++)
		((uint8_t *)hidden)[i] ^= stream[i];
	sodium_memzero(stream, sizeof stream);
	return CF_OK;
}

/*
 * True when the public half is that of the secret one. minisign fills the check in only under a
 * password; a damaged key without one would sign, and nobody could verify it.
 */
static bool halves_fit(const struct hidden *hidden)
{
	uint8_t key[CF_MINISIGN_KEY_BYTES], secret[64];
	bool fit;

	(void)crypto_sign_seed_keypair(key, secret, hidden->secret);
	fit = sodium_memcmp(secret, hidden->secret, sizeof secret) == 0;
	sodium_memzero(secret, sizeof secret);
	return fit;
}

/* The base64 of the second line, or of the first where no comment stands before it. */
static bool read_file(const char *text, size_t len, uint8_t bytes[FILE_BYTES])
{
	const char *end = text + len, *newline;
	size_t got;

	if (len >= 18 && memcmp(text, "untrusted comment:", 18) == 0) {
		newline = memchr(text, '\n', len);
		text = newline == NULL ? end : newline + 1;
	}
	while (end > text && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	return sodium_base642bin(bytes, FILE_BYTES, text, (size_t)(end - text), NULL, &got, NULL,
	           sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    got == FILE_BYTES;
}

enum cf_status cf_minisign_secret_parse(const char *text, size_t len, const char *password,
    struct cf_minisign_secret *secret_out, struct cf_error *error)
{
	uint8_t bytes[FILE_BYTES] = {0}, check[32];
	struct hidden hidden;
	struct cf_bytes c = cf_bytes_make(bytes, sizeof bytes);
	const uint8_t *kinds, *salt;
	uint64_t ops, memory;
	enum cf_status status = CF_OK;

	if (sodium_init() < 0)
		return cf_error_set(error, CF_EINTERNAL, "libsodium does not start");
	if (!read_file(text, len, bytes))
		return cf_error_set(error, CF_EMALFORMED, "no minisign secret key");
	kinds = cf_bytes_take(&c, 6);
	salt = cf_bytes_take(&c, 32);
	ops = cf_bytes_le64(&c);
	memory = cf_bytes_le64(&c);
	memcpy(&hidden, cf_bytes_take(&c, sizeof hidden), sizeof hidden);
	if (memcmp(kinds, "Ed", 2) != 0 || memcmp(kinds + 4, "B2", 2) != 0 ||
	    (memcmp(kinds + 2, "Sc", 2) != 0 && memcmp(kinds + 2, "\0\0", 2) != 0))
		status = cf_error_set(error, CF_EMALFORMED, "a secret key of an unknown kind");
	else if (kinds[2] == 'S')
		status = uncover(&hidden, password, salt, ops, memory, error);
	if (status == CF_OK && kinds[2] == 'S') {
		check_of(&hidden, check);
		if (sodium_memcmp(check, hidden.check, sizeof check) != 0)
			status = cf_error_set(error, CF_EINVALID, "the password is wrong");
	}
	if (status == CF_OK && !halves_fit(&hidden))
		status = cf_error_set(error, CF_EMALFORMED,
		    "the secret key is damaged: its halves do not belong together");
	if (status == CF_OK) {
		memcpy(secret_out->key.id, hidden.id, sizeof hidden.id);
		memcpy(secret_out->secret, hidden.secret, sizeof hidden.secret);
		/* libsodium keeps the public half behind the seed. */
		memcpy(secret_out->key.key, hidden.secret + 32, sizeof secret_out->key.key);
	}
	sodium_memzero(&hidden, sizeof hidden);
	sodium_memzero(bytes, sizeof bytes);
	return status;
}

void cf_minisign_secret_format(
    const struct cf_minisign_secret *secret, char text[CF_MINISIGN_SECRET_TEXT_BYTES])
{
	uint8_t bytes[FILE_BYTES] = {'E', 'd', 0, 0, 'B', '2'};
	char base64[(FILE_BYTES + 2) / 3 * 4 + 1], id[CF_MINISIGN_ID_TEXT_BYTES];
	struct hidden hidden;

	memcpy(hidden.id, secret->key.id, sizeof hidden.id);
	memcpy(hidden.secret, secret->secret, sizeof hidden.secret);
	check_of(&hidden, hidden.check);
	memcpy(bytes + HEAD_BYTES, &hidden, sizeof hidden);
	(void)sodium_bin2base64(
	    base64, sizeof base64, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
	cf_minisign_id_format(secret->key.id, id);
	(void)snprintf(text, CF_MINISIGN_SECRET_TEXT_BYTES,
	    "untrusted comment: minisign secret key %s\n%s\n", id, base64);
	sodium_memzero(&hidden, sizeof hidden);
	sodium_memzero(bytes, sizeof bytes);
	sodium_memzero(base64, sizeof base64);
}

/* Signs the signature with its comment, and writes the four lines. */
static void write_signature(const struct cf_minisign_secret *secret, const uint8_t signature[64],
    const char *comment, char text[CF_MINISIGN_SIGNATURE_TEXT_BYTES])
{
	uint8_t bytes[2 + CF_MINISIGN_ID_BYTES + 64] = {'E', 'D'};
	uint8_t joined[64 + CF_SIGNED_COMMENT_BYTES], second[64];
	char first_text[104], second_text[92], id[CF_MINISIGN_ID_TEXT_BYTES];

	memcpy(bytes + 2, secret->key.id, CF_MINISIGN_ID_BYTES);
	memcpy(bytes + 2 + CF_MINISIGN_ID_BYTES, signature, 64);
	memcpy(joined, signature, 64);
	memcpy(joined + 64, comment, strlen(comment));
	(void)crypto_sign_detached(second, NULL, joined, 64 + strlen(comment), secret->secret);
	(void)sodium_bin2base64(
	    first_text, sizeof first_text, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
	(void)sodium_bin2base64(
	    second_text, sizeof second_text, second, sizeof second, sodium_base64_VARIANT_ORIGINAL);
	cf_minisign_id_format(secret->key.id, id);
	(void)snprintf(text, CF_MINISIGN_SIGNATURE_TEXT_BYTES,
	    "untrusted comment: signature of key %s\n%s\ntrusted comment: %s\n%s\n", id, first_text,
	    comment, second_text);
}

enum cf_status cf_minisign_sign(const struct cf_minisign_secret *secret, const void *data,
    size_t len, const char *comment, char text[CF_MINISIGN_SIGNATURE_TEXT_BYTES],
    struct cf_error *error)
{
	uint8_t digest[CF_MINISIGN_DIGEST_BYTES], signature[64];

	if (strlen(comment) >= CF_SIGNED_COMMENT_BYTES)
		return cf_error_set(error, CF_ETOOBIG, "the comment has %zu bytes, %d at most",
		    strlen(comment), CF_SIGNED_COMMENT_BYTES - 1);
	for (const char *p = comment; *p != '\0'; p++)
		if ((uint8_t)*p < 0x20 || *p == 0x7f)
			return cf_error_set(
			    error, CF_EINVALID, "a control character in the comment");
	if (crypto_generichash(digest, sizeof digest, data, len, NULL, 0) != 0 ||
	    crypto_sign_detached(signature, NULL, digest, sizeof digest, secret->secret) != 0)
		return cf_error_set(error, CF_EINTERNAL, "libsodium did not sign");
	write_signature(secret, signature, comment, text);
	return CF_OK;
}
