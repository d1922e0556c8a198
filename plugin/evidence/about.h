/*
 * What has to be known to make the figures of an evidence again, and which logs are in it.
 * FORMATS.md, "Evidence", has the layout. Any thread.
 */
#pragma once

#include "base/limits.h"
#include "base/sha256.h"
#include "ledger/model/model.h"

#include <stddef.h>
#include <stdint.h>

/* Logs, each with its rotated files. */
#define CF_EVIDENCE_LOGS 10000

/* about.json */
struct cf_evidence_about {
	int64_t made_wall_s;            /* also the clock that instants of logs are held against */
	int64_t at_wall_s;              /* the instant of the reports */
	int64_t from_wall_s, to_wall_s; /* asked for; 0: all */
	char version[64];               /* of the curfew that made it */
	char ledger[CF_SHA256_TEXT_BYTES];
	char host[32];                    /* id of a host that has a report of its own; "" none */
	char image[CF_SHA256_TEXT_BYTES]; /* whose exceptions the reports name; "" none */
	struct cf_model_options options;  /* of the reports; its exceptions are not looked at */
};

/* ROOT/about.json. Writing: CF_EIO; reading: CF_EINVALID when it or something in it is missing. */
enum cf_status cf_evidence_write_about(
    const char *root, const struct cf_evidence_about *about, struct cf_error *error) CF_MUST_CHECK;
enum cf_status cf_evidence_read_about(
    const char *root, struct cf_evidence_about *about, struct cf_error *error) CF_MUST_CHECK;

/* A log of ROOT/logs.tsv: ROOT/logs/NUMBER/BASE and its rotated files. */
struct cf_evidence_log {
	unsigned number;
	char base[256];
};

/* Reads it; *logs_out is the caller's. CF_EINVALID: there is none, or it has something else. */
enum cf_status cf_evidence_read_logs(const char *root, struct cf_evidence_log **logs_out,
    size_t *count_out, struct cf_error *error) CF_MUST_CHECK;
/* ROOT/logs/NUMBER/BASE; returns path. */
const char *cf_evidence_log_path(
    const char *root, const struct cf_evidence_log *log, char path[CF_PATH_BYTES]);
