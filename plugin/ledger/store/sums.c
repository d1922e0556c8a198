/* Sums in memory, and the statements of their tables. */

#include "ledger/store/sums.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* So many sums of a subject are looked through one by one, which is all that most have; the map has
 * what is beyond. */
#define FEW 16

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
	int rc = prepare(sums, insert_sql[sums->table], &sums->insert);

	if (rc == SQLITE_OK)
		rc = prepare(sums, find_sql[sums->table], &sums->find);
	if (rc == SQLITE_OK)
		rc = prepare(sums, update_sql[sums->table], &sums->update);
	if (rc != SQLITE_OK || bulk_sql[sums->table] == NULL)
		return rc;
	sums->bulk = (struct cf_bulk){.arg = sums};
	rc = cf_bulk_attach(cf_ledger_db(sums->ledger), bulk_names[sums->table], &sums->bulk);
	if (rc == SQLITE_OK)
		rc = prepare(sums, bulk_sql[sums->table], &sums->bulk_insert);
	return rc == SQLITE_OK ? prepare(sums, day_sql[sums->table], &sums->has_day) : rc;
}

enum cf_status cf_sums_init(
    struct cf_sums *sums, struct cf_ledger *ledger, enum cf_sum_table table, struct cf_error *error)
{
	sums->ledger = ledger;
	sums->table = table;
	sums->map = cf_map_new();
	sums->blob = malloc(CF_MINUTES_BYTES + CF_HELD_BYTES);
	if (sums->map == NULL || sums->blob == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	return prepare_all(sums) == SQLITE_OK ? CF_OK : cf_ledger_fail(ledger, "write to", error);
}

void cf_sums_clear(struct cf_sums *sums)
{
	for (uint32_t i = 0; i < sums->count; i++) {
		cf_minutes_done(&sums->items[i].minutes);
		cf_held_done(&sums->items[i].held);
	}
	sums->count = 0;
	sums->first_count = 0;
	sums->texts_len = 0;
	if (sums->map != NULL)
		cf_map_clear(sums->map);
}

void cf_sums_done(struct cf_sums *sums)
{
	if (sums->ledger == NULL)
		return;
	cf_sums_clear(sums);
	cf_map_free(sums->map);
	free(sums->items);
	free(sums->first);
	free(sums->texts);
	free(sums->blob);
	sqlite3_finalize(sums->insert);
	sqlite3_finalize(sums->find);
	sqlite3_finalize(sums->update);
	sqlite3_finalize(sums->bulk_insert);
	sqlite3_finalize(sums->has_day);
	if (bulk_names[sums->table] != NULL)
		cf_bulk_detach(cf_ledger_db(sums->ledger), bulk_names[sums->table]);
	*sums = (struct cf_sums){0};
}

/* Where the chain of a subject begins; NULL without memory. */
static uint32_t *first_of(struct cf_sums *sums, uint32_t subject)
{
	if (subject >= sums->first_count) {
		uint32_t count = subject + 1 + subject / 2;
		uint32_t *first = cf_array_grow(sums->first, sums->first_count,
		    count - sums->first_count, &sums->first_size, sizeof *first);

		if (first == NULL)
			return NULL;
		memset(
		    first + sums->first_count, 0xff, (count - sums->first_count) * sizeof *first);
		sums->first = first;
		sums->first_count = count;
	}
	return &sums->first[subject];
}

struct cf_sum *cf_sums_of(struct cf_sums *sums, const struct cf_sum_key *key)
{
	uint32_t *first = first_of(sums, key->subject), at, few = 0;
	bool added = true;
	struct cf_sum *items =
	    cf_array_grow(sums->items, sums->count, 1, &sums->size, sizeof *items);

	if (items == NULL || first == NULL)
		return NULL;
	sums->items = items;
	for (at = *first; at != CF_SUM_NONE; at = items[at].next, few++)
		if (memcmp(&items[at].key, key, sizeof *key) == 0)
			return &items[at];
	if (few == FEW &&
	    cf_map_add(sums->map, key, sizeof *key, sums->count, &at, &added) != CF_OK)
		return NULL;
	if (!added)
		return &items[at];
	at = sums->count++;
	items[at] = (struct cf_sum){.key = *key, .next = CF_SUM_NONE};
	if (few < FEW) {
		items[at].next = *first;
		*first = at;
	}
	return &items[at];
}

enum cf_status cf_sums_keep_sample(struct cf_sums *sums, struct cf_sum *sum, struct cf_text value)
{
	if (value.len > 0) {
		char *texts =
		    cf_array_grow(sums->texts, sums->texts_len, value.len, &sums->texts_size, 1);

		if (texts == NULL)
			return CF_ENOMEM;
		sums->texts = texts;
		memcpy(texts + sums->texts_len, value.data, value.len);
	}
	sum->sample_at = sums->texts_len;
	sum->sample_len = (uint32_t)value.len;
	sums->texts_len += value.len;
	return CF_OK;
}
