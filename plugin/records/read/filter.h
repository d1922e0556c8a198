/* Which records somebody wants to see: conditions that all have to hold. Pure but for sensor_seen.
 */
#pragma once

#include "base/addr.h"
#include "image/category.h"
#include "names/name.h"
#include "records/form/parse.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_record_filter {
	bool has_client, has_action, has_name, has_addr, events;
	struct cf_prefix client;
	enum cf_action action;
	const char *category; /* NULL: any */
	const char *via;
	const char *sensor;
	struct cf_name name;
	enum cf_scope scope; /* below: what lies below name alone; else name itself, too */
	struct cf_addr addr; /* instead of a name: where connections went */
	bool sensor_seen;    /* some record was of that sensor */
	int64_t since_wall_us, until_wall_us; /* 0: open */
};

/* Hits are matched by everything, other records (with events) by time, sensor and client. */
bool cf_record_filter_match(struct cf_record_filter *filter, const struct cf_record *record);
