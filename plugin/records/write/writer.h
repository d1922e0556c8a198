/*
 * What the log's writer does with records: folds them, forms lines, seals them, keeps the file. It
 * has no thread and no clock of its own: the log calls it with the time, from one thread.
 */
#pragma once

#include "records/anchor/beacon.h"
#include "records/anchor/signer.h"
#include "records/files/chain.h"
#include "records/form/ulid.h"
#include "records/write/fold.h"
#include "records/write/fold_keeper.h"
#include "records/write/log.h"
#include "records/write/privacy.h"
#include "records/write/sink.h"
#include "records/write/trouble.h"

#include <stdatomic.h>

/* Longest image digest and policy name in heartbeats. */
#define CF_WRITER_WORD_BYTES 128

struct cf_writer {
	struct cf_sink sink;
	struct cf_chain chain;
	struct cf_signer signer; /* of seals */
	struct cf_beacon beacon;
	_Atomic uint64_t signed_seq; /* the newest signed seal of this run, and when; 0: none */
	_Atomic int64_t signed_wall_us;
	struct cf_ulid ulid;
	struct cf_fold *fold;
	struct cf_newcomers *newcomers;
	struct cf_fold_keeper keeper; /* of the journal of the fold's windows */
	bool keeps_folds;             /* not over files, which can be read again */
	struct cf_privacy privacy;
	char sensor[72], source[24];
	char image[CF_WRITER_WORD_BYTES], policy[CF_WRITER_WORD_BYTES];
	char input[CF_SHA256_TEXT_BYTES]; /* of a run over files; "" */
	uint32_t fold_s, heartbeat_s;
	bool repeatable;             /* nothing random, nothing of this process */
	int64_t now_wall_us, now_us; /* of the step being done; the second never steps */
	int64_t started_wall_us, next_second_us, next_heartbeat_us, retry_us;
	bool counting_down; /* the clocks above are set */
	struct cf_trouble_teller teller;
	struct cf_trouble trouble, moved; /* with the log itself, with a new one after rotation */
	_Atomic uint64_t status_failed, folds_failed; /* as cf_log_stats says them */
	void (*heartbeat)(void *arg, struct cf_heartbeat *heartbeat);
	void (*on_hit)(void *arg, const struct cf_hit *hit, uint64_t count);
	cf_expand *expand;
	void *arg;
	/* Hits taken from the queues; those in lines that could not be written. */
	_Atomic uint64_t hits, lost_disk, lines, bytes;
	_Atomic uint64_t lost_flood; /* of clients too many to write of: newcomers.h */
	uint64_t lost_queue;         /* as the log last told */
	uint64_t sealed_lines;       /* that the last seal counts */
	/* What the last lost record said. */
	uint64_t told_queue, told_disk, told_flood, told_torn;
	int64_t lost_since_wall_us;
	_Atomic bool degraded;
	struct {
		const char
		    *found; /* what the file looked like: new, sealed, unsealed, torn, unknown */
		uint64_t repaired_bytes, unsealed_lines;
	} start;
};

/* Copies what it needs of options. CF_ENOMEM, CF_EINVALID (privacy), CF_EIO (its key). */
enum cf_status cf_writer_init(struct cf_writer *writer, const struct cf_log_options *options,
    struct cf_error *error) CF_MUST_CHECK;
void cf_writer_done(struct cf_writer *writer);

/* Opens the file for cf_writer_start(), which may come when there are no more rights to. */
void cf_writer_open_early(struct cf_writer *writer);
/* Opens the file, finds the end of its chain, ends a torn line, and writes the start record. */
void cf_writer_start(struct cf_writer *writer, int64_t now_us, int64_t now_wall_us);
/* Packed records, in this order; at most CF_FOLD_EXPECTED. */
void cf_writer_take(
    struct cf_writer *writer, const struct cf_packed *const packed[], unsigned count);
/* Moves a synchronous log's clock forward to a record's time (never back) and ends folds. */
void cf_writer_advance(struct cf_writer *writer, int64_t at_wall_us);
/* How many hits the queues have dropped so far. */
void cf_writer_lost_queue(struct cf_writer *writer, uint64_t lost);
/* Work that time asks for: folds, heartbeat, rotation, retry; then one write of what there is. */
void cf_writer_tick(struct cf_writer *writer, int64_t now_us, int64_t now_wall_us);
/* As cf_log_anchor(). */
void cf_writer_anchor(const struct cf_writer *writer, struct cf_log_anchor *anchor_out);
/* The last: folds, stop record with the last seal. */
void cf_writer_stop(struct cf_writer *writer, int64_t now_us, int64_t now_wall_us);
