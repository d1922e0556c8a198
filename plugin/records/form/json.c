/* The JSON emitter. */

#include "records/form/json.h"

#include "base/instant.h"

/* Bytes that a byte takes when escaped: 1 as it is, 2 behind a backslash, 6 as \u00XX. */
static unsigned escaped_width(unsigned char byte)
{
	if (byte == '"' || byte == '\\')
		return 2;
	return byte >= 0x20 && byte < 0x7f ? 1 : 6;
}

void cf_json_number(struct cf_json *json, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	cf_json_raw(json, digits + at, sizeof digits - at);
}

void cf_json_signed(struct cf_json *json, int64_t value)
{
	if (value < 0)
		CF_JSON_LITERAL(json, "-");
	cf_json_number(json, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void put_escaped(struct cf_json *json, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};

	if (escaped_width(byte) == 2) {
		text[1] = (char)byte;
		cf_json_raw(json, text, 2);
		return;
	}
	cf_json_raw(json, text, sizeof text);
}

void cf_json_escape(struct cf_json *json, const char *bytes, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (escaped_width(byte) == 1)
			continue;
		if (i > from)
			cf_json_raw(json, bytes + from, i - from);
		put_escaped(json, byte);
		from = i + 1;
	}
	if (len > from)
		cf_json_raw(json, bytes + from, len - from);
}

/* How many bytes from the front (or the back) fit most_bytes when escaped. */
static size_t fitting(const char *bytes, size_t len, size_t most_bytes, bool from_back)
{
	size_t width = 0, count = 0;

	if (len <= most_bytes / 6)
		return len;
	for (; count < len; count++) {
		width += escaped_width((unsigned char)bytes[from_back ? len - 1 - count : count]);
		if (width > most_bytes)
			break;
	}
	return count;
}

void cf_json_string(
    struct cf_json *json, const char *bytes, size_t len, size_t most_bytes, bool keep_tail)
{
	size_t kept = fitting(bytes, len, most_bytes, keep_tail);

	CF_JSON_LITERAL(json, "\"");
	if (kept == len) {
		cf_json_escape(json, bytes, len);
	} else if (keep_tail) {
		CF_JSON_LITERAL(json, "+");
		cf_json_number(json, len - kept);
		CF_JSON_LITERAL(json, "...");
		cf_json_escape(json, bytes + len - kept, kept);
	} else {
		cf_json_escape(json, bytes, kept);
		CF_JSON_LITERAL(json, "...+");
		cf_json_number(json, len - kept);
	}
	json->cut_bytes += len - kept;
	CF_JSON_LITERAL(json, "\"");
}

void cf_json_instant_us(struct cf_json *json, int64_t wall_us)
{
	char text[CF_INSTANT_TEXT_BYTES];

	cf_instant_format_us(wall_us, text);
	CF_JSON_LITERAL(json, "\"");
	cf_json_raw(json, text, strlen(text));
	CF_JSON_LITERAL(json, "\"");
}

void cf_json_instant(struct cf_json *json, int64_t wall_s)
{
	char text[CF_INSTANT_TEXT_BYTES];

	cf_instant_format(wall_s, text);
	CF_JSON_LITERAL(json, "\"");
	cf_json_raw(json, text, strlen(text));
	CF_JSON_LITERAL(json, "\"");
}
