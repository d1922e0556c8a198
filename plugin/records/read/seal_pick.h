/*
 * The seals of a log in the form that is kept elsewhere (anchor/seal_text.h): those that end what
 * stands before them, all or the newest of each writer. One thread.
 */
#pragma once

#include "base/map.h"
#include "records/read/reader.h"

#include <stdio.h>

struct cf_seal_pick {
	bool last;              /* the newest of each writer alone, at the end */
	int64_t since_wall_us;  /* none that is older */
	FILE *to;               /* the caller's: a line a seal */
	struct cf_map *writers; /* the caller makes it */
	uint64_t count;         /* of seals that were good */
	char **newest;          /* the newest seal's text of each writer */
	uint32_t newest_count;
	bool failed; /* no memory */
};

/* Takes a record of the log; what is no seal is passed over. */
void cf_seal_pick_take(
    struct cf_seal_pick *pick, const struct cf_record *record, const struct cf_line *line);
/* Writes what was kept until now. CF_ENOMEM: something is missing. */
enum cf_status cf_seal_pick_end(struct cf_seal_pick *pick) CF_MUST_CHECK;
/* Frees all but the stream. */
void cf_seal_pick_done(struct cf_seal_pick *pick);
