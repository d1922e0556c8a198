/* SHA-256 by libcrypto's EVP. */

#include "base/sha256.h"

#include "base/bytes.h"
#include "base/check.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct cf_sha256 {
	EVP_MD_CTX *ctx;
};

struct cf_sha256 *cf_sha256_new(void)
{
	struct cf_sha256 *sha = calloc(1, sizeof *sha);

	if (sha == NULL)
		return NULL;
	sha->ctx = EVP_MD_CTX_new();
	if (sha->ctx == NULL || EVP_DigestInit_ex(sha->ctx, EVP_sha256(), NULL) != 1) {
		cf_sha256_free(sha);
		return NULL;
	}
	return sha;
}

void cf_sha256_free(struct cf_sha256 *sha)
{
	if (sha == NULL)
		return;
	EVP_MD_CTX_free(sha->ctx);
	free(sha);
}

struct cf_sha256 *cf_sha256_copy(const struct cf_sha256 *sha)
{
	struct cf_sha256 *copy = calloc(1, sizeof *copy);

	if (copy == NULL)
		return NULL;
	copy->ctx = EVP_MD_CTX_new(); /* what it is to begin with comes with the copy */
	if (copy->ctx == NULL || EVP_MD_CTX_copy_ex(copy->ctx, sha->ctx) != 1) {
		cf_sha256_free(copy);
		return NULL;
	}
	return copy;
}

void cf_sha256_update(struct cf_sha256 *sha, const void *data, size_t len)
{
	/* Updating a started digest cannot fail for SHA-256's lengths. */
	(void)cf_check(EVP_DigestUpdate(sha->ctx, data, len) == 1);
}

void cf_sha256_final(struct cf_sha256 *sha, uint8_t digest[CF_SHA256_BYTES])
{
	(void)cf_check(EVP_DigestFinal_ex(sha->ctx, digest, NULL) == 1);
	(void)cf_check(EVP_DigestInit_ex(sha->ctx, NULL, NULL) == 1);
}

enum cf_status cf_sha256(const void *data, size_t len, uint8_t digest[CF_SHA256_BYTES])
{
	return EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1 ? CF_OK : CF_ENOMEM;
}

const char *cf_sha256_format(const uint8_t digest[CF_SHA256_BYTES], char text[CF_SHA256_TEXT_BYTES])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < CF_SHA256_BYTES; i++) {
		text[2 * i] = hex[digest[i] >> 4];
		text[2 * i + 1] = hex[digest[i] & 15];
	}
	text[CF_SHA256_TEXT_BYTES - 1] = '\0';
	return text;
}

bool cf_sha256_parse(const char *text, size_t len, uint8_t digest_out[CF_SHA256_BYTES])
{
	if (len != 2 * (size_t)CF_SHA256_BYTES)
		return false;
	for (size_t i = 0; i < CF_SHA256_BYTES; i++) {
		int high = cf_hex_value(text[2 * i]), low = cf_hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest_out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
