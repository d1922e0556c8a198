/* What became of an update of a pack, for people and programs. One thread. */
#pragma once

#include "cli/front/json_out.h"
#include "update/pack_update.h"

#include <stdbool.h>

struct cli_update_told {
	struct cli_json *json; /* an object is added here; NULL: text on standard output */
	bool installed, dry_run;
};

/* Says it; an exit code. */
int cli_update_tell(const struct cf_update *update, const struct cli_update_told *told);

/* The same of one that failed, into JSON; json NULL: nothing. */
void cli_update_tell_failure(const char *name, const struct cf_error *error, struct cli_json *json);
