/*
 * The lines of several logs, from their rotated files on, and on across rotation: what printing and
 * converting share. One thread.
 */
#pragma once

#include "records/files/log_set.h"
#include "records/read/walk_state.h"

/* One whole line that is a record. */
typedef void cf_walk_take_fn(void *arg, const struct cf_record *record, const struct cf_line *line);

/* The logs to walk, in order. */
struct cf_walk_logs {
	struct cf_log_set *sets; /* the files of each, older first */
	char **names;            /* as each was asked for */
	const char *olddir;      /* where rotated files lie as well; NULL: nowhere */
	size_t count;
};

struct cf_walk {
	cf_walk_take_fn *take;
	void *arg;
	struct cf_walk_out *out;      /* where take writes */
	struct cf_walk_state *state;  /* state->path NULL: nothing is remembered */
	void (*caught_up)(void *arg); /* all that was there was taken; NULL: nobody asks */
	cf_walk_say_fn *say;          /* what went wrong */
	bool follow;                  /* go on for ever, or until nobody reads */
	uint64_t skipped;             /* lines that are no records */
	struct cf_record record;
};

/* All there is, from where the state says; then CF_OK, or CF_EIO after it was
 * said what went wrong. */
enum cf_status cf_walk_run(struct cf_walk *walk, const struct cf_walk_logs *files) CF_MUST_CHECK;
