/*
 * The watcher thread: notices a new image, introduces it, ticks the clock's guard, and writes the
 *status file. The only writer of module->images after init.
 *
 *	new file -> verified -> its names go to the lane as well (images->next)
 *	         -> each worker has finished the query it had in hand -> the shared cache is swept
 *	         -> in force (images->active); the old image is unmapped when the last reader is
 *done
 */
#pragma once

#include "resolver/state/state.h"

struct cf_watch;

/* Starts the thread; false (nothing started) without memory or threads. Main thread. */
bool cf_watch_start(struct cf_module *module);

/* Ends and joins it. Main thread, after Unbound's workers. NULL watch is fine. */
void cf_watch_stop(struct cf_module *module);
