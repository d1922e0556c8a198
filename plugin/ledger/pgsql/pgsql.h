/*
 * A ledger in PostgreSQL (15 and later), reached by libpq: tables in a schema of its own, texts as
 * bytea, large tables parted by week. What the files of this folder share; of others only
 * ledger/open.c includes it.
 *
 * Two connections: conn has the transaction; names makes rows of names in autocommit, so that two
 * who need the same name wait for nobody. Who writes locks (advisory, of this schema):
 *
 *   files    session    exclusive   one process reads logs, forgets days, rebuilds
 *   all      transaction  shared by who takes shipments, exclusive by who reads logs
 *   sensor   transaction  exclusive, in the order of numbers, by who takes shipments
 */
#pragma once

#include "ledger/store/engine.h"
#include "ledger/store/store.h"
#include "ledger/store/sums.h"

#include <libpq-fe.h>

#define CF_PGSQL_SCHEMA_BYTES 64
#define CF_PGSQL_PARAMS       16
/* Weeks since 1970 to 2100. */
#define CF_PGSQL_WEEKS 6784

/* Numbers of pg_type.dat. */
#define CF_PGSQL_INT8       20
#define CF_PGSQL_INT2       21
#define CF_PGSQL_INT4       23
#define CF_PGSQL_BYTEA      17
#define CF_PGSQL_BYTEA_LIST 1001
#define CF_PGSQL_INT8_LIST  1016

struct cf_pgsql {
	struct cf_ledger base;
	PGconn *conn, *names;
	char *address; /* for libpq: base.path without the schema */
	char schema[CF_PGSQL_SCHEMA_BYTES];
	enum cf_ledger_mode mode;
	unsigned made;  /* statements so far, which are named by that */
	unsigned times; /* connected: statements of before are gone */
	bool in_transaction;
	bool has_files_lock;
	char why[CF_ERROR_TEXT_BYTES]; /* of the last failure */
	char state[6];                 /* its SQLSTATE; "" none */
	bool no_memory;
	uint8_t weeks[CF_PGSQL_WEEKS]; /* whose partitions are there */
};

static inline struct cf_pgsql *cf_pgsql_of(struct cf_ledger *ledger)
{
	return (struct cf_pgsql *)ledger;
}

/* pgsql_open.c: as cf_ledger_open(). */
enum cf_status cf_pgsql_open(const struct cf_ledger_options *options, struct cf_ledger **ledger_out,
    struct cf_error *error) CF_MUST_CHECK;

/* As cf_ledger_discard(). */
void cf_pgsql_discard(const char *path);

/* ---- pgsql_connect.c */

/* Takes the address of options apart into address and schema. CF_EINVALID: not one, or one with a
 * password in it; CF_ENOMEM. */
enum cf_status cf_pgsql_parse(
    struct cf_pgsql *pg, const char *path, struct cf_error *error) CF_MUST_CHECK;
/* Both connections are there, made anew if they broke. False: cf_pgsql_fail() says why. */
bool cf_pgsql_connect(struct cf_pgsql *pg);
/* Keeps why the result is none; false. */
bool cf_pgsql_note(struct cf_pgsql *pg, PGconn *conn, const PGresult *result);
/* Runs SQL without result. */
bool cf_pgsql_run(struct cf_pgsql *pg, PGconn *conn, const char *sql);
/* Calls a function of advisory locks for a sensor's number or one of CF_PGSQL_LOCK_... */
bool cf_pgsql_run_lock(struct cf_pgsql *pg, PGconn *conn, const char *function, int32_t of);
/* What stands for the schema among the advisory locks of the database. */
int32_t cf_pgsql_schema_number(const struct cf_pgsql *pg);
/* The first number of the first row; or_else. */
int64_t cf_pgsql_number(PGconn *conn, const char *sql, int64_t or_else);

#define CF_PGSQL_LOCK_ALL    0
#define CF_PGSQL_LOCK_FILES  (-1)
#define CF_PGSQL_LOCK_SCHEMA (-2)
#define CF_PGSQL_LOCK_BESIDE (-3)

/* ---- pgsql_schema.c */

/* Makes the schema's tables or brings them to our version. CF_EVERSION, CF_EIO. */
enum cf_status cf_pgsql_migrate(struct cf_pgsql *pg, struct cf_error *error) CF_MUST_CHECK;
/* CF_ENOTFOUND, CF_EVERSION. */
enum cf_status cf_pgsql_check_version(struct cf_pgsql *pg, struct cf_error *error) CF_MUST_CHECK;
/* The partitions of the week are there. */
bool cf_pgsql_have_week(struct cf_pgsql *pg, uint32_t week);
/* Removes partitions that are wholly before the first day kept. */
bool cf_pgsql_drop_weeks(struct cf_pgsql *pg);

/* ---- pgsql_stmt.c */

enum cf_status cf_pgsql_stmt_new(struct cf_ledger *ledger, const char *sql, enum cf_stmt_kind kind,
    struct cf_stmt **stmt_out, struct cf_error *error) CF_MUST_CHECK;
void cf_pgsql_stmt_free(struct cf_stmt *stmt);
void cf_pgsql_stmt_int64(struct cf_stmt *stmt, int at, int64_t number);
void cf_pgsql_stmt_bytes(struct cf_stmt *stmt, int at, const void *bytes, size_t len, bool is_text);
enum cf_step cf_pgsql_stmt_step(struct cf_stmt *stmt);
int64_t cf_pgsql_stmt_changes(const struct cf_stmt *stmt);
void cf_pgsql_stmt_reset(struct cf_stmt *stmt);

/* ---- pgsql_row.c: what row.of leads to */

struct cf_pgsql_row {
	const PGresult *result;
	int row, first; /* first: the column that is column 0 */
};

int64_t cf_pgsql_value(const PGresult *result, int row, int column);
int cf_pgsql_row_columns(const struct cf_row *row);
enum cf_row_kind cf_pgsql_row_kind(const struct cf_row *row, int column);
int64_t cf_pgsql_row_int64(const struct cf_row *row, int column);
const void *cf_pgsql_row_bytes(const struct cf_row *row, int column, bool as_text, size_t *len_out);

/* ---- pgsql_names.c */

enum cf_status cf_pgsql_names_new(struct cf_ledger *ledger, const struct cf_names_table *table,
    struct cf_name_rows **rows_out) CF_MUST_CHECK;
void cf_pgsql_names_free(struct cf_name_rows *rows);
int64_t cf_pgsql_names_last(struct cf_name_rows *rows);
bool cf_pgsql_names_find(struct cf_name_rows *rows, struct cf_names_key key, int64_t *id_out);
enum cf_status cf_pgsql_names_put(struct cf_name_rows *rows, struct cf_name_row *items,
    size_t count, int64_t last_id) CF_MUST_CHECK;

/* ---- pgsql_sums.c */

enum cf_status cf_pgsql_sums_init(struct cf_sums *sums, struct cf_error *error) CF_MUST_CHECK;
void cf_pgsql_sums_done(struct cf_sums *sums);
bool cf_pgsql_sums_has_day(struct cf_sums *sums, uint32_t day);
enum cf_status cf_pgsql_sums_write(
    struct cf_sums *sums, uint32_t fresh, struct cf_error *error) CF_MUST_CHECK;
