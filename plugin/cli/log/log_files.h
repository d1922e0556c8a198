/*
 * The parts of `curfew log`: what its verbs share. One thread.
 */
#pragma once

#include "records/read/reader.h"
#include "records/read/walk.h"

#include <stdbool.h>

int cmd_log_verify(int argc, char **argv);
int cmd_log_convert(int argc, char **argv);
int cmd_log_key(int argc, char **argv);
int cmd_log_seals(int argc, char **argv);

/*
 * Takes the arguments left after options; none means the installed log with all its rotated files.
 * rotated puts each file's rotated siblings before it, and so does olddir, with those there as well
 * (NULL: none). False, with a message on stderr, when there is nothing to read.
 */
bool log_files_take(
    struct cf_walk_logs *files, int argc, char **argv, bool rotated, const char *olddir);
/* False, with a message, when a place in them cannot be remembered: standard input has none. */
bool log_files_resume(const struct cf_walk_logs *files, const char *state_path);
void log_files_done(struct cf_walk_logs *files);

/* Opens one file, with a message on stderr when that fails. */
struct cf_reader *log_open(const char *path);

/* Says on stderr why a reader failed. */
void log_complain(const struct cf_reader *reader);
/* What a walk says, on stderr. */
void log_say(const char *text);
