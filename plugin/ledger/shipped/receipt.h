/*
 * The receipts of a ledger: how far each writer that ships was taken, one row a writer (table
 * `receipt`), and what a shipment is against it. One thread.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"
#include "ledger/shipped/shipment.h"
#include "ledger/store/ledger.h"

#include <stdbool.h>

struct cf_receipt {
	bool is_there;
	bool is_of_files; /* no receipt: what was read from files */
	uint32_t sensor_id;
	uint64_t from_seq, to_seq; /* to_seq 0: forgotten; the next begins anew */
	uint8_t sha256[CF_SHA256_BYTES];
	int64_t at_wall_us;
};

struct cf_receipts;

/* CF_ENOMEM, CF_EIO. */
enum cf_status cf_receipts_new(struct cf_ledger *ledger, struct cf_receipts **receipts_out,
    struct cf_error *error) CF_MUST_CHECK;
void cf_receipts_free(struct cf_receipts *receipts);

/* The writer's receipt, or what stands for one. CF_EIO. */
enum cf_status cf_receipt_find(struct cf_receipts *receipts, struct cf_text sensor,
    struct cf_text source, struct cf_receipt *receipt_out, struct cf_error *error) CF_MUST_CHECK;

/* What the shipment is; *lost_out: lines between the head and it are gone for ever. CF_EIO. */
enum cf_status cf_receipt_judge(struct cf_receipts *receipts, const struct cf_receipt *receipt,
    const struct cf_shipment *shipment, enum cf_shipped_verdict *verdict_out, bool *lost_out,
    struct cf_error *error) CF_MUST_CHECK;

/*
 * Moves the receipt on over the shipment, in the transaction of its sums. CF_EAGAIN: it is not any
 * more what was found; another process moved it. CF_EIO.
 */
enum cf_status cf_receipt_move(struct cf_receipts *receipts, const struct cf_receipt *receipt,
    uint32_t sensor_id, const struct cf_shipment *shipment, bool lost,
    struct cf_error *error) CF_MUST_CHECK;
/* Counts a fork that was refused. CF_EIO. */
enum cf_status cf_receipt_note_fork(
    struct cf_receipts *receipts, uint32_t sensor_id, struct cf_error *error) CF_MUST_CHECK;
/* Forgets where the chain was, not when. *found_out: it was there. CF_EIO. */
enum cf_status cf_receipt_forget(struct cf_receipts *receipts, uint32_t sensor_id, bool *found_out,
    struct cf_error *error) CF_MUST_CHECK;
