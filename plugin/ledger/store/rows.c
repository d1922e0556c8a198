/* The loop over the rows of a query. */

#include "ledger/store/rows.h"

#include <sqlite3.h>

enum cf_status cf_ledger_each_row(struct cf_ledger *ledger, const char *sql,
    enum cf_status (*take)(void *context, sqlite3_stmt *row), void *context, struct cf_error *error)
{
	sqlite3_stmt *row = NULL;
	enum cf_status status = CF_OK;
	int rc = SQLITE_DONE;

	if (sqlite3_prepare_v2(cf_ledger_db(ledger), sql, -1, &row, NULL) != SQLITE_OK)
		return cf_ledger_fail(ledger, "read", error);
	while (status == CF_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		status = take(context, row);
		if (status == CF_EMALFORMED) { /* the others are as good as they were */
			cf_ledger_count_bad_row(ledger);
			status = CF_OK;
		}
	}
	if (status != CF_OK)
		status = cf_error_set(error, status, "cannot read ledger '%s': %s",
		    cf_ledger_path(ledger), cf_status_text(status));
	else if (rc != SQLITE_DONE)
		status = cf_ledger_fail(ledger, "read", error);
	sqlite3_finalize(row);
	return status;
}
