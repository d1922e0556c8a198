/* DNS names: wire and text to canonical form and back. */

#include "names/name.h"

#include <string.h>

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

/* Eight bytes at once: bit 7 of each byte of the sums tells whether it is from 'A' on, and past
 * 'Z'. */
static uint64_t lower_word(uint64_t word)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t low = word & 0x7f * ones;
	uint64_t upper = (low + (0x80 - 'A') * ones) ^ (low + (0x7f - 'Z') * ones);

	return word | (upper & ~word & 0x80 * ones) >> 2;
}

/*
 * Copies len bytes of labels in lower case. Length bytes go through it as well: at most 63, they
 * are no letters. Every answer of the resolver passes here, hence not byte by byte.
 */
static void lower_bytes(const uint8_t *from, size_t len, uint8_t *to)
{
	uint64_t word;

	if (len < sizeof(word)) {
		for (size_t i = 0; i < len; i++)
			to[i] = lower(from[i]);
		return;
	}
	for (size_t at = 0;; at += sizeof(word)) {
		if (at > len - sizeof(word))
			at = len - sizeof(word); /* the last word overlaps the one before */
		memcpy(&word, from + at, sizeof(word));
		word = lower_word(word);
		memcpy(to + at, &word, sizeof(word));
		if (at == len - sizeof(word))
			return;
	}
}

enum cf_status cf_name_from_wire(const uint8_t *wire, size_t len, struct cf_name *name_out)
{
	size_t at = 0, most = len < CF_NAME_WIRE_BYTES ? len : CF_NAME_WIRE_BYTES;
	unsigned labels = 0;

	for (;;) {
		size_t label_len;

		if (at >= most)
			return CF_EMALFORMED;
		label_len = wire[at];
		if (label_len == 0)
			break;
		/* Over 63 is a compression pointer or an extended label type (RFC 6891 5): never a
		 * label. */
		if (label_len > 63 || label_len + 1 >= most - at)
			return CF_EMALFORMED;
		name_out->label_at[labels++] = (uint8_t)at;
		at += label_len + 1;
	}
	lower_bytes(wire, at, name_out->wire);
	name_out->wire[at] = 0;
	name_out->wire_len = (uint8_t)(at + 1);
	name_out->label_count = (uint8_t)labels;
	return CF_OK;
}

/*
 * One byte of a label from text at *at, escapes resolved. False for a bad escape or a raw byte that
 * has no business in text.
 */
static bool text_byte(const char *text, size_t len, size_t *at, uint8_t *byte_out)
{
	unsigned char c = (unsigned char)text[*at];
	unsigned value = 0;

	if (c != '\\') {
		if (c <= ' ' || c >= 0x7f)
			return false;
		*byte_out = lower(c);
		(*at)++;
		return true;
	}
	if (len - *at < 2)
		return false;
	c = (unsigned char)text[*at + 1];
	if (c < '0' || c > '9') {
		if (c < ' ' || c >= 0x7f)
			return false;
		*byte_out = lower(c);
		*at += 2;
		return true;
	}
	if (len - *at < 4)
		return false;
	for (size_t i = 1; i <= 3; i++) {
		c = (unsigned char)text[*at + i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	if (value > 255)
		return false;
	*byte_out = lower((uint8_t)value);
	*at += 4;
	return true;
}

enum cf_status cf_name_from_text(const char *text, size_t len, struct cf_name *name_out)
{
	uint8_t wire[CF_NAME_WIRE_BYTES];
	size_t at = 0, wire_at = 0, length_at;

	if (len == 0)
		return CF_EMALFORMED;
	if (len == 1 && text[0] == '.') {
		wire[0] = 0;
		return cf_name_from_wire(wire, 1, name_out);
	}
	while (at < len) {
		length_at = wire_at++;
		while (at < len && text[at] != '.') {
			/* One byte stays free for the root label. */
			if (wire_at + 1 >= sizeof wire ||
			    !text_byte(text, len, &at, &wire[wire_at]))
				return CF_EMALFORMED;
			wire_at++;
		}
		if (wire_at - length_at - 1 == 0 || wire_at - length_at - 1 > 63)
			return CF_EMALFORMED;
		wire[length_at] = (uint8_t)(wire_at - length_at - 1);
		if (wire_at + 1 > sizeof wire)
			return CF_EMALFORMED;
		at++; /* the dot, or past the end */
	}
	wire[wire_at++] = 0;
	return cf_name_from_wire(wire, wire_at, name_out);
}

static char *put_byte(char *at, uint8_t byte)
{
	if (byte == '.' || byte == '\\') {
		*at++ = '\\';
		*at++ = (char)byte;
	} else if (byte <= ' ' || byte >= 0x7f) {
		*at++ = '\\';
		*at++ = (char)('0' + byte / 100);
		*at++ = (char)('0' + byte / 10 % 10);
		*at++ = (char)('0' + byte % 10);
	} else {
		*at++ = (char)byte;
	}
	return at;
}

const char *cf_name_format_wire(const uint8_t *wire, char text[CF_NAME_TEXT_BYTES])
{
	char *at = text;

	if (wire[0] == 0)
		*at++ = '.';
	while (wire[0] != 0) {
		for (unsigned i = 1; i <= wire[0]; i++)
			at = put_byte(at, wire[i]);
		wire += 1U + wire[0];
		if (wire[0] != 0)
			*at++ = '.';
	}
	*at = '\0';
	return text;
}

const char *cf_name_format(const struct cf_name *name, char text[CF_NAME_TEXT_BYTES])
{
	return cf_name_format_wire(name->wire, text);
}

bool cf_name_equal(const struct cf_name *a, const struct cf_name *b)
{
	return a->wire_len == b->wire_len && memcmp(a->wire, b->wire, a->wire_len) == 0;
}

bool cf_name_is_subdomain(const struct cf_name *name, const struct cf_name *parent)
{
	const uint8_t *suffix;
	size_t len;

	if (parent->label_count > name->label_count)
		return false;
	suffix = cf_name_suffix(name, parent->label_count, &len);
	return len == parent->wire_len && memcmp(suffix, parent->wire, len) == 0;
}

const uint8_t *cf_name_suffix(const struct cf_name *name, unsigned label_count, size_t *len_out)
{
	size_t at = label_count == 0 ? name->wire_len - 1U
	                             : name->label_at[name->label_count - label_count];

	*len_out = name->wire_len - at;
	return name->wire + at;
}
