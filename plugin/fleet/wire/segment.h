/*
 * Segments of one writer: the lines that lie between two seals of its chain, with the seal that
 * ends them. Lines are given one by one, in the order they were written; a seal says whether all
 * is as it was written. The sensor uses it on its log, the collector on what came. One thread.
 */
#pragma once

#include "fleet/wire/bundle_name.h"
#include "records/files/chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cf_segment_line {
	CF_SEGMENT_OPEN,   /* it goes on */
	CF_SEGMENT_HOLDS,  /* the line seals it, and it is as it was written */
	CF_SEGMENT_BROKEN, /* the line seals something else */
};

/* What its seal says. */
struct cf_segment {
	uint64_t seq;
	char prev[CF_SHA256_TEXT_BYTES], sha256[CF_SHA256_TEXT_BYTES];
	char run[CF_BUNDLE_RUN_BYTES];
	int64_t at_wall_us;
	bool is_urgent; /* a block, an escape or lost records are in it */
};

struct cf_segment_reader {
	struct cf_chain chain;
	bool is_urgent;
	char *held; /* lines since the last seal, this one's newlines included */
	size_t held_len, held_size;
	bool too_long; /* they were more than a bundle may have: not held */
};

/* CF_ENOMEM. */
enum cf_status cf_segment_reader_init(struct cf_segment_reader *reader) CF_MUST_CHECK;
void cf_segment_reader_done(struct cf_segment_reader *reader);

/*
 * The next line of the writer, a record, newline left out, its bytes in held from now on until the
 * next call behind a seal. *segment_out is filled unless the segment goes on. A segment of more
 * than CF_FLEET_PLAIN_BYTES is broken. CF_ENOMEM.
 */
enum cf_status cf_segment_reader_line(struct cf_segment_reader *reader,
    const struct cf_record *record, const char *line, size_t len, enum cf_segment_line *what_out,
    struct cf_segment *segment_out) CF_MUST_CHECK;
/* Forgets the lines of the segment that ended. */
void cf_segment_reader_next(struct cf_segment_reader *reader);

/* Whose record it is; false when the names are none that a bundle can have. */
bool cf_segment_writer(const struct cf_record *record, struct cf_bundle_writer *writer_out);
