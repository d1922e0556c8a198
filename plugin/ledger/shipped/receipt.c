#include "ledger/shipped/receipt.h"

#include "base/bytes.h"
#include "ledger/store/store.h"

#include <stdlib.h>
#include <string.h>

#define DAY_US (86400 * INT64_C(1000000))

enum { FIND, NEWEST, RUN, SEAL, INSERT, MOVE, FORK, FORGET, STMTS };

static const char *const texts[STMTS] = {
    [FIND] = "SELECT s.sensor_id, r.from_seq, r.to_seq, r.sha256, r.at_us FROM receipt r"
             " JOIN sensor s USING(sensor_id) WHERE s.name=?1 AND s.source=?2",
    /* Its newest seal that was read from files. */
    [NEWEST] = "SELECT s.sensor_id, l.seq, l.seq, l.sha256, l.at_us FROM seal l"
               " JOIN sensor s USING(sensor_id) WHERE s.name=?1 AND s.source=?2 AND l.slot=-1",
    [RUN] = "SELECT 1 FROM run WHERE sensor_id=?1 AND run=?2",
    [SEAL] = "SELECT sha256 FROM seal WHERE sensor_id=?1 AND seq=?2"
             " AND at_us BETWEEN ?3-1800000000 AND ?3+1800000000",
    [INSERT] = "INSERT INTO receipt(sensor_id, from_seq, to_seq, prev, sha256, at_us, taken_s,"
               " lost, forks, fork_s) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,0,0)"
               " ON CONFLICT(sensor_id) DO NOTHING",
    [MOVE] = "UPDATE receipt SET to_seq=?3, prev=?4, sha256=?5, at_us=?6, taken_s=?7,"
             " lost=lost+?8, from_seq=CASE WHEN to_seq=0 THEN ?2 ELSE from_seq END"
             " WHERE sensor_id=?1 AND to_seq=?9 AND sha256=?10",
    [FORK] = "UPDATE receipt SET forks=forks+1, fork_s=?2 WHERE sensor_id=?1",
    [FORGET] = "UPDATE receipt SET to_seq=0 WHERE sensor_id=?1",
};

struct cf_receipts {
	struct cf_ledger *ledger;
	struct cf_stmt *stmts[STMTS];
};

enum cf_status cf_receipts_new(
    struct cf_ledger *ledger, struct cf_receipts **receipts_out, struct cf_error *error)
{
	struct cf_receipts *receipts = calloc(1, sizeof *receipts);
	enum cf_status status = CF_OK;

	if (receipts == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	receipts->ledger = ledger;
	for (size_t i = 0; i < STMTS && status == CF_OK; i++)
		status = cf_stmt_new(ledger, texts[i], &receipts->stmts[i], error);
	if (status != CF_OK) {
		cf_receipts_free(receipts);
		return status;
	}
	*receipts_out = receipts;
	return CF_OK;
}

void cf_receipts_free(struct cf_receipts *receipts)
{
	if (receipts == NULL)
		return;
	for (size_t i = 0; i < STMTS; i++)
		cf_stmt_free(receipts->stmts[i]);
	free(receipts);
}

static bool decode(const char *text, uint8_t sha256[CF_SHA256_BYTES])
{
	for (size_t i = 0; i < CF_SHA256_BYTES; i++) {
		int high = cf_hex_value(text[2 * i]);
		int low = high < 0 ? -1 : cf_hex_value(text[2 * i + 1]);

		if (low < 0)
			return false;
		sha256[i] = (uint8_t)(high << 4 | low);
	}
	return text[CF_SHA256_TEXT_BYTES - 1] == '\0';
}

static enum cf_status look(struct cf_receipts *receipts, struct cf_stmt *stmt,
    struct cf_text sensor, struct cf_text source, struct cf_receipt *receipt_out,
    struct cf_error *error)
{
	cf_stmt_text(stmt, 1, sensor.data, sensor.len);
	cf_stmt_text(stmt, 2, source.data, source.len);
	enum cf_step step = cf_stmt_step(stmt);
	const struct cf_row *row = cf_stmt_row(stmt);

