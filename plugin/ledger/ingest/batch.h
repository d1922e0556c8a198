/*
 * One transaction of ingest: facts are summed in memory and written at once, together with how far
 * each file was read. Either all of it is in the ledger or nothing. One thread.
 */
#pragma once

#include "base/status.h"
#include "ledger/ingest/fact.h"
#include "ledger/store/ledger.h"
#include "ledger/store/seen_seals.h"
#include "ledger/store/used.h"
#include "records/form/parse.h"

struct cf_batch;

/* How far one log was read; see the table `file`. */
#define CF_FILE_KEY_BYTES  16
#define CF_FILE_HASH_BYTES 8
struct cf_file_position {
	uint8_t key[CF_FILE_KEY_BYTES]; /* hash of its first line */
	const char *path;               /* where it was last; borrowed */
	uint64_t offset;                /* bytes consumed, uncompressed */
	uint64_t segment_offset;        /* of the last seal, where the chain goes on */
	uint64_t lines, records;        /* consumed so far */
	uint8_t last_hash[CF_FILE_HASH_BYTES];
	uint64_t last_length; /* of the last line, to find the file changed under us */
	/* The same for its beginning (so many bytes of whole lines; 0: not known) and for the line
	 * at segment_offset. */
	uint64_t head_length;
	uint8_t head_hash[CF_FILE_HASH_BYTES], segment_hash[CF_FILE_HASH_BYTES];
	char last_id[32]; /* largest id of its lines, "" unknown */
	char stat[96]; /* device, inode, size and time of a file that was read to its end, or "" */
};

/* The ledger must be open for writing and outlive the batch. CF_ENOMEM, CF_EIO. */
enum cf_status cf_batch_new(
    struct cf_ledger *ledger, struct cf_batch **batch_out, struct cf_error *error) CF_MUST_CHECK;
void cf_batch_free(struct cf_batch *batch);

/* Others write too (CF_BEGIN_SHARE): the caller locks the sensors. Before anything else. */
void cf_batch_share(struct cf_batch *batch);

/* True for a sensor that ships (ledger/shipped/): what files say of it is not to be taken. Asks the
 * ledger once a transaction. */
bool cf_batch_is_shipped(struct cf_batch *batch, uint32_t sensor_id);
/* True when there is any such sensor. CF_EIO. */
enum cf_status cf_batch_has_shipped(
    struct cf_batch *batch, bool *any_out, struct cf_error *error) CF_MUST_CHECK;

/* Adds one fact. CF_ENOMEM, CF_EIO; the batch is then good for cf_batch_abandon() only. */
enum cf_status cf_batch_add(
    struct cf_batch *batch, const struct cf_fact *fact, struct cf_error *error) CF_MUST_CHECK;

/* The number of a sensor, as it will stand in the ledger. */
enum cf_status cf_batch_sensor(struct cf_batch *batch, struct cf_text name, struct cf_text source,
    uint32_t *sensor_out, struct cf_error *error) CF_MUST_CHECK;

/* A seal of a run of the sensor. Texts are borrowed for the call. */
struct cf_run_seal {
	uint32_t sensor_id;
	int64_t started_wall_us, at_wall_us;
	struct cf_text run, prev, sha256;
};
enum cf_status cf_batch_run(
    struct cf_batch *batch, const struct cf_run_seal *seal, struct cf_error *error) CF_MUST_CHECK;

/* A seal that holds, against those that were seen: cf_seen_seals_take(). */
enum cf_status cf_batch_seen(struct cf_batch *batch, uint32_t sensor_id,
    const struct cf_record *record, bool *contradicts_out, int64_t *from_wall_us_out,
    struct cf_error *error) CF_MUST_CHECK;

/* What the sensor decided with at these instants, cf_used_note(). */
enum cf_status cf_batch_used(struct cf_batch *batch, uint32_t sensor_id, enum cf_used_what what,
    struct cf_text value, int64_t from_wall_us, int64_t to_wall_us,
    struct cf_error *error) CF_MUST_CHECK;

/* An interval that cannot be trusted: broken chain, lost records. */
enum cf_status cf_batch_gap(struct cf_batch *batch, uint32_t sensor_id, int64_t from_wall_us,
    int64_t to_wall_us, const char *reason, struct cf_error *error) CF_MUST_CHECK;

/* A line that was not taken. */
enum cf_status cf_batch_reject(struct cf_batch *batch, const uint8_t key[CF_FILE_KEY_BYTES],
    const char *reason, struct cf_error *error) CF_MUST_CHECK;

/* Reads the position of the file with this key; false: never seen. */
bool cf_batch_find_file(struct cf_batch *batch, const uint8_t key[CF_FILE_KEY_BYTES],
    struct cf_file_position *position_out);
/* Where the ledger saw it last, as far as it fits; "" never. */
void cf_batch_find_path(
    struct cf_batch *batch, const uint8_t key[CF_FILE_KEY_BYTES], char *path, size_t size);

/* True when a file with this stat text was read to its end: nothing has happened to it since. */
bool cf_batch_knows_stat(struct cf_batch *batch, const char *stat);

/* True when enough is gathered that cf_batch_commit() should be called: most_lines, or memory. */
bool cf_batch_is_full(const struct cf_batch *batch, uint64_t most_lines);

/* Puts the position of a file into the transaction: it is kept if and when the sums are. */
enum cf_status cf_batch_place(struct cf_batch *batch, const struct cf_file_position *position,
    struct cf_error *error) CF_MUST_CHECK;

/* Opens the transaction unless it is open: whoever writes rows of his own along with the batch's.
 */
enum cf_status cf_batch_begin(struct cf_batch *batch, struct cf_error *error) CF_MUST_CHECK;

/*
 * Writes everything in one transaction and starts the next. On failure nothing of it is in the
 * ledger and the batch is empty.
 */
enum cf_status cf_batch_commit(struct cf_batch *batch, struct cf_error *error) CF_MUST_CHECK;

/* Rows of the largest table of names; CF_LEDGER_NAMES is the most there can be. */
uint64_t cf_batch_most_rows(const struct cf_batch *batch);
/* Rows were removed from the ledger between two transactions: forgets what it knew of them. */
void cf_batch_reload(struct cf_batch *batch);

/* Forgets what is not committed. */
void cf_batch_abandon(struct cf_batch *batch);
