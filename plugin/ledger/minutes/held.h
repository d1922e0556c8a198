/*
 * Intervals of one day during which a claim to an address held, in whole minutes, and how each
 * ended: what a sighting remembers besides the minutes at which it was said.
 *
 * Intervals that share a minute are one; the later end, and the reason for it, count. So the order
 * in which they come does not matter. As bytes (docs/FORMATS.md, "ledger"): three varints each:
 * minutes since the end of the one before (the first: of the day), length less one, reason
 * (enum cf_identity_end). One thread.
 */
#pragma once

#include "base/status.h"
#include "ledger/minutes/minutes.h"

#include <stdint.h>

/* Longest encoding: every minute its own interval of three bytes. */
#define CF_HELD_BYTES (CF_DAY_MINUTES * 3)

struct cf_held_span {
	uint16_t from, to; /* both included, 0..1439 */
	uint8_t end;       /* enum cf_identity_end: why it did not go on */
};

/* Sorted, apart. Initialise with {0}; cf_held_done() frees. */
struct cf_held {
	struct cf_held_span *items;
	uint32_t count, size;
};

void cf_held_done(struct cf_held *held);

/* CF_ENOMEM; CF_EINVALID when it is no interval of a day. */
enum cf_status cf_held_add(struct cf_held *held, struct cf_held_span span) CF_MUST_CHECK;

/* Writes into blob[0..CF_HELD_BYTES); returns the length. */
size_t cf_held_encode(const struct cf_held *held, uint8_t *blob);

/* Joins encoded intervals to *held. CF_EMALFORMED, CF_ENOMEM. */
enum cf_status cf_held_decode(struct cf_held *held, const void *blob, size_t len) CF_MUST_CHECK;
