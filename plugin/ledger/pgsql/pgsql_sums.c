/*
 * Sums into rows: those that have one are fetched together, joined here, and written back with one
 * statement; the others go in by COPY. The caller has the lock of their sensors.
 */

#include "ledger/pgsql/pgsql.h"
#include "ledger/pgsql/pgsql_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sums that are asked for at a time. */
#define SUMS      5000
#define COLUMNS   12
#define SQL_BYTES 1600

/* Columns in the order of put_sum(); width 0: bytes. */
struct table {
	const char *name;
	int count, keys;
	const char *columns[COLUMNS];
	unsigned widths[COLUMNS];
	const char *found; /* what cf_sums_merge() wants */
};

static const struct table tables[CF_SUM_TABLES] = {
    [CF_SUM_ROLLUP] = {.name = "rollup",
        .count = 11,
        .keys = 4,
        .columns = {"day", "sensor_id", "endpoint_id", "kind_id", "n", "first_us", "last_us",
            "bytes_out", "bytes_in", "sample", "minutes"},
        .widths = {4, 4, 4, 4, 8, 8, 8, 8, 8, 0, 0},
        .found = "t.minutes, t.n, t.first_us, t.last_us, t.bytes_out, t.bytes_in, t.sample"},
    [CF_SUM_SIGHTING] = {.name = "sighting",
        .count = 7,
        .keys = 3,
        .columns = {"day", "sensor_id", "claim_id", "first_minute", "last_minute", "minutes",
            "held"},
        .widths = {4, 4, 4, 2, 2, 0, 0},
        .found = "t.minutes, t.held, t.first_minute, t.last_minute"},
    [CF_SUM_BEAT] = {.name = "beat",
        .count = 7,
        .keys = 4,
        .columns = {"day", "sensor_id", "iface", "started_us", "seen", "lost", "minutes"},
        .widths = {4, 4, 0, 8, 8, 8, 0},
        .found = "t.minutes, t.seen, t.lost"},
};

/* Of one table. */
struct writer {
	const struct table *table;
	struct cf_pgsql_list lists[COLUMNS], copy;
	const char *samples[SUMS];
	bool is_there[SUMS];
	char find[SQL_BYTES], update[SQL_BYTES], begin[SQL_BYTES];
};

/* "unnest($1::bigint[], ...) ... AS k(day, ...)" of the first columns. */
static size_t put_unnest(
    const struct table *table, int count, bool numbered, char *sql, size_t at, size_t size)
{
	at += (size_t)snprintf(sql + at, size - at, "unnest(");
	for (int i = 0; i < count; i++)
		at += (size_t)snprintf(sql + at, size - at, "%s$%d::%s[]", i == 0 ? "" : ", ",
		    i + 1, table->widths[i] == 0 ? "bytea" : "bigint");
	at +=
	    (size_t)snprintf(sql + at, size - at, ")%s AS k(", numbered ? " WITH ORDINALITY" : "");
	for (int i = 0; i < count; i++)
		at += (size_t)snprintf(
		    sql + at, size - at, "%s%s", i == 0 ? "" : ", ", table->columns[i]);
	return at + (size_t)snprintf(sql + at, size - at, "%s)", numbered ? ", i" : "");
}

static size_t put_match(const struct table *table, char *sql, size_t at, size_t size)
{
	for (int i = 0; i < table->keys; i++)
		at += (size_t)snprintf(sql + at, size - at, "%s t.%s=k.%s", i == 0 ? "" : " AND",
		    table->columns[i], table->columns[i]);
	return at;
}

/* The days are put in as constants, so that only their partitions are looked at. All of it is far
 * from SQL_BYTES. */
