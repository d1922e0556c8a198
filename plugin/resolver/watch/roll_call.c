/* Who was there, of all workers. */
#include "resolver/host/unbound.h"

#include "resolver/watch/roll_call.h"

#include "records/form/alive.h"

#include <stdlib.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)

/* A list that grows; without memory what does not fit is left out. */
struct list {
	struct cf_alive_client *clients;
	size_t count, room;
	uint64_t left_out;
};

static int64_t wall_us(const struct cf_module *module)
{
	struct timespec wall;
	int64_t offset_s = atomic_load_explicit(&module->clock.offset_s, memory_order_relaxed);

	(void)clock_gettime(CLOCK_REALTIME, &wall); /* cannot fail for this clock */
	return ((int64_t)wall.tv_sec + offset_s) * SECOND_US + wall.tv_nsec / 1000;
}

/* What is in force: a line of unbound.conf goes before the policy. */
static uint32_t period_of(const struct cf_module *module)
{
	const struct cf_images *images = atomic_load(&module->images);

	if (atomic_load(&module->log) == NULL)
		return 0;
	if (module->options.has_alive)
		return module->options.alive_s;
	return images->active == NULL ? 0 : cf_image_info(images->active)->alive_s;
}

static void add(struct list *list, const struct cf_alive_client *client)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 256 : list->room * 2;
		struct cf_alive_client *more =
		    realloc(list->clients, room * sizeof(list->clients[0]));

		if (more == NULL) {
			list->left_out++;
			return;
		}
		list->clients = more;
		list->room = room;
	}
	list->clients[list->count++] = *client;
}

static void gather(struct cf_module *module, uint32_t epoch, struct list *list)
{
	(void)pthread_mutex_lock(&module->lock);
	for (struct cf_worker *w = module->workers; w != NULL; w = w->next) {
		struct cf_alive_client client;
		size_t at = 0;

		if (w->roll == NULL)
			continue;
		while (cf_roll_next(w->roll, epoch, &at, &client.addr, &client.zone))
			add(list, &client);
		list->left_out += atomic_load_explicit(&w->roll->left_out, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&module->lock);
}

static void write_closed(struct cf_module *module, struct cf_roll_call *call)
{
	struct list list = {.count = 0};
	struct cf_alive alive = {
	    .from_wall_us = call->closed_from_wall_us, .to_wall_us = call->closed_to_wall_us};

	if (call->closed_epoch == 0)
		return;
	gather(module, call->closed_epoch, &list);
	call->closed_epoch = 0;
	if (list.count > 0)
		qsort(list.clients, list.count, sizeof(list.clients[0]), cf_alive_compare);
	alive.clients = list.clients;
	alive.count = list.count == 0 ? 0 : cf_alive_unique(list.clients, list.count);
	alive.left_out = list.left_out - call->told_left_out;
	call->told_left_out = list.left_out;
	if (call->producer != NULL)
		(void)cf_producer_alive(call->producer, &alive); /* a loss is counted there */
	free(list.clients);
}

/* Ends the stretch that is noted now, and with going_on begins the next. */
static void close_stretch(
    struct cf_module *module, struct cf_roll_call *call, int64_t now_us, bool going_on)
{
	uint32_t epoch = atomic_load_explicit(&module->epoch, memory_order_relaxed);

	write_closed(module, call);
	if (call->from_wall_us != 0) {
		call->closed_epoch = epoch;
		call->closed_from_wall_us = call->from_wall_us;
		/* The clock may have gone back within. */
		call->closed_to_wall_us = now_us > call->from_wall_us ? now_us : call->from_wall_us;
	}
	call->from_wall_us = going_on ? now_us : 0;
	if (going_on && ++call->epochs == 0)
		call->epochs = 2; /* 0 means that nobody is noted; sides go on alternating */
	atomic_store_explicit(&module->epoch, going_on ? call->epochs : 0, memory_order_relaxed);
}

void cf_roll_call_tick(struct cf_module *module, struct cf_roll_call *call)
{
	uint32_t period_s = period_of(module);
	int64_t now_us = wall_us(module), period_us = period_s * SECOND_US;

	if (call->producer == NULL && period_s != 0)
		call->producer = cf_log_producer(atomic_load(&module->log));
	/* What was closed at the tick before is written now: who was about to note somebody then
	 * has long done so. */
	write_closed(module, call);
	if (period_s != call->period_s) {
		call->period_s = period_s;
		close_stretch(module, call, now_us, period_s != 0);
	} else if (period_s != 0 && now_us / period_us != call->from_wall_us / period_us) {
		close_stretch(module, call, now_us, true);
	}
}

void cf_roll_call_end(struct cf_module *module, struct cf_roll_call *call)
{
	close_stretch(module, call, wall_us(module), false);
	write_closed(module, call);
}
