/*
 * How much of something may be done: so many at once, and so many a second after that. What is
 * refused is counted, so that a flood of made-up clients costs a number and not a disk.
 *
 * Time is whatever the caller counts in microseconds, and may stand or step back. Seconds that were
 * given once are not given again: records of several threads and captures come a little out of
 * order, and each small step back would otherwise fill the allowance anew. A step back by more than
 * it takes to fill is no disorder but a clock that was set; from there on it counts, with nothing
 * gained. Plain values; one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cf_allowance {
	int64_t cost_us; /* of one: 1,000,000 / per_s */
	int64_t most_us; /* what fits in */
	int64_t left_us;
	int64_t at_us; /* up to here time was counted */
	uint64_t refused;
};

/* Full. per_s is 1 to 1,000,000; burst at least 1. */
struct cf_allowance cf_allowance_make(uint32_t burst, uint32_t per_s);

/* One more at that time; false, and counted, when it is too much. */
bool cf_allowance_take(struct cf_allowance *allowance, int64_t now_us);
