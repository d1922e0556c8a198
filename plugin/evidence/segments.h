/*
 * The part of a log that an interval needs, so that it can still be checked: whole segments, each a
 * seal and what its writer wrote since the seal before. Writers that share a file have chains of
 * their own, and each is cut at its own seals. One thread.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_segments_counts {
	uint64_t lines, kept;
};

/*
 * Copies the segments of the file at from that have something of the interval to a new file at to,
 * not compressed; nothing is made when all lines are wanted, or none. Runs over captures, whose
 * time is another, are wanted whole. CF_EIO, CF_ENOMEM, CF_EAGAIN: the file was rotated meanwhile.
 */
enum cf_status cf_segments_copy(const char *from, const char *to, int64_t from_wall_s,
    int64_t to_wall_s, struct cf_segments_counts *counts_out, struct cf_error *error) CF_MUST_CHECK;
