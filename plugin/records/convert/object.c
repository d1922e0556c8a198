/* JSON objects. */

#include "records/convert/object.h"

#include <string.h>

static void put_key(struct cf_object *object, const char *key)
{
	if (!object->first)
		CF_JSON_LITERAL(&object->json, ",");
	object->first = false;
	if (key == NULL)
		return;
	CF_JSON_LITERAL(&object->json, "\"");
	cf_json_raw(&object->json, key, strlen(key));
	CF_JSON_LITERAL(&object->json, "\":");
}

struct cf_object cf_object_begin(char *line, size_t size)
{
	struct cf_object object = {.json = cf_json_make(line, size), .first = true};

	CF_JSON_LITERAL(&object.json, "{");
	return object;
}

size_t cf_object_end(struct cf_object *object)
{
	CF_JSON_LITERAL(&object->json, "}\n");
	return cf_json_length(&object->json);
}

void cf_object_open(struct cf_object *object, const char *key, char bracket)
{
	put_key(object, key);
	cf_json_raw(&object->json, &bracket, 1);
	object->first = true;
}

void cf_object_close(struct cf_object *object, char bracket)
{
	cf_json_raw(&object->json, &bracket, 1);
	object->first = false;
}

void cf_object_text(struct cf_object *object, const char *key, struct cf_text text)
{
	if (text.len == 0)
		return;
	put_key(object, key);
	CF_JSON_LITERAL(&object->json, "\"");
	cf_json_escape(&object->json, text.data, text.len);
	CF_JSON_LITERAL(&object->json, "\"");
}

void cf_object_word(struct cf_object *object, const char *key, const char *word)
{
	const struct cf_text text = {.data = word, .len = word == NULL ? 0 : strlen(word)};

	cf_object_text(object, key, text);
}

void cf_object_number(struct cf_object *object, const char *key, uint64_t value)
{
	put_key(object, key);
	cf_json_number(&object->json, value);
}

void cf_object_bool(struct cf_object *object, const char *key, bool value)
{
	put_key(object, key);
	cf_json_raw(&object->json, value ? "true" : "false", value ? 4 : 5);
}

void cf_object_addr(struct cf_object *object, const char *key, const struct cf_addr *addr)
{
	char text[CF_ADDR_TEXT_BYTES];

	cf_object_word(object, key, cf_addr_format(addr, text));
}
