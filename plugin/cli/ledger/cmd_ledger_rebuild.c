/* curfew ledger rebuild: the ledger anew from its logs. */

#include "base/array.h"
#include "cli/front/cmd.h"
#include "cli/ledger/ingesting.h"
#include "cli/ledger/ledger_cmd.h"
#include "ledger/store/rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char rebuild_help[] =
    "usage: curfew ledger rebuild [options] [LOG|DIR...]\n"
    "\n"
    "Makes the ledger anew: from the given logs, or from the folders of those it was made from. "
    "The\n"
    "old ledger stays until the new one is complete. When logs that are in the old one are gone, "
    "the\n"
    "old one stays in force, unless --force says to lose them. What people said about hosts is "
    "kept.\n"
    "\n"
    "  -l, --ledger FILE     the ledger\n"
    "      --force           even if logs are gone\n"
    "      --alone, --no-wait, --keep, --keep-size, --json, --quiet   as for ingest\n"
    "\n"
    "exit: 0 done, 2 usage, 3 refused: logs are gone, 4 input/output\n";

struct folders {
	struct cli_ingesting *run;
	size_t room; /* of run->logs */
};

/*
 * The folder of one log. Paths come in order, so most logs of a folder follow each other; one that
 * comes again is read again, which counts nothing twice.
 */
static enum cf_status take_folder(void *context, sqlite3_stmt *row)
{
	struct folders *folders = context;
	struct cli_ingesting *run = folders->run;
	const char *path = (const char *)sqlite3_column_text(row, 0);
	const char *slash = path == NULL ? NULL : strrchr(path, '/');
	char **logs =
	    cf_array_grow(run->logs, (size_t)run->log_count, 1, &folders->room, sizeof *logs);
	char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path));

	if (logs != NULL)
		run->logs = logs;
	if (logs == NULL || folder == NULL) {
		free(folder);
		return CF_ENOMEM;
	}
	if (run->log_count > 0 && strcmp(logs[run->log_count - 1], folder) == 0)
		free(folder);
	else
		logs[run->log_count++] = folder;
	return CF_OK;
}

/* The folders of the logs that the ledger was made from; for run->logs. */
static enum cf_status list_folders(
    struct cf_ledger *ledger, struct cli_ingesting *run, struct cf_error *error)
{
	struct folders folders = {.run = run};

	return cf_ledger_each_row(
	    ledger, "SELECT DISTINCT path FROM file ORDER BY path", take_folder, &folders, error);
}

/* Logs in the old ledger that are not in the new one, or not as far. */
static const char missing_sql[] =
    "SELECT count(*) FROM main.file o LEFT JOIN fresh.file n USING(key)"
    " WHERE n.key IS NULL OR n.offset<o.offset";
/* Records that the old ledger has and for which the new one had no room. */
static const char refused_sql[] =
    "SELECT max(0, (SELECT coalesce(sum(n), 0) FROM fresh.reject WHERE reason='too many hosts')"
    " - (SELECT coalesce(sum(n), 0) FROM main.reject WHERE reason='too many hosts'))";

/* What sql counts in both ledgers, main and fresh; -1 when it cannot be told. */
static int64_t count_in_both(struct cf_ledger *old, const char *new_path, const char *count_sql)
{
	char *sql = sqlite3_mprintf("ATTACH %Q AS fresh", new_path);
	sqlite3_stmt *row = NULL;
	int64_t missing = -1;

	if (sql != NULL && sqlite3_exec(cf_ledger_db(old), sql, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(cf_ledger_db(old), count_sql, -1, &row, NULL) == SQLITE_OK &&
	    sqlite3_step(row) == SQLITE_ROW)
		missing = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_free(sql);
	(void)sqlite3_exec(
	    cf_ledger_db(old), "DETACH fresh", NULL, NULL, NULL); /* about to be closed */
	return missing;
}

static void remove_fresh(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
	char name[CF_PATH_BYTES + 32];

	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
		(void)unlink(name); /* usually gone; the next rebuild starts anew in any case */
	}
}

static enum cf_status rebuild(struct cli_ingesting *run, struct cf_ledger *old,
    const char *fresh_path, struct cf_ingest_counts *counts_out, struct cf_error *error)
{
	const struct cf_ledger_options options = {.path = fresh_path, .mode = CF_LEDGER_RECREATE};
	struct cf_ledger *fresh = NULL;
	enum cf_status status = cf_ledger_open(&options, &fresh, NULL, error);

	if (status != CF_OK)
		return status;
	status = cli_ingesting_run(run, fresh, counts_out, error);
	if (status == CF_OK)
		status = cf_ledger_exec(fresh, "PRAGMA wal_checkpoint(TRUNCATE)", error);
	cf_ledger_close(fresh);
	if (status != CF_OK)
		return status;
	int64_t missing = count_in_both(old, fresh_path, missing_sql);
	int64_t refused = count_in_both(old, fresh_path, refused_sql);

	if (missing != 0 && !run->force)
		return cf_error_set(error, CF_EINVALID,
		    "%lld logs of the ledger are gone or shorter; the old ledger stays (--force "
		    "loses them)",
		    (long long)missing);
	if (refused != 0 && !run->force)
		return cf_error_set(error, CF_EINVALID,
		    "the new ledger has no room for %lld records that the old one may have; the "
		    "old "
		    "ledger stays (--keep DAYS makes room, --force loses them)",
		    (long long)refused);
	return CF_OK;
}

int cmd_ledger_rebuild(int argc, char **argv)
{
	struct cli_ingesting run = {.what = "ledger rebuild"};
	struct cf_ingest_counts counts = {0};
	struct cf_ledger *old = NULL;
	struct cf_error error = {0};
	char fresh_path[CF_PATH_BYTES + 16];
	bool set_aside;
	int code;

	if (!cli_ingesting_parse(&run, argc, argv, rebuild_help, &code))
		return code;
	clock_gettime(CLOCK_MONOTONIC, &run.began);
	cli_ingesting_catch_signals();
	enum cf_status status = cli_ledger_open_to_write(
	    run.what, run.ledger_path, run.no_wait, &old, &set_aside, &error);

	if (status != CF_OK)
		return cli_ledger_failed(run.what, status, &error);
	bool own_list = run.log_count == 0;

	if (own_list) {
		run.logs = NULL;
		status = list_folders(old, &run, &error);
	}
	snprintf(fresh_path, sizeof fresh_path, "%s.rebuild", cf_ledger_path(old));
	if (status == CF_OK && run.log_count == 0)
		status = cf_error_set(&error, CF_EINVALID,
		    "the ledger does not know any log; name those it is to be made from");
	if (status == CF_OK)
		status = rebuild(&run, old, fresh_path, &counts, &error);
	if (status == CF_OK && !cli_ingesting_is_stopped())
		status = cf_ledger_replace(old, fresh_path, &error);
	remove_fresh(fresh_path); /* what is left of it: all, or what is not the ledger itself */
	cf_ledger_close(old);
	if (own_list) {
		for (int i = 0; i < run.log_count; i++)
			free(run.logs[i]);
		free(run.logs);
	}
	return cli_ingesting_finish(&run, status, &counts, &error);
}
