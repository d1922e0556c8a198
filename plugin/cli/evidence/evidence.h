/*
 * What `curfew evidence` makes and checks: a folder of files, packed as trust/crate.h does.
 * FORMATS.md, "Evidence", has the layout. One thread, but for what evidence_verify.c says.
 */
#pragma once

#include "base/limits.h"
#include "base/sha256.h"
#include "ledger/model/model.h"

#include <stdbool.h>
#include <stdint.h>

/* The largest evidence that is unpacked when nobody says: 64 GiB. */
#define CLI_EVIDENCE_BYTES (UINT64_C(64) << 30)
/* Logs, each with its rotated files. */
#define CLI_EVIDENCE_LOGS 10000

/* about.json: what has to be known to make the same figures again. */
struct cli_evidence_about {
	int64_t made_wall_s;            /* also the clock that instants of logs are held against */
	int64_t at_wall_s;              /* the instant of the reports */
	int64_t from_wall_s, to_wall_s; /* asked for; 0: all */
	char version[64];               /* of the curfew that made it */
	char ledger[CF_SHA256_TEXT_BYTES];
	char host[32];                    /* id of a host that has a report of its own; "" none */
	char image[CF_SHA256_TEXT_BYTES]; /* whose exceptions the reports name; "" none */
	struct cf_model_options options;  /* of the reports; its exceptions are not looked at */
};

/* ROOT/about.json. An exit code; reading, CMD_INVALID when something is missing in it. */
int cli_evidence_write_about(const char *root, const struct cli_evidence_about *about);
int cli_evidence_read_about(const char *root, struct cli_evidence_about *about);

/* A log of ROOT/logs.tsv: ROOT/logs/NUMBER/BASE and its rotated files. */
struct cli_evidence_log {
	unsigned number;
	char base[256];
};

/* Reads it; *logs_out is the caller's. An exit code. */
int cli_evidence_read_logs(const char *root, struct cli_evidence_log **logs_out, size_t *count_out);
/* ROOT/logs/NUMBER/BASE; returns path. */
const char *cli_evidence_log_path(
    const char *root, const struct cli_evidence_log *log, char path[CF_PATH_BYTES]);

/*
 * Makes a ledger of the logs of root at path, with what was said by hand beside it. The clock is
 * that of about. An exit code.
 */
int cli_evidence_ledger(const char *root, const struct cli_evidence_about *about, const char *path);

/*
 * Writes the reports into the folder out, which exists: hosts, coverage, escapes, exceptions as
 * JSON, hosts as a page, and those of about's host. The footer speaks of what lies in root alone.
 * about gets the settings that are meant where none were given. An exit code.
 */
int cli_evidence_reports(
    const char *root, struct cli_evidence_about *about, const char *ledger, const char *out);

/* PATH/NAME, a new folder of mode 0750 when it is not there; returns path. NULL after a message. */
const char *cli_evidence_folder(const char *root, const char *name, char path[CF_PATH_BYTES]);
/* A new folder for temporary files, 0700; false after a message. */
bool cli_evidence_temporary(char path[CF_PATH_BYTES]);
/* Copies a regular file as it is now; a log that grows meanwhile is cut where it began. An exit
 * code; CMD_FOUND: it is not there. */
int cli_evidence_copy(const char *from, const char *to);

/* `curfew evidence verify`; argv[0] is "verify". */
int cmd_evidence_verify(int argc, char **argv);
