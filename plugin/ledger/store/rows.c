/* Values of a row, by the engine that gave it. */

#include "ledger/store/rows.h"

#include "ledger/store/engine.h"

int cf_row_columns(const struct cf_row *row)
{
	return row->engine->row_columns(row);
}

enum cf_row_kind cf_row_kind(const struct cf_row *row, int column)
{
	return row->engine->row_kind(row, column);
}

int64_t cf_row_int64(const struct cf_row *row, int column)
{
	return row->engine->row_int64(row, column);
}

const char *cf_row_text(const struct cf_row *row, int column)
{
	size_t unused;

	return row->engine->row_bytes(row, column, true, &unused);
}

const void *cf_row_blob(const struct cf_row *row, int column)
{
	size_t unused;

	return row->engine->row_bytes(row, column, false, &unused);
}

size_t cf_row_bytes(const struct cf_row *row, int column)
{
	size_t len;

	(void)row->engine->row_bytes(row, column, false, &len);
	return len;
}
