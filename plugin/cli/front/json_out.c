/* A JSON value on a stream, member by member. */

#include "cli/front/json_out.h"

#include "base/check.h"
#include "base/instant.h"

#include <inttypes.h>
#include <string.h>

/* Reads one UTF-8 character of text; its length, or 0 for bytes that are none (RFC 3629). */
static unsigned read_character(const unsigned char *text, uint32_t *character_out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t character;
	unsigned len;

	if (text[0] < 0x80) {
		*character_out = text[0];
		return 1;
	}
	if ((text[0] & 0xe0) == 0xc0)
		len = 2;
	else if ((text[0] & 0xf0) == 0xe0)
		len = 3;
	else if ((text[0] & 0xf8) == 0xf0)
		len = 4;
	else
		return 0;
	character = text[0] & (0x7fU >> len);
	for (unsigned i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (text[i] & 0x3fU);
	}
	if (character < least[len] || character > 0x10ffff ||
	    (character >= 0xd800 && character < 0xe000))
		return 0;
	*character_out = character;
	return len;
}

static void write_character(FILE *to, uint32_t character)
{
	if (character == '"' || character == '\\')
		fprintf(to, "\\%c", (char)character);
	else if (character == '\n')
		fputs("\\n", to);
	else if (character == '\t')
		fputs("\\t", to);
	else if (character >= 0x20 && character < 0x7f)
		putc((int)character, to);
	else if (character >= 0x10000)
		fprintf(to, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((character - 0x10000) >> 10),
		    0xdc00 + ((character - 0x10000) & 0x3ff));
	else
		fprintf(to, "\\u%04" PRIx32, character);
}

static void write_text(FILE *to, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	uint32_t character;
	unsigned len;

	putc('"', to);
	while (*at != '\0') {
		len = read_character(at, &character);
		write_character(to, len == 0 ? 0xfffd : character);
		at += len == 0 ? 1 : len;
	}
	putc('"', to);
}

/* The comma before a member, and its key. */
static void begin_member(struct cli_json *json, const char *key)
{
	if (json->has_member[json->depth])
		fputs(json->depth == 1 ? ",\n " : ", ", json->to);
	else if (json->depth == 1)
		fputs("\n ", json->to);
	json->has_member[json->depth] = true;
	if (key != NULL) {
		write_text(json->to, key);
		fputs(": ", json->to);
	}
}

static void open_level(struct cli_json *json, const char *key, char bracket)
{
	begin_member(json, key);
	putc(bracket, json->to);
	if (!cf_check(json->depth < CLI_JSON_DEPTH))
		return;
	json->has_member[++json->depth] = false;
}

static void close_level(struct cli_json *json, char bracket)
{
	if (!cf_check(json->depth > 0))
		return;
	if (json->depth == 1 && json->has_member[1])
		putc('\n', json->to);
	json->depth--;
	putc(bracket, json->to);
}

struct cli_json cli_json_start(FILE *to)
{
	return (struct cli_json){.to = to};
}

void cli_json_end(struct cli_json *json)
{
	putc('\n', json->to);
}

void cli_json_open_object(struct cli_json *json, const char *key)
{
	open_level(json, key, '{');
}

void cli_json_close_object(struct cli_json *json)
{
	close_level(json, '}');
}

void cli_json_open_array(struct cli_json *json, const char *key)
{
	open_level(json, key, '[');
}

void cli_json_close_array(struct cli_json *json)
{
	close_level(json, ']');
}

void cli_json_text(struct cli_json *json, const char *key, const char *text)
{
	begin_member(json, key);
	if (text == NULL)
		fputs("null", json->to);
	else
		write_text(json->to, text);
}

void cli_json_number(struct cli_json *json, const char *key, int64_t number)
{
	begin_member(json, key);
	fprintf(json->to, "%" PRId64, number);
}

void cli_json_bool(struct cli_json *json, const char *key, bool value)
{
	begin_member(json, key);
	fputs(value ? "true" : "false", json->to);
}

void cli_json_null(struct cli_json *json, const char *key)
{
	begin_member(json, key);
	fputs("null", json->to);
}

void cli_json_instant(struct cli_json *json, const char *key, int64_t wall_s)
{
	char text[CF_INSTANT_TEXT_BYTES];

	if (wall_s == INT64_MIN || wall_s == INT64_MAX)
		cli_json_null(json, key);
	else
		cli_json_text(json, key, cf_instant_format(wall_s, text));
}
