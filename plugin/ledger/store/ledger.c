/* Opening: the lock, the check, the setting aside of a damaged file. */

#include "ledger/store/ledger.h"

#include "base/instant.h"
#include "ledger/store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

struct cf_ledger {
	sqlite3 *db;
	char *path;
	int lock_fd;
};

sqlite3 *cf_ledger_db(const struct cf_ledger *ledger)
{
	return ledger->db;
}

const char *cf_ledger_path(const struct cf_ledger *ledger)
{
	return ledger->path;
}

void cf_ledger_close(struct cf_ledger *ledger)
{
	if (ledger == NULL)
		return;
	(void)sqlite3_close_v2(
	    ledger->db); /* never fails; unfinished statements are a leak, not a loss */
	if (ledger->lock_fd >= 0)
		close(ledger->lock_fd);
	free(ledger->path);
	free(ledger);
}

enum cf_status cf_ledger_fail(
    const struct cf_ledger *ledger, const char *what, struct cf_error *error)
{
	int code = sqlite3_errcode(ledger->db) & 0xff;
	enum cf_status status = CF_EIO;
	const char *then = "nothing was changed";

	if (code == SQLITE_NOMEM)
		status = CF_ENOMEM;
	else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
		status = CF_ECHECKSUM;
		then = "`curfew ledger rebuild` makes it anew from the logs";
	} else if (code == SQLITE_FULL)
		then = "the disk is full; make room and run it again, nothing is lost";
	else if (code == SQLITE_READONLY)
		then = "it can only be read; nothing was changed";
	return cf_error_set(error, status, "cannot %s ledger '%s': %s; %s", what, ledger->path,
	    sqlite3_errmsg(ledger->db), then);
}

