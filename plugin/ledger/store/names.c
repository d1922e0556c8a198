/* Names in memory, and those that wait for their rows. */

#include "ledger/store/names.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/map.h"
#include "ledger/store/bulk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_BYTES 256

/* A name without a row. */
struct waiting {
	uint64_t order; /* of its first text: rows go in as they will lie, or nearly */
	const uint8_t *key;
	uint32_t handle;
};

struct cf_names {
	sqlite3 *db;
	const struct cf_names_table *table;
	struct cf_map *map; /* key to handle */
	uint32_t *ids;      /* by handle; 0 while it waits */
	uint32_t count;
	size_t size;
	struct waiting *waiting;
	uint32_t waiting_count;
	size_t waiting_size;
	bool is_whole; /* what is not here is not in the table either */
	int64_t rows, last_id;
	sqlite3_stmt *find, *insert, *last;
	struct cf_bulk bulk; /* what waits */
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
	const struct cf_names *names = arg;
	const uint8_t *at = names->waiting[row].key;
	struct cell cell = {0};

	if (column == 0) {
		sqlite3_result_int64(result, names->last_id + 1 + row);
		return;
	}
	for (int i = 0; i < column; i++)
		cell = next_cell(&at, names->table->cells[i]);
	if (cell.is_text)
		sqlite3_result_text(result, (const char *)cell.bytes, (int)cell.len, SQLITE_STATIC);
	else
		sqlite3_result_int64(result, cell.number);
}

/* ---- statements */

static int prepare(struct cf_names *names, const char *sql, sqlite3_stmt **stmt_out)
{
	return sqlite3_prepare_v3(names->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt_out, NULL);
}

