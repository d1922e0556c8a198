/*
 * Which records `curfew log` shows: every condition that is set must hold. Pure.
 */
#pragma once

#include "names/name.h"
#include "records/form/parse.h"

#include <stdbool.h>
#include <stdint.h>

struct log_filter {
	bool has_client, has_action, has_name, events;
	struct cf_prefix client;
	enum cf_action action;
	const char *category; /* NULL: any */
	const char *via;
	const char *sensor;
	struct cf_name name;
	int64_t since_wall_us, until_wall_us; /* 0: open */
};

/*
 * Sets one condition from an option's argument: 'c' client, 'C' category, 'A' action, 'n' name,
 * 'v' via, 'S' sensor, 's' since, 'u' until. now_wall_s is what "24h" is counted back from. False
 * when the argument is not understood; *why_out then says what is wanted.
 */
bool log_filter_set(struct log_filter *filter, int option, const char *argument, int64_t now_wall_s,
    const char **why_out);

/* Hits are matched by everything, other records (with events) by time, sensor and client. */
bool log_filter_match(const struct log_filter *filter, const struct cf_record *record);
