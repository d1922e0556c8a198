/* Transactions, statements and rows of SQLite; why one failed. */

#include "ledger/sqlite/sqlite_ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

sqlite3 *cf_ledger_db(const struct cf_ledger *ledger)
{
	return cf_sqlite_of_const(ledger)->db;
}

enum cf_status cf_sqlite_fail(
    const struct cf_ledger *base, const char *what, struct cf_error *error)
{
	const struct cf_sqlite *ledger = cf_sqlite_of_const(base);
	int code = sqlite3_errcode(ledger->db) & 0xff;
	enum cf_status status = CF_EIO;
	const char *then = "nothing was changed";

	if (code == SQLITE_NOMEM)
		status = CF_ENOMEM;
	else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
		status = CF_ECHECKSUM;
		then = "`curfew ledger rebuild` makes it anew from the logs";
	} else if (code == SQLITE_FULL)
		then = "the disk is full; make room and run it again, nothing is lost";
	else if (code == SQLITE_READONLY)
		then = "it can only be read; nothing was changed";
	return cf_error_set(error, status, "cannot %s ledger '%s': %s; %s", what, base->path,
	    sqlite3_errmsg(ledger->db), then);
}

enum cf_status cf_sqlite_exec(struct cf_ledger *ledger, const char *sql, struct cf_error *error)
{
	if (sqlite3_exec(cf_ledger_db(ledger), sql, NULL, NULL, NULL) != SQLITE_OK)
		return cf_sqlite_fail(ledger, "write to", error);
	return CF_OK;
}

bool cf_sqlite_is_something_else(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof magic] = "", lock[PATH_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false;
	ssize_t got = read(fd, head, sizeof head);

	close(fd);
	if (got <= 0 || memcmp(head, magic, sizeof magic) == 0)
		return false;
	return (size_t)snprintf(lock, sizeof lock, "%s-lock", path) >= sizeof lock ||
	    access(lock, F_OK) != 0;
}

enum cf_status cf_sqlite_begin(struct cf_ledger *ledger, enum cf_begin mode, struct cf_error *error)
{
	return cf_sqlite_exec(ledger, mode == CF_BEGIN_READ ? "BEGIN" : "BEGIN IMMEDIATE", error);
}

enum cf_status cf_sqlite_lock(
    struct cf_ledger *ledger, uint32_t *ids, size_t count, struct cf_error *error)
{
	/* One process writes a file at a time; what the caller has to keep to is the same. */
	(void)ids;
	(void)count;
	if (sqlite3_get_autocommit(cf_ledger_db(ledger)) == 0)
		return CF_OK;
	return cf_error_set(
	    error, CF_EIO, "ledger '%s': a lock outside of a transaction", cf_ledger_path(ledger));
}

void cf_sqlite_rollback(struct cf_ledger *ledger)
{
	/* SQLite may have rolled back by itself; then this does nothing. */
	(void)sqlite3_exec(cf_ledger_db(ledger), "ROLLBACK", NULL, NULL, NULL);
}

enum cf_status cf_sqlite_commit(struct cf_ledger *ledger, struct cf_error *error)
{
	enum cf_status status = cf_sqlite_exec(ledger, "COMMIT", error);

	if (status != CF_OK)
		cf_sqlite_rollback(ledger);
	return status;
}

uint64_t cf_sqlite_used_bytes(struct cf_ledger *ledger)
{
	return (uint64_t)(cf_ledger_number(ledger, "PRAGMA page_count", 0) -
	           cf_ledger_number(ledger, "PRAGMA freelist_count", 0)) *
	    (uint64_t)cf_ledger_number(ledger, "PRAGMA page_size", 0);
}

enum cf_status cf_sqlite_give_back(struct cf_ledger *ledger, struct cf_error *error)
{
	return cf_sqlite_exec(
	    ledger, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)", error);
}

/* ---- statements; row.of is SQLite's */

enum cf_status cf_sqlite_stmt_new(struct cf_ledger *ledger, const char *sql, enum cf_stmt_kind kind,
    struct cf_stmt **stmt_out, struct cf_error *error)
{
	struct cf_stmt *stmt = calloc(1, sizeof *stmt);
	sqlite3_stmt *prepared = NULL;

	(void)kind;
	if (stmt == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (sqlite3_prepare_v3(cf_ledger_db(ledger), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared,
	        NULL) != SQLITE_OK) {
		enum cf_status status = cf_sqlite_fail(ledger, "read", error);

		free(stmt);
		return status;
	}
	*stmt =
	    (struct cf_stmt){.ledger = ledger, .row = {.engine = ledger->engine, .of = prepared}};
	*stmt_out = stmt;
	return CF_OK;
}

void cf_sqlite_stmt_free(struct cf_stmt *stmt)
{
	sqlite3_finalize(stmt->row.of);
	free(stmt);
}

/* Binding fails for want of memory alone, which the step then reports as a NULL in a NOT NULL. */
void cf_sqlite_stmt_int64(struct cf_stmt *stmt, int at, int64_t number)
{
	(void)sqlite3_bind_int64(stmt->row.of, at, number);
}

void cf_sqlite_stmt_bytes(struct cf_stmt *stmt, int at, const void *bytes, size_t len, bool is_text)
{
	if (is_text)
		(void)sqlite3_bind_text(stmt->row.of, at, bytes, (int)len, SQLITE_STATIC);
	else
		(void)sqlite3_bind_blob(stmt->row.of, at, bytes, (int)len, SQLITE_STATIC);
}

enum cf_step cf_sqlite_stmt_step(struct cf_stmt *stmt)
{
	int rc = sqlite3_step(stmt->row.of);

	if (rc == SQLITE_ROW)
		return CF_STEP_ROW;
	return rc == SQLITE_DONE ? CF_STEP_DONE : CF_STEP_FAILED;
}

int64_t cf_sqlite_stmt_changes(const struct cf_stmt *stmt)
{
	return sqlite3_changes(cf_ledger_db(stmt->ledger));
}

void cf_sqlite_stmt_reset(struct cf_stmt *stmt)
{
	sqlite3_reset(stmt->row.of);
}

int cf_sqlite_row_columns(const struct cf_row *row)
{
	return sqlite3_column_count(row->of);
}

enum cf_row_kind cf_sqlite_row_kind(const struct cf_row *row, int column)
{
	int type = sqlite3_column_type(row->of, column);

	if (type == SQLITE_NULL)
		return CF_ROW_NULL;
	return type == SQLITE_INTEGER || type == SQLITE_FLOAT ? CF_ROW_NUMBER : CF_ROW_BYTES;
}

int64_t cf_sqlite_row_int64(const struct cf_row *row, int column)
{
	return sqlite3_column_int64(row->of, column);
}

const void *cf_sqlite_row_bytes(const struct cf_row *row, int column, bool as_text, size_t *len_out)
{
	const void *bytes = as_text ? (const void *)sqlite3_column_text(row->of, column)
	                            : sqlite3_column_blob(row->of, column);

	*len_out = (size_t)sqlite3_column_bytes(row->of, column);
	return bytes;
}
