/*
 * The module's status for people and `curfew doctor`: a small JSON file beside the hit log,
 * replaced by rename, and the counters of a heartbeat. Any thread that may read the module.
 */
#pragma once

#include "resolver/state/state.h"

/* Writes the file; failure is said once. Watcher and main thread. */
void cf_health_write(struct cf_module *module);

/* Fills in what a heartbeat says of the module. The log's thread. */
void cf_health_heartbeat(struct cf_module *module, struct cf_heartbeat *heartbeat);
