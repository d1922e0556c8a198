/*
 * The parts of `curfew log`: what its verbs share. One thread.
 */
#pragma once

#include "records/read/reader.h"

#include <stdbool.h>

int cmd_log_verify(int argc, char **argv);
int cmd_log_convert(int argc, char **argv);
int cmd_log_key(int argc, char **argv);
int cmd_log_seals(int argc, char **argv);

/* The files to read, in order. */
struct log_files {
	struct cf_log_set *sets; /* one for each argument */
	char **names;            /* the arguments */
	const char *olddir;      /* NULL: none */
	size_t count;
};

/*
 * Takes the arguments left after options; none means the installed log with all its rotated files.
 * rotated puts each file's rotated siblings before it, and so does olddir, with those there as well
 * (NULL: none). False, with a message on stderr, when there is nothing to read.
 */
bool log_files_take(
    struct log_files *files, int argc, char **argv, bool rotated, const char *olddir);
/* False, with a message, when a place in them cannot be remembered: standard input has none. */
bool log_files_resume(const struct log_files *files, const char *state_path);
void log_files_done(struct log_files *files);

/* Opens one file, with a message on stderr when that fails. */
struct cf_reader *log_open(const char *path);

/* Says on stderr why a reader failed. */
void log_complain(const struct cf_reader *reader);
