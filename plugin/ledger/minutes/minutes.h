/*
 * Numbers by the minute of one day: how a roll-up remembers when. The log folds repeats inside
 * about a minute, so a minute is as fine as the log itself, and a day's roll-up can still be
 * divided between two hosts when an address changed hands at noon.
 *
 * As bytes (docs/FORMATS.md, "ledger"): runs of consecutive minutes with one value, each three
 * varints: minutes since the end of the last run, length of the run, value. At most 1440 runs, so
 * the size of a roll-up is bounded whatever happens. One thread.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_DAY_MINUTES 1440
/* Longest encoding: every minute its own run of 2 + 1 + 10 bytes. */
#define CF_MINUTES_BYTES (CF_DAY_MINUTES * 13)
/* One minute alone: as above, and a step of the day. */
#define CF_MINUTES_RUN_BYTES 16

struct cf_minute {
	uint32_t minute; /* 0..1439 */
	uint64_t value;
};

/* Sorted by minute, each minute once. Initialise with {0}; cf_minutes_done() frees. */
struct cf_minutes {
	struct cf_minute *items;
	uint32_t count, size;
};

/* What two values of the same minute become. */
enum cf_minutes_merge {
	CF_MINUTES_SUM, /* counts */
	CF_MINUTES_MAX, /* marks (always 1) and counters that only grow */
};

void cf_minutes_done(struct cf_minutes *minutes);

/* CF_ENOMEM; CF_EINVALID when minute is out of range. */
enum cf_status cf_minutes_add(struct cf_minutes *minutes, uint32_t minute, uint64_t value,
    enum cf_minutes_merge merge) CF_MUST_CHECK;

/* Writes into blob[0..CF_MINUTES_BYTES); returns the length. */
size_t cf_minutes_encode(const struct cf_minutes *minutes, uint8_t *blob);

/* Merges encoded minutes into *minutes. CF_EMALFORMED, CF_ENOMEM. */
enum cf_status cf_minutes_decode(struct cf_minutes *minutes, const void *blob, size_t len,
    enum cf_minutes_merge merge) CF_MUST_CHECK;
