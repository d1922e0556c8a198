/* The journal's file: there, gone, there again. */

#include "records/write/fold_keeper.h"

#include "records/write/fold_journal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char what[] = "the journal of repeats";

static void complain(
    struct cf_fold_keeper *keeper, const struct cf_fold_keeper_place *place, int error)
{
	cf_trouble_begin(&keeper->trouble, place->teller, place->now_us, what, keeper->path,
	    error == EWOULDBLOCK ? "another process has it" : strerror(error),
	    "a kill would now lose repeats that are not written yet");
}

static void let_go(struct cf_fold_keeper *keeper, struct cf_fold *fold)
{
	cf_fold_set_journal(fold, NULL);
	cf_fold_journal_close(keeper->journal);
	keeper->journal = NULL;
}

static uint64_t begin(struct cf_fold_keeper *keeper, struct cf_fold *fold,
    const struct cf_fold_keeper_place *place, cf_fold_emit *emit, void *arg)
{
	uint64_t hits = 0;

	keeper->journal =
	    cf_fold_journal_open(place->log_path, place->source, keeper->path, sizeof keeper->path);
	if (keeper->journal == NULL) {
		complain(keeper, place, errno);
		return 0;
	}
	/* Only what another run left: what this one had in a file that was removed it still has. */
	if (keeper->was_open)
		cf_fold_journal_empty(keeper->journal);
	else
		hits = cf_fold_journal_recover(keeper->journal, emit, arg);
	keeper->was_open = true;
	cf_fold_set_journal(fold, keeper->journal);
	return hits;
}

uint64_t cf_fold_keeper_look(struct cf_fold_keeper *keeper, struct cf_fold *fold,
    const struct cf_fold_keeper_place *place, cf_fold_emit *emit, void *arg)
{
	uint64_t before, hits = 0;

	if (keeper->journal != NULL && cf_fold_journal_is_removed(keeper->journal))
		let_go(keeper, fold);
	if (keeper->journal == NULL)
		hits = begin(keeper, fold, place, emit, arg);
	if (keeper->journal == NULL)
		return hits;
	before = cf_fold_journal_failures(keeper->journal);
	cf_fold_sync(fold, true);
	if (cf_fold_journal_failures(keeper->journal) > before)
		complain(keeper, place, cf_fold_journal_error(keeper->journal));
	else
		cf_trouble_end(&keeper->trouble, place->teller, what, keeper->path);
	return hits;
}

uint64_t cf_fold_keeper_failures(const struct cf_fold_keeper *keeper)
{
	return keeper->trouble.times;
}

void cf_fold_keeper_remove(struct cf_fold_keeper *keeper)
{
	if (keeper->journal != NULL)
		(void)unlink(keeper->path); /* empty by now, whether it goes or not */
}

void cf_fold_keeper_done(struct cf_fold_keeper *keeper)
{
	cf_fold_journal_close(keeper->journal);
	keeper->journal = NULL;
}
