/* Transactions and statements of SQLite. */

#include "ledger/store/store.h"

#include "ledger/store/ledger_private.h"

#include <stdlib.h>

enum cf_status cf_ledger_begin(struct cf_ledger *ledger, enum cf_begin mode, struct cf_error *error)
{
	return cf_ledger_exec(ledger, mode == CF_BEGIN_READ ? "BEGIN" : "BEGIN IMMEDIATE", error);
}

enum cf_status cf_ledger_lock(
    struct cf_ledger *ledger, uint32_t *ids, size_t count, struct cf_error *error)
{
	/* One process writes a file at a time. */
	(void)ledger;
	(void)ids;
	(void)count;
	(void)error;
	return CF_OK;
}

enum cf_status cf_ledger_commit(struct cf_ledger *ledger, struct cf_error *error)
{
	enum cf_status status = cf_ledger_exec(ledger, "COMMIT", error);

	if (status != CF_OK)
		cf_ledger_rollback(ledger);
	return status;
}

void cf_ledger_rollback(struct cf_ledger *ledger)
{
	/* SQLite may have rolled back by itself; then this does nothing. */
	(void)sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
}

enum cf_status cf_stmt_new(
    struct cf_ledger *ledger, const char *sql, struct cf_stmt **stmt_out, struct cf_error *error)
{
	struct cf_stmt *stmt = calloc(1, sizeof *stmt);

	if (stmt == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	stmt->ledger = ledger;
	if (sqlite3_prepare_v3(ledger->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->row.stmt,
	        NULL) != SQLITE_OK) {
		enum cf_status status = cf_ledger_fail(ledger, "read", error);

		free(stmt);
		return status;
	}
	*stmt_out = stmt;
	return CF_OK;
}

void cf_stmt_free(struct cf_stmt *stmt)
{
	if (stmt == NULL)
		return;
	sqlite3_finalize(stmt->row.stmt);
	free(stmt);
}

/* Binding fails for want of memory alone, which the step then reports as a NULL in a NOT NULL. */
void cf_stmt_int64(struct cf_stmt *stmt, int at, int64_t number)
{
	(void)sqlite3_bind_int64(stmt->row.stmt, at, number);
}

void cf_stmt_text(struct cf_stmt *stmt, int at, const char *text, size_t len)
{
	(void)sqlite3_bind_text(stmt->row.stmt, at, len == 0 ? "" : text, (int)len, SQLITE_STATIC);
}

void cf_stmt_blob(struct cf_stmt *stmt, int at, const void *bytes, size_t len)
{
	(void)sqlite3_bind_blob(stmt->row.stmt, at, len == 0 ? "" : bytes, (int)len, SQLITE_STATIC);
}

enum cf_step cf_stmt_step(struct cf_stmt *stmt)
{
	int rc = sqlite3_step(stmt->row.stmt);

	if (rc == SQLITE_ROW)
		return CF_STEP_ROW;
	return rc == SQLITE_DONE ? CF_STEP_DONE : CF_STEP_FAILED;
}

const struct cf_row *cf_stmt_row(const struct cf_stmt *stmt)
{
	return &stmt->row;
}

int64_t cf_stmt_changes(const struct cf_stmt *stmt)
{
	return sqlite3_changes(stmt->ledger->db);
}

void cf_stmt_reset(struct cf_stmt *stmt)
{
	sqlite3_reset(stmt->row.stmt);
}

bool cf_stmt_run(struct cf_stmt *stmt)
{
	enum cf_step step = cf_stmt_step(stmt);

	cf_stmt_reset(stmt);
	return step == CF_STEP_DONE;
}

int64_t cf_ledger_number(struct cf_ledger *ledger, const char *sql, int64_t or_else)
{
	struct cf_stmt *stmt = NULL;
	struct cf_error error = {0};
	int64_t number = or_else;

	if (cf_stmt_new(ledger, sql, &stmt, &error) == CF_OK && cf_stmt_step(stmt) == CF_STEP_ROW &&
	    cf_row_kind(cf_stmt_row(stmt), 0) != CF_ROW_NULL)
		number = cf_row_int64(cf_stmt_row(stmt), 0);
	cf_stmt_free(stmt);
	return number;
}

uint64_t cf_ledger_used_bytes(struct cf_ledger *ledger)
{
	return (uint64_t)(cf_ledger_number(ledger, "PRAGMA page_count", 0) -
	           cf_ledger_number(ledger, "PRAGMA freelist_count", 0)) *
	    (uint64_t)cf_ledger_number(ledger, "PRAGMA page_size", 0);
}

enum cf_status cf_ledger_give_back(struct cf_ledger *ledger, struct cf_error *error)
{
	return cf_ledger_exec(
	    ledger, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)", error);
}
