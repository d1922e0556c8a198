#include "ledger/sqlite/schema.h"

#include "ledger/store/ledger.h"

#include <sqlite3.h>
#include <stdio.h>

/*
 * steps[n] leads from version n to n + 1; append only, once released. Tables that grow are WITHOUT
 * ROWID with the day first: ingest appends at the end, retention drops at the front.
 */
static const char *const steps[] = {
    /* 1: curfew 0.1.0 */
    "CREATE TABLE sensor("
    " sensor_id INTEGER PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL,"
    " UNIQUE(name, source));"
    "CREATE TABLE endpoint("
    " endpoint_id INTEGER PRIMARY KEY, addr TEXT NOT NULL, mac TEXT NOT NULL,"
    " vlan INTEGER NOT NULL, UNIQUE(addr, mac, vlan));"
    "CREATE TABLE rule("
    " rule_id INTEGER PRIMARY KEY, list TEXT NOT NULL, rule TEXT NOT NULL,"
    " rule_type TEXT NOT NULL, category TEXT NOT NULL, product TEXT NOT NULL,"
    " confidence TEXT NOT NULL, UNIQUE(list, rule, rule_type, category, product, confidence));"
    "CREATE TABLE kind("
    " kind_id INTEGER PRIMARY KEY, rule_id INTEGER NOT NULL, event TEXT NOT NULL,"
    " action TEXT NOT NULL, via TEXT NOT NULL, flags INTEGER NOT NULL, relay TEXT NOT NULL,"
    " owner TEXT NOT NULL, phase TEXT NOT NULL, cutoff_s INTEGER NOT NULL,"
    " UNIQUE(rule_id, event, action, via, flags, relay, owner, phase, cutoff_s));"
    "CREATE TABLE rollup("
    " day INTEGER NOT NULL, sensor_id INTEGER NOT NULL, endpoint_id INTEGER NOT NULL,"
    " kind_id INTEGER NOT NULL, n INTEGER NOT NULL, first_us INTEGER NOT NULL,"
    " last_us INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,"
    " sample TEXT NOT NULL, minutes BLOB NOT NULL,"
    " PRIMARY KEY(day, sensor_id, endpoint_id, kind_id)) WITHOUT ROWID;"
    "CREATE TABLE claim("
    " claim_id INTEGER PRIMARY KEY, addr TEXT NOT NULL, mac TEXT NOT NULL, name TEXT NOT NULL,"
    " client TEXT NOT NULL, vlan INTEGER NOT NULL, how TEXT NOT NULL, router INTEGER NOT NULL,"
    " UNIQUE(addr, mac, name, client, vlan, how, router));"
    "CREATE TABLE sighting("
    " day INTEGER NOT NULL, sensor_id INTEGER NOT NULL, claim_id INTEGER NOT NULL,"
    " first_minute INTEGER NOT NULL, last_minute INTEGER NOT NULL, minutes BLOB NOT NULL,"
    " PRIMARY KEY(day, sensor_id, claim_id)) WITHOUT ROWID;"
    "CREATE TABLE beat("
    " day INTEGER NOT NULL, sensor_id INTEGER NOT NULL, iface TEXT NOT NULL,"
    " started_us INTEGER NOT NULL, seen INTEGER NOT NULL, lost INTEGER NOT NULL,"
    " minutes BLOB NOT NULL,"
    " PRIMARY KEY(day, sensor_id, iface, started_us)) WITHOUT ROWID;"
    "CREATE TABLE gap("
    " sensor_id INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL,"
    " reason TEXT NOT NULL, PRIMARY KEY(sensor_id, from_us, to_us, reason)) WITHOUT ROWID;"
    "CREATE TABLE file("
    " key BLOB PRIMARY KEY, path TEXT NOT NULL, offset INTEGER NOT NULL,"
    " segment_offset INTEGER NOT NULL, lines INTEGER NOT NULL, records INTEGER NOT NULL,"
    " last_hash BLOB NOT NULL, last_length INTEGER NOT NULL, stat TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX file_stat ON file(stat);"
    "CREATE TABLE reject("
    " key BLOB NOT NULL, reason TEXT NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(key, reason)) WITHOUT ROWID;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;",
    /* 2: intervals instead of their ends. Older rows have none: theirs is first to last minute. */
    "ALTER TABLE sighting ADD COLUMN held BLOB NOT NULL DEFAULT x'';",
    /*
     * 3: a log is known by more than its first line, a run by its chain; and the days that version
     * 1 believed although no clock was ever there (before 2000, after 2100) are set aside, counted.
     */
    "ALTER TABLE file ADD COLUMN head_length INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE file ADD COLUMN head_hash BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE file ADD COLUMN segment_hash BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE file ADD COLUMN last_id TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE run("
    " sensor_id INTEGER NOT NULL, started_us INTEGER NOT NULL, run TEXT NOT NULL,"
    " first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, first_prev TEXT NOT NULL,"
    " last_seal TEXT NOT NULL, PRIMARY KEY(sensor_id, started_us, run)) WITHOUT ROWID;"
    "INSERT INTO reject SELECT x'', 'impossible instant, of an older ledger', n FROM (SELECT"
    " (SELECT count(*) FROM rollup WHERE day NOT BETWEEN 10957 AND 47481) +"
    " (SELECT count(*) FROM sighting WHERE day NOT BETWEEN 10957 AND 47481) +"
    " (SELECT count(*) FROM beat WHERE day NOT BETWEEN 10957 AND 47481) AS n) WHERE n>0;"
    "DELETE FROM rollup WHERE day NOT BETWEEN 10957 AND 47481;"
    "DELETE FROM sighting WHERE day NOT BETWEEN 10957 AND 47481;"
    "DELETE FROM beat WHERE day NOT BETWEEN 10957 AND 47481;",
    /* 4: what sensors decided with. Older rows have none: `ledger rebuild` reads it from the logs.
     */
    "CREATE TABLE used("
    " sensor_id INTEGER NOT NULL, what TEXT NOT NULL, value TEXT NOT NULL,"
    " first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,"
    " PRIMARY KEY(sensor_id, what, value)) WITHOUT ROWID;",
    /* 5: seals that were seen. Those of before are not: a log rewritten until now is believed. */
    "CREATE TABLE seal("
    " sensor_id INTEGER NOT NULL, slot INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY(sensor_id, slot)) WITHOUT ROWID;",
    /* 6: how far writers that ship were taken. */
    "CREATE TABLE receipt("
    " sensor_id INTEGER PRIMARY KEY, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL,"
    " prev BLOB NOT NULL, sha256 BLOB NOT NULL, at_us INTEGER NOT NULL, taken_s INTEGER NOT NULL,"
    " lost INTEGER NOT NULL, forks INTEGER NOT NULL, fork_s INTEGER NOT NULL);",
};

