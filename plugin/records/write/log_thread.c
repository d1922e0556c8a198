/*
 * The log as its users see it: producers, the writer thread, settings, counters. One file:
 * producers, the thread and its settings meet in one struct, and their order of memory is argued
 * in one place.
 */

#include "records/write/log.h"

#include "records/form/pack.h"
#include "records/write/queue.h"
#include "records/write/status_file.h"
#include "records/write/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long the writer sleeps between two looks at the queues. */
#define PAUSE_NS (20 * 1000000)
/* Records taken from one queue before the next gets its turn. */
#define TURN_RECORDS 65536

struct cf_producer {
	struct cf_queue *queue;
	struct cf_log *log;
	struct cf_producer *next;
	_Atomic uint64_t hits, lost; /* written by the producer alone */
};

struct cf_log {
	struct cf_writer writer;
	uint32_t queue_bytes;
	bool synchronous, started, ended;
	_Atomic(struct cf_producer *) producers; /* grows at its head, never shrinks */
	struct cf_status_file status;
	size_t (*status_members)(void *arg, char *members, size_t size);
	void *arg;
	pthread_t thread;
	bool has_thread;
	_Atomic bool stop;
	pthread_mutex_t settings_lock; /* guards the three below */
	bool settings_changed;
	uint32_t fold_s;
	char image[CF_WRITER_WORD_BYTES], policy[CF_WRITER_WORD_BYTES];
};

static int64_t clock_us(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now); /* cannot fail for these clocks */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void take_settings(struct cf_log *log)
{
	pthread_mutex_lock(&log->settings_lock);
	if (log->settings_changed) {
		log->settings_changed = false;
		log->writer.fold_s = log->fold_s;
		memcpy(log->writer.image, log->image, sizeof log->image);
		memcpy(log->writer.policy, log->policy, sizeof log->policy);
	}
	pthread_mutex_unlock(&log->settings_lock);
}

/* Empties the queues once round; returns how many records there were. *busy_out (may be NULL): a
 * queue was so full that there is no time to sleep. */
static size_t drain(struct cf_log *log, bool *busy_out)
{
	struct cf_producer *producer = atomic_load_explicit(&log->producers, memory_order_acquire);
	/* A synchronous log's clock moves with each record. */
	const unsigned most = log->synchronous ? 1 : CF_FOLD_EXPECTED;
	uint64_t lost = 0;
	size_t total = 0;

	for (; producer != NULL; producer = producer->next) {
		const void *records[CF_FOLD_EXPECTED];
		const struct cf_packed *packed[CF_FOLD_EXPECTED];
		size_t taken = 0;
		unsigned count;

		if (busy_out != NULL &&
		    cf_queue_used_bytes(producer->queue) > cf_queue_size_bytes(producer->queue) / 4)
			*busy_out = true;
		while (taken < TURN_RECORDS &&
		    (count = cf_queue_peek(producer->queue, records, most)) > 0) {
			for (unsigned i = 0; i < count; i++)
				packed[i] = records[i];
			if (log->synchronous)
				cf_writer_advance(&log->writer, packed[0]->at_wall_us);
			cf_writer_take(&log->writer, packed, count);
			cf_queue_pop(producer->queue, count);
			taken += count;
		}
		total += taken;
		lost += atomic_load_explicit(&producer->lost, memory_order_relaxed);
	}
	cf_writer_lost_queue(&log->writer, lost);
	return total;
}

static void write_status(struct cf_log *log, bool last)
{
	char members[CF_RECORD_BYTES];
	struct cf_log_stats stats;
	size_t len = 0;

	if (!cf_status_file_is_due(&log->status, log->writer.now_us) && !last)
		return;
	if (log->status_members != NULL)
		len = log->status_members(log->arg, members, sizeof members);
	cf_log_stats(log, &stats);
	cf_status_file_write(&log->status, &log->writer, &stats, members, len, last);
	atomic_store(&log->writer.status_failed, cf_status_file_failures(&log->status));
}

static void *run(void *arg)
{
	struct cf_log *log = arg;
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	bool stop;

	do {
		bool busy = false;

		/* Asked first, so that what was queued before the stop is still taken. */
		stop = atomic_load_explicit(&log->stop, memory_order_acquire);
		take_settings(log);
		(void)drain(log, &busy); /* how many does not matter */
		cf_writer_tick(&log->writer, clock_us(CLOCK_MONOTONIC), clock_us(CLOCK_REALTIME));
		write_status(log, false);
		if (!stop && !busy)
			(void)nanosleep(&pause, NULL); /* all signals are blocked here */
	} while (!stop);
	while (drain(log, NULL) > 0)
		;
	cf_writer_stop(&log->writer, clock_us(CLOCK_MONOTONIC), clock_us(CLOCK_REALTIME));
	write_status(log, true);
	return NULL;
}

static enum cf_status start_thread(struct cf_log *log)
{
	sigset_t all, before;
	int failure;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failure = pthread_create(&log->thread, NULL, run, log);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	log->has_thread = failure == 0;
	return failure == 0 ? CF_OK : CF_ENOMEM;
}

