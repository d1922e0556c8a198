/*
 * The tables of the ledger and how a file gets from an older version to this one.
 * docs/FORMATS.md, "ledger", describes every column.
 */
#pragma once

#include "base/status.h"

struct sqlite3;

/*
 * Brings db from its user_version to CF_LEDGER_VERSION in one transaction. CF_EVERSION: newer than
 * we are, or another program's file; CF_EIO. *error says which.
 */
enum cf_status cf_schema_migrate(
    struct sqlite3 *db, const char *path, struct cf_error *error) CF_MUST_CHECK;
