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
 * Finds path and its rotated siblings: path.1, path.2.gz, path-20240930, path-20240930.zst, and
 * name-20240930.jsonl for name.jsonl. A plain file wins over a compressed one of the same name. A
 * path that does not exist gives the siblings alone; CF_EIO when its folder cannot be read.
 * CF_ENOMEM.
 */
enum cf_status cf_log_set_find(const char *path, struct cf_log_set *set_out) CF_MUST_CHECK;
void cf_log_set_done(struct cf_log_set *set);
