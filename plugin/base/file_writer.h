/*
 * Replaces a file by rename: written beside it, flushed to disk, then put in its place, so that a
 * reader sees the old or the new and never a part.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdio.h>

struct cf_file_writer {
	FILE *to; /* write here; NULL when not open */
	char path[CF_PATH_BYTES];
	char beside[CF_PATH_BYTES + 16];
};

/* CF_EIO (errno), CF_ETOOBIG for a path too long. */
enum cf_status cf_file_writer_open(struct cf_file_writer *writer, const char *path) CF_MUST_CHECK;
/* Puts the file in place. On failure (CF_EIO, errno) the old file stays and the new one is removed.
 */
enum cf_status cf_file_writer_commit(struct cf_file_writer *writer) CF_MUST_CHECK;
/* Removes what was written unless it was committed. */
void cf_file_writer_abandon(struct cf_file_writer *writer);