static void start(struct cf_log *log, int64_t now_us, int64_t now_wall_us)
{
	log->started = true;
	take_settings(log);
	cf_writer_start(&log->writer, now_us, now_wall_us);
}

static void free_log(struct cf_log *log)
{
	struct cf_producer *producer = atomic_load(&log->producers), *next;

	for (; producer != NULL; producer = next) {
		next = producer->next;
		cf_queue_free(producer->queue);
		free(producer);
	}
	cf_writer_done(&log->writer);
	cf_status_file_done(&log->status);
	pthread_mutex_destroy(&log->settings_lock);
	free(log);
}

enum cf_status cf_log_open(
    const struct cf_log_options *options, struct cf_log **log_out, struct cf_error *error)
{
	struct cf_log *log = calloc(1, sizeof *log);
	enum cf_status status;

	if (log == NULL) {
		cf_sensor_key_free(options->key);
		return cf_error_set(error, CF_ENOMEM, "cannot start the hit log: no memory");
	}
	if (error != NULL)
		*error = (struct cf_error){0};
	pthread_mutex_init(&log->settings_lock, NULL);
	log->queue_bytes = options->queue_bytes == 0 ? CF_QUEUE_BYTES : options->queue_bytes;
	log->synchronous = options->synchronous;
	log->status_members = options->status_members;
	log->arg = options->arg;
	status = cf_writer_init(&log->writer, options, error);
	if (status == CF_OK && cf_status_file_init(&log->status, options->status_path) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "cannot start the hit log: no memory");
	if (status == CF_OK && log->synchronous && options->open_now) {
		cf_writer_open_early(&log->writer);
		cf_status_file_open_early(&log->status);
	}
	if (status == CF_OK && !log->synchronous) {
		start(log, clock_us(CLOCK_MONOTONIC), clock_us(CLOCK_REALTIME));
		/* What *error says below need not be said twice. */
		log->writer.trouble.is_told = error != NULL && log->writer.sink.failure != 0;
		status = start_thread(log);
		if (status != CF_OK)
			(void)cf_error_set(error, status, "cannot start the hit log's thread");
	}
	if (status != CF_OK) {
		free_log(log);
		return status;
	}
	if (log->writer.sink.failure != 0 && !log->synchronous)
		(void)cf_error_set(error, CF_EIO,
		    "cannot open the hit log '%.300s': %s; hits are "
		    "counted, and the file is tried again every second",
		    options->path, strerror(log->writer.sink.failure));
	*log_out = log;
	return CF_OK;
}

void cf_log_end(struct cf_log *log)
{
	if (log->ended)
		return;
	log->ended = true;
	if (log->has_thread) {
		atomic_store_explicit(&log->stop, true, memory_order_release);
		pthread_join(log->thread, NULL);
		return;
	}
	if (!log->started)
		start(log, clock_us(CLOCK_REALTIME), clock_us(CLOCK_REALTIME));
	while (drain(log, NULL) > 0)
		;
	cf_writer_stop(&log->writer, log->writer.now_us, log->writer.now_wall_us);
	write_status(log, true);
}

void cf_log_close(struct cf_log *log)
{
	if (log == NULL)
		return;
	cf_log_end(log);
	free_log(log);
}

struct cf_producer *cf_log_producer(struct cf_log *log)
{
	struct cf_producer *producer = calloc(1, sizeof *producer), *head;

	if (producer == NULL)
		return NULL;
	producer->log = log;
	if (cf_queue_new(log->queue_bytes, &producer->queue) != CF_OK) {
		free(producer);
		return NULL;
	}
	head = atomic_load(&log->producers);
	do
		producer->next = head;
	while (!atomic_compare_exchange_weak(&log->producers, &head, producer));
	return producer;
}

