/*
 * What who uses a ledger and the engine that keeps it both speak of: kinds of transactions,
 * statements and values, tables of names.
 */
#pragma once

#include <stddef.h>

enum cf_begin {
	CF_BEGIN_READ,  /* one snapshot, whatever is written meanwhile */
	CF_BEGIN_WRITE, /* nobody else writes until the end */
	CF_BEGIN_SHARE, /* others may: rows of a sensor are written by who locked it */
};

enum cf_stmt_kind {
	CF_STMT_FEW,  /* few rows, or none: they may all be fetched at once */
	CF_STMT_MANY, /* rows are fetched as they are asked for */
	CF_STMT_NAME, /* finds or makes a name's row: what it made may stay when the transaction
	                 does not, so that nobody waits for it */
};

enum cf_step { CF_STEP_ROW, CF_STEP_DONE, CF_STEP_FAILED };

enum cf_row_kind { CF_ROW_NULL, CF_ROW_NUMBER, CF_ROW_BYTES };

/* Which table: its number and then its columns, in the order of the key's cells. */
struct cf_names_table {
	const char *name, *id, *columns;
	const char *match; /* "addr=? AND ..." in that order */
	const char *cells; /* for each column: 't' a text, 'n' a number */
};

/* A key: for each text its length in one byte and its bytes, for each number eight bytes. */
struct cf_names_key {
	const void *bytes;
	size_t len;
};
