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
    [CACHE_SENSOR] = ("INSERT INTO sensor(name, source) VALUES(?1,?2)"
                      " ON CONFLICT(name, source) DO NOTHING"),
    [CACHE_RULE] =
        ("INSERT INTO rule(list, rule, rule_type, category, product, confidence)"
         " VALUES(?1,?2,?3,?4,?5,?6)"
         " ON CONFLICT(list, rule, rule_type, category, product, confidence) DO NOTHING"),
    [CACHE_KIND] =
        ("INSERT INTO kind(rule_id, event, action, via, flags, relay, owner, phase, cutoff_s)"
         " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"
         " ON CONFLICT(rule_id, event, action, via, flags, relay, owner, phase, cutoff_s)"
         " DO NOTHING"),
};

static const char *const intern_find_sql[CACHE_TABLES] = {
    [CACHE_SENSOR] = "SELECT sensor_id FROM sensor WHERE name=?1 AND source=?2",
    [CACHE_RULE] =
        ("SELECT rule_id FROM rule WHERE list=?1 AND rule=?2 AND rule_type=?3 AND category=?4"
         " AND product=?5 AND confidence=?6"),
    [CACHE_KIND] =
        ("SELECT kind_id FROM kind WHERE rule_id=?1 AND event=?2 AND action=?3 AND via=?4"
         " AND flags=?5 AND relay=?6 AND owner=?7 AND phase=?8 AND cutoff_s=?9"),
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

struct text_of {
	struct cf_stmt **stmt;
	const char *sql;
};

static enum cf_status prepare_all(struct cf_batch *batch, struct cf_error *error)
{
	const struct text_of texts[] = {
	    {&batch->gap_insert,
	        "INSERT INTO gap VALUES(?1,?2,?3,?4)"
	        " ON CONFLICT(sensor_id, from_us, to_us, reason) DO NOTHING"},
	    {&batch->reject_insert,
	        "INSERT INTO reject VALUES(?1,?2,?3)"
	        " ON CONFLICT(key, reason) DO UPDATE SET n=reject.n+excluded.n"},
	    {&batch->file_find,
	        "SELECT \"offset\", segment_offset, lines, records, last_hash, last_length,"
	        " head_length, head_hash, segment_hash, last_id, path FROM file WHERE key=?1"},
	    {&batch->file_put,
	        "INSERT INTO file(key, path, \"offset\", segment_offset, lines, records, last_hash,"
	        " last_length, stat, head_length, head_hash, segment_hash, last_id)"
	        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) ON CONFLICT(key) DO UPDATE SET"
	        " path=excluded.path, \"offset\"=excluded.\"offset\","
	        " segment_offset=excluded.segment_offset, lines=excluded.lines,"
	        " records=excluded.records, last_hash=excluded.last_hash,"
	        " last_length=excluded.last_length, stat=excluded.stat,"
	        " head_length=excluded.head_length, head_hash=excluded.head_hash,"
	        " segment_hash=excluded.segment_hash, last_id=excluded.last_id"},
	    {&batch->stat_find, "SELECT 1 FROM file WHERE stat=?1"},
	    /* The ends of its chain are those of its first and last seal, in whatever order they
	     * come. */
	    {&batch->run_put,
	        "INSERT INTO run VALUES(?1,?2,?3,?4,?5,?6,?7)"
	        " ON CONFLICT(sensor_id, started_us, run) DO UPDATE SET"
	        " first_prev=CASE WHEN excluded.first_us<run.first_us"
	        " THEN excluded.first_prev ELSE run.first_prev END,"
	        " last_seal=CASE WHEN excluded.last_us>run.last_us"
	        " THEN excluded.last_seal ELSE run.last_seal END,"
	        " first_us=CASE WHEN excluded.first_us<run.first_us"
	        " THEN excluded.first_us ELSE run.first_us END,"
	        " last_us=CASE WHEN excluded.last_us>run.last_us"
	        " THEN excluded.last_us ELSE run.last_us END"},
	    {&batch->count_put,
	        "INSERT INTO meta VALUES(?1,?2)"
	        " ON CONFLICT(key) DO UPDATE SET value=excluded.value"}};
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < CACHE_TABLES && status == CF_OK; i++) {
		status = cf_stmt_new_of(batch->ledger, intern_insert_sql[i], CF_STMT_NAME,
		    &batch->intern_insert[i], error);
		if (status == CF_OK)
			status = cf_stmt_new_of(batch->ledger, intern_find_sql[i], CF_STMT_NAME,
			    &batch->intern_find[i], error);
	}
	for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == CF_OK; i++)
		status = cf_stmt_new(batch->ledger, texts[i].sql, texts[i].stmt, error);
	return status;
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
	if (!make_parts(batch))
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	for (size_t i = 0; i < NAME_TABLES && status == CF_OK; i++) {
		status = cf_names_new(ledger, &cf_batch_names[i], &batch->names[i]);
		if (status == CF_ENOMEM)
			(void)cf_error_set(error, status, "no memory");
		else if (status != CF_OK)
			status = cf_ledger_fail(ledger, "write to", error);
	}
	for (size_t i = 0; i < CF_SUM_TABLES && status == CF_OK; i++)
		status = cf_sums_init(&batch->sums[i], ledger, (enum cf_sum_table)i, error);
	if (status == CF_OK)
		status = prepare_all(batch, error);
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
	char sql[128];

	if (!cf_ledger_counts_names(batch->ledger))
		return 0;
	snprintf(sql, sizeof sql,
	    "SELECT coalesce((SELECT value FROM meta WHERE key='rows_%s'),"
	    " (SELECT count(*) FROM %s))",
	    table, table);
	return cf_ledger_number(batch->ledger, sql, 0);
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
	cf_ledger_rollback(batch->ledger);
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
		cf_stmt_free(batch->intern_insert[i]);
		cf_stmt_free(batch->intern_find[i]);
	}
	for (size_t i = 0; i < CF_SUM_TABLES; i++)
		cf_sums_done(&batch->sums[i]);
	for (size_t i = 0; i < NAME_TABLES; i++)
		cf_names_free(batch->names[i]);
	cf_stmt_free(batch->gap_insert);
	cf_stmt_free(batch->reject_insert);
	cf_stmt_free(batch->file_find);
	cf_stmt_free(batch->file_put);
	cf_stmt_free(batch->stat_find);
	cf_stmt_free(batch->run_put);
	cf_stmt_free(batch->count_put);
	for (uint32_t i = 0; i < batch->iface_count; i++)
		free((char *)batch->iface_texts[i].data);
	free(batch->iface_texts);
	cf_map_free(batch->ifaces);
	free(batch->gaps);
	free(batch->rejects);
	free(batch->shipped);
	free(batch);
}

