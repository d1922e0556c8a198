/* What the parts of `curfew ledger` and `curfew report` share. One thread. */
#pragma once

#include "cli/front/paths.h"
#include "ledger/store/ledger.h"

/* Each takes its own name at argv[0] and returns an exit code. */
int cmd_ledger_ingest(int argc, char **argv);
int cmd_ledger_ptr(int argc, char **argv);
int cmd_ledger_rebuild(int argc, char **argv);
int cmd_ledger_action(int argc, char **argv);

/* Prints "curfew WHAT: text" and returns the exit code of the status. */
int cli_ledger_failed(const char *what, enum cf_status status, const struct cf_error *error);

/* Opens to write, telling on stderr when it has to wait, or when a damaged file was set aside. */
enum cf_status cli_ledger_open_to_write(const char *what, const char *path, bool no_wait,
    struct cf_ledger **ledger_out, bool *set_aside_out, struct cf_error *error) CF_MUST_CHECK;
