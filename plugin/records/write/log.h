/*
 * The hit log's writing side: bounded queues from any number of producers to one writer thread,
 * which folds repeats, writes lines, emits heartbeats with a hash chain, and follows rotation.
 *
 *   worker 1 --> cf_producer --\
 *   worker 2 --> cf_producer ----> writer thread --> hits.jsonl (O_APPEND, one write per batch)
 *   worker n --> cf_producer --/
 *
 * A producer never blocks, never allocates and never makes a system call; a full queue drops the
 * hit and counts it. The writer looks at the queues every 20 ms rather than being woken: a producer
 * then need not know whether it sleeps, and 50 short looks a second cost less than one wake-up a
 * hit. It blocks all signals, notices rotation by itself (dev/inode of the path, once a second),
 * survives a full disk (counts, retries), repairs a torn last line at start, and is joined by
 * cf_log_close().
 */
#pragma once

#include "base/status.h"
#include "records/anchor/signer.h"
#include "records/form/record.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_alive;
struct cf_log;
struct cf_producer;
struct cf_packed;
struct cf_log_mark;

/*
 * Makes the hit of what cf_producer_begin() and cf_producer_end() queued: *hit_out holds what the
 * head says, the rest is filled in from payload. Texts may lead anywhere that stays as it is for
 * the moment. Called on the writer thread, once or twice for a series of repeats, not for each of
 * them.
 */
typedef void cf_expand(void *arg, const void *payload, struct cf_hit *hit_out);

struct cf_log_options {
	const char *path;     /* copied; "-" writes to standard output (no rotation, no repair) */
	const char *sensor;   /* copied; name in every line */
	const char *source;   /* "resolver", "tap" or "monitor" */
	uint32_t newcomers;   /* new clients at once: newcomers.h; 0: CF_NEWCOMERS */
	uint32_t fold_s;      /* 0: every hit is its own line */
	uint32_t heartbeat_s; /* 0: 60 */
	const char *privacy;  /* "full", "truncate", "pseudonym" */
	const char *privacy_key_file;
	uint32_t queue_bytes; /* per producer; 0: 4 MiB */
	const char
	    *status_path; /* a small JSON file with counters, replaced by rename; NULL: none */
	bool open_now; /* synchronous: opens log and status file at once, while there are rights to
	                */
	bool synchronous; /* no thread: cf_log_pump() does the work (offline captures, tests) */
	/*
	 * The sensor key that seals are signed with, read at once and again whenever the file is
	 * another one; NULL or "": none. One that cannot be used costs the signature, never the
	 * log: the status file says why. Copied.
	 */
	const char *key_file;
	struct cf_sensor_key *key; /* read from there before; the log's, and freed by it, also when
	                              opening fails */
	const char *key_error;     /* copied: why there is none */
	const char
	    *seal_log;      /* socket of the system's log, to which seals go; static; NULL: none */
	bool seal_log_once; /* it cannot be opened later */
	const char *input; /* copied; what a run over files reads, as a digest in hex; NULL: none */
	bool repeatable;   /* nothing random, nothing of this process: the same records, the same
	                      lines */
	/*
	 * Called on the writer thread before each heartbeat line to fill in the caller's counters
	 * (may be NULL). Must not block.
	 */
	void (*heartbeat)(void *arg, struct cf_heartbeat *heartbeat);
	cf_expand *expand; /* NULL: nothing is deferred */
	/*
	 * Called on the writer thread when the log, its status file or its journal of folds cannot
	 * be written, and when it can again (may be NULL): once, see trouble.h. For the operator.
	 */
	void (*complain)(void *arg, const char *text);
	/* Called on the writer thread after each hit line was formed (may be NULL): second sinks.
	 */
	void (*on_hit)(void *arg, const struct cf_hit *hit, uint64_t count);
	/*
	 * Called on the writer thread before the status file is written (may be NULL): puts further
	 * members `"k":v,...` (ASCII JSON without braces) into members[0..size) and returns their
	 * length, 0 for none. Must not block.
	 */
	size_t (*status_members)(void *arg, char *members, size_t size);
	void *arg;
};

struct cf_log_stats {
	uint64_t hits;       /* hits accepted from producers */
	uint64_t lines;      /* lines written; after the end, without the stop record */
	uint64_t lost_queue; /* dropped: queue full */
	uint64_t lost_disk;  /* dropped: could not be written */
	uint64_t lost_flood; /* dropped: of clients too many to write of */
	uint64_t bytes;
	uint64_t status_failed;  /* times that the status file could not be written */
	uint64_t folds_failed;   /* times that the journal of folds could not */
	int64_t started_wall_us; /* as heartbeats say it; 0 before the start record */
	bool degraded; /* the last write failed, or something was lost since the last heartbeat */
};