/* "c0, c1, ..." */
static void list_columns(int count, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (int i = 0; i < count && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%sc%d", i == 0 ? "" : ", ", i);
}

static int prepare_all(struct cf_names *names)
{
	const struct cf_names_table *table = names->table;
	char source[32], columns[64], sql[SQL_BYTES];

	snprintf(source, sizeof source, "waiting_%s", table->name);
	list_columns(1 + (int)strlen(table->cells), columns, sizeof columns);
	int rc = cf_bulk_attach(names->db, source, &names->bulk);

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

enum cf_status cf_names_new(
    sqlite3 *db, const struct cf_names_table *table, struct cf_names **names_out)
{
	struct cf_names *names = calloc(1, sizeof *names);

	if (names == NULL)
		return CF_ENOMEM;
	names->db = db;
	names->table = table;
	names->bulk = (struct cf_bulk){.put = put_column, .arg = names};
	names->map = cf_map_new();
	enum cf_status status = names->map == NULL ? CF_ENOMEM
	    : prepare_all(names) == SQLITE_OK      ? CF_OK
	                                           : CF_EIO;

	if (status != CF_OK) {
		cf_names_free(names);
		return status;
	}
	*names_out = names;
	return CF_OK;
}

void cf_names_free(struct cf_names *names)
{
	char source[32];

	if (names == NULL)
		return;
	sqlite3_finalize(names->find);
	sqlite3_finalize(names->insert);
	sqlite3_finalize(names->last);
	snprintf(source, sizeof source, "waiting_%s", names->table->name);
	cf_bulk_detach(names->db, source);
	cf_map_free(names->map);
	free(names->ids);
	free(names->waiting);
	free(names);
}

void cf_names_forget(struct cf_names *names, int64_t rows)
{
	cf_map_clear(names->map);
	names->count = names->waiting_count = 0;
	names->rows = rows;
	names->last_id = sqlite3_step(names->last) == SQLITE_ROW
	    ? sqlite3_column_int64(names->last, 0)
	    : INT64_MAX; /* it cannot be read: no number is free */
	sqlite3_reset(names->last);
	names->is_whole = names->last_id == 0;
}

void cf_names_trim(struct cf_names *names)
{
	if (names->count >= CF_BATCH_NAMES)
		cf_names_forget(names, names->rows);
}

int64_t cf_names_rows(const struct cf_names *names)
{
	return names->rows;
}

/* ---- finding */

/* The number of the row in the file; 0: there is none. An SQLite result code. */
static int find_row(struct cf_names *names, struct cf_names_key key, int64_t *id_out)
{
	const uint8_t *at = key.bytes;

	*id_out = 0;
	if (names->is_whole)
		return SQLITE_DONE;
	/* Binding fails for want of memory alone, and the step then finds nothing or says so. */
	for (int i = 0; names->table->cells[i] != '\0'; i++) {
		struct cell cell = next_cell(&at, names->table->cells[i]);

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
	return rc == SQLITE_ROW ? SQLITE_DONE : rc;
}

/* Gives the name the next handle; id 0: it waits. */
static enum cf_status keep(
    struct cf_names *names, struct cf_names_key key, uint32_t id, uint32_t *handle_out)
{
	uint32_t *ids = cf_array_grow(names->ids, names->count, 1, &names->size, sizeof *ids);
	const char *kept;

	if (ids == NULL)
		return CF_ENOMEM;
	names->ids = ids;
	struct waiting *waiting = cf_array_grow(
	    names->waiting, names->waiting_count, 1, &names->waiting_size, sizeof *waiting);

	if (waiting == NULL)
		return CF_ENOMEM;
	names->waiting = waiting;
	if (cf_map_keep(names->map, key.bytes, key.len, names->count, handle_out, NULL, &kept) !=
	    CF_OK)
		return CF_ENOMEM;
	ids[names->count++] = id;
	if (id == 0) {
		waiting[names->waiting_count++] =
		    (struct waiting){.key = (const uint8_t *)kept, .handle = *handle_out};
		names->rows++;
	}
	return CF_OK;
}

enum cf_status cf_names_find(struct cf_names *names, struct cf_names_key key, uint32_t *handle_out)
{
	int64_t id;

	if (cf_map_find(names->map, key.bytes, key.len, handle_out))
		return CF_OK;
	if (find_row(names, key, &id) != SQLITE_DONE)
		return CF_EIO;
	/* Numbers are counted in 32 bits while they are summed; in the file they are not. */
	if (id > UINT32_MAX ||
	    (id == 0 &&
	        (names->rows >= CF_LEDGER_NAMES ||
	            names->last_id >= (int64_t)UINT32_MAX - names->waiting_count)))
		return CF_ETOOBIG;
	return keep(names, key, (uint32_t)id, handle_out);
}

uint32_t cf_names_id(const struct cf_names *names, uint32_t handle)
{
	return names->ids[handle];
}

/* ---- writing */

/* Eight bytes of the key's first text behind what all have in common, greater where it is. */
static uint64_t order_of(const uint8_t *key, size_t common)
{
	uint64_t order = 0;

	for (size_t i = common; i < common + 8; i++)
		order = order << 8 | (i < key[0] ? key[1 + i] : 0);
	return order;
}

/* How much all first texts have in common at their beginning. */
static size_t common_of(const struct cf_names *names)
{
	const uint8_t *first = names->waiting[0].key;
	size_t common = first[0];

	for (uint32_t i = 1; i < names->waiting_count; i++) {
		const uint8_t *key = names->waiting[i].key;
		size_t len = 0, most = key[0] < common ? key[0] : common;

		while (len < most && key[1 + len] == first[1 + len])
			len++;
		common = len;
	}
	return common;
}

static int by_order(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->handle > y->handle) - (x->handle < y->handle);
}

static void sort_waiting(struct cf_names *names)
{
	size_t common = common_of(names);
	bool is_sorted = true;

	for (uint32_t i = 0; i < names->waiting_count; i++) {
		names->waiting[i].order = order_of(names->waiting[i].key, common);
		is_sorted = is_sorted &&
		    (i == 0 || by_order(&names->waiting[i - 1], &names->waiting[i]) < 0);
	}
	if (!is_sorted)
		qsort(names->waiting, names->waiting_count, sizeof *names->waiting, by_order);
}

enum cf_status cf_names_write(struct cf_names *names)
{
	if (names->waiting_count == 0)
		return CF_OK;
	sort_waiting(names);
	names->bulk.count = names->waiting_count;
	int rc = sqlite3_step(names->insert);

	sqlite3_reset(names->insert);
	if (rc != SQLITE_DONE)
		return CF_EIO;
	for (uint32_t i = 0; i < names->waiting_count; i++)
		names->ids[names->waiting[i].handle] = (uint32_t)(names->last_id + 1 + i);
	names->last_id += names->waiting_count;
	names->waiting_count = 0;
	return CF_OK;
}
