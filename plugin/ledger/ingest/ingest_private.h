/* What ingest.c (which logs) and ingest_log.c (one log) share; nobody else includes it. */
#pragma once

#include "ledger/ingest/batch.h"
#include "ledger/ingest/ingest.h"

struct cf_ingest {
	struct cf_ledger *ledger;
	struct cf_ingest_options options;
	struct cf_ingest_counts counts;
	struct cf_batch *batch;
	struct cf_record *record; /* large: not on the stack */
	bool had_failures;
};

/* Tells options.notice(), if there is one. */
void cf_ingest_notice(const struct cf_ingest *ingest, const char *text);
bool cf_ingest_is_stopped(const struct cf_ingest *ingest);

/*
 * Reads the log at path, whose file looks like stat (kept with its position, so that it need not be
 * opened again while it looks the same). One that cannot be read is told by notice() and leaves
 * had_failures, CF_OK; CF_EIO, CF_ENOMEM and CF_ECHECKSUM are of the ledger.
 */
enum cf_status cf_ingest_log(struct cf_ingest *ingest, const char *path, const char *stat,
    struct cf_error *error) CF_MUST_CHECK;
