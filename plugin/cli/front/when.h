/* What time it is, and what time a command line means. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970 now. */
int64_t cli_now_s(void);

/* Parses an instant with offset into *wall_s_out; false after a message that names the verb. */
bool cli_parse_at(const char *verb, const char *text, int64_t *wall_s_out);
