/* The watcher thread. */
#include "resolver/host/unbound.h"

#include "resolver/watch/watch.h"

#include "resolver/lane/sweep.h"
#include "resolver/query/alias.h"
#include "resolver/watch/health.h"
#include "resolver/watch/retire.h"
#include "resolver/watch/roll_call.h"
#include "resolver/watch/use_log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define POLL_IDLE_MS   200
#define POLL_BUSY_MS   10
#define STATUS_EACH_MS 5000
/* A new image takes effect after at most this, swept or not: two seconds less the poll and some
 * slack. */
#define GRACE_MOST_MS 700
#define SWEEP_MOST_MS 1000

enum phase {
	PHASE_IDLE,
	PHASE_GRACE, /* published; queries in hand may still store by the old view */
	PHASE_SWEEP,
};

/* What tells one version of a file from another without reading it. */
struct file_mark {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
	int error; /* errno when it could not be looked at */
};

struct cf_watch {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;                /* under lock */
	atomic_bool stop_reading; /* the same, for a read of some GiB to see */
	/* the thread's own */
	struct file_mark seen;
	enum phase phase;
	int64_t phase_mono_ms, status_mono_ms;
};

static int64_t mono_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail for this clock */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct file_mark mark_of(const char *path)
{
	struct stat st;
	struct file_mark mark;

	memset(&mark, 0, sizeof(mark)); /* compared as bytes */
	if (stat(path, &st) != 0) {
		mark.error = errno;
		return mark;
	}
	mark.dev = st.st_dev;
	mark.ino = st.st_ino;
	mark.size = st.st_size;
	mark.mtime = st.st_mtim;
	return mark;
}

/* Replaces what is in force and frees the old pair when its last reader is done; images are the
 * caller's. */
static bool publish(struct cf_module *module, struct cf_image *active, struct cf_image *next)
{
	const struct cf_images *old = atomic_load(&module->images);
	struct cf_images *images = calloc(1, sizeof(*images));
	struct timespec pause = {.tv_nsec = 200000};

	if (images == NULL)
		return false;
	images->active = active;
	images->next = next;
	if (active != NULL)
		(void)cf_sha256_format(cf_image_info(active)->digest, images->digest);
	atomic_store(&module->images, images);
	while (cf_module_is_pinned(module, old))
		(void)nanosleep(&pause, NULL);
	free((void *)(uintptr_t)old); /* const for its readers only */
	return true;
}

/* The file has changed: verify it, and if it is a new image, begin to introduce it. */
static void try_image(struct cf_module *module, struct cf_watch *watch)
{
	const struct cf_images *now = atomic_load(&module->images);
	const char *kept = now->active == NULL ? "every query passes until there is one"
	                                       : "the one in force stays";
	struct cf_error error = {.text = ""};
	struct cf_image *image = NULL;

	if (watch->seen.error != 0) {
		log_warn("curfew: no image at '%s': %s; %s", module->options.image_path,
		    strerror(watch->seen.error), kept);
		return;
	}
	if (cf_image_open_until(module->options.image_path, &watch->stop_reading, &image, &error) !=
	    CF_OK) {
		if (error.status == CF_EAGAIN)
			return; /* the host is stopping */
		log_err("curfew: cannot use image '%s': %s; %s", module->options.image_path,
		    error.text, kept);
		memcpy(module->image_refused, error.text, sizeof(error.text));
		cf_health_write(module);
		return;
	}
	module->image_refused[0] = '\0';
	if (now->active != NULL &&
	    memcmp(cf_image_info(image)->digest, cf_image_info(now->active)->digest,
	        CF_SHA256_BYTES) == 0) {
		cf_image_close(image);
		return;
	}
	if (!publish(module, now->active, image)) {
		log_err("curfew: no memory for image '%s'; %s", module->options.image_path, kept);
		cf_image_close(image);
		return;
	}
	watch->phase = PHASE_GRACE;
	watch->phase_mono_ms = mono_ms();
	(void)pthread_mutex_lock(&module->lock);
	for (struct cf_worker *w = module->workers; w != NULL; w = w->next)
		w->ticks_seen = atomic_load(&w->ticks);
	(void)pthread_mutex_unlock(&module->lock);
}

/* True when every worker has been between two queries since the image was published. */
static bool all_ticked(struct cf_module *module, bool *any_timer_out)
{
	bool all = true;

	*any_timer_out = false;
	(void)pthread_mutex_lock(&module->lock);
	for (struct cf_worker *w = module->workers; w != NULL; w = w->next) {
		if (w->timer == NULL)
			continue;
		*any_timer_out = true;
		all = all && atomic_load(&w->ticks) > w->ticks_seen;
	}
	(void)pthread_mutex_unlock(&module->lock);
	return all;
}

