/*
 * Verifying the hash chains of a log (records/files/chain.h): lines are handed in one by one, in
 * the order they were written, from one file or a rotated set; findings come out as they are made.
 * Any number of writers in one file are told apart by sensor and source. One thread.
 *
 * Besides the chain, what each writer says of itself is held against what is here: its heartbeats
 * count the lines and hits of the run since its start record.
 *
 * A chain alone proves nothing against who can write the log: he seals it anew. With keys, or with
 * seals that were witnessed elsewhere (cf_verify_expect()), each segment is vouched for by its own
 * signature, or by a witnessed seal that is it or comes after it; what is not is a doubt.
 */
#pragma once

#include "records/anchor/public_key.h"
#include "records/anchor/witness.h"
#include "records/read/reader.h"

#include <stdbool.h>
#include <stdint.h>

enum cf_verify_kind {
	/* Alterations */
	CF_VERIFY_CHANGED,    /* as many lines as were sealed, but not the same */
	CF_VERIFY_REMOVED,    /* fewer lines than were sealed, or a seal is missing */
	CF_VERIFY_INSERTED,   /* more lines than were sealed */
	CF_VERIFY_FOREIGN,    /* lines that are no records, which no repair accounts for */
	CF_VERIFY_MISCOUNTED, /* a writer counted other lines or hits than are here */
	CF_VERIFY_RESTARTED,  /* a chain begins anew though an older one is there */
	CF_VERIFY_FORGED,     /* a signature that does not fit, is gone, or is nobody's we know */
	CF_VERIFY_REWRITTEN,  /* seals were witnessed that are others here, or are not here */
	CF_VERIFY_STRANGER,   /* lines of another sensor */
	/* Doubts, where there was something to hold the log against */
	CF_VERIFY_BEGINS,    /* older seals are in files not given, or gone with them */
	CF_VERIFY_UNVOUCHED, /* neither signed nor witnessed */
	CF_VERIFY_GAP,       /* a time in which no writer ran, or whose end was cut off at a seal */
	CF_VERIFY_ENDS,      /* it should go on: cut off at a seal, or nobody writes any more */
	CF_VERIFY_CLOCK,     /* the writer's clock cannot be right */
	CF_VERIFY_DISPUTED,  /* a witness disagrees that the keys do not vouch for */
	CF_VERIFY_ABSENT,    /* a witness knows a writer who is not here */
	CF_VERIFY_EMPTY,     /* nothing to verify */
	/* Neither */
	CF_VERIFY_REPAIRED, /* a torn line that the writer found and accounts for */
	CF_VERIFY_LATE,     /* lines without a seal at a restart; sealed only afterwards */
	CF_VERIFY_UNSEALED, /* lines behind the last seal: still running, or killed */
	CF_VERIFY_NO_STOP,  /* a run has no stop record: still running, or killed */
	CF_VERIFY_KEY,      /* another key signs from here on, named by the one before */
	CF_VERIFY_KINDS
};

bool cf_verify_is_alteration(enum cf_verify_kind kind);

/* What a log is held against. */
struct cf_verify_with {
	struct cf_public_keys *keys; /* NULL: none; gains those that pinned ones name in the log */
	struct cf_witness *witness;  /* NULL: none; which seals were seen is noted in it */
	const char *sensor, *source; /* whose log it is to be; NULL: anybody's. "resolver" is
	                                "resolver.2" as well */
	int64_t from_wall_us;        /* it is to go back to this instant; INT64_MIN: to its first */
	int64_t to_wall_us;          /* and to reach up to this one: now, for most */
	int64_t now_wall_us;
	bool is_strict; /* doubts count */
};

/* Lines first_line of first_path to last_line of last_path ("": of no file). text is for people.
 */
struct cf_verify_finding {
	enum cf_verify_kind kind;
	bool is_doubt; /* counts in the summary's doubts */
	const char *first_path, *last_path, *sensor, *source, *text;
	uint64_t first_line, last_line;
};

typedef void cf_verify_report(void *arg, const struct cf_verify_finding *finding);

struct cf_verify_summary {
	uint64_t lines, hits, seals, good_seals, alterations, unsealed_lines, chains;
	uint64_t lost_queue, lost_disk; /* as lost records admit */
	uint64_t unchecked_lines;       /* of more than CF_LOG_WRITERS writers, or without memory */
	uint64_t doubts, signed_seals,
	    witnessed_seals; /* the latter: vouched for by keys, witness */
};

struct cf_verify;

/* NULL without memory. */
struct cf_verify *cf_verify_new(cf_verify_report *report, void *arg);
void cf_verify_free(struct cf_verify *verify);
/*
 * Before the first line: what there is to hold it against. with is copied, what it leads to must
 * stay. Without, doubts are told as findings and count for nothing.
 */
void cf_verify_expect(struct cf_verify *verify, const struct cf_verify_with *with);

/*
 * The next line as cf_reader_next() gave it: record is what it parsed, looked at when line->fault
 * is CF_LINE_OK. path must stay valid until cf_verify_finish().
 */
void cf_verify_line(struct cf_verify *verify, const char *path, const struct cf_line *line,
    const struct cf_record *record);
/* Bytes without a newline at the end of a file; at the end of the newest file they may be on their
 * way. */
void cf_verify_tail(
    struct cf_verify *verify, const char *path, uint64_t line_number, size_t len, bool newest);

/* Reports what is still open. */
void cf_verify_finish(struct cf_verify *verify, struct cf_verify_summary *summary_out);