/* Another process may have removed rows of names between two transactions. */
static void forget_numbers(struct cf_batch *batch)
{
	int64_t forgotten = cf_ledger_number(
	    batch->ledger, "SELECT value FROM meta WHERE key='names_forgotten'", -1);

	if (forgotten != batch->names_forgotten)
		cf_batch_reload(batch);
	batch->names_forgotten = forgotten;
}

void cf_batch_share(struct cf_batch *batch)
{
	batch->shares = true;
}

static enum cf_status note_shipped(void *context, const struct cf_row *row)
{
	struct cf_batch *batch = context;
	int64_t id = cf_row_int64(row, 0);

	if (id < 0 || id > UINT32_MAX)
		return CF_EMALFORMED;
	if ((size_t)id >= batch->shipped_count) {
		uint8_t *grown = realloc(batch->shipped, (size_t)id + 1);

		if (grown == NULL)
			return CF_ENOMEM;
		memset(grown + batch->shipped_count, 0, (size_t)id + 1 - batch->shipped_count);
		batch->shipped = grown;
		batch->shipped_count = (size_t)id + 1;
	}
	batch->shipped[id] = 1;
	return CF_OK;
}

/* Anew in each transaction: another process may take shipments between them. */
static enum cf_status list_shipped(struct cf_batch *batch, struct cf_error *error)
{
	batch->shipped_count = 0;
	return cf_ledger_each_row(
	    batch->ledger, "SELECT sensor_id FROM receipt", note_shipped, batch, error);
}

bool cf_batch_is_shipped(struct cf_batch *batch, uint32_t sensor_id)
{
	return sensor_id < batch->shipped_count && batch->shipped[sensor_id] != 0;
}

enum cf_status cf_batch_begin(struct cf_batch *batch, struct cf_error *error)
{
	if (batch->in_transaction)
		return CF_OK;
	enum cf_status status =
	    cf_ledger_begin(batch->ledger, batch->shares ? CF_BEGIN_SHARE : CF_BEGIN_WRITE, error);

	batch->in_transaction = status == CF_OK;
	if (status == CF_OK && !cf_ledger_counts_names(batch->ledger))
		forget_numbers(batch);
	if (status == CF_OK && !batch->shares)
		status = list_shipped(batch, error);
	return status;
}

