/*
 * JSON for --json: one value built call by call on a stream, correct by construction as long as
 * opens and closes match. Text is written as ASCII: bytes that are no UTF-8 become U+FFFD.
 *
 * key is NULL inside arrays and at the top. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Objects and arrays in each other that one value may have. */
#define CLI_JSON_DEPTH 16

struct cli_json {
	FILE *to;
	unsigned depth;
	bool has_member[CLI_JSON_DEPTH + 1];
};

/* Starts a value on to. */
struct cli_json cli_json_start(FILE *to);
/* Ends it with a newline. */
void cli_json_end(struct cli_json *json);

void cli_json_open_object(struct cli_json *json, const char *key);
void cli_json_close_object(struct cli_json *json);
void cli_json_open_array(struct cli_json *json, const char *key);
void cli_json_close_array(struct cli_json *json);

/* text NULL gives null. */
void cli_json_text(struct cli_json *json, const char *key, const char *text);
void cli_json_number(struct cli_json *json, const char *key, int64_t number);
void cli_json_bool(struct cli_json *json, const char *key, bool value);
void cli_json_null(struct cli_json *json, const char *key);
/* An RFC 3339 instant; INT64_MIN and INT64_MAX (ever, never) give null. */
void cli_json_instant(struct cli_json *json, const char *key, int64_t wall_s);
