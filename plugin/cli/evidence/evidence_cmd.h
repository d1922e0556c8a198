/* What the verbs of evidence share. One thread. */
#pragma once

#include "base/status.h"
#include "cli/front/options.h"

/* Files of seals that one command line names. */
#define CLI_SEALS 16

struct cli_seals {
	const char *paths[CLI_SEALS];
	size_t count;
};

/* For CLI_VALUE on a struct cli_seals. */
bool cli_take_seal(void *place, const struct cli_given *given);

/* A line on standard error; for struct cf_evidence_notices. */
void cli_evidence_tell(void *arg, const char *text);
/* Says why; the exit code. */
int cli_evidence_failed(enum cf_status status, const struct cf_error *error);

/* `curfew evidence verify`; argv[0] is "verify". */
int cmd_evidence_verify(int argc, char **argv);
