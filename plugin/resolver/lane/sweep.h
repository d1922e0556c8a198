/*
 * Sweeping the shared message cache for names that a new image lists: what was stored while they
 * were clean must not be served once they are not.
 *
 * The walk runs in slices on the workers' own timers, so that no query waits and the host stops it
 * by itself at a reload; each worker takes slabs of the cache until none is left. Entries are made
 * useless in place (expired, and of a kind that is never served stale), not freed.
 */
#pragma once

#include "resolver/state/state.h"

/*
 * The worker of the calling thread, whose environment is env: noted at its first query, when its
 * timer starts as well, where the host has libevent. NULL as of cf_worker_get().
 */
struct cf_worker *cf_sweep_worker(struct cf_module *module, struct module_env *env);

/* Removes what the tripwire found; nothing to do nearly always. Worker thread, no locks held. */
void cf_sweep_remove_noted(struct cf_worker *worker);

/* Asks the workers for a sweep under images->next. Watcher thread. */
void cf_sweep_request(struct cf_module *module);
/* True when every slab has been walked since the request. */
bool cf_sweep_is_done(const struct cf_module *module);

/* Walks everything at once; only before any worker runs (init after reload_keep_cache). */
void cf_sweep_all(struct slabhash *cache, const struct cf_image *image);
