/* Texts, each once: an arena and a hash table of offsets into it. */

#include "compile/image/strings.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bits. The texts are an operator's own; nobody gains by making them collide. */
static uint64_t hash(const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)text[i]) * 0x100000001b3U;
	return h ^ h >> 32;
}

enum cf_status cf_strings_init(struct cf_strings *strings)
{
	*strings = (struct cf_strings){.room = 4096, .slot_count = 256};
	strings->bytes = malloc(strings->room);
	strings->slots = calloc(strings->slot_count, sizeof *strings->slots);
	if (strings->bytes == NULL || strings->slots == NULL) {
		cf_strings_done(strings);
		return CF_ENOMEM;
	}
	strings->bytes[0] = '\0';
	strings->used = 1;
	return CF_OK;
}

void cf_strings_done(struct cf_strings *strings)
{
	free(strings->bytes);
	free(strings->slots);
	*strings = (struct cf_strings){0};
}

static enum cf_status grow_slots(struct cf_strings *strings)
{
	size_t count = strings->slot_count * 2;
	uint32_t *slots = calloc(count, sizeof *slots);

	if (slots == NULL)
		return CF_ENOMEM;
	for (size_t i = 0; i < strings->slot_count; i++) {
		const char *text = strings->bytes + strings->slots[i];
		size_t at;

		if (strings->slots[i] == 0)
			continue;
		at = hash(text, strlen(text)) & (count - 1);
		while (slots[at] != 0)
			at = (at + 1) & (count - 1);
		slots[at] = strings->slots[i];
	}
	free(strings->slots);
	strings->slots = slots;
	strings->slot_count = count;
	return CF_OK;
}

static enum cf_status append(struct cf_strings *strings, const char *text, size_t len)
{
	size_t room = strings->room;
	char *bytes;

	if (len >= UINT32_MAX - 1 - strings->used)
		return CF_ETOOBIG;
	while (room - strings->used <= len)
		room *= 2;
	if (room != strings->room) {
		bytes = realloc(strings->bytes, room);
		if (bytes == NULL)
			return CF_ENOMEM;
		strings->bytes = bytes;
		strings->room = room;
	}
	memcpy(strings->bytes + strings->used, text, len + 1);
	strings->used += len + 1;
	return CF_OK;
}

enum cf_status cf_strings_add(struct cf_strings *strings, const char *text, uint32_t *at_out)
{
	size_t len = text == NULL ? 0 : strlen(text), at;
	enum cf_status status;

	if (len == 0) {
		*at_out = 0;
		return CF_OK;
	}
	if (strings->filled * 2 >= strings->slot_count) {
		status = grow_slots(strings);
		if (status != CF_OK)
			return status;
	}
	at = hash(text, len) & (strings->slot_count - 1);
	for (; strings->slots[at] != 0; at = (at + 1) & (strings->slot_count - 1))
		if (strcmp(strings->bytes + strings->slots[at], text) == 0) {
			*at_out = strings->slots[at];
			return CF_OK;
		}
	*at_out = (uint32_t)strings->used;
	status = append(strings, text, len);
	if (status == CF_OK) {
		strings->slots[at] = *at_out;
		strings->filled++;
	}
	return status;
}