enum cf_status cf_batch_has_shipped(struct cf_batch *batch, bool *any_out, struct cf_error *error)
{
	enum cf_status status = cf_batch_begin(batch, error);

	*any_out = status == CF_OK && batch->shipped_count > 0;
	return status;
}

static void bind_cells(struct cf_stmt *stmt, const struct cf_cell *cells, int count)
{
	for (int i = 0; i < count; i++) {
		if (cells[i].is_text)
			cf_stmt_text(stmt, i + 1, cells[i].text.data, cells[i].text.len);
		else
			cf_stmt_int64(stmt, i + 1, cells[i].number);
	}
}

/*
 * The number of the row with these cells; 0 when it is not there and the table is full. What is
 * not remembered here is mostly new, so that it is inserted before it is looked for.
 */
static bool find_or_insert(struct cf_batch *batch, enum cache_table table,
    const struct cf_cell *cells, int cell_count, int64_t *id_out)
{
	struct cf_stmt *find = batch->intern_find[table], *insert = batch->intern_insert[table];

	if (batch->rows[table] < CF_LEDGER_NAMES) {
		bind_cells(insert, cells, cell_count);
		if (!cf_stmt_run(insert))
			return false;
		batch->rows[table] += cf_stmt_changes(insert);
	}
	bind_cells(find, cells, cell_count);
	enum cf_step step = cf_stmt_step(find);

	*id_out = step == CF_STEP_ROW ? cf_row_int64(cf_stmt_row(find), 0) : 0;
	cf_stmt_reset(find);
	return step != CF_STEP_FAILED;
}

enum cf_status cf_batch_intern(struct cf_batch *batch, enum cache_table table, const void *key,
    size_t key_len, const struct cf_cell *cells, int cell_count, uint32_t *id_out,
    struct cf_error *error)
{
	enum cf_status status = cf_batch_begin(batch, error);
	int64_t id = 0;

	if (status != CF_OK)
		return status;
	if (!find_or_insert(batch, table, cells, cell_count, &id))
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

static void read_hash(const struct cf_row *row, int column, uint8_t hash[CF_FILE_HASH_BYTES])
{
	if (cf_row_bytes(row, column) == CF_FILE_HASH_BYTES)
		memcpy(hash, cf_row_blob(row, column), CF_FILE_HASH_BYTES);
}

bool cf_batch_find_file(struct cf_batch *batch, const uint8_t key[CF_FILE_KEY_BYTES],
    struct cf_file_position *position_out)
{
	struct cf_stmt *find = batch->file_find;
	bool found;

	cf_stmt_blob(find, 1, key, CF_FILE_KEY_BYTES);
	found = cf_stmt_step(find) == CF_STEP_ROW;
	if (found) {
		const struct cf_row *row = cf_stmt_row(find);

		*position_out = (struct cf_file_position){
		    .offset = (uint64_t)cf_row_int64(row, 0),
		    .segment_offset = (uint64_t)cf_row_int64(row, 1),
		    .lines = (uint64_t)cf_row_int64(row, 2),
		    .records = (uint64_t)cf_row_int64(row, 3),
		    .last_length = (uint64_t)cf_row_int64(row, 5),
		    .head_length = (uint64_t)cf_row_int64(row, 6),
		};
		memcpy(position_out->key, key, CF_FILE_KEY_BYTES);
		read_hash(row, 4, position_out->last_hash);
		read_hash(row, 7, position_out->head_hash);
		read_hash(row, 8, position_out->segment_hash);
		snprintf(
		    position_out->last_id, sizeof position_out->last_id, "%s", cf_row_text(row, 9));
	}
	cf_stmt_reset(find);
	return found;
}

void cf_batch_find_path(
    struct cf_batch *batch, const uint8_t key[CF_FILE_KEY_BYTES], char *path, size_t size)
{
	struct cf_stmt *find = batch->file_find;

	cf_stmt_blob(find, 1, key, CF_FILE_KEY_BYTES);
	path[0] = '\0';
	if (cf_stmt_step(find) == CF_STEP_ROW)
		snprintf(path, size, "%s", cf_row_text(cf_stmt_row(find), 10));
	cf_stmt_reset(find);
}

bool cf_batch_knows_stat(struct cf_batch *batch, const char *stat)
{
	bool found;

	cf_stmt_text(batch->stat_find, 1, stat, strlen(stat));
	found = stat[0] != '\0' && cf_stmt_step(batch->stat_find) == CF_STEP_ROW;
	cf_stmt_reset(batch->stat_find);
	return found;
}
