/*
 * The files of a log that logrotate renames, in the order they were written. Any thread.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>

/* The files of a set, oldest first; paths are owned by the set. */
struct cf_log_set {
	char **paths;
	size_t count;
};

/*
 * Finds path and its rotated siblings by the grammar of logrotate(8), see records/files/log_name.h:
 * in its folder, and in the folders right inside of that (olddir), unless such a folder has a log
 * of the same name. Dates rise, rotation numbers fall. What names alone do not tell - dates without
 * a year, weeks that look like rotation numbers - the files' first lines decide, or their
 * modification times. A plain file wins over a compressed one of the same name, which logrotate
 * leaves behind when it is interrupted.
 *
 * Every compressor's files are found, also those that cannot be read here: leaving them out would
 * be silent. A path that does not exist gives the siblings alone; CF_EIO when its folder cannot be
 * read. CF_ENOMEM.
 */
enum cf_status cf_log_set_find(const char *path, struct cf_log_set *set_out) CF_MUST_CHECK;
/* The same, with the rotated files of another folder (olddir elsewhere; NULL: none) as well. */
enum cf_status cf_log_set_find_also(
    const char *path, const char *olddir, struct cf_log_set *set_out) CF_MUST_CHECK;
void cf_log_set_done(struct cf_log_set *set);
