#include "ledger/shipped/shipped.h"

#include "ledger/ingest/batch.h"
#include "ledger/ingest/ingest.h"
#include "ledger/shipped/receipt.h"
#include "ledger/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cf_shipped {
	struct cf_ledger *ledger;
	struct cf_ingest *ingest;
	struct cf_receipts *receipts;
	struct cf_stmt *ends; /* of logs that were read from files */
	void (*notice)(void *arg, const char *text);
	void *arg;
};

enum cf_status cf_shipped_new(struct cf_ledger *ledger, void (*notice)(void *arg, const char *text),
    void *arg, struct cf_shipped **shipped_out, struct cf_error *error)
{
	const struct cf_ingest_options options = {.notice = notice, .arg = arg, .shares = true};
	struct cf_shipped *shipped = calloc(1, sizeof *shipped);

	if (shipped == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	shipped->ledger = ledger;
	shipped->notice = notice;
	shipped->arg = arg;
	enum cf_status status = cf_ingest_new(ledger, &options, &shipped->ingest, error);

	if (status == CF_OK)
		status = cf_receipts_new(ledger, &shipped->receipts, error);
	if (status == CF_OK)
		status = cf_stmt_new(
		    ledger, "SELECT last_length, last_hash FROM file", &shipped->ends, error);
	if (status != CF_OK) {
		cf_shipped_free(shipped);
		return status;
	}
	*shipped_out = shipped;
	return CF_OK;
}

void cf_shipped_free(struct cf_shipped *shipped)
{
	if (shipped == NULL)
		return;
	cf_stmt_free(shipped->ends);
	cf_receipts_free(shipped->receipts);
	cf_ingest_free(shipped->ingest);
	free(shipped);
}

static void tell_head(const struct cf_receipt *receipt, struct cf_shipped_head *head_out)
{
	*head_out =
	    (struct cf_shipped_head){.seq = receipt->to_seq, .at_wall_us = receipt->at_wall_us};
	if (receipt->to_seq > 0)
		(void)cf_sha256_format(receipt->sha256, head_out->sha256);
	else
		memset(head_out->sha256, '0', CF_SHA256_TEXT_BYTES - 1);
}

enum cf_status cf_shipped_head(struct cf_shipped *shipped, struct cf_text sensor,
    struct cf_text source, struct cf_shipped_head *head_out, struct cf_error *error)
{
	struct cf_receipt receipt;
	enum cf_status status = cf_receipt_find(shipped->receipts, sensor, source, &receipt, error);

	if (status == CF_OK)
		tell_head(&receipt, head_out);
	return status;
}

enum cf_status cf_shipped_begin(struct cf_shipped *shipped, const struct cf_shipment *shipments,
    size_t count, struct cf_error *error)
{
	struct cf_batch *batch = cf_ingest_batch(shipped->ingest);
	uint32_t *ids = calloc(count + 1, sizeof *ids);
	enum cf_status status = ids == NULL ? cf_error_set(error, CF_ENOMEM, "no memory") : CF_OK;

	/* Here, and not with the first row that is new: receipts and locks are of it. */
	if (status == CF_OK)
		status = cf_batch_begin(batch, error);
	for (size_t i = 0; i < count && status == CF_OK; i++)
		status = cf_batch_sensor(
		    batch, shipments[i].sensor, shipments[i].source, &ids[i], error);
	if (status == CF_OK)
		status = cf_ledger_lock(shipped->ledger, ids, count, error);
	free(ids);
	if (status != CF_OK)
		cf_shipped_abandon(shipped);
	return status;
}

/* Whether a line is the last one that was read of some log. */
static bool is_an_end(struct cf_stmt *ends, size_t len, const uint8_t hash[CF_FILE_HASH_BYTES])
{
	bool found = false;

	while (!found && cf_stmt_step(ends) == CF_STEP_ROW) {
		const struct cf_row *row = cf_stmt_row(ends);

		found = cf_row_int64(row, 0) == (int64_t)len + 1 &&
		    cf_row_bytes(row, 1) == CF_FILE_HASH_BYTES &&
		    memcmp(cf_row_blob(row, 1), hash, CF_FILE_HASH_BYTES) == 0;
	}
	cf_stmt_reset(ends);
	return found;
}

/* How many bytes of the lines files brought already: those behind the newest seal, up to the last
 * line that was read. */
static size_t bytes_of_files(struct cf_shipped *shipped, const struct cf_shipment *shipment)
{
	const char *at = shipment->lines, *end = at + shipment->len;
	size_t taken = 0;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline == NULL ? end : newline) - at);
		uint8_t digest[CF_SHA256_BYTES] = {0};

		(void)!cf_sha256(at, len, digest); /* without libcrypto nothing would have worked */
		if (is_an_end(shipped->ends, len, digest))
			taken = (size_t)(at - shipment->lines) + len + 1;
		at += len + 1;
	}
	return taken < shipment->len ? taken : shipment->len;
}

