/*
 * Where `curfew log` writes: standard output, or a file that is only ever added to. After a kill
 * the same lines are made again from the last known place (walk_state.h); what the file has of them
 * already is compared and not written twice, so that whoever follows the file sees it grow and
 * nothing else. One thread.
 */
#pragma once

#include "records/read/walk_say.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* How far a file was written when everything before it was known to be there. */
struct cf_walk_out_place {
	uint64_t dev, ino, bytes; /* all 0: standard output */
};

struct cf_walk_out {
	FILE *to; /* write here */
	const char *path;
	int fd; /* -1: standard output */
	cf_walk_say_fn *say;
	uint64_t at,
	    found; /* where the next byte goes; how long the file was, while at is before */
};

/*
 * path NULL: standard output. Else the file, made with mode 0640, locked against another process
 * of ours; written on from *known (NULL: from its end). False after it was
 * said why, as of whatever goes wrong later.
 */
bool cf_walk_out_open(struct cf_walk_out *out, const char *path,
    const struct cf_walk_out_place *known, cf_walk_say_fn *say);
/* All that was written is there now, on disk if it is a file; follows its rotation. False when it
 * cannot be written, with a message unless nobody reads any more. */
bool cf_walk_out_flush(struct cf_walk_out *out);
struct cf_walk_out_place cf_walk_out_place(const struct cf_walk_out *out);
/* What follows is not what was written before: a part of it that is there is cut off. */
void cf_walk_out_forget(struct cf_walk_out *out);
void cf_walk_out_close(struct cf_walk_out *out);
