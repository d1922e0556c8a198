/*
 * What an engine that keeps a ledger does for it; the rest of curfew calls ledger/store/store.h,
 * names.h and sums.h, which come here. Only engines and the files of this folder include it.
 *
 * struct cf_ledger is the first member of an engine's own, as struct cf_stmt is of its statements.
 */
#pragma once

#include "base/status.h"
#include "ledger/store/terms.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_ledger;
struct cf_sums;

struct cf_engine;

struct cf_row {
	const struct cf_engine *engine;
	void *of; /* the engine's */
};

struct cf_stmt {
	struct cf_ledger *ledger;
	struct cf_row row;
};

/* Names that are not in memory; of one table. */
struct cf_name_rows {
	struct cf_ledger *ledger;
	const struct cf_names_table *table;
};

/* A name and its row's number, 0 while it has none. */
struct cf_name_row {
	struct cf_names_key key;
	int64_t id;
};

struct cf_engine {
	const char *name;
	/* Rows that a table of names may have; whether they are counted, in `meta`. */
	int64_t most_names;
	bool counts_names;
	bool knows_bytes; /* used_bytes() says what is left after rows were deleted */

	void (*close)(struct cf_ledger *ledger);
	enum cf_status (*replace)(
	    struct cf_ledger *ledger, const char *fresh_path, struct cf_error *error);
	enum cf_status (*fail)(
	    const struct cf_ledger *ledger, const char *what, struct cf_error *error);
	enum cf_status (*exec)(struct cf_ledger *ledger, const char *sql, struct cf_error *error);
	enum cf_status (*begin)(
	    struct cf_ledger *ledger, enum cf_begin mode, struct cf_error *error);
	enum cf_status (*lock)(
	    struct cf_ledger *ledger, uint32_t *ids, size_t count, struct cf_error *error);
	enum cf_status (*commit)(struct cf_ledger *ledger, struct cf_error *error);
	void (*rollback)(struct cf_ledger *ledger);
	uint64_t (*used_bytes)(struct cf_ledger *ledger);
	enum cf_status (*give_back)(struct cf_ledger *ledger, struct cf_error *error);

	enum cf_status (*stmt_new)(struct cf_ledger *ledger, const char *sql,
	    enum cf_stmt_kind kind, struct cf_stmt **stmt_out, struct cf_error *error);
	void (*stmt_free)(struct cf_stmt *stmt);
	void (*stmt_int64)(struct cf_stmt *stmt, int at, int64_t number);
	void (*stmt_bytes)(
	    struct cf_stmt *stmt, int at, const void *bytes, size_t len, bool is_text);
	enum cf_step (*stmt_step)(struct cf_stmt *stmt);
	int64_t (*stmt_changes)(const struct cf_stmt *stmt);
	void (*stmt_reset)(struct cf_stmt *stmt);

	int (*row_columns)(const struct cf_row *row);
	enum cf_row_kind (*row_kind)(const struct cf_row *row, int column);
	int64_t (*row_int64)(const struct cf_row *row, int column);
	const void *(*row_bytes)(
	    const struct cf_row *row, int column, bool as_text, size_t *len_out);

	/* CF_ENOMEM, CF_EIO. */
	enum cf_status (*names_new)(struct cf_ledger *ledger, const struct cf_names_table *table,
	    struct cf_name_rows **rows_out);
	void (*names_free)(struct cf_name_rows *rows);
	/* The greatest number; 0 for none, INT64_MAX when it cannot be told. */
	int64_t (*names_last)(struct cf_name_rows *rows);
	/* *id_out 0: it is not there, or that is found out when it is put. False: it failed. */
	bool (*names_find)(struct cf_name_rows *rows, struct cf_names_key key, int64_t *id_out);
	/* Gives each a row, the one it has or a new one, in this order. CF_EIO, CF_ENOMEM. */
	enum cf_status (*names_put)(
	    struct cf_name_rows *rows, struct cf_name_row *items, size_t count, int64_t last_id);

	/* For sums->of, the engine's own; CF_EIO, CF_ENOMEM. */
	enum cf_status (*sums_init)(struct cf_sums *sums, struct cf_error *error);
	void (*sums_done)(struct cf_sums *sums);
	/* Whether the table may have rows of that day. */
	bool (*sums_has_day)(struct cf_sums *sums, uint32_t day);
	/* Writes all, which are sorted: the first fresh of them have no row yet. */
	enum cf_status (*sums_write)(struct cf_sums *sums, uint32_t fresh, struct cf_error *error);
};

/* What every engine's ledger begins with. */
struct cf_ledger {
	const struct cf_engine *engine;
	char *path;
	int64_t now_wall_s;
	bool clock_is_given;
	uint64_t bad_rows;
};
