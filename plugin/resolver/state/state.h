/*
 * The module's state: one struct cf_module for each load into Unbound, one struct cf_worker for
 * each of its threads, one struct cf_query for each query that has to do with a listed thing.
 *
 * Lifetimes: the module from init to deinit; a worker's from its first query to deinit (Unbound
 * ends its threads before deinit); a query's in Unbound's region. Who writes what stands at each
 * member: a worker is touched by its own thread but for the atomic members.
 */
#pragma once

#include "resolver/host/unbound.h"

#include "image/image.h"
#include "records/write/log.h"
#include "records/write/trouble.h"
#include "resolver/state/clock.h"
#include "resolver/state/learned.h"
#include "resolver/state/options.h"
#include "resolver/state/roll.h"
#include "resolver/view/view.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Cache entries that a worker was asked to remove and has not yet; more are forgotten (the next hit
 * asks again). */
#define CF_REMOVALS 16

/* What is in force. Immutable once published; freed when no worker has it pinned and
 * no hit in the log's queues refers to it. */
struct cf_images {
	struct cf_image *active; /* decides; NULL: none, everything passes */
	struct cf_image *next;   /* being introduced: its names go to the lane already; NULL none */
	char digest[CF_SHA256_TEXT_BYTES]; /* of active; "" none */
};

/* Counters of one worker: written by it alone, read by the status writer. */
struct cf_counters {
	_Atomic uint64_t replies;      /* answers seen */
	_Atomic uint64_t flagged;      /* hits recorded with a real answer */
	_Atomic uint64_t blocked;      /* hits recorded with our answer */
	_Atomic uint64_t lane_queries; /* queries sent through the private lane */
	_Atomic uint64_t trips;        /* cached answers withheld: must stay 0 */
	_Atomic uint64_t local_listed; /* of listed names, answered by the site's own data */
	_Atomic uint64_t failures;     /* queries given up for want of memory: SERVFAIL */
};

struct cf_removal {
	uint8_t name[CF_NAME_WIRE_BYTES];
	uint8_t name_len; /* 0: free */
	uint16_t qtype, qclass;
};

struct cf_worker {
	struct cf_worker *next;
	struct cf_module *module;
	struct module_env *env;    /* the worker's own; NULL until its first mesh query */
	struct module_env *shadow; /* copy of *env with the private message cache (lane.h) */
	_Atomic(const struct cf_images *) pinned;
	struct cf_producer *producer; /* NULL until there is a log */
	struct ub_event *timer;       /* NULL without libevent, and in testbound */
	_Atomic uint64_t
	    ticks;           /* passes of the timer: a tick is a moment without a query in hand */
	uint64_t ticks_seen; /* the watcher's note */
	struct cf_removal removals[CF_REMOVALS];
	bool is_sweeping;             /* in the middle of slab */
	size_t slab, bin, table_size; /* where */
	struct cf_counters counters;
	struct cf_roll *roll; /* who asked; NULL without memory */
};

/* A sweep of the shared cache: workers take slabs until none is left (sweep.h). */
struct cf_sweep {
	_Atomic bool wanted;
	_Atomic size_t next_slab;
	_Atomic size_t slabs_done;
};

/* A JSON object that is being written. 8 KiB hold every member with paths of ordinary length. */
struct cf_health_json {
	char text[8192];
	size_t len;
};

struct cf_module {
	uint64_t generation; /* tells this load from an earlier one in thread-local memory */
	int id;              /* our place in module-config */
	struct cf_options options;
	struct cf_clock clock;
	struct cf_learned learned;
	struct slabhash *lane_cache;
	_Atomic(const struct cf_images *) images; /* never NULL */
	_Atomic(struct cf_log *) log;             /* NULL: none yet */
	struct cf_sweep sweep;
	_Atomic uint32_t epoch;            /* of the roll; 0: nobody is noted (roll_call.h) */
	_Atomic bool has_dnames;           /* some DNAME led to a listed name (alias.h) */
	_Atomic int64_t look_until_wall_s; /* until then any name may be an alias (alias.h) */
	_Atomic bool syslog;               /* hits also go to Unbound's own log */
	char *chroot_dir;                  /* "" none */
	char *module_config;               /* the host's, as it is in force */

	pthread_mutex_t lock; /* guards the list of workers */
	struct cf_worker *workers;

	struct cf_watch *watch;                  /* watch.c */
	struct cf_roll_call *roll_call;          /* the watcher's */
	struct cf_retired *retired;              /* retire.c */
	struct cf_health_json heartbeat_json;    /* the log thread's */
	char image_refused[CF_ERROR_TEXT_BYTES]; /* why the file is not in force; "" it is. The
	                                            watcher's, before it the main thread's */
	struct cf_trouble status_trouble;        /* with the status file */
	bool stopping;                           /* deinit has begun; the main thread's */
};

/* How a query stands; lives in qs->minfo of queries that need one. */
struct cf_query {
	bool has_orig;  /* orig holds the real answer's head */
	bool has_alias; /* the name leads to a listed one: */
	struct cf_alias alias;
	struct reply_info *forged[CF_VIEW_ANSWERS]; /* by enum cf_answer; NULL until needed */
	_Alignas(struct reply_info) uint8_t orig[offsetof(struct reply_info, ref)];
};

/*
 * The worker of the calling thread, registered on first use. NULL only without memory: the query
 * then passes unseen, counted nowhere.
 */
struct cf_worker *cf_worker_get(struct cf_module *module);

/* Holds the images in force from being freed until cf_worker_unpin(). Short; does not nest. */
const struct cf_images *cf_worker_pin(struct cf_worker *worker);
void cf_worker_unpin(struct cf_worker *worker);

/* True while some worker holds images. */
bool cf_module_is_pinned(struct cf_module *module, const struct cf_images *images);

/* Notes that the client at from has asked something. */
static inline void cf_worker_note(struct cf_worker *worker, const struct sockaddr_storage *from)
{
	if (worker->roll != NULL)
		cf_roll_note(worker->roll,
		    atomic_load_explicit(&worker->module->epoch, memory_order_relaxed), from);
}

/* Adds one to a counter of the calling worker: no other writer, so no locked instruction. */
static inline void cf_count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(
	    counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}
