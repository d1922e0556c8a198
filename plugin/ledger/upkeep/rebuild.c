/* A fresh ledger beside the old one, compared with it, put in its place. */

#include "ledger/upkeep/rebuild.h"

#include "base/array.h"
#include "base/limits.h"
#include "ledger/store/seen_seals.h"
#include "ledger/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct folders {
	struct cf_taking *taking;
	size_t room; /* of taking->logs */
};

/*
 * The folder of one log. Paths come in order, so most logs of a folder follow each other; one that
 * comes again is read again, which counts nothing twice.
 */
static enum cf_status take_folder(void *context, const struct cf_row *row)
{
	struct folders *folders = context;
	struct cf_taking *taking = folders->taking;
	const char *path = cf_row_text(row, 0);
	const char *slash = path == NULL ? NULL : strrchr(path, '/');
	char **logs =
	    cf_array_grow(taking->logs, (size_t)taking->log_count, 1, &folders->room, sizeof *logs);
	char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path));

	if (logs != NULL)
		taking->logs = logs;
	if (logs == NULL || folder == NULL) {
		free(folder);
		return CF_ENOMEM;
	}
	if (taking->log_count > 0 && strcmp(logs[taking->log_count - 1], folder) == 0)
		free(folder);
	else
		logs[taking->log_count++] = folder;
	return CF_OK;
}

/* The folders of the logs that the ledger was made from; for taking->logs. */
static enum cf_status list_folders(
    struct cf_ledger *ledger, struct cf_taking *taking, struct cf_error *error)
{
	struct folders folders = {.taking = taking};

	return cf_ledger_each_row(
	    ledger, "SELECT DISTINCT path FROM file ORDER BY path", take_folder, &folders, error);
}

/* Logs of the old ledger, and how many of them the new one has as far. */
struct comparing {
	struct cf_stmt *find; /* in the new one */
	int64_t missing;
};

static enum cf_status compare_log(void *context, const struct cf_row *row)
{
	struct comparing *comparing = context;

	cf_stmt_blob(comparing->find, 1, cf_row_blob(row, 0), cf_row_bytes(row, 0));
	cf_stmt_int64(comparing->find, 2, cf_row_int64(row, 1));
	enum cf_step step = cf_stmt_step(comparing->find);

	comparing->missing += step == CF_STEP_DONE;
	cf_stmt_reset(comparing->find);
	return step == CF_STEP_FAILED ? CF_EIO : CF_OK;
}

/* Logs in the old ledger that are not in the new one, or not as far; -1: it cannot be told. */
static int64_t count_missing(struct cf_ledger *old, struct cf_ledger *fresh)
{
	struct comparing comparing = {NULL, 0};
	enum cf_status status = cf_stmt_new(
	    fresh, "SELECT 1 FROM file WHERE key=?1 AND \"offset\">=?2", &comparing.find, NULL);

	if (status == CF_OK)
		status = cf_ledger_each_row(
		    old, "SELECT key, \"offset\" FROM file", compare_log, &comparing, NULL);
	cf_stmt_free(comparing.find);
	return status == CF_OK ? comparing.missing : -1;
}

/* Records that the old ledger has and for which the new one had no room; -1: it cannot be told. */
static int64_t count_refused(struct cf_ledger *old, struct cf_ledger *fresh)
{
	static const char sql[] = "SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM reject"
	                          " WHERE reason='too many hosts'";
	int64_t then = cf_ledger_number(old, sql, INT64_MIN),
	        now = cf_ledger_number(fresh, sql, INT64_MIN);

	if (then == INT64_MIN || now == INT64_MIN)
		return -1;
	return now > then ? now - then : 0;
}

static enum cf_status rebuild(struct cf_taking *taking, struct cf_ledger *old,
    const char *fresh_path, bool force, struct cf_ingest_counts *counts_out, struct cf_error *error)
{
	const struct cf_ledger_options options = {.path = fresh_path, .mode = CF_LEDGER_RECREATE};
	struct cf_ledger *fresh = NULL;
	enum cf_status status = cf_ledger_open(&options, &fresh, NULL, error);

	if (status != CF_OK)
		return status;
	/* Seals that were seen are in no log that was rewritten since. */
	status = cf_seen_seals_copy(fresh, old, error);
	if (status == CF_OK)
		status = cf_taking_run(taking, fresh, counts_out, error);
	if (status == CF_OK)
		status = cf_ledger_give_back(fresh, error);
	int64_t missing = status == CF_OK ? count_missing(old, fresh) : 0;
	int64_t refused = status == CF_OK ? count_refused(old, fresh) : 0;

	cf_ledger_close(fresh);
	if (status != CF_OK)
		return status;

	if (missing != 0 && !force)
		return cf_error_set(error, CF_EINVALID,
		    "%lld logs of the ledger are gone or shorter; the old ledger stays (--force "
		    "loses them)",
		    (long long)missing);
	if (refused != 0 && !force)
		return cf_error_set(error, CF_EINVALID,
		    "the new ledger has no room for %lld records that the old one may have; the "
		    "old "
		    "ledger stays (--keep DAYS makes room, --force loses them)",
		    (long long)refused);
	return CF_OK;
}

/* What sensors shipped lies in no log of this machine. */
static enum cf_status check_shipped(struct cf_ledger *old, bool force, struct cf_error *error)
{
	int64_t writers = cf_ledger_number(old, "SELECT count(*) FROM receipt WHERE to_seq>0", 0);

	if (writers == 0 || force)
		return CF_OK;
	return cf_error_set(error, CF_EINVALID,
	    "%lld writers ship to this ledger: what they shipped is in no log here; the old ledger "
	    "stays (--force loses it, and `curfew ship` sends again what sensors still have)",
	    (long long)writers);
}

enum cf_status cf_ledger_rebuild(struct cf_ledger *old, struct cf_taking *taking, bool force,
    struct cf_ingest_counts *counts_out, struct cf_error *error)
{
	char fresh_path[CF_PATH_BYTES + 16] = "";
	enum cf_status status = check_shipped(old, force, error);
	bool own_list = status == CF_OK && taking->log_count == 0;

	if (own_list) {
		taking->logs = NULL;
		status = list_folders(old, taking, error);
	}
	if (status == CF_OK &&
	    !cf_ledger_name_beside(cf_ledger_path(old), fresh_path, sizeof fresh_path))
		status = cf_error_set(error, CF_EINVALID, "name of the ledger is too long");
	if (status == CF_OK && taking->log_count == 0)
		status = cf_error_set(error, CF_EINVALID,
		    "the ledger does not know any log; name those it is to be made from");
	if (status == CF_OK)
		status = rebuild(taking, old, fresh_path, force, counts_out, error);
	if (status == CF_OK && *taking->stop == 0)
		status = cf_ledger_replace(old, fresh_path, error);
	cf_ledger_discard(
	    fresh_path); /* what is left of it: all, or what is not the ledger itself */
	if (own_list) {
		for (int i = 0; i < taking->log_count; i++)
			free(taking->logs[i]);
		free(taking->logs);
		taking->logs = NULL;
		taking->log_count = 0;
	}
	return status;
}
