#include "report/render/safe.h"

#include <stdint.h>
#include <string.h>

/* Length of the UTF-8 sequence at text, 0 when it is none; the character in *code_out. */
static size_t decode(const unsigned char *text, size_t len, uint32_t *code_out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t need;

	if (text[0] < 0x80) {
		*code_out = text[0];
		return 1;
	}
	if (text[0] >= 0xc2 && text[0] < 0xe0)
		need = 2;
	else if (text[0] >= 0xe0 && text[0] < 0xf0)
		need = 3;
	else if (text[0] >= 0xf0 && text[0] < 0xf5)
		need = 4;
	else
		return 0;
	if (len < need)
		return 0;
	*code_out = text[0] & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code_out = *code_out << 6 | (text[i] & 0x3f);
	}
	return *code_out < least[need] || *code_out > 0x10ffff ||
	        (*code_out >= 0xd800 && *code_out < 0xe000)
	    ? 0
	    : need;
}

/* Controls, direction marks and overrides, zero width, line separators, tags, private use. */
static bool is_harmful(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
	    (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	    (code >= 0xfff0 && code <= 0xffff) || (code >= 0xe000 && code < 0xf900) ||
	    code >= 0xe0000;
}

size_t cf_safe_text(const char *text, size_t len, char *out, size_t size)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + len;
	size_t used = 0;

	if (size == 0)
		return 0;
	while (at < end) {
		char piece[17];
		uint32_t code = 0;
		size_t taken = decode(at, (size_t)(end - at), &code), wide = 0;

		if (taken > 0 && !is_harmful(code)) {
			memcpy(piece, at, taken);
			wide = taken;
		} else {
			if (taken == 0)
				taken = 1;
			for (size_t i = 0; i < taken; i++)
				wide += (size_t)snprintf(
				    piece + wide, sizeof piece - wide, "\\x%02x", at[i]);
		}
		if (wide + 4 > size - used) { /* room for the dots and the terminator */
			for (size_t i = 0; i < 3 && used + 1 < size; i++)
				out[used++] = '.';
			break;
		}
		memcpy(out + used, piece, wide);
		used += wide;
		at += taken;
	}
	out[used] = '\0';
	return used;
}

void cf_safe_quote(FILE *to, const char *text)
{
	char safe[CF_SAFE_TEXT_BYTES];

	cf_safe_text(text, strlen(text), safe, sizeof safe);
	fputc('"', to);
	for (const char *at = safe; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			fputc('\\', to);
		fputc(*at, to);
	}
	fputc('"', to);
}

bool cf_safe_is_formula(const char *text)
{
	return text[0] != '\0' && strchr("=+-@\t\r|", text[0]) != NULL;
}
