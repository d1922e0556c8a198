/*
 * What all engines that can keep a ledger have in common: transactions, and statements with
 * parameters. SQLite (a file) is the default and the reference; for the same logs every engine
 * gives the same cf_ledger_dump().
 *
 * Statements are SQL that both SQLite 3.34 and PostgreSQL 15 understand, without regard to the
 * engine:
 *   - parameters are ?1, ?2 ...; each has one kind of value wherever it stands
 *   - texts are bytes, compared byte by byte; they are made and taken apart in C, never in SQL
 *   - ON CONFLICT(columns) DO NOTHING or DO UPDATE, never REPLACE; CASE instead of min(a, b)
 *   - a sum is CAST(... AS BIGINT); a subquery has a name; GROUP BY has all columns but aggregates
 *
 * A handle and its statements belong to one thread.
 */
#pragma once

#include "ledger/store/rows.h"
#include "ledger/store/terms.h"

/* CF_EIO and CF_EAGAIN (somebody else writes for seconds) with *error. */
enum cf_status cf_ledger_begin(
    struct cf_ledger *ledger, enum cf_begin mode, struct cf_error *error) CF_MUST_CHECK;
/* For CF_BEGIN_SHARE: waits for each sensor, in the order of their numbers, and has it until the
 * end. Sorts ids. CF_EIO, also outside of a transaction. */
enum cf_status cf_ledger_lock(
    struct cf_ledger *ledger, uint32_t *ids, size_t count, struct cf_error *error) CF_MUST_CHECK;
/* After a failure the transaction is over, and nothing of it is there. */
enum cf_status cf_ledger_commit(struct cf_ledger *ledger, struct cf_error *error) CF_MUST_CHECK;
/* Cannot fail: what was not committed is not there. */
void cf_ledger_rollback(struct cf_ledger *ledger);

struct cf_stmt;

/* The SQL is borrowed and must outlive the statement. CF_EIO, CF_ENOMEM; *error names the ledger.
 */
enum cf_status cf_stmt_new(struct cf_ledger *ledger, const char *sql, struct cf_stmt **stmt_out,
    struct cf_error *error) CF_MUST_CHECK;
enum cf_status cf_stmt_new_of(struct cf_ledger *ledger, const char *sql, enum cf_stmt_kind kind,
    struct cf_stmt **stmt_out, struct cf_error *error) CF_MUST_CHECK;
void cf_stmt_free(struct cf_stmt *stmt);

/* Parameters count from 1. Texts and blobs are borrowed until the statement is reset. What cannot
 * be bound fails the next step. */
void cf_stmt_int64(struct cf_stmt *stmt, int at, int64_t number);
void cf_stmt_text(struct cf_stmt *stmt, int at, const char *text, size_t len);
void cf_stmt_blob(struct cf_stmt *stmt, int at, const void *bytes, size_t len);

/* Runs it to its next row; CF_STEP_FAILED: cf_ledger_fail() says why. */
enum cf_step cf_stmt_step(struct cf_stmt *stmt);
/* The row that the last step came to. */
const struct cf_row *cf_stmt_row(const struct cf_stmt *stmt);
/* Rows that the last step changed. */
int64_t cf_stmt_changes(const struct cf_stmt *stmt);
/* Ready to be run again; bound numbers stay. */
void cf_stmt_reset(struct cf_stmt *stmt);

/* One step that gives no row, and a reset. False: cf_ledger_fail() says why. */
bool cf_stmt_run(struct cf_stmt *stmt);
/* Whether rows of the tables of names are counted, and limited to CF_LEDGER_NAMES. Where not, other
 * processes may write too. */
bool cf_ledger_counts_names(const struct cf_ledger *ledger);
/* Whether the next one can tell at once what is left after rows were removed. */
bool cf_ledger_knows_bytes(const struct cf_ledger *ledger);
/* What the content takes, without what was given up by it; 0 unknown. */
uint64_t cf_ledger_used_bytes(struct cf_ledger *ledger);
/* After rows were removed: gives their space back. Outside a transaction. */
enum cf_status cf_ledger_give_back(struct cf_ledger *ledger, struct cf_error *error) CF_MUST_CHECK;
/* The first number of the first row; or_else without one, or where the query fails. */
int64_t cf_ledger_number(struct cf_ledger *ledger, const char *sql, int64_t or_else);
