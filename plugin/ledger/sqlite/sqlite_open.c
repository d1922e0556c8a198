/* Opening to write: the lock, the check, the setting aside of a damaged file; closing. */

#include "ledger/sqlite/sqlite_ledger.h"

#include "base/file_writer.h"
#include "base/instant.h"
#include "base/limits.h"
#include "ledger/sqlite/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void close_it(struct cf_ledger *base)
{
	struct cf_sqlite *ledger = (struct cf_sqlite *)base;

	(void)sqlite3_close_v2(
	    ledger->db); /* never fails; unfinished statements are a leak, not a loss */
	if (ledger->is_writer)
		cf_sqlite_note_checked(ledger);
	if (ledger->lock_fd >= 0)
		close(ledger->lock_fd);
	free(ledger->base.path);
	free(ledger);
}

/* One writer: an advisory lock on a file of its own, released by the kernel however we die. */
static enum cf_status take_lock(
    struct cf_sqlite *ledger, const struct cf_ledger_options *options, struct cf_error *error)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s-lock", ledger->base.path) >= sizeof path)
		return cf_error_set(error, CF_EINVALID, "name of the ledger is too long");
	ledger->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	if (ledger->lock_fd < 0)
		return cf_error_set(error, CF_EIO,
		    "cannot write ledger '%s': %s; nothing was changed", ledger->base.path,
		    strerror(errno));
	if (flock(ledger->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return CF_OK;
	if (errno != EWOULDBLOCK)
		return cf_error_set(error, CF_EIO, "cannot lock ledger '%s': %s", ledger->base.path,
		    strerror(errno));
	if (options->no_wait)
		return cf_error_set(error, CF_EAGAIN,
		    "another curfew is writing to ledger '%s'; nothing was changed",
		    ledger->base.path);
	if (options->waiting != NULL)
		options->waiting(options->arg);
	while (flock(ledger->lock_fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return cf_error_set(error, CF_EIO, "cannot lock ledger '%s': %s",
			    ledger->base.path, strerror(errno));
	return CF_OK;
}

/*
 * Opens to write. The file is made by us, not by SQLite, for its mode: -wal and -shm get the same.
 * Those two stay when the last writer is gone, so that who may not write here can read.
 */
static enum cf_status open_db(struct cf_sqlite *ledger, struct cf_error *error)
{
	int fd =
	    open(ledger->base.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	struct stat st;
	int keep = 1;

	if (fd < 0)
		return cf_error_set(error, CF_EIO, "cannot open ledger '%s': %s", ledger->base.path,
		    strerror(errno));
	bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	close(fd);
	if (!is_file)
		return cf_error_set(
		    error, CF_EVERSION, "'%s' is not a ledger; left alone", ledger->base.path);
	if (sqlite3_open_v2(ledger->base.path, &ledger->db,
	        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return ledger->db == NULL
		    ? CF_ENOMEM
		    : cf_error_set(error, CF_EIO, "cannot open ledger '%s': %s", ledger->base.path,
		          sqlite3_errmsg(ledger->db));
	sqlite3_busy_timeout(ledger->db, 5000);
	(void)sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	return CF_OK;
}

/* Renames the file and its WAL; the shared-memory index is worth nothing alone. */
static enum cf_status set_aside(struct cf_sqlite *ledger, char **name_out, struct cf_error *error)
{
	static const char *const suffixes[] = {"", "-wal"};
	char when[CF_INSTANT_TEXT_BYTES], from[PATH_MAX], to[PATH_MAX];

	(void)sqlite3_close_v2(ledger->db); /* damaged: nothing of it is to be kept */
	ledger->db = NULL;
	cf_instant_format(time(NULL), when);
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		if ((size_t)snprintf(from, sizeof from, "%s%s", ledger->base.path, suffixes[i]) >=
		        sizeof from ||
		    (size_t)snprintf(to, sizeof to, "%s.damaged-%s%s", ledger->base.path, when,
		        suffixes[i]) >= sizeof to)
			return cf_error_set(error, CF_EINVALID, "name of the ledger is too long");
		if (rename(from, to) != 0 && (i == 0 || errno != ENOENT))
			return cf_error_set(error, CF_EIO,
			    "cannot set damaged ledger '%s' aside: %s", ledger->base.path,
			    strerror(errno));
	}
	snprintf(from, sizeof from, "%s-shm", ledger->base.path);
	(void)unlink(from); /* usually gone already */
	if (name_out != NULL) {
		snprintf(to, sizeof to, "%s.damaged-%s", ledger->base.path, when);
		*name_out = strdup(to);
		if (*name_out == NULL)
			return CF_ENOMEM;
	}
	return CF_OK;
}

static void remove_file(const char *path)
{
	char name[PATH_MAX];

	/* Missing files are fine; what cannot be removed shows when the new one is opened. */
	(void)unlink(path);
	if ((size_t)snprintf(name, sizeof name, "%s-wal", path) < sizeof name)
		(void)unlink(name);
	if ((size_t)snprintf(name, sizeof name, "%s-shm", path) < sizeof name)
		(void)unlink(name);
}

/* To our version. Curfew 0.1.0 let everybody read the file. */
static enum cf_status migrate(struct cf_sqlite *ledger, struct cf_error *error)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	bool is_old = cf_schema_is_old(ledger->db);
	enum cf_status status = cf_schema_migrate(ledger->db, ledger->base.path, error);
	char name[PATH_MAX];

	for (size_t i = 0; is_old && status == CF_OK && i < 3; i++)
		if ((size_t)snprintf(name, sizeof name, "%s%s", ledger->base.path, suffixes[i]) <
		    sizeof name)
			(void)chmod(name, 0640); /* not ours: then its owner decides */
	return status;
}

static enum cf_status open_to_write(struct cf_sqlite *ledger,
    const struct cf_ledger_options *options, char **set_aside_out, struct cf_error *error)
{
	if (cf_sqlite_is_something_else(ledger->base.path))
		return cf_error_set(
		    error, CF_EVERSION, "'%s' is not a ledger; left alone", ledger->base.path);
	enum cf_status status = take_lock(ledger, options, error);

	if (status != CF_OK)
		return status;
	if (options->mode == CF_LEDGER_RECREATE)
		remove_file(ledger->base.path);
	status = open_db(ledger, error);
	if (status == CF_OK)
		status = cf_sqlite_check(ledger, error);
	if (status == CF_ECHECKSUM) {
		status = set_aside(ledger, set_aside_out, error);
		if (status == CF_OK)
			status = open_db(ledger, error);
	}
	if (status != CF_OK)
		return status;
	/* Size of pages and auto_vacuum only take effect before the first table: a page costs two
	 * writes when it goes into the WAL and a read and a write when it leaves it. */
	status = cf_sqlite_exec(&ledger->base,
	    "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
	    "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=8000; PRAGMA cache_size=-65536;",
	    error);
	if (status != CF_OK)
		return status;
	status = migrate(ledger, error);
	ledger->is_writer = status == CF_OK;
	return status;
}

/*
 * The old file is whole without its WAL before it is replaced, and the WAL gone: SQLite would put
 * an old one's pages into the new file. A kill between any two steps leaves the old ledger or the
 * new one.
 */
static enum cf_status replace(
    struct cf_ledger *base, const char *fresh_path, struct cf_error *error)
{
	struct cf_sqlite *ledger = (struct cf_sqlite *)base;
	static const char *const suffixes[] = {"-wal", "-shm"};
	char name[PATH_MAX];
	int left = 0, off = 0;
	int rc =
	    sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, NULL);

	if (rc != SQLITE_OK || left > 0)
		return cf_error_set(error, rc == SQLITE_BUSY ? CF_EAGAIN : CF_EIO,
		    "cannot replace ledger '%s': %s; the old ledger stays", ledger->base.path,
		    rc == SQLITE_BUSY ? "somebody is reading it" : sqlite3_errmsg(ledger->db));
	(void)sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_PERSIST_WAL, &off);
	(void)sqlite3_close_v2(ledger->db); /* checkpointed: nothing is left to fail */
	ledger->db = NULL;
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
		if ((size_t)snprintf(name, sizeof name, "%s%s", ledger->base.path, suffixes[i]) >=
		        sizeof name ||
		    (unlink(name) != 0 && errno != ENOENT))
			return cf_error_set(error, CF_EIO,
			    "cannot remove '%s': %s; the old ledger stays", name, strerror(errno));
	if (rename(fresh_path, ledger->base.path) != 0)
		return cf_error_set(error, CF_EIO,
		    "cannot put the new ledger in place: %s; the old one stays", strerror(errno));
	return CF_OK;
}

/*
 * What stands beside a ledger - lock, WAL, the one that replaces it - stands beside the file that a
 * link leads to, as SQLite has it; and the link stays.
 */
static enum cf_status follow_link(
    struct cf_sqlite *ledger, const struct cf_ledger_options *options, struct cf_error *error)
{
	char resolved[CF_PATH_BYTES];
	const char *path = options->path, *why = NULL;
	struct stat about;

	if (lstat(path, &about) == 0 && S_ISLNK(about.st_mode)) {
		if (cf_file_writer_check(path, resolved, &why) == CF_OK)
			path = resolved;
		else if (options->mode != CF_LEDGER_READ)
			return cf_error_set(error, CF_EIO, "cannot write ledger '%s': %s", path,
			    why != NULL ? why : strerror(errno));
	}
	ledger->base.path = strdup(path);
	return ledger->base.path == NULL ? cf_error_set(error, CF_ENOMEM, "no memory") : CF_OK;
}

static const struct cf_engine engine = {.name = "sqlite",
    .most_names = CF_LEDGER_NAMES,
    .counts_names = true,
    .knows_bytes = true,
    .close = close_it,
    .replace = replace,
    .fail = cf_sqlite_fail,
    .exec = cf_sqlite_exec,
    .begin = cf_sqlite_begin,
    .lock = cf_sqlite_lock,
    .commit = cf_sqlite_commit,
    .rollback = cf_sqlite_rollback,
    .used_bytes = cf_sqlite_used_bytes,
    .give_back = cf_sqlite_give_back,
    .stmt_new = cf_sqlite_stmt_new,
    .stmt_free = cf_sqlite_stmt_free,
    .stmt_int64 = cf_sqlite_stmt_int64,
    .stmt_bytes = cf_sqlite_stmt_bytes,
    .stmt_step = cf_sqlite_stmt_step,
    .stmt_changes = cf_sqlite_stmt_changes,
    .stmt_reset = cf_sqlite_stmt_reset,
    .row_columns = cf_sqlite_row_columns,
    .row_kind = cf_sqlite_row_kind,
    .row_int64 = cf_sqlite_row_int64,
    .row_bytes = cf_sqlite_row_bytes,
    .names_new = cf_sqlite_names_new,
    .names_free = cf_sqlite_names_free,
    .names_last = cf_sqlite_names_last,
    .names_find = cf_sqlite_names_find,
    .names_put = cf_sqlite_names_put,
    .sums_init = cf_sqlite_sums_init,
    .sums_done = cf_sqlite_sums_done,
    .sums_has_day = cf_sqlite_sums_has_day,
    .sums_write = cf_sqlite_sums_write};

enum cf_status cf_sqlite_open(const struct cf_ledger_options *options,
    struct cf_ledger **ledger_out, char **set_aside_out, struct cf_error *error)
{
	struct cf_sqlite *ledger = calloc(1, sizeof *ledger);
	enum cf_status status;

	if (ledger == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	ledger->base.engine = &engine;
	ledger->lock_fd = -1;
	ledger->base.clock_is_given = options->now_wall_s != 0;
	ledger->base.now_wall_s = options->now_wall_s != 0 ? options->now_wall_s : time(NULL);
	status = follow_link(ledger, options, error);
	if (status == CF_OK)
		status = options->mode == CF_LEDGER_READ
		    ? cf_sqlite_open_to_read(ledger, error)
		    : open_to_write(ledger, options, set_aside_out, error);
	if (status != CF_OK) {
		close_it(&ledger->base);
		return status;
	}
	*ledger_out = &ledger->base;
	return CF_OK;
}
