/*
 * JSON objects in each other, with commas in the right places: what conversions write with.
 * Keys are ours and need no escaping. One thread.
 */
#pragma once

#include "records/form/json.h"
#include "records/form/record.h"

struct cf_object {
	struct cf_json json;
	bool first; /* of its object or array */
};

struct cf_object cf_object_begin(char *line, size_t size);
/* Closes the outermost object and the line; its length, 0 when it did not fit. */
size_t cf_object_end(struct cf_object *object);

/* key NULL: an element of an array. */
void cf_object_open(struct cf_object *object, const char *key, char bracket);
void cf_object_close(struct cf_object *object, char bracket);

/* Texts that are absent (len 0, NULL or "") write nothing. */
void cf_object_text(struct cf_object *object, const char *key, struct cf_text text);
void cf_object_word(struct cf_object *object, const char *key, const char *word);
void cf_object_number(struct cf_object *object, const char *key, uint64_t value);
void cf_object_bool(struct cf_object *object, const char *key, bool value);
/* Nothing for family none. */
void cf_object_addr(struct cf_object *object, const char *key, const struct cf_addr *addr);
