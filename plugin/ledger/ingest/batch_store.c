/*
 * A batch and its statements: names to numbers, positions, what was not taken. One file: a batch
 * lives as long as its statements, and each of them is used by a function or two.
 */

#include "ledger/ingest/batch_private.h"

#include "base/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const intern_insert_sql[CACHE_TABLES] = {
    [CACHE_SENSOR] = "INSERT INTO sensor(name, source) VALUES(?,?) ON CONFLICT DO NOTHING",
    [CACHE_RULE] = ("INSERT INTO rule(list, rule, rule_type, category, product, confidence)"
                    " VALUES(?,?,?,?,?,?) ON CONFLICT DO NOTHING"),
    [CACHE_KIND] =
        ("INSERT INTO kind(rule_id, event, action, via, flags, relay, owner, phase, cutoff_s)"
         " VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"),
};

static const char *const intern_find_sql[CACHE_TABLES] = {
    [CACHE_SENSOR] = "SELECT sensor_id FROM sensor WHERE name=? AND source=?",
    [CACHE_RULE] =
        ("SELECT rule_id FROM rule WHERE list=? AND rule=? AND rule_type=? AND category=?"
         " AND product=? AND confidence=?"),
    [CACHE_KIND] = ("SELECT kind_id FROM kind WHERE rule_id=? AND event=? AND action=? AND via=?"
                    " AND flags=? AND relay=? AND owner=? AND phase=? AND cutoff_s=?"),
};

const struct cf_names_table cf_batch_names[NAME_TABLES] = {
    [NAMES_ENDPOINT] = {.name = "endpoint",
        .id = "endpoint_id",
        .columns = "addr, mac, vlan",
        .match = "addr=? AND mac=? AND vlan=?",
        .cells = "ttn"},
    [NAMES_CLAIM] = {.name = "claim",
        .id = "claim_id",
        .columns = "addr, mac, name, client, vlan, how, router",
        .match = ("addr=? AND mac=? AND name=? AND client=? AND vlan=? AND how=?"
                  " AND router=?"),
        .cells = "ttttntn"},
};

static int prepare(struct cf_batch *batch, const char *sql, sqlite3_stmt **stmt_out)
{
	return sqlite3_prepare_v3(batch->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt_out, NULL);
}

static int prepare_all(struct cf_batch *batch)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < CACHE_TABLES && rc == SQLITE_OK; i++) {
		rc = prepare(batch, intern_insert_sql[i], &batch->intern_insert[i]);
		if (rc == SQLITE_OK)
			rc = prepare(batch, intern_find_sql[i], &batch->intern_find[i]);
	}
	if (rc == SQLITE_OK)
		rc = prepare(batch, "INSERT INTO gap VALUES(?,?,?,?) ON CONFLICT DO NOTHING",
		    &batch->gap_insert);
	if (rc == SQLITE_OK)
		rc = prepare(batch,
		    "INSERT INTO reject VALUES(?,?,?) ON CONFLICT(key, reason) DO UPDATE SET "
		    "n=n+excluded.n",
		    &batch->reject_insert);
	if (rc == SQLITE_OK)
		rc = prepare(batch,
		    "SELECT offset, segment_offset, lines, records, last_hash, last_length,"
		    " head_length, head_hash, segment_hash, last_id, path FROM file WHERE key=?",
		    &batch->file_find);
	if (rc == SQLITE_OK)
		rc = prepare(
		    batch, "REPLACE INTO file VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)", &batch->file_put);
	if (rc == SQLITE_OK)
		rc = prepare(batch, "SELECT 1 FROM file WHERE stat=?", &batch->stat_find);
	/* The ends of its chain are those of its first and last seal, in whatever order they come.
	 */
	if (rc == SQLITE_OK)
		rc = prepare(batch,
		    "INSERT INTO run VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT DO UPDATE SET"
		    " first_prev=iif(excluded.first_us<first_us, excluded.first_prev, first_prev),"
		    " last_seal=iif(excluded.last_us>last_us, excluded.last_seal, last_seal),"
		    " first_us=min(first_us, excluded.first_us),"
		    " last_us=max(last_us, excluded.last_us)",
		    &batch->run_put);
	return rc;
}

/* All that needs memory alone, and what sensors used. */
static bool make_parts(struct cf_batch *batch)
{
	bool complete = true;

	for (size_t i = 0; i < CACHE_TABLES; i++)
		complete = (batch->caches[i] = cf_map_new()) != NULL && complete;
	batch->ifaces = cf_map_new();
	batch->used = cf_used_new(batch->ledger);
	batch->seen = cf_seen_seals_new(batch->ledger);
	return complete && batch->ifaces != NULL && batch->used != NULL && batch->seen != NULL;
}