/*
 * Opens (creating 0640) and repairs the log, writes a start record, starts the writer thread. (A
 * synchronous log does so at the first cf_log_pump() or at close.)
 * A path that cannot be opened is not an error for a resolver: the log starts degraded and retries;
 * *error (may be NULL) then holds the text and CF_OK is returned. Otherwise CF_ENOMEM; CF_EINVALID
 * or CF_EIO when the privacy mode cannot be kept (no such mode, no usable key file): better no log
 * than one that tells too much.
 */
enum cf_status cf_log_open(const struct cf_log_options *options, struct cf_log **log_out,
    struct cf_error *error) CF_MUST_CHECK;

/* As cf_log_close() but frees nothing yet, for who wants the last counters: cf_log_stats() then
 * says what the stop record says. */
void cf_log_end(struct cf_log *log);

/* Flushes folds, writes the stop record and a last heartbeat, joins the thread, frees. NULL is
 * fine. */
void cf_log_close(struct cf_log *log);

/*
 * A queue for one producing thread; owned by the log and freed with it. May be called by any
 * thread; the producer itself then belongs to one thread at a time. NULL without memory.
 */
struct cf_producer *cf_log_producer(struct cf_log *log);

/* Queue a copy. Never block. False when it was dropped (and counted). */
bool cf_producer_hit(struct cf_producer *producer, const struct cf_hit *hit);
/*
 * The same by reference, for those whose time is dear: hits that only repeat are counted by the
 * head alone, and nothing else of them is ever looked at. cf_producer_begin() returns room for a
 * head (records/form/pack.h) with CF_DEFERRED_BYTES behind it, aligned to 8, or NULL when it was
 * dropped (and counted). The caller fills in every member of the head but size and present, and
 * payload_bytes behind it; cf_producer_end() queues both. Event is one of hits, key not 0.
 *
 * What the payload refers to must stay until the writer has taken it: see cf_log_mark().
 */
struct cf_packed *cf_producer_begin(struct cf_producer *producer);
void cf_producer_end(
    struct cf_producer *producer, struct cf_packed *packed, uint32_t payload_bytes);

/*
 * How to know that nothing refers to a thing any more: once no producer can queue references to it,
 * cf_log_mark() notes how far the queues are filled, and cf_log_has_taken() tells whether the
 * writer is past that. Takes some 20 ms, or as long as the disk hangs. Any one thread that is no
 * producer's. The mark is freed by the caller; NULL without memory.
 */
struct cf_log_mark *cf_log_mark(const struct cf_log *log) CF_MUST_CHECK;
bool cf_log_has_taken(const struct cf_log_mark *mark);

bool cf_producer_identity(struct cf_producer *producer, const struct cf_identity *identity);
/* Who was there (records/form/alive.h), any number of clients; false when some were dropped. */
bool cf_producer_alive(struct cf_producer *producer, const struct cf_alive *alive);
/*
 * A line of the caller's own kind: members `"k":v,...` (ASCII JSON without braces), for heartbeats
 * per interface and the like.
 */
bool cf_producer_raw(struct cf_producer *producer, enum cf_event event, int64_t at_wall_us,
    const char *members_json);

/* What ties the log's seals to the world. */
struct cf_log_anchor {
	struct cf_signer_words signer;
	uint64_t signed_seq; /* newest seal that was signed, and when; 0: none */
	int64_t signed_wall_us;
	bool sends;       /* seals go to the system's log, */
	int send_failure; /* the last one with this errno; 0: it went */
	uint64_t unsent;
};

/* Any thread. */
void cf_log_anchor(const struct cf_log *log, struct cf_log_anchor *anchor_out);

/* Reads the counters; any thread. */
void cf_log_stats(const struct cf_log *log, struct cf_log_stats *stats_out);

/*
 * Changes settings that a new image brought (fold window) and what heartbeats say about image and
 * policy. Strings are copied. Any thread; not for hot paths.
 */
void cf_log_configure(
    struct cf_log *log, uint32_t fold_s, const char *image_digest, const char *policy);

/* Synchronous logs only: writes what is queued; now_wall_us drives folds and heartbeats. */
void cf_log_pump(struct cf_log *log, int64_t now_wall_us);
