/* JA4: counts and truncated digests of a ClientHello's sorted ciphers and extensions. */

#include "monitor/evidence/ja4.h"

#include "base/bytes.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>

/* More values than any client sends; a hello with more has no fingerprint. */
#define VALUES_MAX 256

#define EXTENSION_SERVER_NAME 0
#define EXTENSION_ALPN        16

/* RFC 8701: 0x0a0a, 0x1a1a, ... 0xfafa. */
static bool is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

static int compare_u16(const void *a, const void *b)
{
	const uint16_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Values of a list of 16-bit numbers without GREASE; false when there are too many. */
static bool read_values(struct cf_slice list, uint16_t values[VALUES_MAX], unsigned *count_out)
{
	struct cf_bytes c = cf_bytes_make(list.data, list.len);
	unsigned count = 0;

	while (cf_bytes_left(&c) >= 2) {
		uint16_t value = cf_bytes_be16(&c);

		if (is_grease(value))
			continue;
		if (count == VALUES_MAX)
			return false;
		values[count++] = value;
	}
	*count_out = count;
	return true;
}

static bool read_extensions(struct cf_slice list, uint16_t types[VALUES_MAX], unsigned *count_out)
{
	struct cf_bytes c = cf_bytes_make(list.data, list.len);
	unsigned count = 0;

	while (cf_bytes_left(&c) > 0) {
		uint16_t type = cf_bytes_be16(&c);

		cf_bytes_skip(&c, cf_bytes_be16(&c));
		if (!cf_bytes_ok(&c) || count == VALUES_MAX)
			return false;
		if (!is_grease(type))
			types[count++] = type;
	}
	*count_out = count;
	return true;
}

static const char hex[] = "0123456789abcdef";

static size_t write_list(char *text, const uint16_t *values, unsigned count)
{
	size_t at = 0;

	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			text[at++] = ',';
		for (unsigned shift = 16; shift > 0;)
			text[at++] = hex[values[i] >> (shift -= 4) & 15];
	}
	return at;
}

/* Twelve hex digits of the digest of text; zeros for an empty list, as the format says. */
static void digest(const char *text, size_t len, char out[13])
{
	uint8_t bytes[6] = {0};
	struct sha256_ctx sha;

	if (len > 0) {
		sha256_init(&sha);
		sha256_update(&sha, len, (const uint8_t *)text);
		sha256_digest(&sha, sizeof bytes, bytes);
	}
	for (unsigned i = 0; i < 12; i++)
		out[i] = hex[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	out[12] = '\0';
}

static const char *version_text(const struct cf_client_hello *hello)
{
	struct cf_bytes c = cf_bytes_make(hello->versions.data, hello->versions.len);
	uint16_t best = hello->versions.len >= 2 ? 0 : hello->legacy_version;

	while (cf_bytes_left(&c) >= 2) {
		uint16_t value = cf_bytes_be16(&c);

		if (!is_grease(value) && value > best)
			best = value;
	}
	switch (best) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	case 0x0002:
		return "s2";
	default:
		return "00";
	}
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* First and last character of the first ALPN name, or of its hex when one is not alphanumeric. */
static void alpn_text(struct cf_slice alpn, char out[3])
{
	struct cf_bytes c = cf_bytes_make(alpn.data, alpn.len);
	size_t len = cf_bytes_u8(&c);
	const uint8_t *name = cf_bytes_take(&c, len);

	out[0] = out[1] = '0';
	out[2] = '\0';
	if (name == NULL || len == 0)
		return;
	if (is_alnum(name[0]) && is_alnum(name[len - 1])) {
		out[0] = (char)name[0];
		out[1] = (char)name[len - 1];
	} else {
		out[0] = hex[name[0] >> 4];
		out[1] = hex[name[len - 1] & 15];
	}
}

enum cf_status cf_ja4(const struct cf_client_hello *hello, char text[CF_JA4_BYTES])
{
	uint16_t ciphers[VALUES_MAX], types[VALUES_MAX], signatures[VALUES_MAX];
	unsigned cipher_count, type_count, signature_count, kept = 0;
	char list[2 * 5 * VALUES_MAX + 2], alpn[3], first[13], second[13];
	size_t len;

	if (!hello->complete || !read_values(hello->ciphers, ciphers, &cipher_count) ||
	    !read_extensions(hello->extensions, types, &type_count) ||
	    !read_values(hello->signatures, signatures, &signature_count))
		return CF_EMALFORMED;
	qsort(ciphers, cipher_count, sizeof ciphers[0], compare_u16);
	digest(list, write_list(list, ciphers, cipher_count), first);
	for (unsigned i = 0; i < type_count; i++)
		if (types[i] != EXTENSION_SERVER_NAME && types[i] != EXTENSION_ALPN)
			types[kept++] = types[i];
	qsort(types, kept, sizeof types[0], compare_u16);
	len = write_list(list, types, kept);
	if (signature_count > 0) {
		list[len++] = '_';
		len += write_list(list + len, signatures, signature_count);
	}
	digest(list, len, second);
	alpn_text(hello->alpn, alpn);
	snprintf(text, CF_JA4_BYTES, "%c%s%c%02u%02u%s_%s_%s",
	    hello->transport == CF_TRANSPORT_QUIC ? 'q' : 't', version_text(hello),
	    hello->has_sni ? 'd' : 'i', cipher_count > 99 ? 99 : cipher_count,
	    type_count > 99 ? 99 : type_count, alpn, first, second);
	return CF_OK;
}
