/*
 * Folding: repeats of the same (client, entry and verdict, evidence, action, event) within a window
 * become one line with a count. The first hit of a series is not held back: it is written at once,
 * and what follows within the window is counted and written when the window ends. A series that
 * goes on gives one line a window. The counts of all lines add up to the hits exactly.
 *
 * The table has a fixed number of series; when it is full the oldest series is written early.
 * Belongs to one thread (the log's writer).
 */
#pragma once

#include "records/form/pack.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_fold;
struct cf_fold_journal;

/*
 * Called for a finished window: packed is its first hit, count the hits in it (at least 1),
 * last_wall_us the time of the last of them. It is never deferred: what a window keeps has been
 * expanded.
 */
typedef void cf_fold_emit(
    void *arg, const struct cf_packed *packed, uint64_t count, int64_t last_wall_us);

/* Makes packed, which is deferred, a whole record in out (CF_RECORD_PACKED_BYTES, aligned to 8). */
typedef void cf_fold_expand(void *arg, const struct cf_packed *packed, struct cf_packed *out);

/*
 * hash_key: 16 random bytes. expand may be NULL when no deferred hits are added; arg is for both
 * functions. CF_ENOMEM.
 */
enum cf_status cf_fold_new(uint32_t entries, const uint8_t hash_key[16], cf_fold_emit *emit,
    cf_fold_expand *expand, void *arg, struct cf_fold **fold_out) CF_MUST_CHECK;
void cf_fold_free(struct cf_fold *fold);

/*
 * Takes a packed hit seen at now_us (any clock that does not step). True when it is a repeat and
 * was counted; false when the caller is to write it now.
 */
bool cf_fold_add(struct cf_fold *fold, const struct cf_packed *packed, int64_t now_us);

/* Hits that cf_fold_expect() takes at once. */
#define CF_FOLD_EXPECTED 16
/*
 * Says which hits will be added next, in this order; none but them until all are. A series lies
 * anywhere in the table, and waiting for the memory of many at once takes hardly longer than for
 * one. Their places are kept, so it costs nothing else.
 */
void cf_fold_expect(struct cf_fold *fold, const struct cf_packed *const packed[], unsigned count);

/*
 * Emits and ends windows that began at or before began_us; a series with hits in it goes on with a
 * new window that begins at now_us.
 */
void cf_fold_expire(struct cf_fold *fold, int64_t began_us, int64_t now_us);

/* Emits everything and empties the table. */
void cf_fold_flush(struct cf_fold *fold);

/*
 * Keeps the windows in journal as well (records/write/fold_journal.h; borrowed), also those that
 * there are already; NULL: no longer. A table with a journal has CF_FOLD_ENTRIES series at most.
 */
void cf_fold_set_journal(struct cf_fold *fold, struct cf_fold_journal *journal);
/*
 * Brings the journal up to date: windows that were emitted, which must be done before their lines
 * are written (or a kill would count them twice); with all, also those that only grew.
 */
void cf_fold_sync(struct cf_fold *fold, bool all);

/* Hits counted but not yet emitted. */
uint64_t cf_fold_pending(const struct cf_fold *fold);
