/*
 * What a check could confirm, what contradicts the evidence, and what nobody can know from it. Each
 * is one line, or one object of JSON. Several threads may say something at once.
 */
#pragma once

#include "base/status.h"
#include "cli/front/json_out.h"

#include <pthread.h>
#include <stdbool.h>

enum cli_said {
	CLI_SAID_GOOD,    /* confirmed */
	CLI_SAID_NOTE,    /* to be known, and no more: lines that no seal covers yet */
	CLI_SAID_UNKNOWN, /* could not be confirmed */
	CLI_SAID_BAD,     /* contradicted */
	CLI_SAID_KINDS,
};

struct cli_sayings {
	bool as_json;
	struct cli_json json;
	pthread_mutex_t lock;
	unsigned long counts[CLI_SAID_KINDS];
};

void cli_say_begin(struct cli_sayings *sayings, bool as_json);
/* subject is a word such as "manifest"; foreign text in the rest is made safe. */
void cli_say(struct cli_sayings *sayings, enum cli_said said, const char *subject,
    const char *format, ...) CF_PRINTF(4, 5);
/* The conclusion; an exit code: CMD_FOUND when something is contradicted, CMD_DEGRADED when
 * something could not be confirmed, else CMD_OK. */
int cli_say_end(struct cli_sayings *sayings);
