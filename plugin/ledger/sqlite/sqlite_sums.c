/* Sums into rows of SQLite. */

#include "ledger/sqlite/bulk.h"
#include "ledger/sqlite/sqlite_ledger.h"

#include <stdlib.h>
#include <string.h>

/* The statements of one table of sums. */
struct sum_stmts {
	struct cf_bulk bulk; /* those that are fresh, in front of the others once they are sorted */
	sqlite3_stmt *insert, *bulk_insert, *find, *update, *has_day;
};

static struct sum_stmts *stmts_of(const struct cf_sums *sums)
{
	return sums->of;
}

/* Parameters 1..4 are the key in all of them; the rest in the order of bind_sum() in sums_write.c.
 */
static const char *const insert_sql[CF_SUM_TABLES] = {
    [CF_SUM_ROLLUP] = ("INSERT INTO rollup VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"
                       " ON CONFLICT DO NOTHING"),
    [CF_SUM_SIGHTING] =
        "INSERT INTO sighting VALUES(?1,?2,?3,?5,?6,?11,?12) ON CONFLICT DO NOTHING",
    [CF_SUM_BEAT] = "INSERT INTO beat VALUES(?1,?2,?3,?4,?5,?6,?11) ON CONFLICT DO NOTHING",
};

static const char *const find_sql[CF_SUM_TABLES] = {
    [CF_SUM_ROLLUP] =
        ("SELECT minutes, n, first_us, last_us, bytes_out, bytes_in, sample FROM rollup"
         " WHERE day=?1 AND sensor_id=?2 AND endpoint_id=?3 AND kind_id=?4"),
    [CF_SUM_SIGHTING] = ("SELECT minutes, held, first_minute, last_minute FROM sighting"
                         " WHERE day=?1 AND sensor_id=?2 AND claim_id=?3"),
    [CF_SUM_BEAT] = ("SELECT minutes, seen, lost FROM beat"
                     " WHERE day=?1 AND sensor_id=?2 AND iface=?3 AND started_us=?4"),
};

static const char *const update_sql[CF_SUM_TABLES] = {
    [CF_SUM_ROLLUP] = "REPLACE INTO rollup VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    [CF_SUM_SIGHTING] = "REPLACE INTO sighting VALUES(?1,?2,?3,?5,?6,?11,?12)",
    [CF_SUM_BEAT] = "REPLACE INTO beat VALUES(?1,?2,?3,?4,?5,?6,?11)",
};

/* Beats are too few to matter. */
static const char *const bulk_names[CF_SUM_TABLES] = {
    [CF_SUM_ROLLUP] = "fresh_rollup", [CF_SUM_SIGHTING] = "fresh_sighting"};
static const char *const bulk_sql[CF_SUM_TABLES] = {
    [CF_SUM_ROLLUP] =
        ("INSERT OR ROLLBACK INTO rollup SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9,"
         " c10 FROM fresh_rollup"),
    [CF_SUM_SIGHTING] = ("INSERT OR ROLLBACK INTO sighting SELECT c0, c1, c2, c3, c4, c5, c6"
                         " FROM fresh_sighting"),
};

static const char *const day_sql[CF_SUM_TABLES] = {
    [CF_SUM_ROLLUP] = "SELECT 1 FROM rollup WHERE day=?1 LIMIT 1",
    [CF_SUM_SIGHTING] = "SELECT 1 FROM sighting WHERE day=?1 LIMIT 1",
};

static int prepare(struct cf_sums *sums, const char *sql, sqlite3_stmt **stmt_out)
{
	return sqlite3_prepare_v3(
	    cf_ledger_db(sums->ledger), sql, -1, SQLITE_PREPARE_PERSISTENT, stmt_out, NULL);
}

static int prepare_all(struct cf_sums *sums)
{
	int rc = prepare(sums, insert_sql[sums->table], &stmts_of(sums)->insert);

	if (rc == SQLITE_OK)
		rc = prepare(sums, find_sql[sums->table], &stmts_of(sums)->find);
	if (rc == SQLITE_OK)
		rc = prepare(sums, update_sql[sums->table], &stmts_of(sums)->update);
	if (rc != SQLITE_OK || bulk_sql[sums->table] == NULL)
		return rc;
	stmts_of(sums)->bulk = (struct cf_bulk){.arg = sums};
	rc = cf_bulk_attach(
	    cf_ledger_db(sums->ledger), bulk_names[sums->table], &stmts_of(sums)->bulk);
	if (rc == SQLITE_OK)
		rc = prepare(sums, bulk_sql[sums->table], &stmts_of(sums)->bulk_insert);
	return rc == SQLITE_OK ? prepare(sums, day_sql[sums->table], &stmts_of(sums)->has_day) : rc;
}

