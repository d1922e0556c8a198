/* What batch.c (summing) and batch_write.c (writing) share; nobody else includes it. */
#pragma once

#include "base/map.h"
#include "ledger/ingest/batch.h"
#include "ledger/store/names.h"
#include "ledger/store/store.h"
#include "ledger/store/sums.h"

/* Tables that give a number to a tuple of texts: small ones, a row at a time ... */
enum cache_table { CACHE_SENSOR, CACHE_RULE, CACHE_KIND, CACHE_TABLES };
/* ... and those that have a row for each host. */
enum name_table { NAMES_ENDPOINT, NAMES_CLAIM, NAME_TABLES };

/* One value to bind. */
struct cf_cell {
	struct cf_text text;
	int64_t number;
	bool is_text;
};

static inline struct cf_cell cf_cell_text(struct cf_text text)
{
	return (struct cf_cell){.text = text, .is_text = true};
}

static inline struct cf_cell cf_cell_number(int64_t number)
{
	return (struct cf_cell){.number = number};
}

struct cf_gap_row {
	uint32_t sensor_id;
	int64_t from_us, to_us;
	const char *reason; /* static text */
};

/* A run that was heard of in this transaction: the ends of its chain so far. */
struct cf_run_row {
	uint32_t sensor_id;
	int64_t started_us, first_us, last_us;
	char run[CF_LEDGER_TEXT_BYTES + 1];
	char first_prev[CF_LEDGER_TEXT_BYTES + 1], last_seal[CF_LEDGER_TEXT_BYTES + 1];
};

struct cf_reject_row {
	uint8_t key[CF_FILE_KEY_BYTES];
	const char *reason; /* static text */
	uint64_t n;
};

/* A key looked up last, and its number; len 0: none. */
struct cf_last_key {
	uint8_t bytes[512];
	size_t len;
	uint32_t id;
};

struct cf_batch {
	struct cf_ledger *ledger;
	bool in_transaction, shares;
	int64_t names_forgotten; /* as the ledger says it; where others write too */
	uint8_t *shipped;        /* by number of the sensor: it ships */
	size_t shipped_count;
	struct cf_names *names[NAME_TABLES];
	struct cf_map *caches[CACHE_TABLES];
	struct cf_last_key last_sensor, last_rule, last_kind;
	int64_t rows[CACHE_TABLES]; /* of the tables, with what this transaction adds */
	struct cf_stmt *intern_insert[CACHE_TABLES], *intern_find[CACHE_TABLES];
	struct cf_stmt *gap_insert, *reject_insert, *file_find, *file_put, *stat_find, *run_put;
	struct cf_stmt *count_put;
	struct cf_sums sums[CF_SUM_TABLES];
	struct cf_used *used;
	struct cf_seen_seals *seen;
	struct cf_map *ifaces;
	struct cf_text *iface_texts; /* owned copies, by number */
	uint32_t iface_count;
	size_t iface_size;
	struct cf_gap_row *gaps;
	size_t gap_count, gap_size;
	struct cf_run_row run; /* of the seals that came last, not yet written; sensor_id 0: none */
	struct cf_reject_row *rejects;
	size_t reject_count, reject_size;
	uint64_t lines;
};

/* As above of the tables with a row for each host. */
extern const struct cf_names_table cf_batch_names[NAME_TABLES];
extern const char *const cf_batch_table_names[CACHE_TABLES];

/* Finds or inserts the row with these cells, and remembers its number under key. */
enum cf_status cf_batch_intern(struct cf_batch *batch, enum cache_table table, const void *key,
    size_t key_len, const struct cf_cell *cells, int cell_count, uint32_t *id_out,
    struct cf_error *error) CF_MUST_CHECK;

/* Keeps a copy of an interface's name as number iface_count. */
enum cf_status cf_batch_keep_iface(struct cf_batch *batch, struct cf_text iface) CF_MUST_CHECK;

/* Empties everything that is not in the file. */
void cf_batch_forget(struct cf_batch *batch);
