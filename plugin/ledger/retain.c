/* Forgetting: whole days, oldest first. Logs keep what they keep; this is about the ledger's size.
 */

#include "ledger/newest.h"
#include "ledger/store/ledger.h"

#include <sqlite3.h>
#include <stdio.h>

static int64_t number_of(struct cf_ledger *ledger, const char *sql)
{
	sqlite3_stmt *row = NULL;
	int64_t number = 0;

	if (sqlite3_prepare_v2(cf_ledger_db(ledger), sql, -1, &row, NULL) == SQLITE_OK &&
	    sqlite3_step(row) == SQLITE_ROW)
		number = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return number;
}

static int64_t used_bytes(struct cf_ledger *ledger)
{
	return (number_of(ledger, "PRAGMA page_count") -
	           number_of(ledger, "PRAGMA freelist_count")) *
	    number_of(ledger, "PRAGMA page_size");
}

static enum cf_status drop_before(struct cf_ledger *ledger, int64_t day, struct cf_error *error)
{
	char sql[640];

	snprintf(sql, sizeof sql,
	    "BEGIN IMMEDIATE; DELETE FROM rollup WHERE day<%lld; DELETE FROM sighting WHERE "
	    "day<%lld;"
	    "DELETE FROM beat WHERE day<%lld; DELETE FROM gap WHERE to_us<%lld*86400000000;"
	    "DELETE FROM used WHERE last_us<%lld*86400000000;"
	    "DELETE FROM seal WHERE slot>=0 AND at_us<%lld*86400000000;"
	    "REPLACE INTO meta VALUES('kept_from_day', %lld); COMMIT",
	    (long long)day, (long long)day, (long long)day, (long long)day, (long long)day,
	    (long long)day, (long long)day);
	return cf_ledger_exec(ledger, sql, error);
}

/* Names that nothing refers to any more. */
static enum cf_status drop_unused(struct cf_ledger *ledger, struct cf_error *error)
{
	return cf_ledger_exec(ledger,
	    "BEGIN IMMEDIATE;"
	    "DELETE FROM endpoint WHERE endpoint_id NOT IN (SELECT endpoint_id FROM rollup);"
	    "DELETE FROM claim WHERE claim_id NOT IN (SELECT claim_id FROM sighting);"
	    "DELETE FROM kind WHERE kind_id NOT IN (SELECT kind_id FROM rollup);"
	    "DELETE FROM rule WHERE rule_id NOT IN (SELECT rule_id FROM kind);"
	    "DELETE FROM run WHERE last_us<(SELECT min(day) FROM beat)*86400000000;"
	    "DELETE FROM meta WHERE key LIKE 'rows\\_%' ESCAPE '\\';" /* counted anew */
	    "COMMIT; PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)",
	    error);
}

/* The oldest day of any table; -1: none. Days before 1970 are no days. */
static int64_t oldest_day(struct cf_ledger *ledger)
{
	return number_of(ledger,
	    "SELECT coalesce(min(d), -1) FROM (SELECT min(day) AS d FROM rollup"
	    " UNION ALL SELECT min(day) FROM sighting UNION ALL SELECT min(day) FROM beat)");
}

/*
 * The newest day is the one that is believed (ledger/newest.h): what one wrong clock says lets
 * nothing be forgotten that was to be kept.
 */
enum cf_status cf_ledger_retain(struct cf_ledger *ledger, uint32_t keep_days, uint64_t keep_bytes,
    uint32_t *days_out, struct cf_error *error)
{
	int64_t first = oldest_day(ledger), last = cf_ledger_newest_day(ledger);
	int64_t keep_from = first;
	enum cf_status status = CF_OK;

	if (days_out != NULL)
		*days_out = 0;
	if (first < 0 || last < first)
		return CF_OK;
	if (keep_days > 0 && last + 1 - (int64_t)keep_days > keep_from) {
		keep_from = last + 1 - (int64_t)keep_days;
		status = drop_before(ledger, keep_from, error);
	}
	/* The newest day always stays: a ledger without any day says nothing. */
	while (status == CF_OK && keep_bytes > 0 && keep_from < last &&
	    used_bytes(ledger) > (int64_t)keep_bytes)
		status = drop_before(ledger, ++keep_from, error);
	if (status == CF_OK && keep_from > first)
		status = drop_unused(ledger, error);
	if (status == CF_OK && days_out != NULL)
		*days_out = (uint32_t)(keep_from - first);
	return status;
}
