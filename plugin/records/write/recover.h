/*
 * What a log's end looks like when a writer starts: the last seal of this writer, the lines behind
 * it that no seal covers (the process was killed), and a torn last line.
 */
#pragma once

#include "records/files/chain.h"
#include "records/write/sink.h"

#include <stdint.h>

struct cf_recovery {
	const char *found; /* "new", "sealed", "unsealed", "torn", "unknown"; static */
	uint64_t repaired_bytes, unsealed_lines;
};

/*
 * Reads the file behind sink->path from its end (at most CF_LOG_TAIL_BYTES), lets chain go on where
 * the last seal of (sensor, source) left it, with the unsealed lines added, and ends a torn last
 * line with a newline. Reads only our own lines; other writers' are theirs.
 */
void cf_recover(struct cf_sink *sink, struct cf_chain *chain, const char *sensor,
    const char *source, struct cf_recovery *recovery_out);
