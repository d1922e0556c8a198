/*
 * The tables of the ledger and how a file gets from an older version to this one.
 * docs/FORMATS.md, "ledger", describes every column.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>

struct sqlite3;

/*
 * Brings db from its user_version to cf_schema_version() in one transaction. CF_EVERSION: newer
 * than we are, or another program's file; CF_EIO. *error says which.
 */
enum cf_status cf_schema_migrate(
    struct sqlite3 *db, const char *path, struct cf_error *error) CF_MUST_CHECK;

/* What this program writes: the number of steps in schema.c. */
int cf_schema_version(void);
/* True for a ledger that must be migrated before our queries understand it. */
bool cf_schema_is_old(struct sqlite3 *db);
