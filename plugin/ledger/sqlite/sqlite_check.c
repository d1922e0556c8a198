/*
 * Is the file whole? SQLite's quick_check reads all of it, which is felt with hundreds of MiB, so
 * it is made once a boot (a power cut is what damages files) and after any change that is not
 * ours: whoever writes leaves in the lock file how the ledger looked when it was closed.
 */

#include "ledger/sqlite/sqlite_ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define NOTE_BYTES   256

/* The boot, and how the file looks; "" when either cannot be told. */
static void describe(const struct cf_sqlite *ledger, char note[NOTE_BYTES])
{
	char boot[37] = "";
	struct stat st;
	int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, boot, sizeof boot - 1);

	if (fd >= 0)
		close(fd);
	note[0] = '\0';
	if (got != (ssize_t)sizeof boot - 1 || stat(ledger->base.path, &st) != 0)
		return;
	/* The time of the last change of the inode cannot be set by hand. */
	snprintf(note, NOTE_BYTES, "checked %s %llx:%llx:%lld:%lld.%09ld:%lld.%09ld\n", boot,
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino, (long long)st.st_size,
	    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
	    st.st_ctim.tv_nsec);
}

static bool is_as_we_left_it(const struct cf_sqlite *ledger)
{
	char now[NOTE_BYTES], then[NOTE_BYTES] = "";
	ssize_t got = pread(ledger->lock_fd, then, sizeof then - 1, 0);

	describe(ledger, now);
	return got > 0 && now[0] != '\0' && strcmp(now, then) == 0;
}

void cf_sqlite_note_checked(const struct cf_sqlite *ledger)
{
	char note[NOTE_BYTES];

	describe(ledger, note);
	/* Half a note matches nothing, and the next one looks for itself. */
	if (ftruncate(ledger->lock_fd, 0) != 0 || note[0] == '\0' ||
	    pwrite(ledger->lock_fd, note, strlen(note), 0) < 0)
		errno = 0;
}

static int keep_first(void *arg, int columns, char **values, char **names)
{
	char *text = arg;

	(void)names;
	if (columns > 0 && values[0] != NULL && text[0] == '\0')
		snprintf(text, CF_ERROR_TEXT_BYTES, "%s", values[0]);
	return 0;
}

enum cf_status cf_sqlite_check(struct cf_sqlite *ledger, struct cf_error *error)
{
	char verdict[CF_ERROR_TEXT_BYTES] = "ok";
	const char *sql = "PRAGMA schema_version"; /* reads the first page and the WAL */

	if (!is_as_we_left_it(ledger)) {
		/* A kill from here on leaves no note behind. */
		if (ftruncate(ledger->lock_fd, 0) != 0)
			return cf_error_set(error, CF_EIO, "cannot write '%s-lock': %s",
			    ledger->base.path, strerror(errno));
		verdict[0] = '\0';
		sql = "PRAGMA quick_check(1)";
	}
	int rc = sqlite3_exec(ledger->db, sql, keep_first, verdict, NULL) & 0xff;

	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ||
	    (rc == SQLITE_OK && strcmp(verdict, "ok") != 0))
		return cf_error_set(error, CF_ECHECKSUM, "ledger '%s' is damaged: %s",
		    ledger->base.path, rc == SQLITE_OK ? verdict : sqlite3_errmsg(ledger->db));
	if (rc != SQLITE_OK)
		return cf_sqlite_fail(&ledger->base, "check", error);
	return CF_OK;
}