enum cf_status cf_sqlite_sums_init(struct cf_sums *sums, struct cf_error *error)
{
	sums->of = calloc(1, sizeof(struct sum_stmts));
	if (sums->of == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	return prepare_all(sums) == SQLITE_OK ? CF_OK
	                                      : cf_sqlite_fail(sums->ledger, "write to", error);
}

void cf_sqlite_sums_done(struct cf_sums *sums)
{
	struct sum_stmts *stmts = stmts_of(sums);

	if (stmts == NULL)
		return;
	sqlite3_finalize(stmts->insert);
	sqlite3_finalize(stmts->find);
	sqlite3_finalize(stmts->update);
	sqlite3_finalize(stmts->bulk_insert);
	sqlite3_finalize(stmts->has_day);
	if (bulk_names[sums->table] != NULL)
		cf_bulk_detach(cf_ledger_db(sums->ledger), bulk_names[sums->table]);
	free(stmts);
	sums->of = NULL;
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text, size_t len)
{
	/* Binding fails for want of memory alone, which the step then reports as a NULL in a NOT
	 * NULL. */
	(void)sqlite3_bind_text(stmt, at, len == 0 ? "" : text, (int)len, SQLITE_STATIC);
}

static void bind_key(struct cf_sums *sums, sqlite3_stmt *stmt, const struct cf_sum *sum)
{
	(void)sqlite3_bind_int64(stmt, 1, sum->key.day);
	(void)sqlite3_bind_int64(stmt, 2, sum->key.sensor);
	if (sums->table == CF_SUM_BEAT) {
		const struct cf_text *iface = &sums->ifaces[sum->key.subject];

		bind_text(stmt, 3, iface->data, iface->len);
		(void)sqlite3_bind_int64(stmt, 4, sum->key.started_us);
		return;
	}
	(void)sqlite3_bind_int64(stmt, 3, sum->key.subject);
	if (sums->table == CF_SUM_ROLLUP)
		(void)sqlite3_bind_int64(stmt, 4, sum->key.kind);
}

static void bind_sum(
    struct cf_sums *sums, sqlite3_stmt *stmt, const struct cf_sum *sum, const char *sample)
{
	uint8_t *blob = sums->blob;
	size_t len = cf_minutes_encode(&sum->minutes, blob);
	const struct cf_minute *items = sum->minutes.items;

	bind_key(sums, stmt, sum);
	if (sums->table == CF_SUM_SIGHTING) {
		(void)sqlite3_bind_int64(stmt, 5, items[0].minute);
		(void)sqlite3_bind_int64(stmt, 6, items[sum->minutes.count - 1].minute);
		(void)sqlite3_bind_blob(stmt, 12, blob + CF_MINUTES_BYTES,
		    (int)cf_held_encode(&sum->held, blob + CF_MINUTES_BYTES), SQLITE_STATIC);
	} else if (sums->table == CF_SUM_BEAT) {
		(void)sqlite3_bind_int64(stmt, 5, (int64_t)sum->n);
		(void)sqlite3_bind_int64(stmt, 6, (int64_t)sum->bytes_in);
	} else {
		(void)sqlite3_bind_int64(stmt, 5, (int64_t)sum->n);
		(void)sqlite3_bind_int64(stmt, 6, sum->first_us);
		(void)sqlite3_bind_int64(stmt, 7, sum->last_us);
		(void)sqlite3_bind_int64(stmt, 8, (int64_t)sum->bytes_out);
		(void)sqlite3_bind_int64(stmt, 9, (int64_t)sum->bytes_in);
		bind_text(stmt, 10, sample, sum->sample_len);
	}
	(void)sqlite3_bind_blob(stmt, 11, blob, (int)len, SQLITE_STATIC);
}

static enum cf_status write_sum(struct cf_sums *sums, struct cf_sum *sum, struct cf_error *error)
{
	sqlite3_stmt *insert = stmts_of(sums)->insert, *find = stmts_of(sums)->find,
	             *update = stmts_of(sums)->update;
	const char *sample = sum->sample_len == 0 ? "" : sums->texts + sum->sample_at;
	enum cf_status status = CF_OK;

	bind_sum(sums, insert, sum, sample);
	int rc = sqlite3_step(insert);

