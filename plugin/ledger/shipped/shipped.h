/*
 * What sensors ship, taken into a ledger exactly once. A shipment is whole segments of one writer:
 * the lines between two seals of its chain, the last seal's line included. How far the ledger has a
 * writer is one row, its receipt, which moves on in the transaction that writes the sums; so
 * whatever is killed or sent twice, nothing is lost and nothing there twice (docs/FORMATS.md,
 * "Receipts").
 *
 *   begin(all that wait) --> take() each: verdict, sums, receipt --> commit --> answer the senders
 *
 * Lines go through the code that reads files, so that the content (cf_ledger_dump()) is the same as
 * if the logs had been ingested. A writer either ships or is read from files: what files brought of
 * it is where its first shipment goes on, and lines in files of a writer that ships are passed
 * over.
 *
 * One thread; the ledger must be open for writing and outlive it. In PostgreSQL any number of
 * processes may take shipments into one ledger at a time.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"
#include "ledger/shipped/shipment.h"
#include "ledger/store/ledger.h"

struct cf_shipped;

/* How far the ledger has a writer. */
struct cf_shipped_head {
	uint64_t seq; /* of its last seal; 0: nothing */
	char sha256[CF_SHA256_TEXT_BYTES];
	int64_t at_wall_us; /* of that seal */
};

/* notice (may be NULL) is told what is worth a line. CF_ENOMEM, CF_EIO. */
enum cf_status cf_shipped_new(struct cf_ledger *ledger, void (*notice)(void *arg, const char *text),
    void *arg, struct cf_shipped **shipped_out, struct cf_error *error) CF_MUST_CHECK;
void cf_shipped_free(struct cf_shipped *shipped);

/* Outside or inside a transaction; a writer that is not known is none with seq 0. CF_EIO,
 * CF_ENOMEM.
 */
enum cf_status cf_shipped_head(struct cf_shipped *shipped, struct cf_text sensor,
    struct cf_text source, struct cf_shipped_head *head_out, struct cf_error *error) CF_MUST_CHECK;

/* Begins a transaction in which shipments of these writers can be taken: other processes wait for
 * each of them until it ends. CF_EIO, CF_ENOMEM, CF_ETOOBIG (too many sensors). */
enum cf_status cf_shipped_begin(struct cf_shipped *shipped, const struct cf_shipment *shipments,
    size_t count, struct cf_error *error) CF_MUST_CHECK;

/*
 * Takes one of them, in any order but that of a writer's own. *head_out is the head as it is after
 * it. A failure (CF_EIO, CF_ENOMEM) spoils the transaction: only cf_shipped_abandon() can follow.
 */
enum cf_status cf_shipped_take(struct cf_shipped *shipped, const struct cf_shipment *shipment,
    enum cf_shipped_verdict *verdict_out, struct cf_shipped_head *head_out,
    struct cf_error *error) CF_MUST_CHECK;

/* All of the transaction is in the ledger, on disk, or nothing: then it can be begun again. CF_EIO.
 */
enum cf_status cf_shipped_commit(struct cf_shipped *shipped, struct cf_error *error) CF_MUST_CHECK;
void cf_shipped_abandon(struct cf_shipped *shipped);

/*
 * A person says that the writer's chain begins anew (a new disk): its next shipment is taken
 * wherever it begins, if all of it is later than what was taken, and the time between is a gap. A
 * transaction of its own. CF_ENOTFOUND: nothing was shipped by it. CF_EIO.
 */
enum cf_status cf_shipped_forget(struct cf_shipped *shipped, struct cf_text sensor,
    struct cf_text source, struct cf_error *error) CF_MUST_CHECK;
