/*
 * Follows the hash chains of a log while it is ingested: one chain for each writer found in the
 * file. A seal that does not fit means that lines before it were changed, removed or added, and
 * that what they say about absence cannot be believed. One file, one thread.
 */
#pragma once

#include "base/status.h"
#include "records/read/reader.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_seals;

enum cf_seal_verdict {
	CF_SEAL_NONE,   /* no seal, or one whose beginning was not seen */
	CF_SEAL_HOLDS,  /* lines since the seal before are as they were written */
	CF_SEAL_BROKEN, /* they are not */
};

struct cf_seal_result {
	enum cf_seal_verdict verdict;
	int64_t from_wall_us, to_wall_us; /* what the seal covers */
};

enum cf_status cf_seals_new(struct cf_seals **seals_out) CF_MUST_CHECK;
void cf_seals_free(struct cf_seals *seals);

/* The next line of the file. CF_ENOMEM. */
enum cf_status cf_seals_line(struct cf_seals *seals, const struct cf_record *record,
    const struct cf_line *line, struct cf_seal_result *result_out) CF_MUST_CHECK;

/* Where reading must begin again to go on as if it had not stopped: the earliest last seal. */
uint64_t cf_seals_offset(const struct cf_seals *seals);
