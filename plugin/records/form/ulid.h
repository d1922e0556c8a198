/*
 * ULIDs: 26 characters, sortable by time, never twice (github.com/ulid/spec). Within a millisecond,
 * and when the clock steps back, the random part counts up, so that the ids of one generator always
 * rise. One generator belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CF_ULID_TEXT_BYTES 27

struct cf_ulid {
	uint64_t last_ms;
	uint16_t random_high;
	uint64_t random_low;
};

/* seed: 10 random bytes. */
void cf_ulid_init(struct cf_ulid *ulid, const uint8_t seed[10]);

/* The next id at wall_us, written to text and returned. */
const char *cf_ulid_next(struct cf_ulid *ulid, int64_t wall_us, char text[CF_ULID_TEXT_BYTES]);

/*
 * How far the random part of one id (its letters, no end needed) lies behind that of another: ids
 * of one generator count up in it whatever the clock does. False when they are of two, which 20
 * equal bits and a distance below 2^40 hide once in a million million times; or when it lies
 * before.
 */
bool cf_ulid_counts_on(const char *from, const char *id, uint64_t *by_out);
