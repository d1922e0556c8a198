/*
 * Keeps the journal of folds with its log: opens it, takes over what a killed run left, begins
 * another when the file was removed, tries again when it cannot be opened or written. One thread.
 */
#pragma once

#include "records/write/fold.h"
#include "records/write/trouble.h"

#include <stdbool.h>
#include <stdint.h>

/* Longest path of the journal; a longer one goes without. */
#define CF_FOLD_KEEPER_PATH_BYTES 1024

struct cf_fold_journal;

/* Begins as {0}. */
struct cf_fold_keeper {
	struct cf_fold_journal *journal; /* NULL: none at the moment */
	char path[CF_FOLD_KEEPER_PATH_BYTES];
	bool was_open;
	struct cf_trouble trouble;
};

struct cf_fold_keeper_place {
	const char *log_path, *source;
	int64_t now_us;
	const struct cf_trouble_teller *teller;
};

/*
 * Once at the start, then once a second. What is found the first time is emitted; returns its hits.
 * A journal that is begun anew gets what fold holds.
 */
uint64_t cf_fold_keeper_look(struct cf_fold_keeper *keeper, struct cf_fold *fold,
    const struct cf_fold_keeper_place *place, cf_fold_emit *emit, void *arg);
/* How often the journal could not be opened or written. */
uint64_t cf_fold_keeper_failures(const struct cf_fold_keeper *keeper);
/* The folds are all written: the file goes. */
void cf_fold_keeper_remove(struct cf_fold_keeper *keeper);
void cf_fold_keeper_done(struct cf_fold_keeper *keeper);
