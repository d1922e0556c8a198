/* The loop over the rows of a query. */

#include "ledger/store/store.h"

enum cf_status cf_ledger_each_row(struct cf_ledger *ledger, const char *sql,
    enum cf_status (*take)(void *context, const struct cf_row *row), void *context,
    struct cf_error *error)
{
	struct cf_stmt *stmt = NULL;
	enum cf_status status = cf_stmt_new_of(ledger, sql, CF_STMT_MANY, &stmt, error);
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
