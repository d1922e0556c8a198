/* The loop of one worker thread. */

#include "monitor/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US_PER_S INT64_C(1000000)
/* Short enough to notice a stop or a new image, long enough to cost nothing. */
#define WAIT_MS 200
/* After a stop, the kernel still retires its last block of the ring; it does so every 100 ms. */
#define LAST_WAITS 2
/* Packets wait in the ring before they are read: idle time is told apart only with this slack. */
#define RING_LAG_US (2 * US_PER_S)

static int64_t now_us(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now); /* cannot fail for these clocks */
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

enum cf_status cf_worker_init(struct cf_capture_worker *worker, struct cf_capture *capture,
    uint32_t interface, const struct cf_session *session, uint64_t seed, const atomic_bool *stop)
{
	struct cf_producer *producer = cf_log_producer(session->log);
	struct cf_observer observer;

	worker->interface = interface;
	worker->capture = capture;
	worker->stop = stop;
	atomic_init(&worker->next, NULL);
	atomic_init(&worker->failed, false);
	pthread_mutex_init(&worker->lock, NULL);
	if (producer == NULL ||
	    cf_observe_new(session->monitor, producer, session->watchlist, &worker->observe) !=
	        CF_OK)
		return CF_ENOMEM;
	observer = cf_observe_observer(worker->observe);
	return cf_decoder_new(&observer, seed, &worker->decoder);
}

static void publish_counts(struct cf_capture_worker *worker)
{
	struct cf_capture_stats capture;

	cf_capture_stats(worker->capture, &capture);
	pthread_mutex_lock(&worker->lock);
	worker->counts.capture = capture;
	worker->counts.decode = *cf_decoder_counters_get(worker->decoder);
	memcpy(worker->counts.traffic, cf_observe_traffic_get(worker->observe, worker->interface),
	    sizeof worker->counts.traffic);
	pthread_mutex_unlock(&worker->lock);
}

struct batch {
	struct cf_capture_worker *worker;
	int link_type;
	int64_t last_wall_us;
};

static void on_packet(void *arg, int64_t at_wall_us, const uint8_t *data, uint32_t captured_bytes,
    uint32_t wire_bytes)
{
	struct batch *batch = arg;

	batch->last_wall_us = at_wall_us;
	cf_decoder_packet(batch->worker->decoder, batch->link_type, batch->worker->interface,
	    at_wall_us, data, captured_bytes, wire_bytes);
}

static void take_watchlist(struct cf_capture_worker *worker)
{
	struct cf_watchlist *next = atomic_exchange(&worker->next, NULL);

	if (next == NULL)
		return;
	cf_observe_swap(worker->observe, next);
	cf_watchlist_put(next);
}

/* What is due each second, busy or idle. */
static void each_second(struct cf_capture_worker *worker, const struct batch *batch)
{
	int64_t idle_wall_us = now_us(CLOCK_REALTIME) - RING_LAG_US;
	int64_t at_wall_us =
	    batch->last_wall_us > idle_wall_us ? batch->last_wall_us : idle_wall_us;

	cf_decoder_reap(worker->decoder, at_wall_us);
	cf_observe_reap(worker->observe, at_wall_us);
	publish_counts(worker);
}

/* The interface is gone: waits until one of its name is there. False when told to stop. */
static bool wait_for_interface(struct cf_capture_worker *worker)
{
	const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};

	while (!atomic_load(worker->stop)) {
		if (cf_capture_rejoin(worker->capture))
			return true;
		(void)nanosleep(&pause, NULL); /* all signals are the main thread's */
	}
	return false;
}

static void *run(void *arg)
{
	struct cf_capture_worker *worker = arg;
	struct batch batch = {.worker = worker, .link_type = cf_capture_link_type(worker->capture)};
	int64_t next_second_us = now_us(CLOCK_MONOTONIC) + US_PER_S;
	unsigned waits_left = LAST_WAITS, count;

	for (;;) {
		bool stopping = atomic_load(worker->stop);

		take_watchlist(worker);
		if (cf_capture_read(worker->capture, WAIT_MS, on_packet, &batch, &count,
		        &worker->error) != CF_OK) {
			atomic_store(&worker->failed, true);
			/* Without the last interface the run ends, and so does this. */
			if (!wait_for_interface(worker))
				break;
			atomic_store(&worker->failed, false);
			continue;
		}
		if (now_us(CLOCK_MONOTONIC) >= next_second_us) {
			next_second_us = now_us(CLOCK_MONOTONIC) + US_PER_S;
			each_second(worker, &batch);
		}
		if (stopping && count == 0 && waits_left-- == 0)
			break;
	}
	cf_decoder_flush(worker->decoder);
	publish_counts(worker);
	return NULL;
}

enum cf_status cf_worker_start(struct cf_capture_worker *worker)
{
	int failure = pthread_create(&worker->thread, NULL, run, worker);

	worker->has_thread = failure == 0;
	if (failure == 0)
		return CF_OK;
	errno = failure;
	return CF_EIO;
}

void cf_worker_join(struct cf_capture_worker *worker)
{
	if (worker->has_thread)
		pthread_join(worker->thread, NULL);
	worker->has_thread = false;
}

void cf_worker_done(struct cf_capture_worker *worker)
{
	cf_watchlist_put(atomic_exchange(&worker->next, NULL));
	cf_observe_free(worker->observe);
	cf_decoder_free(worker->decoder);
	cf_capture_close(worker->capture);
	pthread_mutex_destroy(&worker->lock);
}

void cf_worker_publish(struct cf_capture_worker *worker, struct cf_watchlist *watchlist)
{
	/* A worker that has not taken the last one yet goes straight to this one. */
	cf_watchlist_put(atomic_exchange(&worker->next, cf_watchlist_get(watchlist)));
}
