/*
 * Images that are no longer in force but that hits in the log's queues still refer to (hits.h). The
 * watcher's, and the main thread's when there is no watcher.
 *
 * Usually one stays for a turn of the log's writer, some 20 ms. While the disk that the log is on
 * hangs, so does the writer, and each image that is replaced meanwhile waits here.
 */
#pragma once

#include "resolver/state/state.h"

/* Takes image (NULL: nothing) over; no worker may hold it any more. */
void cf_retire_image(struct cf_module *module, struct cf_image *image);

/* Frees those that nothing refers to any more; to be called now and then. */
void cf_retire_free_taken(struct cf_module *module);

/* Frees all; for when the log is closed. */
void cf_retire_free_all(struct cf_module *module);
