/*
 * How much of something may be written: so many at once, and so many a second after that. What is
 * refused is counted, so that a flood of made-up hosts costs a number and not a disk.
 *
 * Time is the packets'; it may stand or jump back, which refills nothing. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cf_allowance {
	uint32_t burst, per_s;
	int64_t left_us; /* in microseconds' worth: one costs 1,000,000 / per_s */
	int64_t at_wall_us;
	uint64_t refused;
};

/* Full. per_s is 1 to 1,000,000. */
struct cf_allowance cf_allowance_make(uint32_t burst, uint32_t per_s);

/* One more at that time; false, and counted, when it is too much. */
bool cf_allowance_take(struct cf_allowance *allowance, int64_t now_wall_us);