static void make_sql(struct writer *writer, uint32_t first_day, uint32_t last_day)
{
	const struct table *table = writer->table;
	size_t at = (size_t)snprintf(writer->find, SQL_BYTES, "SELECT k.i, %s FROM ", table->found);

	at = put_unnest(table, table->keys, true, writer->find, at, SQL_BYTES);
	at += (size_t)snprintf(writer->find + at, SQL_BYTES - at, " JOIN %s t ON", table->name);
	at = put_match(table, writer->find, at, SQL_BYTES);
	(void)snprintf(writer->find + at, SQL_BYTES - at, " WHERE t.day BETWEEN %u AND %u",
	    (unsigned)first_day, (unsigned)last_day);
	at = (size_t)snprintf(writer->update, SQL_BYTES, "UPDATE %s t SET", table->name);
	for (int i = table->keys; i < table->count; i++)
		at += (size_t)snprintf(writer->update + at, SQL_BYTES - at, "%s %s=k.%s",
		    i == table->keys ? "" : ",", table->columns[i], table->columns[i]);
	at += (size_t)snprintf(writer->update + at, SQL_BYTES - at, " FROM ");
	at = put_unnest(table, table->count, false, writer->update, at, SQL_BYTES);
	at += (size_t)snprintf(writer->update + at, SQL_BYTES - at, " WHERE");
	at = put_match(table, writer->update, at, SQL_BYTES);
	(void)snprintf(writer->update + at, SQL_BYTES - at, " AND t.day BETWEEN %u AND %u",
	    (unsigned)first_day, (unsigned)last_day);
	at = (size_t)snprintf(writer->begin, SQL_BYTES, "COPY %s(", table->name);
	for (int i = 0; i < table->count; i++)
		at += (size_t)snprintf(writer->begin + at, SQL_BYTES - at, "%s%s",
		    i == 0 ? "" : ", ", table->columns[i]);
	(void)snprintf(writer->begin + at, SQL_BYTES - at, ") FROM STDIN (FORMAT binary)");
}

enum cf_status cf_pgsql_sums_init(struct cf_sums *sums, struct cf_error *error)
{
	struct writer *writer = calloc(1, sizeof *writer);

