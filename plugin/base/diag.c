/* A bounded collection of complaints. */

#include "base/diag.h"

#include "base/array.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void cf_diags_init(struct cf_diags *diags)
{
	*diags = (struct cf_diags){.items = NULL};
}

void cf_diags_done(struct cf_diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		free(diags->items[i].file);
		free(diags->items[i].key);
		free(diags->items[i].text);
	}
	free(diags->items);
	cf_diags_init(diags);
}

static bool make_room(struct cf_diags *diags)
{
	struct cf_diag *items;

	if (diags->count >= CF_DIAGS)
		return false;
	items = cf_array_grow(diags->items, diags->count, 1, &diags->capacity, sizeof *items);
	if (items == NULL)
		return false;
	diags->items = items;
	return true;
}

void cf_diag_add(struct cf_diags *diags, enum cf_diag_level level, const char *file, unsigned line,
    const char *key, const char *format, ...)
{
	struct cf_diag diag = {.level = level, .line = line};
	char text[CF_ERROR_TEXT_BYTES];
	va_list args;

	diags->errors += level == CF_DIAG_ERROR;
	diags->warnings += level == CF_DIAG_WARNING;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args); /* cut if too long */
	va_end(args);
	diag.file = strdup(file == NULL ? "" : file);
	diag.key = strdup(key == NULL ? "" : key);
	diag.text = strdup(text);
	if (diag.file == NULL || diag.key == NULL || diag.text == NULL || !make_room(diags)) {
		free(diag.file);
		free(diag.key);
		free(diag.text);
		diags->dropped++;
		return;
	}
	diags->items[diags->count++] = diag;
}

void cf_diags_move(struct cf_diags *diags, struct cf_diags *from)
{
	diags->errors += from->errors;
	diags->warnings += from->warnings;
	diags->dropped += from->dropped;
	for (size_t i = 0; i < from->count; i++) {
		if (make_room(diags)) {
			diags->items[diags->count++] = from->items[i];
			continue;
		}
		diags->dropped++;
		free(from->items[i].file);
		free(from->items[i].key);
		free(from->items[i].text);
	}
	free(from->items);
	cf_diags_init(from);
}

const char *cf_diag_format(const struct cf_diag *diag, char *buffer, size_t size)
{
	char place[32] = "";

	if (diag->line != 0)
		(void)snprintf(place, sizeof place, ":%u", diag->line); /* fits */
	(void)snprintf(buffer, size, "%s%s%s%s%s%s", diag->file, place,
	    diag->file[0] != '\0' ? ": " : "", diag->key, diag->key[0] != '\0' ? ": " : "",
	    diag->text); /* cut if too long */
	return buffer;
}

void cf_diags_print(const struct cf_diags *diags, FILE *to)
{
	static const char *const prefix[] = {"", "warning: ", "note: "};
	char line[1024];

	for (size_t i = 0; i < diags->count; i++)
		fprintf(to, "%s%s\n", prefix[diags->items[i].level],
		    cf_diag_format(&diags->items[i], line, sizeof line));
	if (diags->dropped != 0)
		fprintf(to, "and %zu more\n", diags->dropped);
}

const char *cf_quote(const char *text, size_t len, char *buffer, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	/* Room for the longest escape, "...", the quote and the terminator. */
	if (size < 10) {
		if (size > 0)
			buffer[0] = '\0';
		return buffer;
	}
	buffer[at++] = '\'';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (at + 9 > size) {
			memcpy(buffer + at, "...", 3);
			at += 3;
			break;
		}
		if (c >= ' ' && c < 0x7f && c != '\'' && c != '\\') {
			buffer[at++] = (char)c;
		} else {
			buffer[at++] = '\\';
			buffer[at++] = 'x';
			buffer[at++] = hex[c >> 4];
			buffer[at++] = hex[c & 15];
		}
	}
	buffer[at++] = '\'';
	buffer[at] = '\0';
	return buffer;
}
