/* Start and stop of the module. */
#include "resolver/host/unbound.h"

#include "resolver/setup.h"

#include "resolver/host/gate.h"
#include "resolver/lane/lane.h"
#include "resolver/lane/sweep.h"
#include "resolver/query/alias.h"
#include "resolver/query/callbacks.h"
#include "resolver/watch/health.h"
#include "resolver/watch/retire.h"
#include "resolver/watch/roll_call.h"
#include "resolver/watch/use_log.h"
#include "resolver/watch/watch.h"

#include "base/check.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * What outlives a reload of the host, which is deinit and init in one process: the image that was
 * in force, so that a file that is missing or bad at that moment does not open the gates; and a
 * number that tells loads apart.
 */
static struct {
	struct cf_image *image;
	char *path;
	bool is_swept; /* the shared cache has been swept for image */
	_Atomic uint64_t generation;
} kept;

static void on_broken_promise(const char *expression, const char *file, int line)
{
	(void)file;
	(void)line;
	log_err("curfew: internal error: %s; this query is given up", expression);
}

/* The host's own translation, whether dns64 is among its modules or on another machine. */
static void read_nat64(const struct module_env *env)
{
	struct cf_prefix prefix = {.addr.family = CF_FAMILY_NONE};

	if (env->cfg->dns64_prefix != NULL &&
	    cf_prefix_parse(env->cfg->dns64_prefix, &prefix) != CF_OK)
		prefix.addr.family = CF_FAMILY_NONE; /* dns64 itself will refuse it */
	cf_view_set_nat64(&prefix);
}

static void read_options(struct cf_module *module, const struct module_env *env)
{
	const struct config_strlist *line;

	for (line = env->cfg->dynlib_file; line != NULL; line = line->next) {
		struct cf_error error;

		if (!cf_options_is_ours(line->str))
			continue;
		if (cf_options_read(&module->options, line->str, module->chroot_dir, &error) !=
		    CF_OK)
			log_err("curfew: dynlib-file: %s; this line is ignored", error.text);
	}
}

/* The image at start: the file's, or the one from before the reload. */
static struct cf_image *first_image(struct cf_module *module, bool *is_new_out)
{
	const char *path = module->options.image_path;
	struct cf_image *image = NULL, *old = NULL;
	struct cf_error error = {.text = ""};

	if (kept.path != NULL && strcmp(kept.path, path) == 0) {
		old = kept.image;
		kept.image = NULL;
	}
	cf_image_close(kept.image);
	kept.image = NULL;
	*is_new_out = false;
	if (cf_image_open(path, &image, &error) != CF_OK) {
		log_err("curfew: cannot use image '%s': %s; %s", path, error.text,
		    old != NULL ? "the one from before the reload stays in force"
		                : "every query passes until there is one");
		memcpy(module->image_refused, error.text, sizeof(error.text));
		*is_new_out = old != NULL && !kept.is_swept;
		return old;
	}
	*is_new_out = old == NULL || !kept.is_swept ||
	    memcmp(cf_image_info(old)->digest, cf_image_info(image)->digest, CF_SHA256_BYTES) != 0;
	cf_image_close(old);
	return image;
}

static bool use_image(struct cf_module *module, const struct module_env *env)
{
	struct cf_images *images = calloc(1, sizeof(*images));
	bool is_new;

	if (images == NULL)
		return false;
	images->active = first_image(module, &is_new);
	if (images->active != NULL) {
		const struct cf_image_info *info = cf_image_info(images->active);

		(void)cf_sha256_format(info->digest, images->digest);
		log_info(
		    "curfew: image %.12s of '%s' is in force: %u names, %u networks, %u phases",
		    images->digest, module->options.image_path, info->names, info->networks,
		    info->phases);
		/* A reload that keeps the cache may come with a new image; nobody else is running
		 * yet. */
		if (is_new && env->msg_cache != NULL)
			cf_sweep_all(env->msg_cache, images->active);
	}
	atomic_store(&module->images, images);
	/* A reload that keeps the caches keeps what led where, and we have forgotten it. */
	if (atomic_load(&kept.generation) > 1)
		cf_alias_look_at_all(module, (int64_t)time(NULL) + module->options.clock_offset_s);
	return true;
}