	sqlite3_reset(insert);
	if (rc != SQLITE_DONE)
		return cf_sqlite_fail(sums->ledger, "write to", error);
	if (sqlite3_changes(cf_ledger_db(sums->ledger)) > 0)
		return CF_OK;
	bind_key(sums, find, sum);
	rc = sqlite3_step(find);
	if (rc == SQLITE_ROW) {
		status = cf_sums_merge(sums->table,
		    &(struct cf_row){.engine = sums->ledger->engine, .of = find}, sum, &sample);
		if (status == CF_OK) {
			bind_sum(sums, update, sum, sample);
			rc = sqlite3_step(update);
			sqlite3_reset(update);
		}
	}
	sqlite3_reset(find); /* only now: sample may point into its row */
	if (status != CF_OK)
		return cf_error_set(error, status,
		    "ledger '%s' has a damaged roll-up; `curfew ledger rebuild`"
		    " makes it anew from the logs",
		    cf_ledger_path(sums->ledger));
	if (rc != SQLITE_DONE)
		return cf_sqlite_fail(sums->ledger, "write to", error);
	return CF_OK;
}

static void put_rollup(
    const struct cf_sums *sums, const struct cf_sum *sum, int column, sqlite3_context *result)
{
	const int64_t numbers[] = {sum->key.day, sum->key.sensor, sum->key.subject, sum->key.kind,
	    (int64_t)sum->n, sum->first_us, sum->last_us, (int64_t)sum->bytes_out,
	    (int64_t)sum->bytes_in};

	if (column < (int)(sizeof numbers / sizeof numbers[0]))
		sqlite3_result_int64(result, numbers[column]);
	else if (column == 9)
		sqlite3_result_text(result,
		    sum->sample_len == 0 ? "" : sums->texts + sum->sample_at, (int)sum->sample_len,
		    SQLITE_STATIC);
	else
		sqlite3_result_blob(result, sums->blob,
		    (int)cf_minutes_encode(&sum->minutes, sums->blob), SQLITE_TRANSIENT);
}

static void put_sighting(
    const struct cf_sums *sums, const struct cf_sum *sum, int column, sqlite3_context *result)
{
	const struct cf_minutes *minutes = &sum->minutes;
	const int64_t numbers[] = {sum->key.day, sum->key.sensor, sum->key.subject,
	    minutes->items[0].minute, minutes->items[minutes->count - 1].minute};
	uint8_t *blob = sums->blob;

	if (column < (int)(sizeof numbers / sizeof numbers[0]))
		sqlite3_result_int64(result, numbers[column]);
	else if (column == 5)
		sqlite3_result_blob(
		    result, blob, (int)cf_minutes_encode(minutes, blob), SQLITE_TRANSIENT);
	else
		sqlite3_result_blob(
		    result, blob, (int)cf_held_encode(&sum->held, blob), SQLITE_TRANSIENT);
}

static void put(void *arg, uint32_t row, int column, sqlite3_context *result)
{
	const struct cf_sums *sums = arg;

	if (sums->table == CF_SUM_ROLLUP)
		put_rollup(sums, &sums->items[row], column, result);
	else
		put_sighting(sums, &sums->items[row], column, result);
}

/* Whether the table has any row of that day. */
bool cf_sqlite_sums_has_day(struct cf_sums *sums, uint32_t day)
{
	(void)sqlite3_bind_int64(stmts_of(sums)->has_day, 1, day);
	bool found =
	    sqlite3_step(stmts_of(sums)->has_day) != SQLITE_DONE; /* in doubt: row by row */

	sqlite3_reset(stmts_of(sums)->has_day);
	return found;
}

static enum cf_status write_fresh(struct cf_sums *sums, uint32_t fresh, struct cf_error *error)
{
	struct cf_bulk *bulk = &stmts_of(sums)->bulk;

	bulk->put = put;
	bulk->count = fresh;
	if (bulk->count == 0)
		return CF_OK;
	int rc = sqlite3_step(stmts_of(sums)->bulk_insert);

	sqlite3_reset(stmts_of(sums)->bulk_insert);
	return rc == SQLITE_DONE ? CF_OK : cf_sqlite_fail(sums->ledger, "write to", error);
}

enum cf_status cf_sqlite_sums_write(struct cf_sums *sums, uint32_t fresh, struct cf_error *error)
{
	enum cf_status status = write_fresh(sums, fresh, error);

	for (uint32_t i = fresh; i < sums->count && status == CF_OK; i++)
		status = write_sum(sums, &sums->items[i], error);
	return status;
}
