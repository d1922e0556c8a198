#include "ledger/newest.h"

#include "ledger/minutes/minutes.h"

#include <sqlite3.h>

#define MINUTES_BELIEVED 3
#define NEAR_DAYS        2
#define NO_DAY           INT64_C(-1)

/* One number of a query with up to two parameters. */
static int64_t number_of(struct cf_ledger *ledger, const char *sql, int64_t a, int64_t b)
{
	sqlite3_stmt *row = NULL;
	int64_t number = NO_DAY;

	if (sqlite3_prepare_v2(cf_ledger_db(ledger), sql, -1, &row, NULL) == SQLITE_OK) {
		/* Unbound, or without the second parameter, it gives no row or does not ask. */
		(void)sqlite3_bind_int64(row, 1, a);
		(void)sqlite3_bind_int64(row, 2, b);
		if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_type(row, 0) != SQLITE_NULL)
			number = sqlite3_column_int64(row, 0);
	}
	sqlite3_finalize(row);
	return number;
}

/* Minutes of a row's blob; a damaged one has none. */
static uint32_t minutes_in(sqlite3_stmt *row, int column)
{
	struct cf_minutes minutes = {0};
	uint32_t count = 0;

	if (cf_minutes_decode(&minutes, sqlite3_column_blob(row, column),
	        (size_t)sqlite3_column_bytes(row, column), CF_MINUTES_MAX) == CF_OK)
		count = minutes.count;
	cf_minutes_done(&minutes);
	return count;
}

static bool has_days_around(struct cf_ledger *ledger, int64_t sensor, int64_t day)
{
	return number_of(ledger,
	           "SELECT 1 FROM beat WHERE day BETWEEN ?1-7 AND ?1-1 AND sensor_id=?2 LIMIT 1",
	           day, sensor) == 1 ||
	    number_of(ledger, "SELECT 1 FROM beat WHERE day<>?1 AND sensor_id=?2 LIMIT 1", day,
	        sensor) != 1;
}

/* The largest day up to from_day on which some sensor but not_sensor has believable heartbeats. */
static int64_t believed_day(
    struct cf_ledger *ledger, int64_t from_day, int64_t not_sensor, int64_t *sensor_out)
{
	static const char sql[] = "SELECT day, sensor_id, minutes FROM beat WHERE day<=?1 AND"
	                          " sensor_id<>?2 ORDER BY day DESC";
	sqlite3_stmt *row = NULL;
	int64_t found = NO_DAY;

	if (sqlite3_prepare_v2(cf_ledger_db(ledger), sql, -1, &row, NULL) == SQLITE_OK) {
		(void)sqlite3_bind_int64(row, 1, from_day); /* unbound: no rows */
		(void)sqlite3_bind_int64(row, 2, not_sensor);
		while (found == NO_DAY && sqlite3_step(row) == SQLITE_ROW) {
			int64_t day = sqlite3_column_int64(row, 0);

			*sensor_out = sqlite3_column_int64(row, 1);
			if (minutes_in(row, 2) >= MINUTES_BELIEVED ||
			    has_days_around(ledger, *sensor_out, day))
				found = day;
		}
	}
	sqlite3_finalize(row);
	return found;
}

static int64_t newest_beat_day(struct cf_ledger *ledger, int64_t today)
{
	int64_t sensor = 0, other = 0;
	int64_t first = believed_day(ledger, today, NO_DAY, &sensor);

	if (first == NO_DAY || first >= today - NEAR_DAYS)
		return first;
	int64_t second = believed_day(ledger, first, sensor, &other);

	return second == NO_DAY || first - second <= NEAR_DAYS ? first : second;
}

int64_t cf_ledger_newest_day(struct cf_ledger *ledger)
{
	int64_t today = cf_ledger_now_wall_s(ledger) / 86400;
	int64_t beats = newest_beat_day(ledger, today);

	if (beats != NO_DAY)
		return beats;
	return number_of(ledger,
	    "SELECT max(d) FROM (SELECT max(day) AS d FROM rollup WHERE day<=?1"
	    " UNION ALL SELECT max(day) FROM sighting WHERE day<=?1)",
	    today, 0);
}
