/*
 * What a walk over logs has to say to people while it goes on: of files that are gone, of others
 * that cannot be written. Any thread.
 */
#pragma once

#include "base/status.h"

/* Gets one line without its end, as long as it is. */
typedef void cf_walk_say_fn(const char *text);

/* Formats the line, and says it. */
void cf_walk_say(cf_walk_say_fn *say, const char *format, ...) CF_PRINTF(2, 3);
