/*
 * The lines of several logs, from their rotated files on, and on across rotation: what printing and
 * converting share. One thread.
 */
#pragma once

#include "cli/log/log_files.h"
#include "cli/log/log_state.h"

/* One whole line that is a record. */
typedef void log_take_fn(void *arg, const struct cf_record *record, const struct cf_line *line);

struct log_walk {
	log_take_fn *take;
	void *arg;
	struct log_out *out;          /* where take writes */
	struct log_state *state;      /* state->path NULL: nothing is remembered */
	void (*caught_up)(void *arg); /* all that was there was taken; NULL: nobody asks */
	bool follow;                  /* go on for ever, or until nobody reads */
	uint64_t skipped;             /* lines that are no records */
	struct cf_record record;
};

/* All there is, from where the state says; then CMD_OK, or CMD_IO after a message. */
int log_walk_files(struct log_walk *walk, const struct log_files *files);