	if (writer == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	writer->table = &tables[sums->table];
	sums->of = writer;
	return CF_OK;
}

void cf_pgsql_sums_done(struct cf_sums *sums)
{
	struct writer *writer = sums->of;

	if (writer == NULL)
		return;
	for (int i = 0; i < COLUMNS; i++)
		cf_pgsql_list_done(&writer->lists[i]);
	cf_pgsql_list_done(&writer->copy);
	free(writer);
	sums->of = NULL;
}

bool cf_pgsql_sums_has_day(struct cf_sums *sums, uint32_t day)
{
	(void)sums;
	(void)day;
	return true; /* asked for with the others */
}

/* A column: as an element of its list, or of a row of COPY. */
static void put_number(struct writer *writer, int column, bool as_list, int64_t number)
{
	if (as_list)
		cf_pgsql_list_number(&writer->lists[column], number, 8);
	else
		cf_pgsql_list_number(&writer->copy, number, writer->table->widths[column]);
}

static void put_bytes(
    struct writer *writer, int column, bool as_list, const void *bytes, size_t len)
{
	cf_pgsql_list_bytes(as_list ? &writer->lists[column] : &writer->copy, bytes, len);
}

static void put_key(const struct cf_sums *sums, const struct cf_sum *sum, bool as_list)
{
	struct writer *writer = sums->of;

	put_number(writer, 0, as_list, sum->key.day);
	put_number(writer, 1, as_list, sum->key.sensor);
	if (sums->table == CF_SUM_BEAT) {
		const struct cf_text *iface = &sums->ifaces[sum->key.subject];

		put_bytes(writer, 2, as_list, iface->data, iface->len);
		put_number(writer, 3, as_list, sum->key.started_us);
		return;
	}
	put_number(writer, 2, as_list, sum->key.subject);
	if (sums->table == CF_SUM_ROLLUP)
		put_number(writer, 3, as_list, sum->key.kind);
}

static void put_sum(
    const struct cf_sums *sums, const struct cf_sum *sum, const char *sample, bool as_list)
{
	struct writer *writer = sums->of;
	const struct cf_minute *items = sum->minutes.items;
	const int64_t rollup[] = {(int64_t)sum->n, sum->first_us, sum->last_us,
	    (int64_t)sum->bytes_out, (int64_t)sum->bytes_in};
	int last = writer->table->count - 1;

	put_key(sums, sum, as_list);
	if (sums->table == CF_SUM_SIGHTING) {
		put_number(writer, 3, as_list, items[0].minute);
		put_number(writer, 4, as_list, items[sum->minutes.count - 1].minute);
		put_bytes(
		    writer, 5, as_list, sums->blob, cf_minutes_encode(&sum->minutes, sums->blob));
		put_bytes(writer, 6, as_list, sums->blob, cf_held_encode(&sum->held, sums->blob));
		return;
	}
	if (sums->table == CF_SUM_BEAT) {
		put_number(writer, 4, as_list, (int64_t)sum->n);
		put_number(writer, 5, as_list, (int64_t)sum->bytes_in);
	} else {
		for (int i = 0; i < 5; i++)
			put_number(writer, 4 + i, as_list, rollup[i]);
		put_bytes(writer, 9, as_list, sample, sum->sample_len);
	}
	put_bytes(writer, last, as_list, sums->blob, cf_minutes_encode(&sum->minutes, sums->blob));
}

static void begin_lists(struct writer *writer, int columns, uint32_t count)
{
	for (int i = 0; i < columns; i++)
		cf_pgsql_list_begin(&writer->lists[i],
		    writer->table->widths[i] == 0 ? CF_PGSQL_BYTEA : CF_PGSQL_INT8, count);
}

static PGresult *run_lists(struct cf_pgsql *pg, struct writer *writer, const char *sql, int columns)
{
	const char *values[COLUMNS];
	int lengths[COLUMNS], formats[COLUMNS];
	Oid types[COLUMNS];

	for (int i = 0; i < columns; i++) {
		if (writer->lists[i].failed) {
			writer->lists[i].failed = false;
			return NULL;
		}
		types[i] = writer->table->widths[i] == 0 ? CF_PGSQL_BYTEA_LIST : CF_PGSQL_INT8_LIST;
		values[i] = writer->lists[i].bytes;
		lengths[i] = (int)writer->lists[i].len;
		formats[i] = 1;
	}
	return PQexecParams(pg->conn, sql, columns, types, values, lengths, formats, 1);
}

/* The rows of those that have one; NULL: it failed. */
static PGresult *find(struct cf_sums *sums, const struct cf_sum *items, uint32_t count)
{
	struct cf_pgsql *pg = cf_pgsql_of(sums->ledger);
	struct writer *writer = sums->of;

	begin_lists(writer, writer->table->keys, count);
	for (uint32_t i = 0; i < count; i++)
		put_key(sums, &items[i], true);
	PGresult *result = run_lists(pg, writer, writer->find, writer->table->keys);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	(void)cf_pgsql_note(pg, result == NULL ? NULL : pg->conn, result);
	PQclear(result);
	return NULL;
}

/* Joins each row with its sum. */
static enum cf_status merge(
    struct cf_sums *sums, struct cf_sum *items, uint32_t count, const PGresult *rows)
{
	struct writer *writer = sums->of;
	enum cf_status status = CF_OK;

