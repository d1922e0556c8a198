/*
 * Rows that lie in memory as a table that SQLite reads: INSERT INTO t SELECT c0, c1 FROM name puts
 * all of them in with one statement, at half of what a statement for each row costs, for then the
 * cursors of the tree stay open where they are.
 *
 * The table is only for its connection and is read forwards; columns are c0 ... c11. A source
 * belongs to the connection's thread and outlives the connection, or is taken from it before.
 * Source: sqlite.org/vtab.html, "eponymous-only virtual tables".
 */
#pragma once

#include <stdint.h>

struct sqlite3;
struct sqlite3_context;

#define CF_BULK_COLUMNS 12

struct cf_bulk {
	uint32_t count; /* rows that the next statement finds */
	/* Gives a column of a row as the result; texts and blobs must stay until the statement is
	 * reset. */
	void (*put)(void *arg, uint32_t row, int column, struct sqlite3_context *result);
	void *arg;
};

/* Makes the rows of bulk a table of this name. An SQLite result code. */
int cf_bulk_attach(struct sqlite3 *db, const char *name, struct cf_bulk *bulk);
/* Takes it away; statements that read it must be finalized. */
void cf_bulk_detach(struct sqlite3 *db, const char *name);
