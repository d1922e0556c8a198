#include "ledger/newest.h"

#include "ledger/minutes/minutes.h"
#include "ledger/store/store.h"

#define MINUTES_BELIEVED 3
#define NEAR_DAYS        2
#define NO_DAY           INT64_C(-1)

/* One number of a query with one parameter, or two. */
static int64_t number_of(
    struct cf_ledger *ledger, const char *sql, int64_t a, bool with_b, int64_t b)
{
	struct cf_stmt *stmt = NULL;
	int64_t number = NO_DAY;

	if (cf_stmt_new(ledger, sql, &stmt, NULL) != CF_OK)
		return number;
	cf_stmt_int64(stmt, 1, a);
	if (with_b)
		cf_stmt_int64(stmt, 2, b);
	if (cf_stmt_step(stmt) == CF_STEP_ROW && cf_row_kind(cf_stmt_row(stmt), 0) != CF_ROW_NULL)
		number = cf_row_int64(cf_stmt_row(stmt), 0);
	cf_stmt_free(stmt);
	return number;
}

/* Minutes of a row's blob; a damaged one has none. */
static uint32_t minutes_in(const struct cf_row *row, int column)
{
	struct cf_minutes minutes = {0};
	uint32_t count = 0;

	if (cf_minutes_decode(&minutes, cf_row_blob(row, column), cf_row_bytes(row, column),
	        CF_MINUTES_MAX) == CF_OK)
		count = minutes.count;
	cf_minutes_done(&minutes);
	return count;
}

static bool has_days_around(struct cf_ledger *ledger, int64_t sensor, int64_t day)
{
	return number_of(ledger,
	           "SELECT 1 FROM beat WHERE day BETWEEN ?1-7 AND ?1-1 AND sensor_id=?2 LIMIT 1",
	           day, true, sensor) == 1 ||
	    number_of(ledger, "SELECT 1 FROM beat WHERE day<>?1 AND sensor_id=?2 LIMIT 1", day,
	        true, sensor) != 1;
}

/* The largest day up to from_day on which some sensor but not_sensor has believable heartbeats. */
static int64_t believed_day(
    struct cf_ledger *ledger, int64_t from_day, int64_t not_sensor, int64_t *sensor_out)
{
	static const char sql[] = "SELECT day, sensor_id, minutes FROM beat WHERE day<=?1 AND"
	                          " sensor_id<>?2 ORDER BY day DESC";
	struct cf_stmt *stmt = NULL;
	int64_t found = NO_DAY;

	if (cf_stmt_new(ledger, sql, &stmt, NULL) != CF_OK)
		return found;
	cf_stmt_int64(stmt, 1, from_day);
	cf_stmt_int64(stmt, 2, not_sensor);
	while (found == NO_DAY && cf_stmt_step(stmt) == CF_STEP_ROW) {
		const struct cf_row *row = cf_stmt_row(stmt);
		int64_t day = cf_row_int64(row, 0);

		*sensor_out = cf_row_int64(row, 1);
		if (minutes_in(row, 2) >= MINUTES_BELIEVED ||
		    has_days_around(ledger, *sensor_out, day))
			found = day;
	}
	cf_stmt_free(stmt);
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
	    " UNION ALL SELECT max(day) FROM sighting WHERE day<=?1) AS days",
	    today, false, 0);
}
