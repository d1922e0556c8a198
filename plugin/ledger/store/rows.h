/*
 * A row of a query, whichever engine keeps the ledger, and the one loop over rows for all who load
 * tables. Columns count from 0. One thread, that of the handle.
 */
#pragma once

#include "ledger/store/ledger.h"
#include "ledger/store/terms.h"

struct cf_row;

int cf_row_columns(const struct cf_row *row);
enum cf_row_kind cf_row_kind(const struct cf_row *row, int column);
/* A number; 0 for what is none. */
int64_t cf_row_int64(const struct cf_row *row, int column);
/* The bytes of a text or blob, until the row is left: NULL for NULL, and for a blob of no bytes.
 * A text has a zero byte behind it. */
const char *cf_row_text(const struct cf_row *row, int column);
const void *cf_row_blob(const struct cf_row *row, int column);
size_t cf_row_bytes(const struct cf_row *row, int column);

/*
 * Gives each row of sql to take(), in order; texts and blobs of a row live until take() returns.
 * The statement is in the dialect of ledger/store/store.h, and has no parameters. A row for which
 * take() gives CF_EMALFORMED is left out and counted (cf_ledger_bad_rows()); any other failure ends
 * it early. The transaction, if any, is the caller's. CF_EIO, CF_ENOMEM or CF_ECHECKSUM when the
 * query itself fails, else what take() gave; *error says it for people, naming the ledger.
 */
enum cf_status cf_ledger_each_row(struct cf_ledger *ledger, const char *sql,
    enum cf_status (*take)(void *context, const struct cf_row *row), void *context,
    struct cf_error *error) CF_MUST_CHECK;