	if (step == CF_STEP_ROW && cf_row_bytes(row, 3) == CF_SHA256_BYTES) {
		receipt_out->is_there = true;
		receipt_out->sensor_id = (uint32_t)cf_row_int64(row, 0);
		receipt_out->from_seq = (uint64_t)cf_row_int64(row, 1);
		receipt_out->to_seq = (uint64_t)cf_row_int64(row, 2);
		memcpy(receipt_out->sha256, cf_row_blob(row, 3), CF_SHA256_BYTES);
		receipt_out->at_wall_us = cf_row_int64(row, 4);
	}
	cf_stmt_reset(stmt);
	return step == CF_STEP_FAILED ? cf_ledger_fail(receipts->ledger, "read", error) : CF_OK;
}

enum cf_status cf_receipt_find(struct cf_receipts *receipts, struct cf_text sensor,
    struct cf_text source, struct cf_receipt *receipt_out, struct cf_error *error)
{
	*receipt_out = (struct cf_receipt){.is_there = false};
	enum cf_status status =
	    look(receipts, receipts->stmts[FIND], sensor, source, receipt_out, error);

	if (status != CF_OK || receipt_out->is_there)
		return status;
	status = look(receipts, receipts->stmts[NEWEST], sensor, source, receipt_out, error);
	receipt_out->is_of_files = receipt_out->is_there;
	return status;
}

/* The first column of the statement's only row equals the bytes; false without a row. */
static bool is_row(struct cf_stmt *stmt, const void *bytes, size_t len, bool *found_out)
{
	bool found = cf_stmt_step(stmt) == CF_STEP_ROW;
	const struct cf_row *row = cf_stmt_row(stmt);
	bool equal =
	    found && cf_row_bytes(row, 0) == len && memcmp(cf_row_blob(row, 0), bytes, len) == 0;

	*found_out = found;
	cf_stmt_reset(stmt);
	return equal;
}

/*
 * Numbers that were taken before: the same seals again, or those of another machine? The last one
 * is compared where it is remembered; a seal later than the head's is none of before it; and who
 * was started from a copy is another run, of which nothing was taken.
 */
static bool is_known(struct cf_receipts *receipts, const struct cf_receipt *receipt,
    const struct cf_shipment *shipment, const uint8_t sha256[CF_SHA256_BYTES])
{
	struct cf_stmt *seal = receipts->stmts[SEAL], *run = receipts->stmts[RUN];
	bool found;

	if (shipment->to_seq == receipt->to_seq)
		return memcmp(sha256, receipt->sha256, CF_SHA256_BYTES) == 0;
	if (shipment->last_wall_us > receipt->at_wall_us)
		return false;
	cf_stmt_int64(seal, 1, receipt->sensor_id);
	cf_stmt_int64(seal, 2, (int64_t)shipment->to_seq);
	cf_stmt_int64(seal, 3, shipment->last_wall_us);
	if (!is_row(seal, sha256, CF_SHA256_BYTES, &found) && found)
		return false;
	cf_stmt_int64(run, 1, receipt->sensor_id);
	cf_stmt_text(run, 2, shipment->run.data, shipment->run.len);
	(void)is_row(run, "", 0, &found);
	/* Runs are forgotten with their days. */
	return found ||
	    shipment->last_wall_us < cf_ledger_number(receipts->ledger,
	                                 "SELECT value FROM meta WHERE key='kept_from_day'", 0) *
	        DAY_US;
}

static enum cf_shipped_verdict judge_next(
    const struct cf_receipt *receipt, const struct cf_shipment *shipment, bool *lost_out)
{
	uint8_t prev[CF_SHA256_BYTES];

	if (receipt->to_seq == 0) { /* begins anew by somebody's word, behind all that was taken */
		*lost_out = shipment->first_wall_us > receipt->at_wall_us;
		return *lost_out ? CF_SHIPPED_TAKEN : CF_SHIPPED_FORK;
	}
	if (shipment->from_seq == receipt->to_seq + 1)
		return decode(shipment->prev, prev) &&
		        memcmp(prev, receipt->sha256, sizeof prev) == 0
		    ? CF_SHIPPED_TAKEN
		    : CF_SHIPPED_FORK;
	*lost_out =
	    shipment->from_seq > receipt->to_seq && shipment->oldest_seq == shipment->from_seq;
	return *lost_out ? CF_SHIPPED_TAKEN : CF_SHIPPED_HOLE;
}

enum cf_status cf_receipt_judge(struct cf_receipts *receipts, const struct cf_receipt *receipt,
    const struct cf_shipment *shipment, enum cf_shipped_verdict *verdict_out, bool *lost_out,
    struct cf_error *error)
{
	uint8_t sha256[CF_SHA256_BYTES];

