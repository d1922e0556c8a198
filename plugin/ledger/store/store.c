/* Transactions, statements and rows, by the engine that keeps the ledger. */

#include "ledger/store/store.h"

#include "ledger/store/engine.h"

enum cf_status cf_ledger_begin(struct cf_ledger *ledger, enum cf_begin mode, struct cf_error *error)
{
	return ledger->engine->begin(ledger, mode, error);
}

enum cf_status cf_ledger_lock(
    struct cf_ledger *ledger, uint32_t *ids, size_t count, struct cf_error *error)
{
	return ledger->engine->lock(ledger, ids, count, error);
}

enum cf_status cf_ledger_commit(struct cf_ledger *ledger, struct cf_error *error)
{
	return ledger->engine->commit(ledger, error);
}

void cf_ledger_rollback(struct cf_ledger *ledger)
{
	ledger->engine->rollback(ledger);
}

enum cf_status cf_stmt_new_of(struct cf_ledger *ledger, const char *sql, enum cf_stmt_kind kind,
    struct cf_stmt **stmt_out, struct cf_error *error)
{
	return ledger->engine->stmt_new(ledger, sql, kind, stmt_out, error);
}

enum cf_status cf_stmt_new(
    struct cf_ledger *ledger, const char *sql, struct cf_stmt **stmt_out, struct cf_error *error)
{
	return cf_stmt_new_of(ledger, sql, CF_STMT_FEW, stmt_out, error);
}

void cf_stmt_free(struct cf_stmt *stmt)
{
	if (stmt != NULL)
		stmt->ledger->engine->stmt_free(stmt);
}

void cf_stmt_int64(struct cf_stmt *stmt, int at, int64_t number)
{
	stmt->ledger->engine->stmt_int64(stmt, at, number);
}

void cf_stmt_text(struct cf_stmt *stmt, int at, const char *text, size_t len)
{
	stmt->ledger->engine->stmt_bytes(stmt, at, len == 0 ? "" : text, len, true);
}

void cf_stmt_blob(struct cf_stmt *stmt, int at, const void *bytes, size_t len)
{
	stmt->ledger->engine->stmt_bytes(stmt, at, len == 0 ? "" : bytes, len, false);
}

enum cf_step cf_stmt_step(struct cf_stmt *stmt)
{
	return stmt->ledger->engine->stmt_step(stmt);
}

const struct cf_row *cf_stmt_row(const struct cf_stmt *stmt)
{
	return &stmt->row;
}

int64_t cf_stmt_changes(const struct cf_stmt *stmt)
{
	return stmt->ledger->engine->stmt_changes(stmt);
}

void cf_stmt_reset(struct cf_stmt *stmt)
{
	stmt->ledger->engine->stmt_reset(stmt);
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

bool cf_ledger_counts_names(const struct cf_ledger *ledger)
{
	return ledger->engine->counts_names;
}

bool cf_ledger_knows_bytes(const struct cf_ledger *ledger)
{
	return ledger->engine->knows_bytes;
}

uint64_t cf_ledger_used_bytes(struct cf_ledger *ledger)
{
	return ledger->engine->used_bytes(ledger);
}

enum cf_status cf_ledger_give_back(struct cf_ledger *ledger, struct cf_error *error)
{
	return ledger->engine->give_back(ledger, error);
}
