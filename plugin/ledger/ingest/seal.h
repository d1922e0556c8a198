/*
 * Follows the hash chains of a log while it is ingested: one chain for each writer found in the
 * file. A seal that does not fit means that lines before it were changed, removed or added, and
 * that what they say about absence cannot be believed.
 *
 * Ids of lines rise within a run (records/form/ulid.h), so a line whose id does not is one that
 * came before: shippers that deliver at least once repeat lines. It is told as repeated and is not
 * part of the chain. Where two machines of one name write into one file, ids of both are mixed:
 * that is told, and then no line is taken for a repeated one. One file, one thread.
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
	bool is_repeated;                 /* the line came before; to be dropped */
	bool is_mixed;                    /* a seal of another run than the one under way */
};

enum cf_status cf_seals_new(struct cf_seals **seals_out) CF_MUST_CHECK;
void cf_seals_free(struct cf_seals *seals);

/* What comes next is not the beginning of the file; what came before it was read before. */
void cf_seals_resume(struct cf_seals *seals);

/*
 * What comes next is another file that goes on where this one ends: rotation cuts a log in pieces,
 * in the middle of what a seal covers where somebody else than its writer rotates. Lines of before
 * are known, so that those that come again in the next file are repeated ones.
 */
void cf_seals_next_file(struct cf_seals *seals);

/* The next line of the file. CF_ENOMEM. */
enum cf_status cf_seals_line(struct cf_seals *seals, const struct cf_record *record,
    const struct cf_line *line, struct cf_seal_result *result_out) CF_MUST_CHECK;

/* Seals that could not be judged: too much came before a writer's first, or too many writers. */
uint64_t cf_seals_unjudged(const struct cf_seals *seals);

/*
 * Where reading must begin again to go on as if it had not stopped: the earliest last seal, of
 * whose line hash gets the first bytes of SHA-256 (zeros where there is none yet).
 */
#define CF_SEAL_HASH_BYTES 8
uint64_t cf_seals_offset(const struct cf_seals *seals, uint8_t hash[CF_SEAL_HASH_BYTES]);