enum cf_status cf_batch_new(
    struct cf_ledger *ledger, struct cf_batch **batch_out, struct cf_error *error)
{
	struct cf_batch *batch = calloc(1, sizeof *batch);
	enum cf_status status = CF_OK;

	if (batch == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	batch->ledger = ledger;
	batch->db = cf_ledger_db(ledger);
	if (!make_parts(batch))
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	for (size_t i = 0; i < NAME_TABLES && status == CF_OK; i++) {
		status = cf_names_new(batch->db, &cf_batch_names[i], &batch->names[i]);
		if (status == CF_ENOMEM)
			(void)cf_error_set(error, status, "no memory");
		else if (status != CF_OK)
			status = cf_ledger_fail(ledger, "write to", error);
	}
	for (size_t i = 0; i < CF_SUM_TABLES && status == CF_OK; i++)
		status = cf_sums_init(&batch->sums[i], ledger, (enum cf_sum_table)i, error);
	if (status == CF_OK && prepare_all(batch) != SQLITE_OK)
		status = cf_ledger_fail(ledger, "write to", error);
	if (status != CF_OK) {
		cf_batch_free(batch);
		return status;
	}
	cf_batch_reload(batch);
	*batch_out = batch;
	return CF_OK;
}

/* Empties everything that is not in the file. */
void cf_batch_forget(struct cf_batch *batch)
{
	for (size_t i = 0; i < CF_SUM_TABLES; i++)
		cf_sums_clear(&batch->sums[i]);
	batch->run.sensor_id = 0;
	batch->gap_count = 0;
	batch->reject_count = 0;
	if (batch->used != NULL)
		cf_used_forget(batch->used);
	batch->lines = 0;
}

const char *const cf_batch_table_names[CACHE_TABLES] = {
    [CACHE_SENSOR] = "sensor",
    [CACHE_RULE] = "rule",
    [CACHE_KIND] = "kind",
};

/* Rows of the table, as noted with the last commit, or counted. */
static int64_t count_rows(struct cf_batch *batch, const char *table)
{
	sqlite3_stmt *row = NULL;
	int64_t count = 0;
	char sql[128];

	snprintf(sql, sizeof sql,
	    "SELECT coalesce((SELECT value FROM meta WHERE key='rows_%s'),"
	    " (SELECT count(*) FROM %s))",
	    table, table);
	if (sqlite3_prepare_v2(batch->db, sql, -1, &row, NULL) == SQLITE_OK &&
	    sqlite3_step(row) == SQLITE_ROW)
		count = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return count;
}

void cf_batch_reload(struct cf_batch *batch)
{
	batch->last_sensor.len = batch->last_rule.len = batch->last_kind.len = 0;
	for (size_t i = 0; i < CACHE_TABLES; i++) {
		cf_map_clear(batch->caches[i]);
		batch->rows[i] = count_rows(batch, cf_batch_table_names[i]);
	}
	for (size_t i = 0; i < NAME_TABLES; i++)
		cf_names_forget(batch->names[i], count_rows(batch, cf_batch_names[i].name));
	cf_seen_seals_forget(batch->seen);
}

uint64_t cf_batch_most_rows(const struct cf_batch *batch)
{
	int64_t most = 0;

	for (size_t i = 0; i < CACHE_TABLES; i++)
		most = batch->rows[i] > most ? batch->rows[i] : most;
	for (size_t i = 0; i < NAME_TABLES; i++)
		if (cf_names_rows(batch->names[i]) > most)
			most = cf_names_rows(batch->names[i]);
	return (uint64_t)most;
}

void cf_batch_abandon(struct cf_batch *batch)
{
	cf_batch_forget(batch);
	if (!batch->in_transaction)
		return;
	/* SQLite may have rolled back by itself; then this does nothing. */
	(void)sqlite3_exec(batch->db, "ROLLBACK", NULL, NULL, NULL);
	batch->in_transaction = false;
	cf_batch_reload(batch); /* numbers of rows that are gone again */
}

void cf_batch_free(struct cf_batch *batch)
{
	if (batch == NULL)
		return;
	if (batch->in_transaction)
		cf_batch_abandon(batch);
	cf_batch_forget(batch);
	cf_used_free(batch->used);
	cf_seen_seals_free(batch->seen);
	for (size_t i = 0; i < CACHE_TABLES; i++) {
		cf_map_free(batch->caches[i]);
		sqlite3_finalize(batch->intern_insert[i]);
		sqlite3_finalize(batch->intern_find[i]);
	}
	for (size_t i = 0; i < CF_SUM_TABLES; i++)
		cf_sums_done(&batch->sums[i]);
	for (size_t i = 0; i < NAME_TABLES; i++)
		cf_names_free(batch->names[i]);
	sqlite3_finalize(batch->gap_insert);
	sqlite3_finalize(batch->reject_insert);
	sqlite3_finalize(batch->file_find);
	sqlite3_finalize(batch->file_put);
	sqlite3_finalize(batch->stat_find);
	sqlite3_finalize(batch->run_put);
	for (uint32_t i = 0; i < batch->iface_count; i++)
		free((char *)batch->iface_texts[i].data);
	free(batch->iface_texts);
	cf_map_free(batch->ifaces);
	free(batch->gaps);
	free(batch->rejects);
	free(batch);
}

enum cf_status cf_batch_begin(struct cf_batch *batch, struct cf_error *error)
{
	if (batch->in_transaction)
		return CF_OK;
	enum cf_status status = cf_ledger_exec(batch->ledger, "BEGIN IMMEDIATE", error);

