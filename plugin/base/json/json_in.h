/*
 * Looks single members up in a flat JSON object such as the module's status file. Nested values are
 * stepped over. Reads only the text given; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text of a string member, unescaped (\uXXXX above 0xff as '?'), cut to size; false when
 * absent. */
bool cf_json_find_text(const char *json, const char *key, char *text_out, size_t size);
/* A whole number that is not negative. */
bool cf_json_find_number(const char *json, const char *key, uint64_t *number_out);
bool cf_json_find_bool(const char *json, const char *key, bool *value_out);
