/*
 * Where `curfew log` writes: standard output, or a file that is only ever added to. After a kill
 * the same lines are made again from the last known place (log_state.h); what the file has of them
 * already is compared and not written twice, so that whoever follows the file sees it grow and
 * nothing else. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* How far a file was written when everything before it was known to be there. */
struct log_out_place {
	uint64_t dev, ino, bytes; /* all 0: standard output */
};

struct log_out {
	FILE *to; /* write here */
	const char *path;
	int fd; /* -1: standard output */
	uint64_t at,
	    found; /* where the next byte goes; how long the file was, while at is before */
};

/*
 * path NULL: standard output. Else the file, made with mode 0640, locked against another process
 * of ours; written on from *known (NULL: from its end). False with a message on stderr.
 */
bool log_out_open(struct log_out *out, const char *path, const struct log_out_place *known);
/* All that was written is there now, on disk if it is a file; follows its rotation. False when it
 * cannot be written, with a message unless nobody reads any more. */
bool log_out_flush(struct log_out *out);
struct log_out_place log_out_place(const struct log_out *out);
/* What follows is not what was written before: a part of it that is there is cut off. */
void log_out_forget(struct log_out *out);
void log_out_close(struct log_out *out);
