/*
 * The members that every line of the hit log begins with:
 * {"v":2,"timestamp":...,"id":...,"sensor":...,"source":...,"event_type":...
 */
#pragma once

#include "records/form/json.h"
#include "records/form/record.h"

/* Who speaks. id is a ULID text. */
struct cf_line_origin {
	const char *sensor, *source, *id;
};

/* Writes the head without a closing brace; the next member starts with a comma. */
void cf_line_head(struct cf_json *json, const struct cf_line_origin *origin, enum cf_event event,
    int64_t at_wall_us);