/* What stands for the log where lines of it are refused. */
static void key_of(const struct cf_shipment *shipment, uint8_t key[CF_SHA256_BYTES])
{
	char text[2 * CF_RECORD_WORD_BYTES + 16];
	int len = snprintf(text, sizeof text, "shipped\n%.*s\n%.*s", (int)shipment->sensor.len,
	    shipment->sensor.data, (int)shipment->source.len, shipment->source.data);

	(void)!cf_sha256(text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1, key);
}

static enum cf_status take_lines(struct cf_shipped *shipped, const struct cf_receipt *receipt,
    const struct cf_shipment *shipment, struct cf_error *error)
{
	uint8_t key[CF_SHA256_BYTES] = {0};
	size_t known = receipt->is_of_files ? bytes_of_files(shipped, shipment) : 0;

	key_of(shipment, key);
	return cf_ingest_segments(
	    shipped->ingest, key, shipment->lines + known, shipment->len - known, error);
}

static enum cf_status note_lost(struct cf_shipped *shipped, uint32_t sensor_id,
    const struct cf_receipt *receipt, const struct cf_shipment *shipment, struct cf_error *error)
{
	int64_t from = receipt->at_wall_us, to = shipment->first_wall_us;

	return cf_batch_gap(cf_ingest_batch(shipped->ingest), sensor_id, from < to ? from : to,
	    from < to ? to : from, "lost before shipping", error);
}

static void tell_fork(const struct cf_shipped *shipped, const struct cf_shipment *shipment)
{
	char text[CF_ERROR_TEXT_BYTES];

	if (shipped->notice == NULL)
		return;
	snprintf(text, sizeof text,
	    "sensor '%.*s' (%.*s) ships another chain than the one that was taken, from seal %llu "
	    "on: two machines of one name, or one brought back from a copy; nothing of it was "
	    "taken",
	    (int)shipment->sensor.len, shipment->sensor.data, (int)shipment->source.len,
	    shipment->source.data, (unsigned long long)shipment->from_seq);
	shipped->notice(shipped->arg, text);
}

static enum cf_status take(struct cf_shipped *shipped, uint32_t sensor_id, bool lost,
    const struct cf_receipt *receipt, const struct cf_shipment *shipment, struct cf_error *error)
{
	enum cf_status status =
	    cf_receipt_move(shipped->receipts, receipt, sensor_id, shipment, lost, error);

	if (status == CF_OK && lost)
		status = note_lost(shipped, sensor_id, receipt, shipment, error);
	return status == CF_OK ? take_lines(shipped, receipt, shipment, error) : status;
}

enum cf_status cf_shipped_take(struct cf_shipped *shipped, const struct cf_shipment *shipment,
    enum cf_shipped_verdict *verdict_out, struct cf_shipped_head *head_out, struct cf_error *error)
{
	struct cf_receipt receipt;
	uint32_t sensor_id;
	bool lost;
	enum cf_status status = cf_batch_sensor(cf_ingest_batch(shipped->ingest), shipment->sensor,
	    shipment->source, &sensor_id, error);

	if (status == CF_OK)
		status = cf_receipt_find(
		    shipped->receipts, shipment->sensor, shipment->source, &receipt, error);
	if (status == CF_OK)
		status = cf_receipt_judge(
		    shipped->receipts, &receipt, shipment, verdict_out, &lost, error);
	if (status != CF_OK)
		return status;
	if (*verdict_out == CF_SHIPPED_TAKEN) {
		status = take(shipped, sensor_id, lost, &receipt, shipment, error);
		if (status == CF_OK)
			status = cf_receipt_find(
			    shipped->receipts, shipment->sensor, shipment->source, &receipt, error);
	} else if (*verdict_out == CF_SHIPPED_FORK) {
		tell_fork(shipped, shipment);
		status = cf_receipt_note_fork(shipped->receipts, sensor_id, error);
	}
	if (status == CF_OK)
		tell_head(&receipt, head_out);
	return status;
}

enum cf_status cf_shipped_commit(struct cf_shipped *shipped, struct cf_error *error)
{
	return cf_ingest_finish(shipped->ingest, error);
}

void cf_shipped_abandon(struct cf_shipped *shipped)
{
	cf_ingest_abandon(shipped->ingest);
}

enum cf_status cf_shipped_forget(struct cf_shipped *shipped, struct cf_text sensor,
    struct cf_text source, struct cf_error *error)
{
	const struct cf_shipment of = {.sensor = sensor, .source = source};
	struct cf_receipt receipt;
	bool found = false;
	enum cf_status status = cf_shipped_begin(shipped, &of, 1, error);

	if (status != CF_OK)
		return status;
	status = cf_receipt_find(shipped->receipts, sensor, source, &receipt, error);
	if (status == CF_OK && receipt.is_there)
		status = cf_receipt_forget(shipped->receipts, receipt.sensor_id, &found, error);
	if (status == CF_OK && !found)
		status = cf_error_set(error, CF_ENOTFOUND,
		    "no sensor '%.*s' (%.*s) ships to this ledger; nothing was changed",
		    (int)sensor.len, sensor.data, (int)source.len, source.data);
	if (status != CF_OK) {
		cf_shipped_abandon(shipped);
		return status;
	}
	return cf_shipped_commit(shipped, error);
}
