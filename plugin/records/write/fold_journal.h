/*
 * The fold table's open windows in a file beside the log, so that a kill loses no repeats: the
 * writer puts the windows' state there at most once a second, and the next run writes what it finds
 * as lines.
 *
 *   +----------------------------------+---------------------------------+
 *   | heads: count, time of each slot  | samples: 2 KiB for each slot    |
 *   +----------------------------------+---------------------------------+
 *
 * The heads are a table in memory, of which the pages that changed are written, neighbours
 * together: a flood of repeats changes thousands of counts a second and costs some writes. A sample
 * is written once a window, before its head says that it counts.
 *
 * Written with pwrite(2), not mapped: a full disk or a truncated file must never send a signal into
 * the resolver. Heads and samples lie within a page, so that a kill leaves each as it was before or
 * after. What cannot be written is counted and tried again with the next second; a head is never
 * written behind a sample that was not. One thread.
 */
#pragma once

#include "records/form/pack.h"
#include "records/write/fold.h"

#include <stdint.h>

/* Of a sample; a divisor of the page size. */
#define CF_FOLD_SLOT_BYTES 2048

struct cf_fold_journal;

/*
 * Opens or creates "PATH.SOURCE.folds" (0600, locked) and writes its name to name[0..size). NULL
 * (errno) when that is not possible, another process has it (EWOULDBLOCK), or without memory:
 * folding then works without.
 */
struct cf_fold_journal *cf_fold_journal_open(
    const char *path, const char *source, char *name, size_t size);
/* Leaves the file as it is. NULL is fine. */
void cf_fold_journal_close(struct cf_fold_journal *journal);

/*
 * Emits every window found in the file and empties it. What does not hold together is left out.
 * Returns the number of hits.
 */
uint64_t cf_fold_journal_recover(struct cf_fold_journal *journal, cf_fold_emit *emit, void *arg);

/* Forgets what the file holds. */
void cf_fold_journal_empty(struct cf_fold_journal *journal);

/*
 * Writes the sample of a slot (below CF_FOLD_ENTRIES), whose head must say 0 in the file. False
 * when it could not: its head must not be noted then, since the slot may hold another one's.
 */
bool cf_fold_journal_sample(
    struct cf_fold_journal *journal, uint32_t slot, const struct cf_packed *sample) CF_MUST_CHECK;

/* Notes the head of a slot; count 0: nothing there. */
void cf_fold_journal_note(
    struct cf_fold_journal *journal, uint32_t slot, uint64_t count, int64_t last_wall_us);

/* Writes the heads that were noted; those that could not be written the next time. */
void cf_fold_journal_flush(struct cf_fold_journal *journal);

/* Has somebody removed the file? What is written then is nobody's. */
bool cf_fold_journal_is_removed(const struct cf_fold_journal *journal);
/* How many writes failed so far, and the errno of the last one. */
uint64_t cf_fold_journal_failures(const struct cf_fold_journal *journal);
int cf_fold_journal_error(const struct cf_fold_journal *journal);
