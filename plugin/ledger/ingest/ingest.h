/*
 * Logs into the ledger, each line exactly once.
 *
 * A log is known by its first record (whose id is unique), not by its name: rotation, renaming and
 * compression change nothing, and the same log given twice is read up to where it was left. The
 * position is written in the same transaction as the sums, so a kill at any moment loses nothing
 * and repeats nothing. Lines that are no records are counted with their reason and never stop
 * anything. One thread.
 */
#pragma once

#include "base/status.h"
#include "ledger/store/ledger.h"
#include "records/form/parse.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_batch;
struct cf_ingest;

struct cf_ingest_counts {
	uint64_t files, files_unchanged, files_new;
	uint64_t lines, records, bytes; /* taken now */
	uint64_t already;               /* records read before, skipped */
	uint64_t faults[CF_LINE_FAULTS];
	uint64_t refused;   /* records with an impossible time, or past a limit */
	uint64_t broken;    /* seals that do not hold */
	uint64_t torn_tail; /* files whose last line is not whole (yet) */
	uint64_t repeated;  /* lines that came before in their log; dropped */
	uint64_t rewritten; /* logs that are not any more what was read of them */
	uint64_t mixed;     /* seals of a second machine with the same name */
	uint64_t unjudged;  /* seals that could not be checked */
	uint64_t shipped;   /* lines of sensors that ship; passed over */
};

struct cf_ingest_options {
	/* Called now and then, and with a text when something is worth a line (both may be NULL).
	 */
	void (*progress)(void *arg, const struct cf_ingest_counts *counts);
	void (*notice)(void *arg, const char *text);
	/* Called for each log that was never seen before, with the sensor of its first record; may
	 * be NULL. */
	void (*found)(void *arg, const char *sensor);
	/* Called between transactions when the tables of names are three quarters full, to forget
	 * what is to be forgotten; may be NULL. */
	enum cf_status (*make_room)(void *arg, struct cf_error *error);
	void *arg;
	const volatile int *stop; /* ends between lines when it becomes non-zero; may be NULL */
	uint64_t commit_lines;    /* commit at least this often; 0: CF_BATCH_LINES */
	bool shares;              /* others write too: cf_batch_share() */
};

enum cf_status cf_ingest_new(struct cf_ledger *ledger, const struct cf_ingest_options *options,
    struct cf_ingest **ingest_out, struct cf_error *error) CF_MUST_CHECK;
/* What is not committed is forgotten; it is read again next time. */
void cf_ingest_free(struct cf_ingest *ingest);

/*
 * Reads one log (with with_siblings: and its rotated files), or every log in a folder, from where
 * it was left to its end. An unreadable log is told by notice() and does not stop the others; the
 * status is then CF_EIO at the end. CF_EIO, CF_ENOMEM, CF_ECHECKSUM of the ledger itself stop at
 * once.
 */
enum cf_status cf_ingest_path(struct cf_ingest *ingest, const char *path, bool with_siblings,
    struct cf_error *error) CF_MUST_CHECK;

/* Writes what is gathered. cf_ingest_path() gathers over small files; call this at the end. */
enum cf_status cf_ingest_finish(struct cf_ingest *ingest, struct cf_error *error) CF_MUST_CHECK;

/* ---- for what was shipped, within a transaction that the first of these begins */

/*
 * Takes lines of one writer: whole segments, whose seals were checked. key stands for the log where
 * lines that are refused are counted. CF_EIO, CF_ENOMEM: only cf_ingest_abandon() can follow.
 */
enum cf_status cf_ingest_segments(struct cf_ingest *ingest, const uint8_t key[16],
    const char *lines, size_t len, struct cf_error *error) CF_MUST_CHECK;
/* Forgets what was not committed. */
void cf_ingest_abandon(struct cf_ingest *ingest);
/* The batch behind it, for what goes into the same transaction. */
struct cf_batch *cf_ingest_batch(struct cf_ingest *ingest);

const struct cf_ingest_counts *cf_ingest_counts(const struct cf_ingest *ingest);
