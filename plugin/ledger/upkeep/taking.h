/*
 * Logs into a ledger: once, or on and on as they grow, forgetting what is too old. What `curfew
 * ledger ingest` and `rebuild` have in common. One thread; a signal may end it between lines.
 */
#pragma once

#include "ledger/ingest/ingest.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct cf_taking {
	/* The caller's; texts and lists are borrowed. */
	const char *ledger_path;
	const char *site;    /* where the sensors of new logs stand; NULL: not said */
	bool follow;         /* goes on, each second, until *stop */
	bool alone;          /* a log without its rotated files */
	uint32_t keep_days;  /* 0: all */
	uint64_t keep_bytes; /* 0: all */
	char **logs;
	int log_count;
	const volatile sig_atomic_t *stop; /* not 0: end in order */
	void (*progress)(void *arg, const struct cf_ingest_counts *counts); /* NULL: none */
	void (*notice)(void *arg, const char *text); /* trouble that does not end the run */
	void (*round_over)(void *arg);               /* the first round over all logs; NULL: none */
	void *arg;
	/* What came of it. */
	struct cf_ledger *ledger; /* while it runs */
	uint32_t days_forgotten;
};

/*
 * Takes all logs in, and goes on doing so with follow; then forgets what keep_days and keep_bytes
 * say. A log that cannot be read does not stop the rest; CF_EIO then. Otherwise as cf_ingest_path()
 * and cf_ledger_retain().
 */
enum cf_status cf_taking_run(struct cf_taking *taking, struct cf_ledger *ledger,
    struct cf_ingest_counts *counts_out, struct cf_error *error) CF_MUST_CHECK;