enum cf_status cf_ledger_exec(struct cf_ledger *ledger, const char *sql, struct cf_error *error)
{
	if (sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return cf_ledger_fail(ledger, "write to", error);
	return CF_OK;
}

/* One writer: an advisory lock on a file of its own, released by the kernel however we die. */
static enum cf_status take_lock(
    struct cf_ledger *ledger, const struct cf_ledger_options *options, struct cf_error *error)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s-lock", ledger->path) >= sizeof path)
		return cf_error_set(error, CF_EINVALID, "name of the ledger is too long");
	ledger->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (ledger->lock_fd < 0)
		return cf_error_set(error, CF_EIO,
		    "cannot write ledger '%s': %s; nothing was changed", ledger->path,
		    strerror(errno));
	if (flock(ledger->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return CF_OK;
	if (errno != EWOULDBLOCK)
		return cf_error_set(
		    error, CF_EIO, "cannot lock ledger '%s': %s", ledger->path, strerror(errno));
	if (options->no_wait)
		return cf_error_set(error, CF_EAGAIN,
		    "another curfew is writing to ledger '%s'; nothing was changed", ledger->path);
	if (options->waiting != NULL)
		options->waiting(options->arg);
	while (flock(ledger->lock_fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return cf_error_set(error, CF_EIO, "cannot lock ledger '%s': %s",
			    ledger->path, strerror(errno));
	return CF_OK;
}

static enum cf_status open_db(
    struct cf_ledger *ledger, enum cf_ledger_mode mode, struct cf_error *error)
{
	int flags = mode == CF_LEDGER_READ ? SQLITE_OPEN_READONLY
	                                   : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

	if (sqlite3_open_v2(ledger->path, &ledger->db, flags | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return ledger->db == NULL
		    ? CF_ENOMEM
		    : cf_error_set(error, CF_EIO, "cannot open ledger '%s': %s", ledger->path,
		          sqlite3_errmsg(ledger->db));
	sqlite3_busy_timeout(ledger->db, 5000);
	return CF_OK;
}

static int keep_first(void *arg, int columns, char **values, char **names)
{
	char *text = arg;

	(void)names;
	if (columns > 0 && values[0] != NULL && text[0] == '\0')
		snprintf(text, CF_ERROR_TEXT_BYTES, "%s", values[0]);
	return 0;
}

/* CF_ECHECKSUM when SQLite finds the file damaged; other failures are left to whoever writes next.
 */
static enum cf_status check_file(struct cf_ledger *ledger, struct cf_error *error)
{
	char verdict[CF_ERROR_TEXT_BYTES] = "";
	int rc =
	    sqlite3_exec(ledger->db, "PRAGMA quick_check(1)", keep_first, verdict, NULL) & 0xff;

	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ||
	    (rc == SQLITE_OK && strcmp(verdict, "ok") != 0))
		return cf_error_set(error, CF_ECHECKSUM, "ledger '%s' is damaged: %s", ledger->path,
		    rc == SQLITE_OK ? verdict : sqlite3_errmsg(ledger->db));
	if (rc != SQLITE_OK)
		return cf_ledger_fail(ledger, "check", error);
	return CF_OK;
}

/* Renames the file and its WAL; the shared-memory index is worth nothing alone. */
static enum cf_status set_aside(struct cf_ledger *ledger, char **name_out, struct cf_error *error)
{
	static const char *const suffixes[] = {"", "-wal"};
	char when[CF_INSTANT_TEXT_BYTES], from[PATH_MAX], to[PATH_MAX];

	(void)sqlite3_close_v2(ledger->db); /* damaged: nothing of it is to be kept */
	ledger->db = NULL;
	cf_instant_format(time(NULL), when);
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		if ((size_t)snprintf(from, sizeof from, "%s%s", ledger->path, suffixes[i]) >=
		        sizeof from ||
		    (size_t)snprintf(to, sizeof to, "%s.damaged-%s%s", ledger->path, when,
		        suffixes[i]) >= sizeof to)
			return cf_error_set(error, CF_EINVALID, "name of the ledger is too long");
		if (rename(from, to) != 0 && (i == 0 || errno != ENOENT))
			return cf_error_set(error, CF_EIO,
			    "cannot set damaged ledger '%s' aside: %s", ledger->path,
			    strerror(errno));
	}
	snprintf(from, sizeof from, "%s-shm", ledger->path);
	(void)unlink(from); /* usually gone already */
	if (name_out != NULL) {
		snprintf(to, sizeof to, "%s.damaged-%s", ledger->path, when);
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

/*
 * True for a file that was never a ledger: no SQLite file, and nobody ever locked it as one.
 * Somebody gave the wrong name, and a log or worse must not be set aside.
 */
static bool is_something_else(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof magic] = "", lock[PATH_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t got = read(fd, head, sizeof head);

	close(fd);
	if (got <= 0 || memcmp(head, magic, sizeof magic) == 0)
		return false;
	return (size_t)snprintf(lock, sizeof lock, "%s-lock", path) >= sizeof lock ||
	    access(lock, F_OK) != 0;
}

static enum cf_status open_to_write(struct cf_ledger *ledger,
    const struct cf_ledger_options *options, char **set_aside_out, struct cf_error *error)
{
	if (is_something_else(ledger->path))
		return cf_error_set(
		    error, CF_EVERSION, "'%s' is not a ledger; left alone", ledger->path);
	enum cf_status status = take_lock(ledger, options, error);

	if (status != CF_OK)
		return status;
	if (options->mode == CF_LEDGER_RECREATE)
		remove_file(ledger->path);
	status = open_db(ledger, CF_LEDGER_WRITE, error);
	if (status == CF_OK)
		status = check_file(ledger, error);
	if (status == CF_ECHECKSUM) {
		status = set_aside(ledger, set_aside_out, error);
		if (status == CF_OK)
			status = open_db(ledger, CF_LEDGER_WRITE, error);
	}
	if (status != CF_OK)
		return status;
	/* auto_vacuum only takes effect before the first table. */
	status = cf_ledger_exec(ledger,
	    "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
	    "PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536;",
	    error);
	if (status != CF_OK)
		return status;
	return cf_schema_migrate(ledger->db, ledger->path, error);
}

static enum cf_status open_to_read(struct cf_ledger *ledger, struct cf_error *error)
{
	if (access(ledger->path, F_OK) != 0)
		return cf_error_set(error, CF_ENOTFOUND,
		    "no ledger '%s'; `curfew ledger ingest LOG` makes one", ledger->path);
	enum cf_status status = open_db(ledger, CF_LEDGER_READ, error);

	if (status != CF_OK)
		return status;
	int rc = sqlite3_exec(ledger->db, "SELECT count(*) FROM sensor", NULL, NULL, NULL) & 0xff;
	if (rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY) {
		/* A WAL file on a read-only disk: nobody writes there, so read without locks. */
		char uri[PATH_MAX + 32];

		(void)sqlite3_close_v2(ledger->db); /* opened again below */
		ledger->db = NULL;
		snprintf(uri, sizeof uri, "file:%s?immutable=1", ledger->path);
		if (sqlite3_open_v2(uri, &ledger->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
		        NULL) != SQLITE_OK)
			return cf_error_set(error, CF_EIO, "cannot open ledger '%s': %s",
			    ledger->path, sqlite3_errmsg(ledger->db));
		rc = sqlite3_exec(ledger->db, "SELECT count(*) FROM sensor", NULL, NULL, NULL) &
		    0xff;
	}
	if (rc == SQLITE_ERROR)
		return cf_error_set(
		    error, CF_EVERSION, "'%s' is an SQLite file, but not a ledger", ledger->path);
	if (rc == SQLITE_NOTADB && is_something_else(ledger->path))
		return cf_error_set(error, CF_EVERSION, "'%s' is not a ledger", ledger->path);
	if (rc != SQLITE_OK)
		return cf_ledger_fail(ledger, "read", error);
	return CF_OK;
}

enum cf_status cf_ledger_open(const struct cf_ledger_options *options,
    struct cf_ledger **ledger_out, char **set_aside_out, struct cf_error *error)
{
	struct cf_ledger *ledger = calloc(1, sizeof *ledger);
	enum cf_status status = CF_ENOMEM;

	if (ledger == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	ledger->lock_fd = -1;
	ledger->path = strdup(options->path);
	if (ledger->path != NULL)
		status = options->mode == CF_LEDGER_READ
		    ? open_to_read(ledger, error)
		    : open_to_write(ledger, options, set_aside_out, error);
	if (status != CF_OK) {
		cf_ledger_close(ledger);
		return status;
	}
	*ledger_out = ledger;
	return CF_OK;
}