static void count(_Atomic uint64_t *counter)
{
	/* One writing thread: no locked instruction. */
	atomic_store_explicit(
	    counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* Room in the queue; a synchronous log makes room by itself. */
static void *reserve(struct cf_producer *producer)
{
	void *room = cf_queue_reserve(producer->queue);

	if (room == NULL && producer->log->synchronous) {
		if (!producer->log->started)
			start(producer->log, 0, 0);
		(void)drain(producer->log, NULL); /* room is what matters */
		room = cf_queue_reserve(producer->queue);
	}
	return room;
}

bool cf_producer_hit(struct cf_producer *producer, const struct cf_hit *hit)
{
	void *room = reserve(producer);

	if (room == NULL) {
		count(&producer->lost);
		return false;
	}
	cf_queue_commit(producer->queue, cf_pack_hit(hit, room));
	count(&producer->hits);
	return true;
}

struct cf_packed *cf_producer_begin(struct cf_producer *producer)
{
	void *room = reserve(producer);

	if (room == NULL)
		count(&producer->lost);
	return room;
}

void cf_producer_end(struct cf_producer *producer, struct cf_packed *packed, uint32_t payload_bytes)
{
	packed->present = CF_PACKED_DEFERRED;
	packed->size_bytes = (uint32_t)((sizeof *packed + payload_bytes + 7) & ~(size_t)7);
	cf_queue_commit(producer->queue, packed->size_bytes);
	count(&producer->hits);
}

bool cf_producer_identity(struct cf_producer *producer, const struct cf_identity *identity)
{
	void *room = reserve(producer);

	if (room == NULL) {
		count(&producer->lost);
		return false;
	}
	cf_queue_commit(producer->queue, cf_pack_identity(identity, room));
	return true;
}

bool cf_producer_alive(struct cf_producer *producer, const struct cf_alive *alive)
{
	struct cf_alive piece = *alive;
	size_t left = alive->count;
	bool all = true;

	do {
		void *room = reserve(producer);

		piece.count = left < CF_ALIVE_PACKED ? left : CF_ALIVE_PACKED;
		left -= piece.count;
		piece.left_out = left == 0 ? alive->left_out : 0;
		if (room != NULL)
			cf_queue_commit(producer->queue, cf_pack_alive(&piece, room));
		else
			count(&producer->lost);
		all = all && room != NULL;
		piece.clients += piece.count;
	} while (left > 0);
	return all;
}

/* Printable ASCII only: one byte out of place would cost a line. */
static bool members_are_plain(const char *members)
{
	for (; *members != '\0'; members++)
		if (*members < 0x20 || *members > 0x7e)
			return false;
	return true;
}

bool cf_producer_raw(
    struct cf_producer *producer, enum cf_event event, int64_t at_wall_us, const char *members_json)
{
	void *room = reserve(producer);
	uint32_t size = 0;

	if (room != NULL && event > CF_EVENT_IDENTITY && members_are_plain(members_json))
		size = cf_pack_raw(event, at_wall_us, members_json, room);
	if (size == 0) {
		count(&producer->lost);
		return false;
	}
	cf_queue_commit(producer->queue, size);
	return true;
}

/* Producers are put in front of the others: those from first on are there for good. */
struct cf_log_mark {
	const struct cf_producer *first;
	uint64_t put_bytes[]; /* of first and those behind it */
};

struct cf_log_mark *cf_log_mark(const struct cf_log *log)
{
	const struct cf_producer *first =
	    atomic_load_explicit(&log->producers, memory_order_acquire);
	struct cf_log_mark *mark;
	size_t producers = 0, i = 0;

	for (const struct cf_producer *p = first; p != NULL; p = p->next)
		producers++;
	mark = malloc(sizeof *mark + producers * sizeof mark->put_bytes[0]);
	if (mark == NULL)
		return NULL;
	mark->first = first;
	for (const struct cf_producer *p = first; p != NULL; p = p->next)
		mark->put_bytes[i++] = cf_queue_put_bytes(p->queue);
	return mark;
}

bool cf_log_has_taken(const struct cf_log_mark *mark)
{
	size_t i = 0;

	for (const struct cf_producer *p = mark->first; p != NULL; p = p->next)
		if (cf_queue_taken_bytes(p->queue) < mark->put_bytes[i++])
			return false;
	return true;
}

void cf_log_anchor(const struct cf_log *log, struct cf_log_anchor *anchor_out)
{
	cf_writer_anchor(&log->writer, anchor_out);
}

void cf_log_stats(const struct cf_log *log, struct cf_log_stats *stats_out)
{
	const struct cf_producer *producer =
	    atomic_load_explicit(&log->producers, memory_order_acquire);
	struct cf_log_stats stats = {.lines = atomic_load(&log->writer.lines),
	    .lost_disk = atomic_load(&log->writer.lost_disk),
	    .lost_flood = atomic_load(&log->writer.lost_flood),
	    .status_failed = atomic_load(&log->writer.status_failed),
	    .folds_failed = atomic_load(&log->writer.folds_failed),
	    .bytes = atomic_load(&log->writer.bytes),
	    .started_wall_us = log->writer.started_wall_us,
	    .degraded = atomic_load(&log->writer.degraded)};

	for (; producer != NULL; producer = producer->next) {
		stats.hits += atomic_load_explicit(&producer->hits, memory_order_relaxed);
		stats.lost_queue += atomic_load_explicit(&producer->lost, memory_order_relaxed);
	}
	*stats_out = stats;
}

void cf_log_configure(
    struct cf_log *log, uint32_t fold_s, const char *image_digest, const char *policy)
{
	pthread_mutex_lock(&log->settings_lock);
	log->settings_changed = true;
	log->fold_s = fold_s;
	snprintf(log->image, sizeof log->image, "%s", image_digest == NULL ? "" : image_digest);
	snprintf(log->policy, sizeof log->policy, "%s", policy == NULL ? "" : policy);
	pthread_mutex_unlock(&log->settings_lock);
}

void cf_log_pump(struct cf_log *log, int64_t now_wall_us)
{
	if (!log->synchronous)
		return;
	if (!log->started)
		start(log, now_wall_us, now_wall_us);
	take_settings(log);
	while (drain(log, NULL) > 0)
		;
	cf_writer_tick(&log->writer, now_wall_us, now_wall_us);
	write_status(log, false);
}