	for (int i = 0; i < PQntuples(rows) && status == CF_OK; i++) {
		struct cf_pgsql_row at = {.result = rows, .row = i, .first = 1};
		const struct cf_row row = {.engine = sums->ledger->engine, .of = &at};
		int64_t place = cf_pgsql_value(rows, i, 0) - 1;

		if (place < 0 || place >= (int64_t)count)
			return CF_EMALFORMED;
		writer->is_there[place] = true;
		status = cf_sums_merge(sums->table, &row, &items[place], &writer->samples[place]);
	}
	return status;
}

static bool update(struct cf_sums *sums, const struct cf_sum *items, uint32_t count, uint32_t there)
{
	struct cf_pgsql *pg = cf_pgsql_of(sums->ledger);
	struct writer *writer = sums->of;

	if (there == 0)
		return true;
	begin_lists(writer, writer->table->count, there);
	for (uint32_t i = 0; i < count; i++)
		if (writer->is_there[i])
			put_sum(sums, &items[i], writer->samples[i], true);
	PGresult *result = run_lists(pg, writer, writer->update, writer->table->count);
	bool done = PQresultStatus(result) == PGRES_COMMAND_OK &&
	    strtoul(PQcmdTuples(result), NULL, 10) == there;

	if (!done)
		(void)cf_pgsql_note(pg, result == NULL ? NULL : pg->conn, result);
	PQclear(result);
	return done;
}

static bool send_copy(struct cf_pgsql *pg, struct writer *writer)
{
	PGresult *result = PQexec(pg->conn, writer->begin);
	bool done = PQresultStatus(result) == PGRES_COPY_IN;

	if (!done)
		(void)cf_pgsql_note(pg, pg->conn, result);
	PQclear(result);
	if (!done)
		return false;
	(void)PQputCopyData(pg->conn, writer->copy.bytes, (int)writer->copy.len);
	(void)PQputCopyEnd(pg->conn, NULL); /* either failure shows in the result */
	while ((result = PQgetResult(pg->conn)) != NULL) {
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			done = cf_pgsql_note(pg, pg->conn, result);
		PQclear(result);
	}
	return done;
}

static bool copy(struct cf_sums *sums, const struct cf_sum *items, uint32_t count)
{
	static const char signature[] = "PGCOPY\n\377\r\n";
	struct cf_pgsql *pg = cf_pgsql_of(sums->ledger);
	struct writer *writer = sums->of;

	writer->copy.len = 0;
	writer->copy.failed = false;
	cf_pgsql_list_put(&writer->copy, signature, sizeof signature); /* with its zero byte */
	cf_pgsql_list_raw(&writer->copy, 0, 4);                        /* flags */
	cf_pgsql_list_raw(&writer->copy, 0, 4);                        /* no more of a header */
	for (uint32_t i = 0; i < count; i++) {
		if (writer->is_there[i])
			continue;
		cf_pgsql_list_raw(&writer->copy, writer->table->count, 2);
		put_sum(sums, &items[i], writer->samples[i], false);
	}
	cf_pgsql_list_raw(&writer->copy, -1, 2);
	return writer->copy.failed ? cf_pgsql_note(pg, NULL, NULL) : send_copy(pg, writer);
}

static bool have_weeks(struct cf_sums *sums, const struct cf_sum *items, uint32_t count,
    uint32_t *first_out, uint32_t *last_out)
{
	*first_out = UINT32_MAX;
	*last_out = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t day = items[i].key.day;

		if (!cf_pgsql_have_week(cf_pgsql_of(sums->ledger), day / 7))
			return false;
		*first_out = day < *first_out ? day : *first_out;
		*last_out = day > *last_out ? day : *last_out;
	}
	return true;
}

static enum cf_status write_some(
    struct cf_sums *sums, struct cf_sum *items, uint32_t count, struct cf_error *error)
{
	struct writer *writer = sums->of;
	uint32_t first_day, last_day, there = 0;

	if (!have_weeks(sums, items, count, &first_day, &last_day))
		return cf_ledger_fail(sums->ledger, "write to", error);
	make_sql(writer, first_day, last_day);
	for (uint32_t i = 0; i < count; i++) {
		writer->is_there[i] = false;
		writer->samples[i] =
		    items[i].sample_len == 0 ? "" : sums->texts + items[i].sample_at;
	}
	PGresult *rows = find(sums, items, count);

	if (rows == NULL)
		return cf_ledger_fail(sums->ledger, "write to", error);
	enum cf_status status = merge(sums, items, count, rows);

	for (uint32_t i = 0; i < count; i++)
		there += writer->is_there[i];
	if (status != CF_OK)
		status = cf_error_set(error, status,
		    "ledger '%s' has a damaged roll-up; `curfew ledger rebuild` makes it anew from "
		    "the logs",
		    cf_ledger_path(sums->ledger));
	else if (!update(sums, items, count, there) || (there < count && !copy(sums, items, count)))
		status = cf_ledger_fail(sums->ledger, "write to", error);
	PQclear(rows); /* only now: samples may point into it */
	return status;
}

enum cf_status cf_pgsql_sums_write(struct cf_sums *sums, uint32_t fresh, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	(void)fresh;
	for (uint32_t at = 0; at < sums->count && status == CF_OK; at += SUMS)
		status = write_some(sums, sums->items + at,
		    sums->count - at < SUMS ? sums->count - at : SUMS, error);
	return status;
}
