/* Workers: their registration, and how they keep images alive while they read them. */
#include "resolver/host/unbound.h"

#include "resolver/state/state.h"

#include <stdlib.h>

/*
 * Where this thread's worker is. Thread-local because Unbound's callback for cached replies says
 * neither worker nor environment; initial-exec so that it costs one load. The generation tells a
 * worker of this load from a freed one of an earlier load: Unbound's first worker runs in the main
 * thread, which lives through reloads.
 */
static _Thread_local struct {
	struct cf_worker *worker;
	uint64_t generation;
} own __attribute__((tls_model("initial-exec")));

static struct cf_worker *worker_new(struct cf_module *module)
{
	struct cf_worker *worker = calloc(1, sizeof(*worker));
	struct module_env *shadow = calloc(1, sizeof(*shadow));

	if (worker == NULL || shadow == NULL) {
		free(worker);
		free(shadow);
		return NULL;
	}
	worker->module = module;
	worker->shadow = shadow;
	worker->roll = calloc(1, sizeof(*worker->roll)); /* NULL: its clients are not noted */
	(void)pthread_mutex_lock(&module->lock);
	worker->next = module->workers;
	module->workers = worker;
	(void)pthread_mutex_unlock(&module->lock);
	return worker;
}

struct cf_worker *cf_worker_get(struct cf_module *module)
{
	struct cf_worker *worker = own.worker;

	if (__builtin_expect(worker == NULL || own.generation != module->generation, 0)) {
		worker = worker_new(module);
		if (worker == NULL)
			return NULL;
		own.worker = worker;
		own.generation = module->generation;
	}
	return worker;
}

const struct cf_images *cf_worker_pin(struct cf_worker *worker)
{
	struct cf_module *module = worker->module;
	const struct cf_images *images =
	    atomic_load_explicit(&module->images, memory_order_acquire);

	/* The watcher frees what is neither current nor pinned: announce, then look whether it
	 * still is. */
	for (;;) {
		const struct cf_images *again;

		atomic_store_explicit(&worker->pinned, images, memory_order_seq_cst);
		again = atomic_load_explicit(&module->images, memory_order_seq_cst);
		if (again == images)
			return images;
		images = again;
	}
}

void cf_worker_unpin(struct cf_worker *worker)
{
	atomic_store_explicit(&worker->pinned, NULL, memory_order_release);
}

bool cf_module_is_pinned(struct cf_module *module, const struct cf_images *images)
{
	bool pinned = false;

	(void)pthread_mutex_lock(&module->lock);
	for (struct cf_worker *w = module->workers; w != NULL && !pinned; w = w->next)
		pinned = atomic_load_explicit(&w->pinned, memory_order_seq_cst) == images;
	(void)pthread_mutex_unlock(&module->lock);
	return pinned;
}
