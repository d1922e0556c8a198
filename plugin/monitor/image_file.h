/*
 * Noticing that `curfew apply` has replaced the image: by the file's identity, size and time,
 * looked at about once a second. A file that was refused is not tried again until it changes. One
 * thread.
 */
#pragma once

#include "base/limits.h"
#include "monitor/evidence/watchlist.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_image_file {
	char path[CF_PATH_BYTES];
	bool known; /* there was a file when last looked */
	uint64_t device, inode;
	int64_t size, changed_ns;
};

/* Remembers the file at path as it is now. */
void cf_image_file_init(struct cf_image_file *file, const char *path);

/*
 * CF_EAGAIN: nothing has changed, or there is no file now. CF_OK: it is another one, and its
 * watchlist is the caller's. Otherwise the new one is no good, as cf_image_open(), *error filled.
 */
enum cf_status cf_image_file_look(struct cf_image_file *file, struct cf_watchlist **watchlist_out,
    struct cf_error *error) CF_MUST_CHECK;
