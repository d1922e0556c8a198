/*
 * Times in which a sensor is expected not to watch, as somebody said beforehand or afterwards:
 * `curfew ledger plan SENSOR FROM UNTIL WHY`. Such a time is not watched either; only the reason is
 * known. Pure functions over open actions; one thread.
 */
#pragma once

#include "ledger/action.h"

#include <stddef.h>
#include <stdint.h>

struct cf_planned {
	int64_t from_wall_s, until_wall_s; /* [from, until) */
	const char *why;                   /* of the actions */
};

/*
 * The plan that holds all of [from_wall_s, to_wall_s) of the sensor, but for slack_s at either end,
 * since people say round times; of several the one that was said last. False: none. actions may be
 * NULL.
 */
bool cf_planned_find(const struct cf_actions *actions, const char *sensor, int64_t from_wall_s,
    int64_t to_wall_s, int64_t slack_s, struct cf_planned *planned_out);
