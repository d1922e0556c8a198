/* Rows of an SQLite statement, and the loop over those of a query. */

#include "ledger/store/rows.h"

#include "ledger/store/ledger_private.h"

int cf_row_columns(const struct cf_row *row)
{
	return sqlite3_column_count(row->stmt);
}

enum cf_row_kind cf_row_kind(const struct cf_row *row, int column)
{
	int type = sqlite3_column_type(row->stmt, column);

	if (type == SQLITE_NULL)
		return CF_ROW_NULL;
	return type == SQLITE_INTEGER || type == SQLITE_FLOAT ? CF_ROW_NUMBER : CF_ROW_BYTES;
}

int64_t cf_row_int64(const struct cf_row *row, int column)
{
	return sqlite3_column_int64(row->stmt, column);
}

const char *cf_row_text(const struct cf_row *row, int column)
{
	return (const char *)sqlite3_column_text(row->stmt, column);
}

const void *cf_row_blob(const struct cf_row *row, int column)
{
	return sqlite3_column_blob(row->stmt, column);
}

size_t cf_row_bytes(const struct cf_row *row, int column)
{
	return (size_t)sqlite3_column_bytes(row->stmt, column);
}

enum cf_status cf_ledger_each_row(struct cf_ledger *ledger, const char *sql,
    enum cf_status (*take)(void *context, const struct cf_row *row), void *context,
    struct cf_error *error)
{
	struct cf_stmt *stmt = NULL;
	enum cf_status status = cf_stmt_new(ledger, sql, &stmt, error);
	enum cf_step step = CF_STEP_DONE;

	if (status != CF_OK)
		return status;
	while (status == CF_OK && (step = cf_stmt_step(stmt)) == CF_STEP_ROW) {
		status = take(context, cf_stmt_row(stmt));
		if (status == CF_EMALFORMED) { /* the others are as good as they were */
			cf_ledger_count_bad_row(ledger);
			status = CF_OK;
		}
	}
	if (status != CF_OK)
		status = cf_error_set(error, status, "cannot read ledger '%s': %s",
		    cf_ledger_path(ledger), cf_status_text(status));
	else if (step != CF_STEP_DONE)
		status = cf_ledger_fail(ledger, "read", error);
	cf_stmt_free(stmt);
	return status;
}
