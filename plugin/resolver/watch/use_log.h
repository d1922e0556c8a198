/*
 * The module's hit log, as unbound.conf and the image in force want it. The watcher's thread, and
 * the main thread before that starts.
 */
#pragma once

#include "resolver/state/state.h"

/*
 * Opens the log, once its path is known, and tells it what is in force. What goes wrong is said in
 * Unbound's log and done without.
 */
void cf_use_log(struct cf_module *module, const struct cf_image *image);
