/* The ledger and the reports of an evidence's folder: made and made again by the same lines. */
#pragma once

#include "evidence/about.h"
#include "evidence/files.h"

/*
 * Makes a ledger of the logs of root at path, with what was said by hand beside it. The clock is
 * that of about. As cf_evidence_read_logs(), cf_ledger_open(), cf_ingest_path().
 */
enum cf_status cf_evidence_ledger(const char *root, const struct cf_evidence_about *about,
    const char *path, const struct cf_evidence_notices *notices,
    struct cf_error *error) CF_MUST_CHECK;

/*
 * Loads the model that ledger gives with about's options, as of its instant, with the exceptions of
 * about's image in root; root NULL: without. As cf_report_source_load(); cf_report_source_done() in
 * any case.
 */
struct cf_report_source;
enum cf_status cf_evidence_model(struct cf_report_source *source, const char *root,
    const struct cf_evidence_about *about, const char *ledger,
    struct cf_error *error) CF_MUST_CHECK;

/*
 * Writes the reports into the folder out, which exists: hosts, coverage, escapes, exceptions as
 * JSON, hosts as a page, and those of about's host. The footer speaks of what lies in root alone.
 * about gets the settings that are meant where none were given. CF_EINVALID: there is no such host;
 * else as above, CF_EIO.
 */
enum cf_status cf_evidence_reports(const char *root, struct cf_evidence_about *about,
    const char *ledger, const char *out, struct cf_error *error) CF_MUST_CHECK;
