/*
 * From init to deinit: makes the module and takes it down. Main thread of the host, with no worker
 * running.
 */
#pragma once

#include "resolver/state/state.h"

/*
 * Makes the module and stores it with the host. What cannot be had - memory, a good image, the log
 * - is said and done without: the host always starts.
 */
void cf_setup_start(struct module_env *env, int id);

/* Ends threads, frees everything; the image in force is kept for a start in the same process. */
void cf_setup_stop(struct module_env *env, int id);

/* Bytes that the module holds. */
size_t cf_setup_memory(struct cf_module *module);
