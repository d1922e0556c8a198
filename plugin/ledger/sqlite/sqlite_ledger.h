/*
 * A ledger in an SQLite file: the default and the reference. What the files of this folder share;
 * of others only ledger/open.c includes it, and tests that look into the file.
 */
#pragma once

#include "ledger/store/engine.h"
#include "ledger/store/store.h"
#include "ledger/store/sums.h"

#include <sqlite3.h>

struct cf_sqlite {
	struct cf_ledger base;
	sqlite3 *db;
	int lock_fd;
	bool is_writer; /* holds the lock, and notes at its end what it leaves */
};

static inline const struct cf_sqlite *cf_sqlite_of_const(const struct cf_ledger *ledger)
{
	return (const struct cf_sqlite *)ledger;
}

/* sqlite_open.c: as cf_ledger_open(). */
enum cf_status cf_sqlite_open(const struct cf_ledger_options *options,
    struct cf_ledger **ledger_out, char **set_aside_out, struct cf_error *error) CF_MUST_CHECK;

/* The connection. */
sqlite3 *cf_ledger_db(const struct cf_ledger *ledger);

/* True for a file that was never a ledger: no SQLite file, and nobody ever locked it as one.
 * Somebody gave the wrong name, and a log or worse must not be set aside. */
bool cf_sqlite_is_something_else(const char *path);

/* sqlite_read.c: opens ledger->path to read. As cf_ledger_open(). */
enum cf_status cf_sqlite_open_to_read(
    struct cf_sqlite *ledger, struct cf_error *error) CF_MUST_CHECK;

/* sqlite_check.c */
/* CF_ECHECKSUM when SQLite finds the file damaged. Looks only when something else than we changed
 * it since it was looked at, or the machine was started anew. */
enum cf_status cf_sqlite_check(struct cf_sqlite *ledger, struct cf_error *error) CF_MUST_CHECK;
/* Notes in the lock file how we leave the ledger. Its connection is closed already. */
void cf_sqlite_note_checked(const struct cf_sqlite *ledger);

/* ---- what the engine's table has: sqlite_store.c */

enum cf_status cf_sqlite_fail(
    const struct cf_ledger *ledger, const char *what, struct cf_error *error);
enum cf_status cf_sqlite_exec(
    struct cf_ledger *ledger, const char *sql, struct cf_error *error) CF_MUST_CHECK;
enum cf_status cf_sqlite_begin(
    struct cf_ledger *ledger, enum cf_begin mode, struct cf_error *error) CF_MUST_CHECK;
enum cf_status cf_sqlite_lock(
    struct cf_ledger *ledger, uint32_t *ids, size_t count, struct cf_error *error) CF_MUST_CHECK;
enum cf_status cf_sqlite_commit(struct cf_ledger *ledger, struct cf_error *error) CF_MUST_CHECK;
void cf_sqlite_rollback(struct cf_ledger *ledger);
uint64_t cf_sqlite_used_bytes(struct cf_ledger *ledger);
enum cf_status cf_sqlite_give_back(struct cf_ledger *ledger, struct cf_error *error) CF_MUST_CHECK;
enum cf_status cf_sqlite_stmt_new(struct cf_ledger *ledger, const char *sql, enum cf_stmt_kind kind,
    struct cf_stmt **stmt_out, struct cf_error *error) CF_MUST_CHECK;
void cf_sqlite_stmt_free(struct cf_stmt *stmt);
void cf_sqlite_stmt_int64(struct cf_stmt *stmt, int at, int64_t number);
void cf_sqlite_stmt_bytes(
    struct cf_stmt *stmt, int at, const void *bytes, size_t len, bool is_text);
enum cf_step cf_sqlite_stmt_step(struct cf_stmt *stmt);
int64_t cf_sqlite_stmt_changes(const struct cf_stmt *stmt);
void cf_sqlite_stmt_reset(struct cf_stmt *stmt);
int cf_sqlite_row_columns(const struct cf_row *row);
enum cf_row_kind cf_sqlite_row_kind(const struct cf_row *row, int column);
int64_t cf_sqlite_row_int64(const struct cf_row *row, int column);
const void *cf_sqlite_row_bytes(
    const struct cf_row *row, int column, bool as_text, size_t *len_out);

/* ---- sqlite_names.c */

enum cf_status cf_sqlite_names_new(struct cf_ledger *ledger, const struct cf_names_table *table,
    struct cf_name_rows **rows_out) CF_MUST_CHECK;
void cf_sqlite_names_free(struct cf_name_rows *rows);
int64_t cf_sqlite_names_last(struct cf_name_rows *rows);
bool cf_sqlite_names_find(struct cf_name_rows *rows, struct cf_names_key key, int64_t *id_out);
enum cf_status cf_sqlite_names_put(struct cf_name_rows *rows, struct cf_name_row *items,
    size_t count, int64_t last_id) CF_MUST_CHECK;

/* ---- sqlite_sums.c */

enum cf_status cf_sqlite_sums_init(struct cf_sums *sums, struct cf_error *error) CF_MUST_CHECK;
void cf_sqlite_sums_done(struct cf_sums *sums);
bool cf_sqlite_sums_has_day(struct cf_sums *sums, uint32_t day);
enum cf_status cf_sqlite_sums_write(
    struct cf_sums *sums, uint32_t fresh, struct cf_error *error) CF_MUST_CHECK;
