/*
 * The fold table's open windows in a file beside the log, so that a kill loses no repeats: the
 * writer puts each window's state there at most once a second, and the next run writes what it
 * finds as lines.
 *
 * Written with pwrite(2), not mapped: a full disk or a truncated file must never send a signal into
 * the resolver. Slots lie within a page, so that a kill leaves each as it was before or after. One
 * thread.
 */
#pragma once

#include "records/fold.h"
#include "records/pack.h"

#include <stdint.h>

/* One slot: head, sample; a divisor of the page size. */
#define CF_FOLD_SLOT_BYTES 2048

/*
 * Opens or creates "PATH.SOURCE.folds" (0600, locked) and writes its name to name[0..size). -1 when
 * that is not possible or another process has it: folding then works without.
 */
int cf_fold_journal_open(const char *path, const char *source, char *name, size_t size);

/*
 * Emits every window found in the file and empties it. What does not hold together is left out.
 * Returns the number of hits.
 */
uint64_t cf_fold_journal_recover(int fd, cf_fold_emit *emit, void *arg);

/* Writes one slot; with a sample of NULL only its head. Failure is silent: it is a second line. */
void cf_fold_journal_write(
    int fd, uint32_t slot, uint64_t count, int64_t last_wall_us, const struct cf_packed *sample);
