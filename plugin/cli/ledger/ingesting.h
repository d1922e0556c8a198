/*
 * Options and messages that `curfew ledger ingest` and `rebuild` have in common. One thread;
 * signals end it in order.
 */
#pragma once

#include "cli/front/paths.h"
#include "cli/front/term.h"
#include "ledger/upkeep/taking.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct cli_ingesting {
	const char *what;
	struct cli_paths paths;
	struct cf_taking taking;
	bool no_wait, json, quiet, force;
	struct cli_progress progress;
	struct timespec began;
	char last_notice[CF_ERROR_TEXT_BYTES];
};

/* Reads the options. False with the exit code when there is nothing more to do. */
bool cli_ingesting_parse(
    struct cli_ingesting *run, int argc, char **argv, const char *help, int *exit_out);

/* The clock runs from here; SIGINT and SIGTERM end run->taking between lines. */
void cli_ingesting_begin(struct cli_ingesting *run);

/* Prints the counts and the failure, if any; the exit code. */
int cli_ingesting_finish(struct cli_ingesting *run, enum cf_status status,
    const struct cf_ingest_counts *counts, const struct cf_error *error);
