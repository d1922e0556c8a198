/*
 * A small JSON emitter into a bounded buffer: what the hit log needs and nothing more. Output is
 * plain ASCII whatever the input holds: bytes outside 0x20..0x7e, quote and backslash are escaped
 * (names come off the wire as bytes; a byte is written as the code point of the same number).
 *
 * When the buffer is full the emitter stays failed, so that one test at the end is enough. One
 * emitter belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cf_json {
	char *start, *at, *end;
	bool failed;
	size_t cut_bytes; /* input bytes left out by shortening so far */
};

static inline struct cf_json cf_json_make(char *buffer, size_t size)
{
	return (struct cf_json){.start = buffer, .at = buffer, .end = buffer + size};
}

/* Bytes written so far, 0 once failed. */
static inline size_t cf_json_length(const struct cf_json *json)
{
	return json->failed ? 0 : (size_t)(json->at - json->start);
}

/* Copies bytes as they are. */
static inline void cf_json_raw(struct cf_json *json, const char *bytes, size_t len)
{
	if (json->failed || len > (size_t)(json->end - json->at)) {
		json->failed = true;
		return;
	}
	memcpy(json->at, bytes, len);
	json->at += len;
}

/* Copies a string literal. */
#define CF_JSON_LITERAL(json, text) cf_json_raw((json), text, sizeof(text) - 1)

/* An unsigned or signed decimal number. */
void cf_json_number(struct cf_json *json, uint64_t value);
void cf_json_signed(struct cf_json *json, int64_t value);

/* The bytes escaped, without quotes. */
void cf_json_escape(struct cf_json *json, const char *bytes, size_t len);

/*
 * A quoted string that takes at most most_bytes escaped (the quotes left out; the marker may add up
 * to 24 more). If it does not fit, its end is left out and replaced by "...+N", N being the bytes
 * left out; with keep_tail the beginning is left out instead and replaced by "+N...".
 */
void cf_json_string(
    struct cf_json *json, const char *bytes, size_t len, size_t most_bytes, bool keep_tail);

/* A quoted RFC 3339 instant with microseconds, or with seconds only. */
void cf_json_instant_us(struct cf_json *json, int64_t wall_us);
void cf_json_instant(struct cf_json *json, int64_t wall_s);
