/* Rows in memory as a virtual table. */

#include "ledger/sqlite/bulk.h"

#include <sqlite3.h>
#include <stddef.h>

struct bulk_table {
	sqlite3_vtab base; /* first, as SQLite demands */
	const struct cf_bulk *bulk;
};

struct bulk_cursor {
	sqlite3_vtab_cursor base;
	const struct cf_bulk *bulk;
	uint32_t row;
};

static int connect_table(sqlite3 *db, void *arg, int word_count, const char *const *words,
    sqlite3_vtab **table_out, char **error)
{
	struct bulk_table *table = sqlite3_malloc(sizeof *table);

	(void)word_count;
	(void)words;
	(void)error;
	if (table == NULL)
		return SQLITE_NOMEM;
	*table = (struct bulk_table){.bulk = arg};
	*table_out = &table->base;
	return sqlite3_declare_vtab(
	    db, "CREATE TABLE bulk(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11)");
}

static int disconnect_table(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

/* Always from the first row to the last. */
static int choose_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	(void)info;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor_out)
{
	struct bulk_cursor *cursor = sqlite3_malloc(sizeof *cursor);

	if (cursor == NULL)
		return SQLITE_NOMEM;
	*cursor = (struct bulk_cursor){.bulk = ((struct bulk_table *)table)->bulk};
	*cursor_out = &cursor->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
	sqlite3_free(cursor);
	return SQLITE_OK;
}

static int rewind_cursor(sqlite3_vtab_cursor *cursor, int index, const char *index_text,
    int value_count, sqlite3_value **values)
{
	(void)index;
	(void)index_text;
	(void)value_count;
	(void)values;
	((struct bulk_cursor *)cursor)->row = 0;
	return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *cursor)
{
	((struct bulk_cursor *)cursor)->row++;
	return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *cursor)
{
	const struct bulk_cursor *at = (const struct bulk_cursor *)cursor;

	return at->row >= at->bulk->count;
}

static int give_column(sqlite3_vtab_cursor *cursor, sqlite3_context *result, int column)
{
	const struct bulk_cursor *at = (const struct bulk_cursor *)cursor;

	at->bulk->put(at->bulk->arg, at->row, column, result);
	return SQLITE_OK;
}

static int give_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid_out)
{
	*rowid_out = ((const struct bulk_cursor *)cursor)->row;
	return SQLITE_OK;
}

int cf_bulk_attach(sqlite3 *db, const char *name, struct cf_bulk *bulk)
{
	/* Without xCreate it is there by its name alone, and nothing of it in the file. */
	static const sqlite3_module module = {.xConnect = connect_table,
	    .xBestIndex = choose_index,
	    .xDisconnect = disconnect_table,
	    .xOpen = open_cursor,
	    .xClose = close_cursor,
	    .xFilter = rewind_cursor,
	    .xNext = next_row,
	    .xEof = is_at_end,
	    .xColumn = give_column,
	    .xRowid = give_rowid};

	return sqlite3_create_module(db, name, &module, bulk);
}

void cf_bulk_detach(sqlite3 *db, const char *name)
{
	/* Without a module the name stands for nothing; it is the one way to take one away. */
	(void)sqlite3_create_module(db, name, NULL, NULL);
}
