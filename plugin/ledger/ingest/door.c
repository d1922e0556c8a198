#include "ledger/ingest/door.h"

#include "base/limits.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)

/*
 * 2001-01-01 and 2100-01-01: outside is a broken clock, and would stretch every table. 2000 is
 * where many clocks begin that nobody has set, as 1970 is for others.
 */
#define FIRST_WALL_S INT64_C(978307200)
#define LAST_WALL_S  INT64_C(4102444800)
/* 2024-09-29, when the ban that curfew is about began: no clock that is set says less. */
#define SET_WALL_S INT64_C(1727568000)
/* More of anything in one record is no count. Sums of a day stay far from 63 bits. */
#define MOST_COUNT (UINT64_C(1) << 40)
#define MOST_BYTES (UINT64_C(1) << 50)
#define MOST_TOTAL (UINT64_C(1) << 62)

struct cf_door cf_door_make(int64_t now_wall_s, int64_t file_wall_s, int64_t first_wall_us)
{
	int64_t latest_s = now_wall_s + CF_DOOR_SLACK_S;
	bool is_set = now_wall_s >= SET_WALL_S;

	if (file_wall_s >= SET_WALL_S && file_wall_s >= first_wall_us / SECOND_US &&
	    (!is_set || file_wall_s < now_wall_s)) {
		latest_s = file_wall_s + CF_DOOR_SLACK_S;
		is_set = true;
	}
	if (!is_set)
		return (struct cf_door){0};
	return (struct cf_door){
	    .latest_wall_us = (latest_s < LAST_WALL_S ? latest_s : LAST_WALL_S) * SECOND_US};
}

bool cf_door_is_instant(const struct cf_door *door, int64_t wall_us)
{
	return wall_us >= FIRST_WALL_S * SECOND_US && wall_us <= door->latest_wall_us;
}

/* Leases end in the future; so far it is believed. What is over may have been for years. */
static bool is_end(const struct cf_door *door, const struct cf_fact *fact)
{
	static const char lease[] = "lease";
	bool is_lease = fact->how.len == sizeof lease - 1 &&
	    memcmp(fact->how.data, lease, sizeof lease - 1) == 0;

	return cf_door_is_instant(door, fact->to_wall_us) ||
	    (is_lease && fact->to_wall_us >= fact->at_wall_us &&
	        fact->to_wall_us - fact->at_wall_us <= CF_IDENTITY_DAYS * DAY_US);
}

static const char *refusal_of(const struct cf_door *door, const struct cf_fact *fact)
{
	static const char impossible[] = "impossible instant";

	if (fact->at_wall_us > door->latest_wall_us && fact->at_wall_us < LAST_WALL_S * SECOND_US)
		return "instant after the clock of the reader or of the file";
	if (!cf_door_is_instant(door, fact->at_wall_us))
		return impossible;
	if (fact->last_wall_us > fact->at_wall_us && fact->event != CF_EVENT_IDENTITY &&
	    !cf_door_is_instant(door, fact->last_wall_us))
		return impossible;
	if ((fact->from_wall_us != 0 && !cf_door_is_instant(door, fact->from_wall_us)) ||
	    (fact->to_wall_us != 0 && !is_end(door, fact)) ||
	    (fact->started_wall_us != 0 && !cf_door_is_instant(door, fact->started_wall_us)))
		return impossible;
	if (fact->count > MOST_COUNT || fact->bytes_out > MOST_BYTES ||
	    fact->bytes_in > MOST_BYTES || fact->seen > MOST_TOTAL || fact->lost > MOST_TOTAL)
		return "impossible number";
	return NULL;
}

bool cf_door_admits(const struct cf_door *door, const struct cf_fact *fact, const char **reason_out)
{
	const char *reason = refusal_of(door, fact);

	if (reason != NULL)
		*reason_out = reason;
	return reason == NULL;
}