static void activate(struct cf_module *module, struct cf_watch *watch)
{
	const struct cf_images *now = atomic_load(&module->images);
	struct cf_image *old = now->active, *image = now->next;
	const struct cf_image_info *info = cf_image_info(image);
	char digest[CF_SHA256_TEXT_BYTES];

	cf_use_log(module, image); /* first: nothing that is decided may go unrecorded */
	if (!publish(module, image, NULL))
		return; /* no memory: tried again at the next poll, the union stays */
	cf_alias_look_at_all(module, (int64_t)time(NULL) + module->clock.offset_s);
	cf_retire_image(module, old);
	watch->phase = PHASE_IDLE;
	log_info("curfew: image %.12s of '%s' is in force: %u names, %u networks, %u phases",
	    cf_sha256_format(info->digest, digest), module->options.image_path, info->names,
	    info->networks, info->phases);
	cf_health_write(module);
}

/* Moves the introduction of an image on. */
static void advance(struct cf_module *module, struct cf_watch *watch)
{
	int64_t waited_ms = mono_ms() - watch->phase_mono_ms;
	bool any_timer;

	if (watch->phase == PHASE_GRACE) {
		bool ticked = all_ticked(module, &any_timer);

		if (!any_timer) {
			/* No worker has asked anything yet, or the host has no timers: then the
			 * tripwire guards alone until the next reload, which sweeps. */
			cf_sweep_request(module);
			activate(module, watch);
		} else if (ticked || waited_ms > GRACE_MOST_MS) {
			cf_sweep_request(module);
			watch->phase = PHASE_SWEEP;
			watch->phase_mono_ms = mono_ms();
		}
	} else if (cf_sweep_is_done(module) || waited_ms > SWEEP_MOST_MS) {
		activate(module, watch);
	}
}

static void tick_clock(struct cf_module *module)
{
	struct timespec wall;
	int64_t back_s;

	cf_options_reread_clock(&module->options);
	atomic_store(&module->clock.offset_s, module->options.clock_offset_s);
	(void)clock_gettime(CLOCK_REALTIME, &wall); /* cannot fail for this clock */
	switch (cf_clock_tick(&module->clock, (int64_t)wall.tv_sec, mono_ms() / 1000, &back_s)) {
	case CF_CLOCK_WENT_BACK:
		log_warn("curfew: the clock went back by %lld seconds; phases that have begun stay "
		         "in force "
		         "until it has said so for %d seconds",
		    (long long)back_s, CF_CLOCK_HOLD_S);
		break;
	case CF_CLOCK_BELIEVED:
		log_warn("curfew: the clock stays %lld seconds back; phases follow it from now on",
		    (long long)back_s);
		break;
	case CF_CLOCK_RECOVERED:
		log_info("curfew: the clock is right again");
		break;
	case CF_CLOCK_STEADY:
	default:
		break;
	}
}

/* Sleeps, unless asked to stop; true when asked. */
static bool sleep_or_stop(struct cf_watch *watch, int ms)
{
	struct timespec until;
	bool stop;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&watch->lock);
	while (!watch->stop && pthread_cond_timedwait(&watch->wake, &watch->lock, &until) == 0)
		continue;
	stop = watch->stop;
	(void)pthread_mutex_unlock(&watch->lock);
	return stop;
}

static void *run(void *arg)
{
	struct cf_module *module = arg;
	struct cf_watch *watch = module->watch;

	while (!sleep_or_stop(watch, watch->phase == PHASE_IDLE ? POLL_IDLE_MS : POLL_BUSY_MS)) {
		tick_clock(module);
		cf_retire_free_taken(module);
		cf_roll_call_tick(module, module->roll_call);
		if (watch->phase == PHASE_IDLE) {
			struct file_mark mark = mark_of(module->options.image_path);

			/* NOLINTNEXTLINE(*-comparison,cert-*): mark_of() zeroes the padding */
			if (memcmp(&mark, &watch->seen, sizeof(mark)) != 0) {
				watch->seen = mark;
				try_image(module, watch);
			}
		}
		if (watch->phase != PHASE_IDLE)
			advance(module, watch);
		if (mono_ms() - watch->status_mono_ms >= STATUS_EACH_MS) {
			watch->status_mono_ms = mono_ms();
			cf_health_write(module);
		}
	}
	return NULL;
}

bool cf_watch_start(struct cf_module *module)
{
	struct cf_watch *watch = calloc(1, sizeof(*watch));
	pthread_condattr_t attributes;
	sigset_t all, before;
	int failed;

	if (watch == NULL)
		return false;
	watch->seen = mark_of(module->options.image_path);
	watch->status_mono_ms = mono_ms();
	(void)pthread_mutex_init(&watch->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&watch->wake, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	module->watch = watch;
	/* Signals are the host's: the thread begins with all of them blocked. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&watch->thread, NULL, run, module);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0) {
		free(watch);
		module->watch = NULL;
	}
	return failed == 0;
}

void cf_watch_stop(struct cf_module *module)
{
	struct cf_watch *watch = module->watch;

	if (watch == NULL)
		return;
	atomic_store(&watch->stop_reading, true);
	(void)pthread_mutex_lock(&watch->lock);
	watch->stop = true;
	(void)pthread_cond_signal(&watch->wake);
	(void)pthread_mutex_unlock(&watch->lock);
	(void)pthread_join(watch->thread, NULL);
	(void)pthread_cond_destroy(&watch->wake);
	(void)pthread_mutex_destroy(&watch->lock);
	free(watch);
	module->watch = NULL;
}