	*lost_out = false;
	if (!decode(shipment->sha256, sha256) || shipment->from_seq == 0 ||
	    shipment->to_seq < shipment->from_seq || shipment->to_seq > INT64_MAX)
		return cf_error_set(error, CF_EMALFORMED, "a shipment that no chain has");
	if (!receipt->is_there)
		*verdict_out = CF_SHIPPED_TAKEN;
	else if (shipment->to_seq <= receipt->to_seq)
		*verdict_out = is_known(receipts, receipt, shipment, sha256) ? CF_SHIPPED_KNOWN
		                                                             : CF_SHIPPED_FORK;
	else
		*verdict_out = judge_next(receipt, shipment, lost_out);
	return CF_OK;
}

enum cf_status cf_receipt_move(struct cf_receipts *receipts, const struct cf_receipt *receipt,
    uint32_t sensor_id, const struct cf_shipment *shipment, bool lost, struct cf_error *error)
{
	bool is_first = !receipt->is_there || receipt->is_of_files;
	struct cf_stmt *stmt = receipts->stmts[is_first ? INSERT : MOVE];
	uint8_t prev[CF_SHA256_BYTES] = {0}, sha256[CF_SHA256_BYTES] = {0};
	uint64_t lines_lost = lost && receipt->to_seq > 0
	    ? shipment->from_seq - receipt->to_seq - 1
	    : lost; /* a chain that begins anew: at least one */

	(void)decode(shipment->prev, prev); /* judged before */
	(void)decode(shipment->sha256, sha256);
	cf_stmt_int64(stmt, 1, sensor_id);
	cf_stmt_int64(stmt, 2, (int64_t)shipment->from_seq);
	cf_stmt_int64(stmt, 3, (int64_t)shipment->to_seq);
	cf_stmt_blob(stmt, 4, prev, sizeof prev);
	cf_stmt_blob(stmt, 5, sha256, sizeof sha256);
	cf_stmt_int64(stmt, 6, shipment->last_wall_us);
	cf_stmt_int64(stmt, 7, cf_ledger_clock_s(receipts->ledger));
	cf_stmt_int64(stmt, 8, (int64_t)lines_lost);
	if (!is_first) {
		cf_stmt_int64(stmt, 9, (int64_t)receipt->to_seq);
		cf_stmt_blob(stmt, 10, receipt->sha256, sizeof receipt->sha256);
	}
	if (!cf_stmt_run(stmt))
		return cf_ledger_fail(receipts->ledger, "write to", error);
	return cf_stmt_changes(stmt) == 1
	    ? CF_OK
	    : cf_error_set(error, CF_EAGAIN, "another process took a shipment of the same writer");
}

static enum cf_status run_on(
    struct cf_receipts *receipts, struct cf_stmt *stmt, uint32_t sensor_id, struct cf_error *error)
{
	cf_stmt_int64(stmt, 1, sensor_id);
	return cf_stmt_run(stmt) ? CF_OK : cf_ledger_fail(receipts->ledger, "write to", error);
}

enum cf_status cf_receipt_note_fork(
    struct cf_receipts *receipts, uint32_t sensor_id, struct cf_error *error)
{
	cf_stmt_int64(receipts->stmts[FORK], 2, cf_ledger_clock_s(receipts->ledger));
	return run_on(receipts, receipts->stmts[FORK], sensor_id, error);
}

enum cf_status cf_receipt_forget(
    struct cf_receipts *receipts, uint32_t sensor_id, bool *found_out, struct cf_error *error)
{
	enum cf_status status = run_on(receipts, receipts->stmts[FORGET], sensor_id, error);

	*found_out = status == CF_OK && cf_stmt_changes(receipts->stmts[FORGET]) > 0;
	return status;
}
