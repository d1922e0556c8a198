/* A scanner for one level of JSON; what it does not understand it does not find. */

#include "base/json/json_in.h"

#include "base/bytes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Behind the string that begins at a quote, or NULL. */
static const char *skip_string(const char *at)
{
	for (at++; *at != '"'; at++) {
		if (*at == '\\')
			at++;
		if (*at == '\0')
			return NULL;
	}
	return at + 1;
}

/* Behind the value at at: up to the comma or brace that ends it. NULL when there is none. */
static const char *skip_value(const char *at)
{
	unsigned depth = 0;

	for (; *at != '\0'; at++) {
		if (*at == '"') {
			at = skip_string(at);
			if (at == NULL)
				return NULL;
			at--;
		} else if (*at == '{' || *at == '[') {
			depth++;
		} else if (depth == 0 && (*at == ',' || *at == '}')) {
			return at;
		} else if (*at == '}' || *at == ']') {
			depth--;
		}
	}
	return NULL;
}

/* The value of key in the object json, or NULL. */
static const char *find(const char *json, const char *key)
{
	const char *at = skip_space(json), *end;
	size_t key_len = strlen(key);

	if (*at != '{')
		return NULL;
	for (at = skip_space(at + 1); *at == '"'; at = skip_space(at + 1)) {
		end = skip_string(at);
		if (end == NULL || *skip_space(end) != ':')
			return NULL;
		if ((size_t)(end - at) == key_len + 2 && memcmp(at + 1, key, key_len) == 0)
			return skip_space(skip_space(end) + 1);
		at = skip_value(skip_space(end) + 1);
		if (at == NULL || *at != ',')
			return NULL;
	}
	return NULL;
}

/* The character of the escape behind a backslash at *at_inout, stepping over it. */
static char unescape(const char **at_inout)
{
	const char *at = *at_inout;
	unsigned code = 0;

	*at_inout = at + 1;
	switch (*at) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'u':
		for (unsigned i = 1; i <= 4; i++) {
			int digit = cf_hex_value(at[i]); /* the terminator is none */

			if (digit < 0)
				return '?';
			code = code << 4 | (unsigned)digit;
		}
		*at_inout = at + 5;
		return code > 0 && code <= 0xff ? (char)code : '?';
	default:
		return *at;
	}
}

bool cf_json_find_text(const char *json, const char *key, char *text_out, size_t size)
{
	const char *at = find(json, key);
	size_t len = 0;
	char byte;

	if (at == NULL || *at != '"' || skip_string(at) == NULL || size == 0)
		return false;
	for (at++; *at != '"';) {
		byte = *at++;
		if (byte == '\\')
			byte = unescape(&at);
		if (len + 1 < size)
			text_out[len++] = byte;
	}
	text_out[len] = '\0';
	return true;
}

bool cf_json_find_number(const char *json, const char *key, uint64_t *number_out)
{
	const char *at = find(json, key);

	if (at == NULL || !isdigit((unsigned char)*at) || strspn(at, "0123456789") > 19)
		return false;
	*number_out = strtoull(at, NULL, 10);
	return true;
}

bool cf_json_find_bool(const char *json, const char *key, bool *value_out)
{
	const char *at = find(json, key);

	if (at == NULL || (strncmp(at, "true", 4) != 0 && strncmp(at, "false", 5) != 0))
		return false;
	*value_out = *at == 't';
	return true;
}
