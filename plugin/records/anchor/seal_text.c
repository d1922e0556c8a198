/* Words and escapes of a seal's text. */

#include "records/anchor/seal_text.h"

#include "base/bytes.h"
#include "base/instant.h"

#include <stdio.h>
#include <string.h>

#define DOMAIN "curfew-seal-1 "

/* What stands for itself in a name; the rest is %XX. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._:", c) != NULL);
}

static char *put_word(char *to, const char *word)
{
	size_t len = strlen(word);

	memcpy(to, word, len);
	return to + len;
}

static char *put_name(char *to, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *name != '\0'; name++) {
		if (is_plain(*name)) {
			*to++ = *name;
			continue;
		}
		*to++ = '%';
		*to++ = digits[(uint8_t)*name >> 4];
		*to++ = digits[(uint8_t)*name & 15];
	}
	return to;
}

size_t cf_seal_text_format_signed(const struct cf_seal_text *seal, char text[CF_SEAL_TEXT_BYTES])
{
	char *to = put_word(text, DOMAIN "sensor="), seq[24];

	to = put_name(to, seal->sensor);
	to = put_word(to, " source=");
	to = put_name(to, seal->source);
	(void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)seal->seq);
	to = put_word(to, " seq=");
	to = put_word(to, seq);
	to = put_word(to, " at=");
	to = put_word(to, seal->at);
	to = put_word(to, " sha256=");
	to = put_word(to, seal->sha256);
	if (seal->key[0] != '\0') {
		to = put_word(to, " key=");
		to = put_word(to, seal->key);
	}
	*to = '\0';
	return (size_t)(to - text);
}

size_t cf_seal_text_format(const struct cf_seal_text *seal, char text[CF_SEAL_TEXT_BYTES])
{
	char *to = text + cf_seal_text_format_signed(seal, text);

	if (seal->sig[0] != '\0') {
		to = put_word(to, " sig=");
		to = put_word(to, seal->sig);
		*to = '\0';
	}
	return (size_t)(to - text);
}

/* The rest of the line. */
struct words {
	const char *at, *end;
};

/* The value of the next word, when it has this name (with its "="). */
static bool take_value(struct words *w, const char *name, const char **value_out, size_t *len_out)
{
	size_t name_len = strlen(name);
	const char *value = w->at + name_len, *at;

	if ((size_t)(w->end - w->at) < name_len || memcmp(w->at, name, name_len) != 0)
		return false;
	for (at = value; at < w->end && (*at > ' ' && *at <= '~'); at++)
		;
	*value_out = value;
	*len_out = (size_t)(at - value);
	w->at = at < w->end && *at == ' ' ? at + 1 : at;
	return *len_out > 0;
}

/* Undoes %XX; only what must be escaped is, so that each name has one text. */
static bool take_name(struct words *w, const char *name, char *to, size_t size)
{
	const char *value;
	size_t len, used = 0;

	if (!take_value(w, name, &value, &len))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = value[i];

		if (used + 1 == size)
			return false;
		if (c == '%') {
			int high = i + 2 < len ? cf_hex_value(value[i + 1]) : -1;
			int low = i + 2 < len ? cf_hex_value(value[i + 2]) : -1;

			if (high < 0 || low < 0 || value[i + 1] >= 'a' || value[i + 2] >= 'a')
				return false;
			c = (char)(high << 4 | low);
			i += 2;
			if (c == '\0' || is_plain(c))
				return false;
		} else if (!is_plain(c)) {
			return false;
		}
		to[used++] = c;
	}
	to[used] = '\0';
	return true;
}

/* A value of exactly size - 1 characters out of set. */
static bool take_fixed(struct words *w, const char *name, const char *set, char *to, size_t size)
{
	const char *value;
	size_t len;

	if (!take_value(w, name, &value, &len) || len != size - 1)
		return false;
	memcpy(to, value, len);
	to[len] = '\0';
	return strspn(to, set) == len;
}

static bool take_seq(struct words *w, uint64_t *seq_out)
{
	const char *value;
	size_t len;
	uint64_t seq = 0;

	if (!take_value(w, "seq=", &value, &len) || (len > 1 && value[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (value[i] < '0' || value[i] > '9' || __builtin_mul_overflow(seq, 10u, &seq) ||
		    __builtin_add_overflow(seq, (unsigned)(value[i] - '0'), &seq))
			return false;
	*seq_out = seq;
	return true;
}

static bool take_at(struct words *w, struct cf_seal_text *seal)
{
	const char *value;
	size_t len;

	if (!take_value(w, "at=", &value, &len) || len >= sizeof seal->at)
		return false;
	memcpy(seal->at, value, len);
	seal->at[len] = '\0';
	return cf_instant_parse_us(seal->at, &seal->at_wall_us) == CF_OK;
}

/* Both or neither; what follows is somebody else's. */
static bool take_signature(struct words *w, struct cf_seal_text *seal)
{
	static const char base64[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

	if ((size_t)(w->end - w->at) < 4 || memcmp(w->at, "key=", 4) != 0)
		return true;
	return take_fixed(w, "key=", "0123456789ABCDEF", seal->key, sizeof seal->key) &&
	    take_fixed(w, "sig=", base64, seal->sig, sizeof seal->sig);
}

bool cf_seal_text_parse(
    const char *line, size_t len, struct cf_seal_text *seal_out, bool *found_out)
{
	const char *start = len == 0 ? NULL : memmem(line, len, DOMAIN, sizeof DOMAIN - 1);
	struct cf_seal_text seal = {.seq = 0};
	struct words w;

	if (found_out != NULL)
		*found_out = start != NULL;
	if (start == NULL)
		return false;
	w = (struct words){start + sizeof DOMAIN - 1, line + len};
	if (!take_name(&w, "sensor=", seal.sensor, sizeof seal.sensor) ||
	    !take_name(&w, "source=", seal.source, sizeof seal.source) ||
	    !take_seq(&w, &seal.seq) || !take_at(&w, &seal) ||
	    !take_fixed(&w, "sha256=", "0123456789abcdef", seal.sha256, sizeof seal.sha256) ||
	    !take_signature(&w, &seal))
		return false;
	*seal_out = seal;
	return true;
}
