/* curfew ledger ingest, curfew ledger rebuild: logs into the ledger. */

#include "cli/cmd.h"
#include "cli/json_out.h"
#include "cli/ledger_cmd.h"
#include "cli/term.h"
#include "ledger/action.h"
#include "ledger/ingest.h"
#include "report/safe.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char ingest_help[] =
    "usage: curfew ledger ingest [options] LOG|DIR...\n"
    "\n"
    "Takes logs into the ledger. A LOG brings its rotated files along (.1, .2.gz, -20240930.zst), "
    "a\n"
    "DIR every log in it. Each line counts once: across rotation, renaming, compression, repeated\n"
    "runs and kills. Lines that are no records are counted with their reason.\n"
    "\n"
    "  -l, --ledger FILE     the ledger; made when it is not there\n"
    "  -f, --follow          go on reading as the logs grow, until interrupted\n"
    "  -s, --site SITE       the sensors of new logs stand at this site\n"
    "      --alone           a LOG without its rotated files\n"
    "      --no-wait         give up at once when another curfew is writing\n"
    "      --keep DAYS       forget what is older than this before the newest day\n"
    "      --keep-size MIB   forget the oldest days until the ledger is no larger\n"
    "  -j, --json            the counts as JSON\n"
    "  -q, --quiet           only trouble\n"
    "\n"
    "exit: 0 done, 2 usage, 4 a log or the ledger could not be read or written\n";

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

struct ingest_run {
	const char *what;
	struct cli_paths paths;
	const char *ledger_path;
	const char *site;
	bool follow, alone, no_wait, json, quiet, force;
	uint32_t keep_days;
	uint64_t keep_bytes;
	char **logs;
	int log_count;
	struct cli_progress progress;
	struct timespec began;
	char last_notice[CF_ERROR_TEXT_BYTES];
};

/* The only thing a signal handler may touch. */
static volatile sig_atomic_t stop_requested;

static void request_stop(int number)
{
	(void)number;
	stop_requested = 1;
}

static void tell_progress(void *arg, const struct cf_ingest_counts *counts)
{
	struct ingest_run *run = arg;

	cli_progress_update(&run->progress, counts->lines + counts->already);
}

static void tell_notice(void *arg, const char *text)
{
	struct ingest_run *run = arg;
	char safe[2 * CF_ERROR_TEXT_BYTES];

	if (run->follow && strcmp(run->last_notice, text) == 0)
		return; /* once, not each second */
	snprintf(run->last_notice, sizeof run->last_notice, "%s", text);
	cf_safe_text(text, strlen(text), safe, sizeof safe); /* names of files are anybody's */
	fprintf(stderr, "curfew %s: %s\n", run->what, safe);
}

/* The sensor of a log that was never seen: it stands where --site says. */
static void give_site(void *arg, const char *sensor)
{
	const struct ingest_run *run = arg;
	struct cf_ledger_action action = {.at_wall_s = time(NULL),
	    .who = "ingest --site",
	    .verb = "site",
	    .args = {sensor, run->site}};
	struct cf_actions *actions = NULL;
	struct cf_error error = {0};
	const char *site = "";

	if (run->site == NULL)
		return;
	if (cf_actions_open(run->ledger_path, &actions, &error) == CF_OK) {
		for (size_t i = 0; i < cf_actions_count(actions); i++) {
			const struct cf_ledger_action *one = cf_actions_get(actions, i);

			if (strcmp(one->verb, "site") == 0 && strcmp(one->args[0], sensor) == 0 &&
			    !cf_actions_is_undone(actions, i))
				site = one->args[1];
		}
		bool is_same = strcmp(site, run->site) == 0;

		cf_actions_close(actions);
		if (is_same || cf_action_append(run->ledger_path, &action, &error) == CF_OK)
			return;
	}
	fprintf(stderr, "curfew %s: %s\n", run->what, error.text);
}

static bool take_number(const char *verb, const char *text, uint64_t *number_out)
{
	char *end;

	*number_out = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0')
		return true;
	fprintf(stderr, "curfew %s: '%s' is not a number\n", verb, text);
	return false;
}

