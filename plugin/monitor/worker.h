/*
 * One worker thread of the live monitor: it reads one capture, and what others need of it is
 * published here.
 */
#pragma once

#include "monitor/capture/capture_live.h"
#include "monitor/session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* VLAN ids. */
#define CF_VLANS 4096

/* Copied by the worker about once a second, and read by others under the lock. */
struct cf_worker_counts {
	struct cf_decoder_counters decode;
	struct cf_capture_stats capture;
	struct cf_observe_traffic traffic[CF_VLANS];
};

struct cf_capture_worker {
	uint32_t interface;
	struct cf_capture *capture;
	struct cf_decoder *decoder;
	struct cf_observe *observe;
	pthread_t thread;
	bool has_thread;
	const atomic_bool *stop;             /* the run's */
	_Atomic(struct cf_watchlist *) next; /* to work with from the next batch on; a reference */
	atomic_bool failed;                  /* the interface is gone for now; error says why */
	struct cf_error error;
	pthread_mutex_t lock;
	struct cf_worker_counts counts; /* under lock */
};

/*
 * Prepares a worker that reads capture (owned by it from here on, also on failure) into session.
 * CF_ENOMEM.
 */
enum cf_status cf_worker_init(struct cf_capture_worker *worker, struct cf_capture *capture,
    uint32_t interface, const struct cf_session *session, uint64_t seed,
    const atomic_bool *stop) CF_MUST_CHECK;
/* Starts its thread, which ends when *stop is true and the ring is empty. CF_EIO. */
enum cf_status cf_worker_start(struct cf_capture_worker *worker) CF_MUST_CHECK;
/* Waits for the thread to end. */
void cf_worker_join(struct cf_capture_worker *worker);
/* After cf_worker_join(). */
void cf_worker_done(struct cf_capture_worker *worker);

/* Has it work with watchlist (its own reference is taken) from the next batch on. Any thread. */
void cf_worker_publish(struct cf_capture_worker *worker, struct cf_watchlist *watchlist);