static struct cf_module *module_new(const struct module_env *env, int id)
{
	struct cf_module *module = calloc(1, sizeof(*module));

	if (module == NULL)
		return NULL;
	module->id = id;
	module->generation = atomic_fetch_add(&kept.generation, 1) + 1;
	(void)pthread_mutex_init(&module->lock, NULL);
	module->chroot_dir = strdup(env->cfg->chrootdir == NULL ? "" : env->cfg->chrootdir);
	module->module_config = strdup(env->cfg->module_conf == NULL ? "" : env->cfg->module_conf);
	if (module->chroot_dir == NULL || module->module_config == NULL ||
	    cf_options_init(&module->options) != CF_OK) {
		free(module->chroot_dir);
		free(module->module_config);
		free(module);
		return NULL;
	}
	return module;
}

static void module_free(struct cf_module *module)
{
	const struct cf_images *images = atomic_load(&module->images);

	while (module->workers != NULL) {
		struct cf_worker *worker = module->workers;

		module->workers = worker->next;
		/* The event base is gone with the worker; freeing the event does not look at it. */
		if (worker->timer != NULL)
			ub_event_free(worker->timer);
		free(worker->roll);
		free(worker->shadow);
		free(worker);
	}
	if (images != NULL) {
		free(kept.path);
		kept.path = strdup(module->options.image_path); /* NULL: nothing is kept then */
		kept.image = images->active;
		kept.is_swept = cf_sweep_is_done(module);
		cf_image_close(images->next);
		free((void *)(uintptr_t)images); /* const for its readers only */
	}
	free(module->roll_call);
	cf_lane_free(module->lane_cache);
	cf_options_done(&module->options);
	free(module->chroot_dir);
	free(module->module_config);
	(void)pthread_mutex_destroy(&module->lock);
	free(module);
}

void cf_setup_start(struct module_env *env, int id)
{
	struct dynlibmod_env *host = env->modinfo[id];
	struct cf_module *module = module_new(env, id);

	cf_check_set_handler(on_broken_promise);
	if (module != NULL) {
		read_options(module, env);
		cf_options_reread_clock(&module->options);
		cf_clock_init(&module->clock, module->options.clock_offset_s);
		module->lane_cache = cf_lane_new(module->options.lane_bytes);
		module->roll_call = calloc(1, sizeof(*module->roll_call));
		read_nat64(env);
	}
	if (module == NULL || module->lane_cache == NULL || module->roll_call == NULL ||
	    !use_image(module, env) || !cf_callbacks_register(module, env, id)) {
		log_err("curfew: no memory at start; nothing is blocked or recorded, every query "
		        "passes");
		if (module != NULL) {
			cf_callbacks_delete(env, id);
			module_free(module);
		}
		cf_gate_shut();
		return;
	}
	host->dyn_env = module;
	if (atomic_load(&module->images)->active != NULL)
		cf_use_log(module, atomic_load(&module->images)->active);
	cf_roll_call_tick(module, module->roll_call); /* the first client counts */
	cf_health_write(module);
	if (!cf_watch_start(module))
		log_err("curfew: cannot start the watcher thread; a new image is noticed at a "
		        "reload only");
}

void cf_setup_stop(struct module_env *env, int id)
{
	struct dynlibmod_env *host = env->modinfo[id];
	struct cf_module *module = host == NULL ? NULL : host->dyn_env;

	if (module == NULL)
		return;
	cf_watch_stop(module);
	cf_roll_call_end(module, module->roll_call);
	cf_callbacks_delete(env, id);
	module->stopping = true;
	cf_health_write(module);
	cf_log_close(atomic_load(&module->log));
	cf_retire_free_all(module);
	host->dyn_env = NULL;
	module_free(module);
}

size_t cf_setup_memory(struct cf_module *module)
{
	return module == NULL ? 0 : sizeof(*module) + slabhash_get_mem(module->lane_cache);
}