static bool take_option(struct ingest_run *run, int letter, const char *help, int *exit_out)
{
	uint64_t number;

	*exit_out = CMD_USAGE;
	switch (letter) {
	case 'l':
		run->ledger_path = optarg;
		return true;
	case 's':
		run->site = optarg;
		return true;
	case 'f':
		run->follow = true;
		return true;
	case 'j':
		run->json = true;
		return true;
	case 'q':
		run->quiet = true;
		return true;
	case 1:
		run->alone = true;
		return true;
	case 2:
		run->no_wait = true;
		return true;
	case 3:
		if (!take_number(run->what, optarg, &number) || number > 1000000)
			return false;
		run->keep_days = (uint32_t)number;
		return true;
	case 4:
		if (!take_number(run->what, optarg, &number) || number > 1u << 30)
			return false;
		run->keep_bytes = number << 20;
		return true;
	case 5:
		run->force = true;
		return true;
	case 'h':
		fputs(help, stdout);
		*exit_out = CMD_OK;
		return false;
	default:
		return false;
	}
}

static bool parse_options(
    struct ingest_run *run, int argc, char **argv, const char *help, int *exit_out)
{
	static const struct option options[] = {
	    {"ledger", required_argument, NULL, 'l'},
	    {"site", required_argument, NULL, 's'},
	    {"follow", no_argument, NULL, 'f'},
	    {"alone", no_argument, NULL, 1},
	    {"no-wait", no_argument, NULL, 2},
	    {"keep", required_argument, NULL, 3},
	    {"keep-size", required_argument, NULL, 4},
	    {"force", no_argument, NULL, 5},
	    {"json", no_argument, NULL, 'j'},
	    {"quiet", no_argument, NULL, 'q'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int letter;

	cli_paths_default(&run->paths);
	run->ledger_path = run->paths.ledger;
	while ((letter = getopt_long(argc, argv, "l:s:fjqh", options, NULL)) != -1)
		if (!take_option(run, letter, help, exit_out))
			return false;
	run->logs = argv + optind;
	run->log_count = argc - optind;
	return true;
}

static double seconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

static void print_json(const struct cf_ingest_counts *counts, double seconds)
{
	struct cli_json json = cli_json_start(stdout);

	cli_json_open_object(&json, NULL);
	cli_json_number(&json, "logs", (int64_t)counts->files);
	cli_json_number(&json, "logs_new", (int64_t)counts->files_new);
	cli_json_number(&json, "logs_unchanged", (int64_t)counts->files_unchanged);
	cli_json_number(&json, "lines", (int64_t)counts->lines);
	cli_json_number(&json, "records", (int64_t)counts->records);
	cli_json_number(&json, "already_known", (int64_t)counts->already);
	cli_json_number(&json, "refused", (int64_t)counts->refused);
	cli_json_number(&json, "broken_seals", (int64_t)counts->broken);
	cli_json_number(&json, "unfinished_tails", (int64_t)counts->torn_tail);
	cli_json_open_object(&json, "skipped");
	for (int i = 1; i < CF_LINE_FAULTS; i++)
		cli_json_number(
		    &json, cf_line_fault_text((enum cf_line_fault)i), (int64_t)counts->faults[i]);
	cli_json_close_object(&json);
	cli_json_number(&json, "milliseconds", (int64_t)(seconds * 1000));
	cli_json_close_object(&json);
	cli_json_end(&json);
}

static void print_text(const struct cf_ingest_counts *counts, double seconds)
{
	uint64_t skipped = 0;

	for (int i = 1; i < CF_LINE_FAULTS; i++)
		skipped += counts->faults[i];
	printf("%llu logs (%llu new, %llu unchanged): %llu records taken, %llu lines skipped",
	    (unsigned long long)counts->files, (unsigned long long)counts->files_new,
	    (unsigned long long)counts->files_unchanged, (unsigned long long)counts->records,
	    (unsigned long long)skipped);
	const char *before = " (";

	for (int i = 1; i < CF_LINE_FAULTS; i++) {
		if (counts->faults[i] == 0)
			continue;
		printf("%s%llu %s", before, (unsigned long long)counts->faults[i],
		    cf_line_fault_text((enum cf_line_fault)i));
		before = ", ";
	}
	printf("%s; %.1f s\n", skipped > 0 ? ")" : "", seconds);
	if (counts->refused > 0)
		printf("%llu records refused: impossible time or too many hosts\n",
		    (unsigned long long)counts->refused);
	if (counts->broken > 0)
		printf("%llu seals do not hold: those intervals are not covered; `curfew log "
		       "verify` says"
		       " where\n",
		    (unsigned long long)counts->broken);
	if (counts->torn_tail > 0)
		printf("%llu logs end in an unfinished line; it is read when it is whole\n",
		    (unsigned long long)counts->torn_tail);
}

/* One round over all logs. A log that cannot be read is told and does not stop the rest. */
static enum cf_status take_logs(
    struct ingest_run *run, struct cf_ingest *ingest, struct cf_error *error)
{
	enum cf_status worst = CF_OK, status = CF_OK;

	for (int i = 0; i < run->log_count && stop_requested == 0; i++) {
		status = cf_ingest_path(ingest, run->logs[i], !run->alone, error);
		if (status == CF_EIO)
			worst = status;
		else if (status != CF_OK)
			return status;
	}
	status = cf_ingest_finish(ingest, error);
	return status != CF_OK ? status : worst;
}

static enum cf_status follow(
    struct ingest_run *run, struct cf_ingest *ingest, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	/* A log that is not there now may be there in a second. */
	while (stop_requested == 0 && status == CF_OK) {
		sleep(1);
		status = take_logs(run, ingest, error);
		if (status != CF_EIO)
			continue;
		tell_notice(
		    run, error->text); /* a full disk, say: tried again until there is room */
		status = CF_OK;
	}
	return status;
}

static enum cf_status run_ingest(struct ingest_run *run, struct cf_ledger *ledger,
    struct cf_ingest_counts *counts_out, struct cf_error *error)
{
	const struct cf_ingest_options options = {.progress = run->quiet ? NULL : tell_progress,
	    .notice = tell_notice,
	    .found = give_site,
	    .arg = run,
	    .stop = &stop_requested};
	struct cf_ingest *ingest = NULL;
	enum cf_status status = cf_ingest_new(ledger, &options, &ingest, error);

	if (status != CF_OK)
		return status;
	run->progress = cli_progress_start("lines", 0);
	status = take_logs(run, ingest, error);
	cli_progress_end(&run->progress);
	if (run->follow && (status == CF_OK || status == CF_EIO))
		status = follow(run, ingest, error);
	*counts_out = *cf_ingest_counts(ingest);
	cf_ingest_free(ingest);
	if ((status == CF_OK || status == CF_EIO) && (run->keep_days > 0 || run->keep_bytes > 0)) {
		uint32_t days = 0;
		enum cf_status kept =
		    cf_ledger_retain(ledger, run->keep_days, run->keep_bytes, &days, error);

		if (kept != CF_OK)
			return kept;
		if (days > 0 && !run->quiet && !run->json)
			printf("%u days forgotten\n", days);
	}
	return status;
}

static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = request_stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int finish(struct ingest_run *run, enum cf_status status,
    const struct cf_ingest_counts *counts, const struct cf_error *error)
{
	double seconds = seconds_since(&run->began);

	if (run->json)
		print_json(counts, seconds);
	else if (!run->quiet)
		print_text(counts, seconds);
	return status == CF_OK ? CMD_OK : cli_ledger_failed(run->what, status, error);
}

int cmd_ledger_ingest(int argc, char **argv)
{
	struct ingest_run run = {.what = "ledger ingest"};
	struct cf_ingest_counts counts = {0};
	struct cf_ledger *ledger = NULL;
	struct cf_error error = {0};
	bool set_aside;
	int code;

	if (!parse_options(&run, argc, argv, ingest_help, &code))
		return code;
	if (run.log_count == 0) {
		fputs("curfew ledger ingest: no log given\n", stderr);
		return CMD_USAGE;
	}
	clock_gettime(CLOCK_MONOTONIC, &run.began);
	catch_signals();
	enum cf_status status = cli_ledger_open_to_write(
	    run.what, run.ledger_path, run.no_wait, &ledger, &set_aside, &error);

	if (status != CF_OK)
		return cli_ledger_failed(run.what, status, &error);
	status = run_ingest(&run, ledger, &counts, &error);
	cf_ledger_close(ledger);
	return finish(&run, status, &counts, &error);
}

/* The folders of the logs that the ledger was made from, each once; for run->logs. */
static enum cf_status list_folders(struct cf_ledger *ledger, struct ingest_run *run)
{
	sqlite3_stmt *row = NULL;
	enum cf_status status = CF_OK;

	if (sqlite3_prepare_v2(cf_ledger_db(ledger), "SELECT DISTINCT path FROM file ORDER BY path",
	        -1, &row, NULL) != SQLITE_OK)
		return CF_EIO;
	while (status == CF_OK && sqlite3_step(row) == SQLITE_ROW) {
		char *path = strdup((const char *)sqlite3_column_text(row, 0));
		char **logs = realloc(run->logs, ((size_t)run->log_count + 1) * sizeof *logs);

		if (logs != NULL)
			run->logs = logs;
		if (path == NULL || logs == NULL) {
			free(path);
			status = CF_ENOMEM;
			break;
		}
		char *slash = strrchr(path, '/');

		if (slash == NULL)
			memcpy(path, ".", 2);
		else
			*slash = '\0';
		if (run->log_count > 0 && strcmp(run->logs[run->log_count - 1], path) == 0)
			free(path);
		else
			run->logs[run->log_count++] = path;
	}
	sqlite3_finalize(row);
	return status;
}

/* Logs in the old ledger that are not in the new one. */
static int64_t count_missing(struct cf_ledger *old, const char *new_path)
{
	char *sql = sqlite3_mprintf("ATTACH %Q AS fresh", new_path);
	sqlite3_stmt *row = NULL;
	int64_t missing = -1;

	if (sql != NULL && sqlite3_exec(cf_ledger_db(old), sql, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(cf_ledger_db(old),
	        "SELECT count(*) FROM main.file o LEFT JOIN fresh.file n USING(key)"
	        " WHERE n.key IS NULL OR n.offset<o.offset",
	        -1, &row, NULL) == SQLITE_OK &&
	    sqlite3_step(row) == SQLITE_ROW)
		missing = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_free(sql);
	(void)sqlite3_exec(
	    cf_ledger_db(old), "DETACH fresh", NULL, NULL, NULL); /* about to be closed */
	return missing;
}

/* Puts the new file in the place of the old one; nobody writes to either. */
static enum cf_status swap_files(const char *fresh, const char *path, struct cf_error *error)
{
	char name[CF_PATH_BYTES + 32];

	if (rename(fresh, path) != 0)
		return cf_error_set(
		    error, CF_EIO, "cannot put the new ledger in place: %s", strerror(errno));
	snprintf(name, sizeof name, "%s-wal", path);
	(void)unlink(name); /* of the old file, checkpointed when it was closed */
	snprintf(name, sizeof name, "%s-shm", path);
	(void)unlink(name);
	snprintf(name, sizeof name, "%s-lock", fresh);
	(void)unlink(name);
	return CF_OK;
}

static enum cf_status rebuild(struct ingest_run *run, struct cf_ledger *old, const char *fresh_path,
    struct cf_ingest_counts *counts_out, struct cf_error *error)
{
	const struct cf_ledger_options options = {.path = fresh_path, .mode = CF_LEDGER_RECREATE};
	struct cf_ledger *fresh = NULL;
	enum cf_status status = cf_ledger_open(&options, &fresh, NULL, error);

	if (status != CF_OK)
		return status;
	status = run_ingest(run, fresh, counts_out, error);
	if (status == CF_OK)
		status = cf_ledger_exec(fresh, "PRAGMA wal_checkpoint(TRUNCATE)", error);
	cf_ledger_close(fresh);
	if (status != CF_OK)
		return status;
	int64_t missing = count_missing(old, fresh_path);

	if (missing != 0 && !run->force)
		return cf_error_set(error, CF_EINVALID,
		    "%lld logs of the ledger are gone or shorter; the old ledger stays (--force "
		    "loses them)",
		    (long long)missing);
	return CF_OK;
}

int cmd_ledger_rebuild(int argc, char **argv)
{
	struct ingest_run run = {.what = "ledger rebuild"};
	struct cf_ingest_counts counts = {0};
	struct cf_ledger *old = NULL;
	struct cf_error error = {0};
	char fresh_path[CF_PATH_BYTES + 16];
	bool set_aside;
	int code;

	if (!parse_options(&run, argc, argv, rebuild_help, &code))
		return code;
	clock_gettime(CLOCK_MONOTONIC, &run.began);
	catch_signals();
	enum cf_status status = cli_ledger_open_to_write(
	    run.what, run.ledger_path, run.no_wait, &old, &set_aside, &error);

	if (status != CF_OK)
		return cli_ledger_failed(run.what, status, &error);
	bool own_list = run.log_count == 0;

	if (own_list) {
		run.logs = NULL;
		status = list_folders(old, &run);
	}
	snprintf(fresh_path, sizeof fresh_path, "%s.rebuild", run.ledger_path);
	if (status == CF_OK && run.log_count == 0)
		status = cf_error_set(&error, CF_EINVALID,
		    "the ledger does not know any log; name those it is to be made from");
	if (status == CF_OK)
		status = rebuild(&run, old, fresh_path, &counts, &error);
	if (status == CF_OK && stop_requested == 0)
		status = swap_files(fresh_path, run.ledger_path, &error);
	else
		(void)unlink(fresh_path); /* the next rebuild starts anew in any case */
	cf_ledger_close(old);
	if (own_list) {
		for (int i = 0; i < run.log_count; i++)
			free(run.logs[i]);
		free(run.logs);
	}
	return finish(&run, status, &counts, &error);
}
