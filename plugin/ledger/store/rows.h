/*
 * Reading a query of the ledger to its end: the one loop over rows, for all who load tables. The
 * transaction, if any, is the caller's. One thread, that of the handle.
 */
#pragma once

#include "ledger/store/ledger.h"

struct sqlite3_stmt;

/*
 * Gives each row of sql to take(), in order; texts and blobs of a row live until take() returns.
 * A row for which take() gives CF_EMALFORMED is left out and counted (cf_ledger_bad_rows()); any
 * other failure ends it early. CF_EIO, CF_ENOMEM or CF_ECHECKSUM when the query
 * itself fails, else what take() gave; *error says it for people, naming the ledger.
 */
enum cf_status cf_ledger_each_row(struct cf_ledger *ledger, const char *sql,
    enum cf_status (*take)(void *context, struct sqlite3_stmt *row), void *context,
    struct cf_error *error) CF_MUST_CHECK;