	batch->in_transaction = status == CF_OK;
	return status;
}

void cf_batch_bind_text(sqlite3_stmt *stmt, int at, const char *text, size_t len)
{
	/* Binding cannot fail but for memory, which the step then reports as a NULL in a NOT NULL.
	 */
	(void)sqlite3_bind_text(stmt, at, len == 0 ? "" : text, (int)len, SQLITE_STATIC);
}

static void bind_cells(sqlite3_stmt *stmt, const struct cf_cell *cells, int count)
{
	for (int i = 0; i < count; i++) {
		if (cells[i].is_text)
			cf_batch_bind_text(stmt, i + 1, cells[i].text.data, cells[i].text.len);
		else
			(void)sqlite3_bind_int64(stmt, i + 1, cells[i].number);
	}
}

/*
 * The number of the row with these cells; 0 when it is not there and the table is full. What is new
 * is more frequent than what was forgotten here, so it is inserted before it is looked for.
 */
static int find_or_insert(struct cf_batch *batch, enum cache_table table,
    const struct cf_cell *cells, int cell_count, int64_t *id_out)
{
	sqlite3_stmt *find = batch->intern_find[table], *insert = batch->intern_insert[table];
	int rc;

	if (batch->rows[table] < CF_LEDGER_NAMES) {
		bind_cells(insert, cells, cell_count);
		rc = sqlite3_step(insert);
		sqlite3_reset(insert);
		if (rc != SQLITE_DONE || sqlite3_changes(batch->db) > 0) {
			batch->rows[table] += rc == SQLITE_DONE;
			*id_out = sqlite3_last_insert_rowid(batch->db);
			return rc;
		}
	}
	bind_cells(find, cells, cell_count);
	rc = sqlite3_step(find);
	*id_out = rc == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
	sqlite3_reset(find);
	return rc;
}

enum cf_status cf_batch_intern(struct cf_batch *batch, enum cache_table table, const void *key,
    size_t key_len, const struct cf_cell *cells, int cell_count, uint32_t *id_out,
    struct cf_error *error)
{
	enum cf_status status = cf_batch_begin(batch, error);
	int64_t id = 0;

	if (status != CF_OK)
		return status;
	int rc = find_or_insert(batch, table, cells, cell_count, &id);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return cf_ledger_fail(batch->ledger, "write to", error);
	/* Numbers are counted in 32 bits while they are summed; in the file they are not. */
	if (id <= 0 || id > UINT32_MAX)
		return cf_error_set(
		    error, CF_ETOOBIG, "more than %d different hosts or rules", CF_LEDGER_NAMES);
	/* Forgetting what is looked up again in the ledger bounds the memory of a long run. */
	if (cf_map_count(batch->caches[table]) >= CF_BATCH_NAMES)
		cf_map_clear(batch->caches[table]);
	if (cf_map_add(batch->caches[table], key, key_len, (uint32_t)id, id_out, NULL) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	return CF_OK;
}

enum cf_status cf_batch_keep_iface(struct cf_batch *batch, struct cf_text iface)
{
	struct cf_text *texts = cf_array_grow(
	    batch->iface_texts, batch->iface_count, 1, &batch->iface_size, sizeof *texts);
	char *copy;

