/* Forgetting: whole days, oldest first. Logs keep what they keep; this is about the ledger's size.
 */

#include "ledger/newest.h"
#include "ledger/store/store.h"

#include <stdio.h>

/* Ends the transaction, in which status is what came of the last statement. */
static enum cf_status finish(
    struct cf_ledger *ledger, enum cf_status status, struct cf_error *error)
{
	if (status == CF_OK)
		return cf_ledger_commit(ledger, error);
	cf_ledger_rollback(ledger);
	return status;
}

static enum cf_status drop_before(struct cf_ledger *ledger, int64_t day, struct cf_error *error)
{
	char sql[640];
	enum cf_status status = cf_ledger_begin(ledger, CF_BEGIN_WRITE, error);

	if (status != CF_OK)
		return status;
	snprintf(sql, sizeof sql,
	    "DELETE FROM rollup WHERE day<%lld; DELETE FROM sighting WHERE day<%lld;"
	    "DELETE FROM beat WHERE day<%lld; DELETE FROM gap WHERE to_us<%lld*86400000000;"
	    "DELETE FROM used WHERE last_us<%lld*86400000000;"
	    "DELETE FROM seal WHERE slot>=0 AND at_us<%lld*86400000000;"
	    "INSERT INTO meta VALUES('kept_from_day', %lld)"
	    " ON CONFLICT(key) DO UPDATE SET value=excluded.value",
	    (long long)day, (long long)day, (long long)day, (long long)day, (long long)day,
	    (long long)day, (long long)day);
	return finish(ledger, cf_ledger_exec(ledger, sql, error), error);
}

/* Names that nothing refers to any more. */
static enum cf_status drop_unused(struct cf_ledger *ledger, struct cf_error *error)
{
	enum cf_status status = cf_ledger_begin(ledger, CF_BEGIN_WRITE, error);

	if (status != CF_OK)
		return status;
	status = cf_ledger_exec(ledger,
	    "DELETE FROM endpoint WHERE endpoint_id NOT IN (SELECT endpoint_id FROM rollup);"
	    "DELETE FROM claim WHERE claim_id NOT IN (SELECT claim_id FROM sighting);"
	    "DELETE FROM kind WHERE kind_id NOT IN (SELECT kind_id FROM rollup);"
	    "DELETE FROM rule WHERE rule_id NOT IN (SELECT rule_id FROM kind);"
	    "DELETE FROM run WHERE last_us<(SELECT min(day) FROM beat)*86400000000;"
	    "DELETE FROM meta WHERE key>='rows_' AND key<'rows`';" /* counted anew */
	    "UPDATE meta SET value=value+1 WHERE key='names_forgotten'",
	    error);
	status = finish(ledger, status, error);
	return status == CF_OK ? cf_ledger_give_back(ledger, error) : status;
}

/* The oldest day of any table; -1: none. Days before 1970 are no days. */
static int64_t oldest_day(struct cf_ledger *ledger)
{
	return cf_ledger_number(ledger,
	    "SELECT coalesce(min(d), -1) FROM (SELECT min(day) AS d FROM rollup"
	    " UNION ALL SELECT min(day) FROM sighting UNION ALL SELECT min(day) FROM beat) AS days",
	    0);
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
	if (keep_bytes > 0 && !cf_ledger_knows_bytes(ledger))
		return cf_error_set(error, CF_EINVALID,
		    "how much ledger '%s' may take cannot be said: PostgreSQL gives room back "
		    "later; say --keep DAYS",
		    cf_ledger_path(ledger));
	if (first < 0 || last < first)
		return CF_OK;
	if (keep_days > 0 && last + 1 - (int64_t)keep_days > keep_from) {
		keep_from = last + 1 - (int64_t)keep_days;
		status = drop_before(ledger, keep_from, error);
	}
	/* The newest day always stays: a ledger without any day says nothing. */
	while (status == CF_OK && keep_bytes > 0 && keep_from < last &&
	    cf_ledger_used_bytes(ledger) > keep_bytes)
		status = drop_before(ledger, ++keep_from, error);
	if (status == CF_OK && keep_from > first)
		status = drop_unused(ledger, error);
	if (status == CF_OK && days_out != NULL)
		*days_out = (uint32_t)(keep_from - first);
	return status;
}
