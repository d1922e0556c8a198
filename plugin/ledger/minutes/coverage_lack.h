/*
 * What is missing: how much of a time a set of sensors watched, and which stretches without anybody
 * keep a strict statement about it from being made. Pure but for the coverage's caches: one thread.
 */
#pragma once

#include "ledger/minutes/coverage.h"

struct cf_coverage_lack {
	uint32_t watched_minutes;        /* of the time looked at */
	uint32_t lacking_minutes;        /* in the stretches below */
	uint32_t stretches;              /* each longer than the tolerance */
	uint32_t from_minute, to_minute; /* the longest of them, the first of equals; 0, 0: none */
};

/*
 * Of [from, to): tolerance_minutes as in cf_coverage_holds(), and what is known may end lag_minutes
 * before to_minute (logs arrive late). No stretch exactly when cf_coverage_since(set, to) is at
 * from_minute, or at most the tolerance behind it.
 */
struct cf_coverage_lack cf_coverage_find_lack(struct cf_coverage *coverage, uint32_t set,
    uint32_t from_minute, uint32_t to_minute, uint32_t tolerance_minutes, uint32_t lag_minutes);
