/*
 * The writers of a log that is being verified, and what is told of them: what verify_lines.c (the
 * chain, line by line) and vouch.c (keys and witnesses) share. For these files only.
 */
#pragma once

#include "base/limits.h"
#include "records/anchor/witness.h"
#include "records/files/chain.h"
#include "records/read/verify.h"

struct place {
	const char *path;
	uint64_t line;
};

/* Segments that neither a key nor a witness vouches for yet. */
struct unvouched {
	uint64_t seals, lines, first_seq, last_seq;
	struct place first, last;
};

/* One writer's chain, and the run of it that is being read. */
struct track {
	char sensor[CF_SEAL_SENSOR_BYTES], source[CF_SEAL_SOURCE_BYTES];
	struct cf_chain chain;
	bool anchored;            /* a seal or start was seen: seq and prev are known */
	struct place first, last; /* of the segment so far */
	bool in_run;              /* its start record was seen, its stop record was not */
	bool counts;              /* and what is here is compared with what it counts */
	struct place started;
	uint64_t lines, hits; /* of the run, as they are here; miscounts told are in them */
	/* vouch.c's */
	uint32_t witness_writer; /* CF_WITNESS_NONE: no witness knows it */
	bool has_seal;
	uint64_t first_seq, last_seq; /* of its seals here */
	struct place last_seal;
	int64_t alive_wall_us;   /* of its newest seal or start, */
	int64_t seal_wall_us;    /* its newest seal, */
	int64_t vouched_wall_us; /* and the newest seal that is vouched for; INT64_MIN: none */
	bool begun;              /* a run began behind the newest seal */
	bool stopped;            /* the newest seal is a stop record's */
	bool vouched_stop;       /* and is vouched for */
	bool over_files;         /* the run reads captures: its time is theirs */
	bool run_signed;         /* a seal of this run was signed */
	bool was_witnessed;      /* the newest seal is in the witness */
	bool clock_told, late_told;
	char retired[CF_KEY_ID_TEXT_BYTES]; /* a key that another one followed in this chain */
	struct unvouched unvouched;
	/* A time without a writer, until the next seal says whether a witness was there. */
	bool in_gap, gap_was_witnessed;
	struct place gap_first, gap_last;
	int64_t gap_from_wall_us, gap_to_wall_us;
};

/* A line that is no record, waiting for a record that accounts for it. */
struct stray {
	struct place place;
	uint64_t bytes;
};

struct cf_verify {
	cf_verify_report *report;
	void *arg;
	struct cf_verify_with with;
	struct cf_verify_summary summary;
	size_t track_count, track_room, stray_count;
	struct track **tracks;
	uint32_t *slots; /* of tracks, by the hash of their names; 0: empty, else number + 1 */
	size_t slot_count;
	struct track *latest; /* lines of one writer come in rows */
	struct stray strays[CF_LOG_STRAYS];
};

/* Tells a finding; track may be NULL. */
void cf_track_tell(struct cf_verify *verify, enum cf_verify_kind kind, const struct track *track,
    struct place first, struct place last, const char *format, ...) CF_PRINTF(6, 7);
/* Tells one that only counts when it is about an instant that the log is to cover. */
void cf_track_doubt(struct cf_verify *verify, enum cf_verify_kind kind, const struct track *track,
    int64_t at_wall_us, struct place first, struct place last, const char *format, ...)
    CF_PRINTF(7, 8);

/* The track of a record's writer, made on its first line; NULL when there are too many. */
struct track *cf_track_of(struct cf_verify *verify, const struct cf_record *record);
