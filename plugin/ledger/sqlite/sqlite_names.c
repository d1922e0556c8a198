/* Rows of names in SQLite: found one by one, put with one statement. */

#include "ledger/sqlite/bulk.h"
#include "ledger/sqlite/sqlite_ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_BYTES 256

struct name_rows {
	struct cf_name_rows base;
	sqlite3_stmt *find, *insert, *last;
	struct cf_bulk bulk; /* what is being put */
	const struct cf_name_row *items;
	int64_t last_id;
};

/* ---- cells of a key */

struct cell {
	const uint8_t *bytes;
	size_t len;
	int64_t number;
	bool is_text;
};

/* The cell of that kind at *at, which moves behind it. */
static struct cell next_cell(const uint8_t **at, char kind)
{
	struct cell cell = {.is_text = kind == 't'};

	if (!cell.is_text) {
		memcpy(&cell.number, *at, sizeof cell.number);
		*at += sizeof cell.number;
		return cell;
	}
	cell.len = **at;
	cell.bytes = *at + 1;
	*at += 1 + cell.len;
	return cell;
}

static void put_column(void *arg, uint32_t row, int column, sqlite3_context *result)
{
	const struct name_rows *names = arg;
	const uint8_t *at = names->items[row].key.bytes;
	struct cell cell = {0};

	if (column == 0) {
		sqlite3_result_int64(result, names->last_id + 1 + row);
		return;
	}
	for (int i = 0; i < column; i++)
		cell = next_cell(&at, names->base.table->cells[i]);
	if (cell.is_text)
		sqlite3_result_text(result, (const char *)cell.bytes, (int)cell.len, SQLITE_STATIC);
	else
		sqlite3_result_int64(result, cell.number);
}

/* ---- statements */

static int prepare(struct name_rows *names, const char *sql, sqlite3_stmt **stmt_out)
{
	return sqlite3_prepare_v3(
	    cf_ledger_db(names->base.ledger), sql, -1, SQLITE_PREPARE_PERSISTENT, stmt_out, NULL);
}

/* "c0, c1, ..." */
static void list_columns(int count, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (int i = 0; i < count && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%sc%d", i == 0 ? "" : ", ", i);
}

static int prepare_all(struct name_rows *names)
{
	const struct cf_names_table *table = names->base.table;
	char source[32], columns[64], sql[SQL_BYTES];

	snprintf(source, sizeof source, "waiting_%s", table->name);
	list_columns(1 + (int)strlen(table->cells), columns, sizeof columns);
	int rc = cf_bulk_attach(cf_ledger_db(names->base.ledger), source, &names->bulk);

	snprintf(sql, sizeof sql, "INSERT OR ROLLBACK INTO %s(%s, %s) SELECT %s FROM %s",
	    table->name, table->id, table->columns, columns, source);
	if (rc == SQLITE_OK)
		rc = prepare(names, sql, &names->insert);
	snprintf(
	    sql, sizeof sql, "SELECT %s FROM %s WHERE %s", table->id, table->name, table->match);
	if (rc == SQLITE_OK)
		rc = prepare(names, sql, &names->find);
	snprintf(sql, sizeof sql, "SELECT max(%s) FROM %s", table->id, table->name);
	return rc == SQLITE_OK ? prepare(names, sql, &names->last) : rc;
}

enum cf_status cf_sqlite_names_new(
    struct cf_ledger *ledger, const struct cf_names_table *table, struct cf_name_rows **rows_out)
{
	struct name_rows *names = calloc(1, sizeof *names);

	if (names == NULL)
		return CF_ENOMEM;
	names->base = (struct cf_name_rows){.ledger = ledger, .table = table};
	names->bulk = (struct cf_bulk){.put = put_column, .arg = names};
	if (prepare_all(names) != SQLITE_OK) {
		cf_sqlite_names_free(&names->base);
		return CF_EIO;
	}
	*rows_out = &names->base;
	return CF_OK;
}

void cf_sqlite_names_free(struct cf_name_rows *rows)
{
	struct name_rows *names = (struct name_rows *)rows;
	char source[32];

	sqlite3_finalize(names->find);
	sqlite3_finalize(names->insert);
	sqlite3_finalize(names->last);
	snprintf(source, sizeof source, "waiting_%s", rows->table->name);
	cf_bulk_detach(cf_ledger_db(rows->ledger), source);
	free(names);
}

int64_t cf_sqlite_names_last(struct cf_name_rows *rows)
{
	const struct name_rows *names = (const struct name_rows *)rows;
	int64_t last = sqlite3_step(names->last) == SQLITE_ROW
	    ? sqlite3_column_int64(names->last, 0)
	    : INT64_MAX; /* it cannot be read: no number is free */

	sqlite3_reset(names->last);
	return last;
}

bool cf_sqlite_names_find(struct cf_name_rows *rows, struct cf_names_key key, int64_t *id_out)
{
	const struct name_rows *names = (const struct name_rows *)rows;
	const uint8_t *at = key.bytes;

	*id_out = 0;
	/* Binding fails for want of memory alone, and the step then finds nothing or says so. */
	for (int i = 0; rows->table->cells[i] != '\0'; i++) {
		struct cell cell = next_cell(&at, rows->table->cells[i]);

		if (cell.is_text)
			(void)sqlite3_bind_text(names->find, i + 1, (const char *)cell.bytes,
			    (int)cell.len, SQLITE_STATIC);
		else
			(void)sqlite3_bind_int64(names->find, i + 1, cell.number);
	}
	int rc = sqlite3_step(names->find);

	if (rc == SQLITE_ROW)
		*id_out = sqlite3_column_int64(names->find, 0);
	if (rc == SQLITE_ROW && *id_out <= 0)
		*id_out = INT64_MAX; /* of a damaged ledger: no number of ours */
	sqlite3_reset(names->find);
	return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

enum cf_status cf_sqlite_names_put(
    struct cf_name_rows *rows, struct cf_name_row *items, size_t count, int64_t last_id)
{
	struct name_rows *names = (struct name_rows *)rows;

	names->items = items;
	names->last_id = last_id;
	names->bulk.count = (uint32_t)count;
	int rc = sqlite3_step(names->insert);

	sqlite3_reset(names->insert);
	if (rc != SQLITE_DONE)
		return CF_EIO;
	for (size_t i = 0; i < count; i++)
		items[i].id = last_id + 1 + (int64_t)i;
	return CF_OK;
}
