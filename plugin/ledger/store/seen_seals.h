/*
 * Seals of each sensor that the ledger remembers, so that a log which was sealed anew contradicts
 * it at once: the newest one, and one of each stretch of 68 minutes. A chain ties all that came
 * before to each of them. The table seal; not made of the logs at hand, so it is no part of the
 * ledger's content, and a rebuild takes it along.
 *
 * One thread, inside the batch's transaction.
 */
#pragma once

#include "ledger/store/ledger.h"
#include "records/anchor/seal_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_seen_seals;

/* NULL without memory, or where the ledger refuses. The ledger must outlive it. */
struct cf_seen_seals *cf_seen_seals_new(struct cf_ledger *ledger);
void cf_seen_seals_free(struct cf_seen_seals *seen);

/*
 * A seal that holds, with its digest as 64 digits; others are passed over. *contradicts_out: a seal
 * of this number was another one at about this time before, and what lies before it up to
 * from_wall_us_out is not what it was. A chain that began anew later on contradicts nothing.
 * CF_EIO, CF_ENOMEM.
 */
enum cf_status cf_seen_seals_take(struct cf_seen_seals *seen, uint32_t sensor_id, uint64_t seq,
    int64_t at_wall_us, const char *sha256, size_t len, bool *contradicts_out,
    int64_t *from_wall_us_out, struct cf_error *error) CF_MUST_CHECK;

/* Writes what is newest of each sensor. CF_EIO. */
enum cf_status cf_seen_seals_write(
    struct cf_seen_seals *seen, struct cf_error *error) CF_MUST_CHECK;
/* After a rollback, or when rows were removed: the table is read again. */
void cf_seen_seals_forget(struct cf_seen_seals *seen);

/*
 * Calls back with each seal that the ledger remembers, by sensor, then time, none twice, in the
 * form of a witness: unsigned, for no signature is remembered. The text is valid until it returns.
 * CF_EIO, CF_ENOMEM.
 */
enum cf_status cf_seen_seals_each(struct cf_ledger *ledger,
    void (*each)(void *arg, const struct cf_seal_text *seal), void *arg,
    struct cf_error *error) CF_MUST_CHECK;

/* Takes what the old ledger remembers into this one, before anything else is. CF_EIO, CF_ENOMEM. */
enum cf_status cf_seen_seals_copy(
    struct cf_ledger *ledger, struct cf_ledger *old, struct cf_error *error) CF_MUST_CHECK;
