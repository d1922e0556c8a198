/* Opening a ledger to read it, also where nothing may be written, and of an older version. */

#include "ledger/sqlite/sqlite_ledger.h"

#include "ledger/sqlite/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A failing read says which table; one that is there in every version. */
#define A_READ "SELECT count(*) FROM sensor"

static enum cf_status open_db(
    struct cf_sqlite *ledger, const char *name, int flags, const char *vfs, struct cf_error *error)
{
	(void)sqlite3_close_v2(ledger->db); /* of an attempt before, if any */
	ledger->db = NULL;
	if (sqlite3_open_v2(name, &ledger->db, flags | SQLITE_OPEN_NOMUTEX, vfs) != SQLITE_OK)
		return ledger->db == NULL
		    ? cf_error_set(error, CF_ENOMEM, "no memory")
		    : cf_error_set(error, CF_EIO, "cannot open ledger '%s': %s", ledger->base.path,
		          sqlite3_errmsg(ledger->db));
	sqlite3_busy_timeout(ledger->db, 5000);
	return CF_OK;
}

static int try_read(struct cf_sqlite *ledger)
{
	return sqlite3_exec(ledger->db, A_READ, NULL, NULL, NULL) & 0xff;
}

static bool has_wal(const char *path)
{
	char name[PATH_MAX];
	struct stat st;

	return (size_t)snprintf(name, sizeof name, "%s-wal", path) >= sizeof name ||
	    (stat(name, &st) == 0 && st.st_size > 0) || (errno != ENOENT && errno != 0);
}

static bool is_read_only_disk(const char *path)
{
	struct statvfs about;

	return statvfs(path, &about) == 0 && (about.f_flag & ST_RDONLY) != 0;
}

/*
 * Keeps writers away while the file is read without SQLite's own locks: as another reader of the
 * lock file. False when a writer is at work, or when we cannot tell.
 */
static bool keep_writers_away(struct cf_sqlite *ledger)
{
	char lock[PATH_MAX];

	if ((size_t)snprintf(lock, sizeof lock, "%s-lock", ledger->base.path) >= sizeof lock)
		return false;
	ledger->lock_fd = open(lock, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (ledger->lock_fd < 0)
		return errno == ENOENT; /* a copy: nobody ever wrote there */
	return flock(ledger->lock_fd, LOCK_SH | LOCK_NB) == 0;
}

/* "file:" with what a URI must not hold escaped (sqlite.org/uri.html). */
static bool uri_of(const char *path, const char *options, char *uri, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = (size_t)snprintf(uri, size, "file:");

	for (const unsigned char *from = (const unsigned char *)path; *from != '\0'; from++) {
		if (size - at < 4)
			return false;
		if (*from > ' ' && *from < 0x7f && strchr("?#%", *from) == NULL) {
			uri[at++] = (char)*from;
			continue;
		}
		uri[at++] = '%';
		uri[at++] = hex[*from >> 4];
		uri[at++] = hex[*from & 15];
	}
	return (size_t)snprintf(uri + at, size - at, "%s", options) < size - at;
}

/*
 * SQLite needs to write an index beside the file (LEDGER-shm) and may not. On a disk where nobody
 * writes, or with writers kept away, it is not needed: without a WAL the file is whole as it lies
 * (immutable), with one the index is kept in memory (an exclusive lock, in a VFS without locks).
 */
static enum cf_status open_without_index(struct cf_sqlite *ledger, struct cf_error *error)
{
	char uri[3 * PATH_MAX + 32];
	bool nobody_writes = is_read_only_disk(ledger->base.path);

	if (!nobody_writes && (has_wal(ledger->base.path) || !keep_writers_away(ledger)))
		return cf_error_set(error, CF_EIO,
		    "ledger '%s' cannot be read here: its folder must be writable for the reader, "
		    "or hold '-wal' and '-shm' beside it; nothing was read",
		    ledger->base.path);
	if (has_wal(ledger->base.path)) {
		enum cf_status status =
		    open_db(ledger, ledger->base.path, SQLITE_OPEN_READONLY, "unix-none", error);

		return status == CF_OK
		    ? cf_sqlite_exec(&ledger->base, "PRAGMA locking_mode=EXCLUSIVE", error)
		    : status;
	}
	if (!uri_of(ledger->base.path, "?immutable=1", uri, sizeof uri))
		return cf_error_set(error, CF_EINVALID, "name of the ledger is too long");
	return open_db(ledger, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL, error);
}

/* A private copy of an older ledger, brought to our version: who reads changes nothing. */
static enum cf_status copy_and_migrate(struct cf_sqlite *ledger, struct cf_error *error)
{
	sqlite3 *copy = NULL;
	sqlite3_backup *backup;
	enum cf_status status = CF_OK;
	int rc = sqlite3_open_v2(
	    "", &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	backup = rc == SQLITE_OK ? sqlite3_backup_init(copy, "main", ledger->db, "main") : NULL;
	if (backup != NULL) {
		(void)sqlite3_backup_step(backup, -1); /* finish has the result */
		rc = sqlite3_backup_finish(backup);
	}
	if (backup == NULL || rc != SQLITE_OK)
		status = cf_error_set(error, CF_EIO,
		    "cannot copy ledger '%s', made by an older curfew: %s; `curfew ledger ingest` "
		    "brings it up to date",
		    ledger->base.path, copy == NULL ? "no memory" : sqlite3_errmsg(copy));
	else
		status = cf_schema_migrate(copy, ledger->base.path, error);
	if (status != CF_OK) {
		(void)sqlite3_close_v2(copy); /* nothing of it is kept */
		return status;
	}
	(void)sqlite3_close_v2(ledger->db); /* read to its end */
	ledger->db = copy;
	return CF_OK;
}

enum cf_status cf_sqlite_open_to_read(struct cf_sqlite *ledger, struct cf_error *error)
{
	struct stat st;

	if (stat(ledger->base.path, &st) != 0 && errno == ENOENT)
		return cf_error_set(error, CF_ENOTFOUND,
		    "no ledger '%s'; `curfew ledger ingest LOG` makes one", ledger->base.path);
	if (stat(ledger->base.path, &st) == 0 && !S_ISREG(st.st_mode)) /* a FIFO would hold us up */
		return cf_error_set(error, CF_EVERSION, "'%s' is not a ledger", ledger->base.path);
	enum cf_status status =
	    open_db(ledger, ledger->base.path, SQLITE_OPEN_READONLY, NULL, error);
	int rc = status == CF_OK ? try_read(ledger) : SQLITE_OK;

	if (status == CF_OK && (rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY)) {
		status = open_without_index(ledger, error);
		rc = status == CF_OK ? try_read(ledger) : SQLITE_OK;
	}
	if (status != CF_OK)
		return status;
	if (rc == SQLITE_ERROR)
		return cf_error_set(error, CF_EVERSION, "'%s' is an SQLite file, but not a ledger",
		    ledger->base.path);
	if (rc == SQLITE_NOTADB && cf_sqlite_is_something_else(ledger->base.path))
		return cf_error_set(error, CF_EVERSION, "'%s' is not a ledger", ledger->base.path);
	if (rc != SQLITE_OK)
		return cf_sqlite_fail(&ledger->base, "read", error);
	return cf_schema_is_old(ledger->db) ? copy_and_migrate(ledger, error) : CF_OK;
}
