/*
 * The one place from which files are written that somebody names: written beside, flushed to disk,
 * then renamed into place, so that a reader sees the old or the new and never a part.
 *
 * A device, pipe or socket is never replaced - renaming a file over /dev/null takes it from the
 * whole machine -: it is opened and written, or refused where only a whole file will do. A named
 * pipe that nobody reads is waited for five seconds at most (not at all with CF_WRITE_UNSYNCED). A
 * symbolic link is followed, and what it leads to is replaced, if it belongs to root or to whom we
 * run as: a link that somebody else laid where we write may lead anywhere.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdio.h>

enum cf_file_writer_flag {
	CF_WRITE_ONLY_FILES = 1, /* others read it as a file: nothing else will do */
	CF_WRITE_UNSYNCED = 2,   /* written often, and worth nothing after a power cut */
	CF_WRITE_PRIVATE = 4,    /* who did what: a new file is not for everybody, 0640 */
};

struct cf_file_writer {
	FILE *to; /* write here; NULL when not open */
	unsigned flags;
	bool is_stream;           /* written as it is, nothing is renamed */
	char path[CF_PATH_BYTES]; /* what is replaced, links followed */
	char beside[CF_PATH_BYTES + 16];
	const char *refusal; /* why, when path was refused for what it is; static */
};

/* CF_EIO (errno), CF_EINVALID (refused for what it is), CF_ETOOBIG for a path too long. */
enum cf_status cf_file_writer_open(struct cf_file_writer *writer, const char *path) CF_MUST_CHECK;
/* With flags. */
enum cf_status cf_file_writer_open_as(
    struct cf_file_writer *writer, const char *path, unsigned flags) CF_MUST_CHECK;
/* Puts the file in place. On failure (CF_EIO, errno) the old file stays and the new one is removed.
 */
enum cf_status cf_file_writer_commit(struct cf_file_writer *writer) CF_MUST_CHECK;
/* Removes what was written unless it was committed. */
void cf_file_writer_abandon(struct cf_file_writer *writer);

/*
 * Ends what began with status, the result of opening, or of writing: commits, or abandons when
 * something could not be written, for half a file is worse than none. On failure *error says which
 * path and why; as cf_file_writer_commit().
 */
enum cf_status cf_file_writer_end(struct cf_file_writer *writer, const char *path,
    enum cf_status status, struct cf_error *error) CF_MUST_CHECK;

/* Why opening or committing failed just now, for people: what is wrong with the path, or errno. */
const char *cf_file_writer_why(const struct cf_file_writer *writer);

/*
 * May path be replaced by rename? For those that write the file themselves. resolved_out gets the
 * path that is to be replaced, links followed. Errors as cf_file_writer_open_as(); *why_out (may be
 * NULL) then says what is wrong with it, or NULL for errno.
 */
enum cf_status cf_file_writer_check(
    const char *path, char resolved_out[CF_PATH_BYTES], const char **why_out) CF_MUST_CHECK;

/* Writes all of data to fd, over interruptions and short writes; false with errno (ENOSPC where the
 * system says nothing). For what is no file of the above: a pipe, a memory file, a new descriptor.
 */
bool cf_write_all(int fd, const void *data, size_t len);
