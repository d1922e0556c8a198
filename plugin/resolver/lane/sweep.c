/* The walk through Unbound's message cache. */
#include "resolver/host/unbound.h"

#include "resolver/lane/sweep.h"

#include "resolver/lane/lane.h"

#include <time.h>

/* Between two looks at whether there is something to do. */
#define TIMER_IDLE_US 200000
/* Between two slices: queries that wait are served first. */
#define TIMER_BUSY_US 1000
/* One turn of a worker; well below what a client notices. */
#define SLICE_NS 3000000
/* Bins walked under one hold of a table's lock, which new entries of that table need. */
#define SLICE_BINS 128

static int64_t mono_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail for this clock */
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* True when the entry holds something that the image lists. Its record sets are locked for the
 * look. */
static bool is_listed(
    const struct msgreply_entry *key, struct reply_info *rep, const struct cf_image *image)
{
	struct cf_name name;
	bool listed;

	if (!cf_view_name(key->key.qname, key->key.qname_len, &name))
		return false;
	if (cf_decide_may_block_name(image, &name))
		return true;
	if (rep->an_numrrsets == 0 || !rrset_array_lock(rep->ref, rep->rrset_count, 0))
		return false; /* records gone: the host cannot serve this entry either */
	listed = cf_view_may_block(image, &name, rep);
	rrset_array_unlock(rep->ref, rep->rrset_count);
	return listed;
}

/* Expired in every sense, and a failure: those are never served stale. */
static void make_useless(struct reply_info *rep)
{
	rep->ttl = 0;
	rep->prefetch_ttl = 0;
	rep->serve_expired_ttl = 0;
	rep->flags = (uint16_t)((rep->flags & ~0xf) | LDNS_RCODE_SERVFAIL);
}

static void walk_bin(struct lruhash_bin *bin, const struct cf_image *image)
{
	lock_quick_lock(&bin->lock);
	for (struct lruhash_entry *entry = bin->overflow_list; entry != NULL;
	     entry = entry->overflow_next) {
		struct reply_info *rep;

		lock_rw_wrlock(&entry->lock);
		rep = entry->data;
		if (rep != NULL && is_listed(entry->key, rep, image))
			make_useless(rep);
		lock_rw_unlock(&entry->lock);
	}
	lock_quick_unlock(&bin->lock);
}

/* Walks some bins from *bin on; true when the table is through. A table that has grown begins anew.
 */
static bool walk_table(
    struct lruhash *table, size_t *bin, size_t *table_size, const struct cf_image *image)
{
	bool through;

	lock_quick_lock(&table->lock);
	if (*table_size != table->size) {
		*table_size = table->size;
		*bin = 0;
	}
	for (size_t n = 0; n < SLICE_BINS && *bin < table->size; n++, (*bin)++)
		walk_bin(&table->array[*bin], image);
	through = *bin >= table->size;
	lock_quick_unlock(&table->lock);
	return through;
}

void cf_sweep_all(struct slabhash *cache, const struct cf_image *image)
{
	for (size_t slab = 0; slab < cache->size; slab++) {
		size_t bin = 0, table_size = 0;

		while (!walk_table(cache->array[slab], &bin, &table_size, image))
			continue;
	}
}

void cf_sweep_request(struct cf_module *module)
{
	struct cf_sweep *sweep = &module->sweep;

	atomic_store(&sweep->slabs_done, 0);
	atomic_store(&sweep->next_slab, 0);
	atomic_store(&sweep->wanted, true);
}

bool cf_sweep_is_done(const struct cf_module *module)
{
	return !atomic_load(&module->sweep.wanted);
}

/* One worker's turn; true when it has more to do. */
static bool sweep_turn(struct cf_worker *worker)
{
	struct cf_sweep *sweep = &worker->module->sweep;
	struct slabhash *cache = worker->env->msg_cache;
	int64_t until_ns = mono_ns() + SLICE_NS;
	const struct cf_images *images;
	const struct cf_image *image;
	bool more = true;

	if (!worker->is_sweeping) {
		worker->slab = atomic_fetch_add(&sweep->next_slab, 1);
		worker->bin = 0;
		worker->table_size = 0;
		worker->is_sweeping = worker->slab < cache->size;
		if (!worker->is_sweeping)
			return false;
	}
	images = cf_worker_pin(worker);
	/* A cache too large for the two seconds a change may take is swept on while the image is in
	 * force. */
	image = images->next != NULL ? images->next : images->active;
	while (more && mono_ns() < until_ns) {
		if (image != NULL &&
		    !walk_table(
		        cache->array[worker->slab], &worker->bin, &worker->table_size, image))
			continue;
		worker->is_sweeping = false;
		if (atomic_fetch_add(&sweep->slabs_done, 1) + 1 == cache->size)
			atomic_store(&sweep->wanted, false);
		more = false;
	}
	cf_worker_unpin(worker);
	return true;
}

void cf_sweep_remove_noted(struct cf_worker *worker)
{
	for (size_t i = 0; i < CF_REMOVALS && worker->removals[i].name_len != 0; i++) {
		struct cf_removal *removal = &worker->removals[i];
		struct query_info question = {.qname = removal->name,
		    .qname_len = removal->name_len,
		    .qtype = removal->qtype,
		    .qclass = removal->qclass};

		if (worker->env == NULL)
			return;
		cf_lane_forget_public(worker->env, &question);
		removal->name_len = 0;
	}
}

static void on_timer(int fd, short bits, void *arg)
{
	struct cf_worker *worker = arg;
	struct timeval next = {.tv_usec = TIMER_IDLE_US};

	(void)fd;
	(void)bits;
	cf_count(&worker->ticks);
	cf_sweep_remove_noted(worker);
	if (atomic_load(&worker->module->sweep.wanted) && sweep_turn(worker))
		next.tv_usec = TIMER_BUSY_US;
	if (ub_timer_add(worker->timer, comm_base_internal(worker->env->worker_base), on_timer,
	        worker, &next) != 0)
		log_err("curfew: cannot set a timer; a new image takes effect without a sweep of "
		        "the cache");
}

static void start_timer(struct cf_worker *worker)
{
	struct ub_event_base *base =
	    worker->env->worker_base == NULL ? NULL : comm_base_internal(worker->env->worker_base);
	struct timeval first = {.tv_usec = TIMER_IDLE_US};

	if (base == NULL)
		return; /* testbound and libunbound: no timers to be had */
	worker->timer = ub_event_new(base, -1, UB_EV_TIMEOUT, on_timer, worker);
	if (worker->timer == NULL ||
	    ub_timer_add(worker->timer, base, on_timer, worker, &first) != 0)
		log_err("curfew: cannot make a timer; new images take effect without a sweep of "
		        "the cache");
}

struct cf_worker *cf_sweep_worker(struct cf_module *module, struct module_env *env)
{
	struct cf_worker *worker = cf_worker_get(module);

	if (worker != NULL && worker->env == NULL) {
		worker->env = env;
		start_timer(worker);
	}
	return worker;
}
