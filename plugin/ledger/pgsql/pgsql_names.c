/* Rows of names: found or made many at a time, when the sums that use them are written. */

#include "ledger/pgsql/pgsql.h"
#include "ledger/pgsql/pgsql_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names in one statement. */
#define NAMES     10000
#define COLUMNS   8
#define SQL_BYTES 1024

struct name_rows {
	struct cf_name_rows base;
	int count; /* of columns */
	Oid types[COLUMNS];
	struct cf_pgsql_list lists[COLUMNS];
	char find[SQL_BYTES], make[SQL_BYTES];
};

/* "unnest($1::bytea[], ...)" */
static void list_parameters(const struct name_rows *rows, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "unnest(");

	for (int i = 0; i < rows->count && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s$%d::%s[]", i == 0 ? "" : ", ",
		    i + 1, rows->types[i] == CF_PGSQL_BYTEA_LIST ? "bytea" : "bigint");
	if (at < size)
		(void)snprintf(text + at, size - at, ")");
}

enum cf_status cf_pgsql_names_new(
    struct cf_ledger *ledger, const struct cf_names_table *table, struct cf_name_rows **rows_out)
{
	struct name_rows *rows = calloc(1, sizeof *rows);
	char parameters[256];

	if (rows == NULL)
		return CF_ENOMEM;
	rows->base = (struct cf_name_rows){.ledger = ledger, .table = table};
	rows->count = (int)strlen(table->cells);
	for (int i = 0; i < rows->count; i++)
		rows->types[i] = table->cells[i] == 't' ? CF_PGSQL_BYTEA_LIST : CF_PGSQL_INT8_LIST;
	list_parameters(rows, parameters, sizeof parameters);
	(void)snprintf(rows->find, sizeof rows->find,
	    "SELECT k.i, t.%s FROM %s WITH ORDINALITY AS k(%s, i) JOIN %s t USING(%s)", table->id,
	    parameters, table->columns, table->name, table->columns);
	/* In one order, so that two who make the same names do not wait for each other. */
	(void)snprintf(rows->make, sizeof rows->make,
	    "INSERT INTO %s(%s) SELECT %s FROM %s AS k(%s) ORDER BY %s ON CONFLICT(%s) DO NOTHING",
	    table->name, table->columns, table->columns, parameters, table->columns, table->columns,
	    table->columns);
	*rows_out = &rows->base;
	return CF_OK;
}

void cf_pgsql_names_free(struct cf_name_rows *base)
{
	struct name_rows *rows = (struct name_rows *)base;

	for (int i = 0; i < COLUMNS; i++)
		cf_pgsql_list_done(&rows->lists[i]);
	free(rows);
}

int64_t cf_pgsql_names_last(struct cf_name_rows *rows)
{
	(void)rows;
	return 1; /* the server gives numbers; and the table may have any row */
}

bool cf_pgsql_names_find(struct cf_name_rows *rows, struct cf_names_key key, int64_t *id_out)
{
	(void)rows;
	(void)key;
	*id_out = 0; /* found out with the others */
	return true;
}

static void put_key(struct name_rows *rows, struct cf_names_key key)
{
	const uint8_t *at = key.bytes;

	for (int i = 0; i < rows->count; i++) {
		if (rows->types[i] == CF_PGSQL_BYTEA_LIST) {
			cf_pgsql_list_bytes(&rows->lists[i], at + 1, *at);
			at += 1 + *at;
		} else {
			int64_t number;

			memcpy(&number, at, sizeof number);
			cf_pgsql_list_number(&rows->lists[i], number, 8);
			at += sizeof number;
		}
	}
}

/* Lists the keys that have no number yet; how many, or -1 without memory. */
static int64_t list_missing(struct name_rows *rows, const struct cf_name_row *items, size_t count)
{
	uint32_t missing = 0;
	bool failed = false;

	for (size_t i = 0; i < count; i++)
		missing += items[i].id == 0;
	for (int i = 0; i < rows->count; i++)
		cf_pgsql_list_begin(&rows->lists[i],
		    rows->types[i] == CF_PGSQL_BYTEA_LIST ? CF_PGSQL_BYTEA : CF_PGSQL_INT8,
		    missing);
	for (size_t i = 0; i < count; i++)
		if (items[i].id == 0)
			put_key(rows, items[i].key);
	for (int i = 0; i < rows->count; i++) {
		failed = failed || rows->lists[i].failed;
		rows->lists[i].failed = false;
	}
	return failed ? -1 : (int64_t)missing;
}

static PGresult *run(struct name_rows *rows, const char *sql)
{
	const char *values[COLUMNS];
	int lengths[COLUMNS], formats[COLUMNS];

	for (int i = 0; i < rows->count; i++) {
		values[i] = rows->lists[i].bytes;
		lengths[i] = (int)rows->lists[i].len;
		formats[i] = 1;
	}
	return PQexecParams(cf_pgsql_of(rows->base.ledger)->names, sql, rows->count, rows->types,
	    values, lengths, formats, 1);
}

/* Gives their numbers to those that are there. */
static bool find(struct name_rows *rows, struct cf_name_row *items, size_t count)
{
	struct cf_pgsql *pg = cf_pgsql_of(rows->base.ledger);
	PGresult *result = run(rows, rows->find);
	bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
	int64_t *ids =
	    calloc(count + 1, sizeof *ids); /* by place among those that were asked for */

	if (!done)
		(void)cf_pgsql_note(pg, pg->names, result);
	for (int i = 0; done && ids != NULL && i < PQntuples(result); i++) {
		int64_t place = cf_pgsql_value(result, i, 0);

		if (place >= 1 && place <= (int64_t)count)
			ids[place] = cf_pgsql_value(result, i, 1);
	}
	for (size_t i = 0, place = 0; done && ids != NULL && i < count; i++)
		if (items[i].id == 0)
			items[i].id = ids[++place];
	PQclear(result);
	if (done && ids == NULL)
		done = cf_pgsql_note(pg, NULL, NULL);
	free(ids);
	return done;
}

static bool make(struct name_rows *rows)
{
	struct cf_pgsql *pg = cf_pgsql_of(rows->base.ledger);
	PGresult *result = run(rows, rows->make);
	bool done = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (!done)
		(void)cf_pgsql_note(pg, pg->names, result);
	PQclear(result);
	return done;
}

static enum cf_status put_some(struct name_rows *rows, struct cf_name_row *items, size_t count)
{
	int64_t missing = list_missing(rows, items, count);

	if (missing > 0 && !find(rows, items, count))
		return CF_EIO;
	if (missing > 0)
		missing = list_missing(rows, items, count);
	if (missing > 0 && (!make(rows) || !find(rows, items, count)))
		return CF_EIO;
	return missing < 0 ? CF_ENOMEM : CF_OK;
}

enum cf_status cf_pgsql_names_put(
    struct cf_name_rows *base, struct cf_name_row *items, size_t count, int64_t last_id)
{
	struct name_rows *rows = (struct name_rows *)base;
	enum cf_status status = CF_OK;

	(void)last_id;
	for (size_t at = 0; at < count && status == CF_OK; at += NAMES)
		status = put_some(rows, items + at, count - at < NAMES ? count - at : NAMES);
	return status;
}
