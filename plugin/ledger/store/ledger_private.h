/* What the files that open a ledger share; nobody else includes it. */
#pragma once

#include "ledger/store/store.h"

#include <sqlite3.h>

struct cf_row {
	sqlite3_stmt *stmt;
};

struct cf_stmt {
	struct cf_row row;
	struct cf_ledger *ledger;
};

struct cf_ledger {
	sqlite3 *db;
	char *path;
	int lock_fd;
	int64_t now_wall_s;
	bool clock_is_given;
	uint64_t bad_rows;
	bool is_writer; /* holds the lock, and notes at its end what it leaves */
};

/* True for a file that was never a ledger: no SQLite file, and nobody ever locked it as one.
 * Somebody gave the wrong name, and a log or worse must not be set aside. */
bool cf_ledger_is_something_else(const char *path);

/* ledger_read.c: opens ledger->path to read. As cf_ledger_open(). */
enum cf_status cf_ledger_open_to_read(
    struct cf_ledger *ledger, struct cf_error *error) CF_MUST_CHECK;

/* ledger_check.c */
/* CF_ECHECKSUM when SQLite finds the file damaged. Looks only when something else than we changed
 * it since it was looked at, or the machine was started anew. */
enum cf_status cf_ledger_check(struct cf_ledger *ledger, struct cf_error *error) CF_MUST_CHECK;
/* Notes in the lock file how we leave the ledger. Its connection is closed already. */
void cf_ledger_note_checked(const struct cf_ledger *ledger);
