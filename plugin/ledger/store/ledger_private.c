/* An open ledger, however it was opened: its connection, its statements, why one failed. */

#include "ledger/store/ledger_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

sqlite3 *cf_ledger_db(const struct cf_ledger *ledger)
{
	return ledger->db;
}

const char *cf_ledger_path(const struct cf_ledger *ledger)
{
	return ledger->path;
}

int64_t cf_ledger_now_wall_s(const struct cf_ledger *ledger)
{
	return ledger->now_wall_s;
}

int64_t cf_ledger_clock_s(const struct cf_ledger *ledger)
{
	return ledger->clock_is_given ? ledger->now_wall_s : time(NULL);
}

uint64_t cf_ledger_bad_rows(const struct cf_ledger *ledger)
{
	return ledger->bad_rows;
}

void cf_ledger_count_bad_row(struct cf_ledger *ledger)
{
	ledger->bad_rows++;
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

bool cf_ledger_is_something_else(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof magic] = "", lock[PATH_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false;
	ssize_t got = read(fd, head, sizeof head);

	close(fd);
	if (got <= 0 || memcmp(head, magic, sizeof magic) == 0)
		return false;
	return (size_t)snprintf(lock, sizeof lock, "%s-lock", path) >= sizeof lock ||
	    access(lock, F_OK) != 0;
}
