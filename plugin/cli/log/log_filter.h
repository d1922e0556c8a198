/*
 * Conditions of `curfew log` as people write them (records/read/filter.h). Pure.
 */
#pragma once

#include "compile/pack/spoken_name.h"
#include "records/read/filter.h"

#include <stdbool.h>
#include <stdint.h>

struct log_filter {
	struct cf_record_filter by;
	const char *form;      /* what the name was given as, if it was no plain one; static */
	struct cf_error error; /* why the last condition was not understood */
};

/*
 * Sets one condition from an option's argument: 'c' client, 'C' category, 'A' action, 'n' name,
 * 'v' via, 'S' sensor, 's' since, 'u' until. now_wall_s is what "24h" is counted back from. False
 * when the argument is not understood; *why_out then says what is wanted, or error what is wrong.
 */
bool log_filter_set(struct log_filter *filter, int option, const char *argument, int64_t now_wall_s,
    const char **why_out);
