/*
 * Which records `curfew log` shows: every condition that is set must hold. Pure.
 */
#pragma once

#include "compile/pack/spoken_name.h"
#include "names/name.h"
#include "records/form/parse.h"

#include <stdbool.h>
#include <stdint.h>

struct log_filter {
	bool has_client, has_action, has_name, has_addr, events;
	struct cf_prefix client;
	enum cf_action action;
	const char *category; /* NULL: any */
	const char *via;
	const char *sensor;
	struct cf_name name;
	enum cf_scope scope;   /* below: what lies below name alone; else name itself, too */
	struct cf_addr addr;   /* instead of a name: where connections went */
	const char *form;      /* what the name was given as, if it was no plain one; static */
	struct cf_error error; /* why the last condition was not understood */
	bool sensor_seen;      /* some record was of that sensor */
	int64_t since_wall_us, until_wall_us; /* 0: open */
};

/*
 * Sets one condition from an option's argument: 'c' client, 'C' category, 'A' action, 'n' name,
 * 'v' via, 'S' sensor, 's' since, 'u' until. now_wall_s is what "24h" is counted back from. False
 * when the argument is not understood; *why_out then says what is wanted, or error what is wrong.
 */
bool log_filter_set(struct log_filter *filter, int option, const char *argument, int64_t now_wall_s,
    const char **why_out);

/* Hits are matched by everything, other records (with events) by time, sensor and client. */
bool log_filter_match(struct log_filter *filter, const struct cf_record *record);