#define VERSION ((int)(sizeof steps / sizeof steps[0]))

int cf_schema_version(void)
{
	return VERSION;
}

static int pragma_get(sqlite3 *db, const char *sql, int *value_out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW) {
			*value_out = sqlite3_column_int(stmt, 0);
			rc = SQLITE_OK;
		}
	}
	sqlite3_finalize(stmt);
	return rc;
}

static enum cf_status take_steps(sqlite3 *db, int version)
{
	char sql[128];

	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return CF_EIO;
	for (int i = version; i < VERSION; i++)
		if (sqlite3_exec(db, steps[i], NULL, NULL, NULL) != SQLITE_OK)
			goto undo;
	snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
	    CF_LEDGER_APPLICATION_ID, VERSION);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return CF_OK;
undo:
	/* The first failure is what the caller reports; a failing rollback changes nothing. */
	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return CF_EIO;
}

/* What the file says it is; CF_EVERSION for a newer one or another program's. */
static enum cf_status get_version(
    sqlite3 *db, const char *path, int *version_out, struct cf_error *error)
{
	int id = 0, version = 0, tables = 0;

	if (pragma_get(db, "PRAGMA application_id", &id) != SQLITE_OK ||
	    pragma_get(db, "PRAGMA user_version", &version) != SQLITE_OK ||
	    pragma_get(db, "SELECT count(*) FROM sqlite_schema", &tables) != SQLITE_OK)
		return cf_error_set(
		    error, CF_EIO, "cannot read ledger '%s': %s", path, sqlite3_errmsg(db));
	if (tables > 0 && id != CF_LEDGER_APPLICATION_ID)
		return cf_error_set(error, CF_EVERSION,
		    "'%s' is an SQLite file of another program; left alone", path);
	if (version > VERSION)
		return cf_error_set(error, CF_EVERSION,
		    "ledger '%s' has version %d, made by a newer curfew (this one knows %d); left "
		    "alone",
		    path, version, VERSION);
	*version_out = version;
	return CF_OK;
}

bool cf_schema_is_old(struct sqlite3 *db)
{
	int version = 0;

	return pragma_get(db, "PRAGMA user_version", &version) == SQLITE_OK && version < VERSION;
}

enum cf_status cf_schema_migrate(struct sqlite3 *db, const char *path, struct cf_error *error)
{
	int version = 0;
	enum cf_status status = get_version(db, path, &version, error);

	if (status != CF_OK || version == VERSION)
		return status;
	if (take_steps(db, version) != CF_OK)
		return cf_error_set(error, CF_EIO, "cannot bring ledger '%s' to version %d: %s",
		    path, VERSION, sqlite3_errmsg(db));
	return CF_OK;
}
