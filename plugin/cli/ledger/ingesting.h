/*
 * Logs into a ledger: what `curfew ledger ingest` and `rebuild` have in common. One thread; signals
 * end it in order.
 */
#pragma once

#include "cli/front/paths.h"
#include "cli/front/term.h"
#include "ledger/ingest/ingest.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct cli_ingesting {
	const char *what;
	struct cli_paths paths;
	const char *ledger_path;
	const char *site;
	bool follow, alone, no_wait, json, quiet, force;
	uint32_t keep_days;
	uint64_t keep_bytes;
	struct cf_ledger *ledger; /* while it runs */
	uint32_t days_forgotten;
	char **logs;
	int log_count;
	struct cli_progress progress;
	struct timespec began;
	char last_notice[CF_ERROR_TEXT_BYTES];
};

/* Reads the options. False with the exit code when there is nothing more to do. */
bool cli_ingesting_parse(
    struct cli_ingesting *run, int argc, char **argv, const char *help, int *exit_out);

/* SIGINT and SIGTERM end the run between lines; true once one came. */
void cli_ingesting_catch_signals(void);
bool cli_ingesting_is_stopped(void);

/* Takes all logs in, and goes on doing so with --follow; then forgets what --keep says. */
enum cf_status cli_ingesting_run(struct cli_ingesting *run, struct cf_ledger *ledger,
    struct cf_ingest_counts *counts_out, struct cf_error *error) CF_MUST_CHECK;

/* Prints the counts and the failure, if any; the exit code. */
int cli_ingesting_finish(struct cli_ingesting *run, enum cf_status status,
    const struct cf_ingest_counts *counts, const struct cf_error *error);
