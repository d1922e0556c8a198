/* Who was there: lines from sets of clients, and back. */

#include "records/form/alive.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* What a line has behind the list of clients: last, left_out, braces, newline. */
#define TAIL_BYTES 96

_Static_assert(CF_ZONE_TEXT_BYTES > IF_NAMESIZE, "names of interfaces fit");

int cf_alive_compare(const void *a, const void *b)
{
	const struct cf_alive_client *left = a, *right = b;
	int order = cf_addr_compare(&left->addr, &right->addr);

	if (order != 0)
		return order;
	return (left->zone > right->zone) - (left->zone < right->zone);
}

size_t cf_alive_unique(struct cf_alive_client *clients, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kept == 0 || cf_alive_compare(&clients[kept - 1], &clients[i]) != 0)
			clients[kept++] = clients[i];
	return kept;
}

const char *cf_zone_text(uint32_t zone, char text[CF_ZONE_TEXT_BYTES])
{
	char name[IF_NAMESIZE];

	if (if_indextoname(zone, name) != NULL)
		(void)snprintf(text, CF_ZONE_TEXT_BYTES, "%s", name);
	else
		(void)snprintf(text, CF_ZONE_TEXT_BYTES, "%u", zone);
	return text;
}

/* A name of an interface may hold anything but '/' and white space (Linux: dev_valid_name). */
static void put_client(struct cf_json *json, const struct cf_alive_client *client, bool first)
{
	char text[CF_ADDR_TEXT_BYTES], zone[CF_ZONE_TEXT_BYTES];

	if (!first)
		CF_JSON_LITERAL(json, " ");
	cf_addr_format(&client->addr, text);
	cf_json_raw(json, text, strlen(text));
	if (client->zone == 0)
		return;
	CF_JSON_LITERAL(json, "%");
	cf_zone_text(client->zone, zone);
	for (const char *at = zone; *at != '\0'; at++) {
		const unsigned char byte = (unsigned char)*at;

		if (byte < 0x21 || byte > 0x7e || byte == '"' || byte == '\\' || byte == '%')
			CF_JSON_LITERAL(json, "_");
		else
			cf_json_raw(json, at, 1);
	}
}

size_t cf_alive_format(const struct cf_alive *alive, const struct cf_line_origin *origin,
    size_t *next_io, char *line, size_t size)
{
	struct cf_json json = cf_json_make(line, size);
	const size_t most = CF_ADDR_TEXT_BYTES + CF_ZONE_TEXT_BYTES + 2 + TAIL_BYTES;
	bool first = true;

	cf_line_head(&json, origin, CF_EVENT_ALIVE, alive->from_wall_us);
	CF_JSON_LITERAL(&json, ",\"clients\":\"");
	for (; *next_io < alive->count && cf_json_length(&json) + most < size; first = false)
		put_client(&json, &alive->clients[(*next_io)++], first);
	CF_JSON_LITERAL(&json, "\"");
	if (alive->left_out != 0 && *next_io == alive->count) {
		CF_JSON_LITERAL(&json, ",\"left_out\":");
		cf_json_number(&json, alive->left_out);
	}
	CF_JSON_LITERAL(&json, ",\"last\":");
	cf_json_instant_us(&json, alive->to_wall_us);
	CF_JSON_LITERAL(&json, "}\n");
	return cf_json_length(&json);
}

/* The next word of clients, taken off its front; false when there is none. */
static bool take_word(struct cf_text *clients, struct cf_text *word_out)
{
	const char *at = clients->data, *end = at + clients->len;

	while (at < end && *at == ' ')
		at++;
	word_out->data = at;
	while (at < end && *at != ' ')
		at++;
	word_out->len = (size_t)(at - word_out->data);
	*clients = (struct cf_text){.data = at, .len = (size_t)(end - at)};
	return word_out->len > 0;
}

bool cf_client_next(struct cf_text *clients, struct cf_alive_seen *seen_out, uint64_t *bad_io)
{
	struct cf_text word;

	while (clients->len > 0 && take_word(clients, &word)) {
		const char *percent = memchr(word.data, '%', word.len);
		size_t addr_len = percent == NULL ? word.len : (size_t)(percent - word.data);
		char text[CF_ADDR_TEXT_BYTES];

		if (addr_len < sizeof text) {
			memcpy(text, word.data, addr_len);
			text[addr_len] = '\0';
		}
		if (addr_len >= sizeof text || cf_addr_parse(text, &seen_out->addr) != CF_OK) {
			(*bad_io)++;
			continue;
		}
		seen_out->zone = (struct cf_text){0};
		if (percent != NULL)
			seen_out->zone =
			    (struct cf_text){.data = percent + 1, .len = word.len - addr_len - 1};
		return true;
	}
	return false;
}
