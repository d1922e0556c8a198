/* What a check of an evidence says, a line or an object of JSON each, on standard output. */
#pragma once

#include "cli/front/json_out.h"
#include "evidence/sayings.h"

#include <stdbool.h>

/* Begin with as_json alone; nothing is printed until something was found. */
struct cli_findings {
	bool as_json;
	bool begun; /* the JSON */
	struct cli_json json;
};

/* A cf_sayings_hear() on a struct cli_findings. */
void cli_findings_hear(void *context, enum cf_said said, const char *subject, const char *text);
/* The conclusion. An exit code: CMD_FOUND when something is contradicted, CMD_DEGRADED when
 * something could not be confirmed, else CMD_OK. */
int cli_findings_end(struct cli_findings *findings, const struct cf_sayings *sayings);
