/* What ingest_path.c (which logs), ingest_log.c (one log) and ingest_known.c (one seen before)
 * share; nobody else includes it. */
#pragma once

#include "ledger/ingest/batch.h"
#include "ledger/ingest/door.h"
#include "ledger/ingest/ingest.h"
#include "ledger/ingest/seal.h"

/* So much of a log's beginning tells it from another with the same first line. */
#define HEAD_BYTES 65536
#define ID_BYTES   26

struct cf_ingest {
	struct cf_ledger *ledger;
	struct cf_ingest_options options;
	struct cf_ingest_counts counts;
	struct cf_batch *batch;
	struct cf_record *record; /* large: not on the stack */
	bool had_failures;
	uint64_t room_asked_rows; /* how many rows there were after room was asked for */
	/* Of one log in several files: the one before, NULL of the first, and what its end leaves
	 * to the next; NULL when it was not read just now. */
	const char *before;
	struct cf_seals *left;
};

/* How the file looked before it was opened. */
struct ingest_look {
	char stat[96]; /* device, inode, size, time; "" for no regular file */
	int64_t written_wall_s;
};

/* One log being read. */
struct source {
	struct cf_reader *reader;
	struct cf_seals *seals;
	struct cf_file_position position, was; /* was: as the ledger knows it */
	struct cf_door door;
	const struct ingest_look *look;
	/* What of it is in the ledger already: lines before this offset; or, of a log that is not
	 * any more what it was (by_id), lines whose id is not above known_id. */
	uint64_t counted_to;
	bool by_id;
	char known_id[ID_BYTES + 1];
	bool is_known;      /* its first record was seen: position.key is set */
	bool was_seen;      /* ... and the ledger has it */
	bool ids_are_own;   /* ids of its lines are nobody else's */
	bool contradicts;   /* it is not any more what was read */
	bool over_files;    /* the run read last reads captures: its time is theirs */
	bool is_resealed;   /* a seal contradicts one that was seen, and that was told */
	bool lost_seals;    /* ... and what was sealed is not either */
	bool head_is_whole; /* no more lines go into head */
	bool is_compared;   /* with the head that the ledger knows */
	bool has_skipped;   /* what was read before, as far as it is not needed */
	bool goes_on;       /* seals know the end of the file before */
	uint64_t early[CF_LINE_FAULTS]; /* lines before the first record */
	uint64_t early_lines;
	bool has_moved, is_at_end;
	int64_t first_wall_us, last_wall_us; /* of records in it */
	char path_was[256];                  /* where the ledger saw it, as far as it fits */
	char last_line[CF_RECORD_LINE_BYTES];
	size_t last_len;
	char head[HEAD_BYTES];
	size_t head_len;
};

/* Tells options.notice(), if there is one. */
void cf_ingest_notice(const struct cf_ingest *ingest, const char *text);
bool cf_ingest_is_stopped(const struct cf_ingest *ingest);

/*
 * Reads the log at path, whose file looks like look (kept with its position, so that it need not be
 * opened again while it looks the same). One that cannot be read is told by notice() and leaves
 * had_failures, CF_OK; CF_EIO, CF_ENOMEM and CF_ECHECKSUM are of the ledger.
 */
enum cf_status cf_ingest_log(struct cf_ingest *ingest, const char *path,
    const struct ingest_look *look, struct cf_error *error) CF_MUST_CHECK;

/* ---- ingest_known.c */

/* The first CF_FILE_HASH_BYTES of SHA-256. */
void cf_ingest_hash(const char *bytes, size_t len, uint8_t hash[CF_FILE_HASH_BYTES]);

/* Adds a line to the head, and compares it with the one that the ledger knows as soon as that can
 * be done; may set contradicts. */
void cf_ingest_note_head(struct source *source, const struct cf_line *line);
/* A line that was read before: is it what it was? May set contradicts. */
void cf_ingest_compare_line(struct source *source, const struct cf_line *line);
/* The file is at its end: is all there that was read? May set contradicts. */
void cf_ingest_compare_end(struct source *source);
/*
 * A log contradicts what was read of it. True when it can be read again by the ids of its lines;
 * false when nothing can be taken from it. Either way somebody was told.
 */
bool cf_ingest_tell_contradiction(struct cf_ingest *ingest, const struct source *source);
/* A seal of it is not the one that was seen before, in whatever file. */
void cf_ingest_tell_resealed(struct cf_ingest *ingest, const struct source *source);
/*
 * What the end of ingest->before, which the ledger knows, leaves to the file that goes on where it
 * ends; NULL when there is nothing to go on from. CF_ENOMEM.
 */
enum cf_status cf_ingest_read_before(
    struct cf_ingest *ingest, struct cf_seals **seals_out) CF_MUST_CHECK;