	if (texts == NULL)
		return CF_ENOMEM;
	batch->iface_texts = texts;
	copy = malloc(iface.len + 1);
	if (copy == NULL)
		return CF_ENOMEM;
	if (iface.len > 0)
		memcpy(copy, iface.data, iface.len);
	texts[batch->iface_count++] = (struct cf_text){.data = copy, .len = iface.len};
	return CF_OK;
}

enum cf_status cf_batch_gap(struct cf_batch *batch, uint32_t sensor_id, int64_t from_wall_us,
    int64_t to_wall_us, const char *reason, struct cf_error *error)
{
	struct cf_gap_row *gaps =
	    cf_array_grow(batch->gaps, batch->gap_count, 1, &batch->gap_size, sizeof *gaps);

	if (gaps == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	batch->gaps = gaps;
	batch->gaps[batch->gap_count++] = (struct cf_gap_row){
	    .sensor_id = sensor_id, .from_us = from_wall_us, .to_us = to_wall_us, .reason = reason};
	return CF_OK;
}

enum cf_status cf_batch_reject(struct cf_batch *batch, const uint8_t key[CF_FILE_KEY_BYTES],
    const char *reason, struct cf_error *error)
{
	batch->lines++;
	for (size_t i = 0; i < batch->reject_count; i++) {
		struct cf_reject_row *row = &batch->rejects[i];

		if (memcmp(row->key, key, CF_FILE_KEY_BYTES) == 0 &&
		    strcmp(row->reason, reason) == 0) {
			row->n++;
			return CF_OK;
		}
	}
	struct cf_reject_row *rejects = cf_array_grow(
	    batch->rejects, batch->reject_count, 1, &batch->reject_size, sizeof *rejects);

	if (rejects == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	batch->rejects = rejects;
	struct cf_reject_row *row = &batch->rejects[batch->reject_count++];

	*row = (struct cf_reject_row){.reason = reason, .n = 1};
	memcpy(row->key, key, CF_FILE_KEY_BYTES);
	return CF_OK;
}

static void read_hash(sqlite3_stmt *row, int column, uint8_t hash[CF_FILE_HASH_BYTES])
{
	if (sqlite3_column_bytes(row, column) == CF_FILE_HASH_BYTES)
		memcpy(hash, sqlite3_column_blob(row, column), CF_FILE_HASH_BYTES);
}

bool cf_batch_find_file(struct cf_batch *batch, const uint8_t key[CF_FILE_KEY_BYTES],
    struct cf_file_position *position_out)
{
	sqlite3_stmt *find = batch->file_find;
	bool found;

	(void)sqlite3_bind_blob(find, 1, key, CF_FILE_KEY_BYTES, SQLITE_STATIC);
	found = sqlite3_step(find) == SQLITE_ROW;
	if (found) {
		*position_out = (struct cf_file_position){
		    .offset = (uint64_t)sqlite3_column_int64(find, 0),
		    .segment_offset = (uint64_t)sqlite3_column_int64(find, 1),
		    .lines = (uint64_t)sqlite3_column_int64(find, 2),
		    .records = (uint64_t)sqlite3_column_int64(find, 3),
		    .last_length = (uint64_t)sqlite3_column_int64(find, 5),
		    .head_length = (uint64_t)sqlite3_column_int64(find, 6),
		};
		memcpy(position_out->key, key, CF_FILE_KEY_BYTES);
		read_hash(find, 4, position_out->last_hash);
		read_hash(find, 7, position_out->head_hash);
		read_hash(find, 8, position_out->segment_hash);
		snprintf(position_out->last_id, sizeof position_out->last_id, "%s",
		    (const char *)sqlite3_column_text(find, 9));
	}
	sqlite3_reset(find);
	return found;
}

void cf_batch_find_path(
    struct cf_batch *batch, const uint8_t key[CF_FILE_KEY_BYTES], char *path, size_t size)
{
	sqlite3_stmt *find = batch->file_find;

	(void)sqlite3_bind_blob(find, 1, key, CF_FILE_KEY_BYTES, SQLITE_STATIC);
	path[0] = '\0';
	if (sqlite3_step(find) == SQLITE_ROW)
		snprintf(path, size, "%s", (const char *)sqlite3_column_text(find, 10));
	sqlite3_reset(find);
}

bool cf_batch_knows_stat(struct cf_batch *batch, const char *stat)
{
	bool found;

	cf_batch_bind_text(batch->stat_find, 1, stat, strlen(stat));
	found = stat[0] != '\0' && sqlite3_step(batch->stat_find) == SQLITE_ROW;
	sqlite3_reset(batch->stat_find);
	return found;
}
