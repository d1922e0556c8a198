/* Small files. */

#include "egress/state.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "egress/kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void cf_egress_path(const char *image, const char *name, char path[CF_PATH_BYTES])
{
	const char *slash = strrchr(image, '/');
	char folder[CF_PATH_BYTES + 16];
	int len = slash == NULL ? 1 : (int)(slash - image);

	(void)snprintf(folder, sizeof folder, "%.*s/egress", len < CF_PATH_BYTES ? len : 1,
	    slash == NULL ? "." : image); /* fits */
	(void)mkdir(folder, 0700);        /* there, or opening says why not */
	if (snprintf(path, CF_PATH_BYTES, "%s/%s", folder, name) >= CF_PATH_BYTES)
		path[0] = '\0'; /* cannot be opened, which is said */
}

/* "DIGEST whole" or "DIGEST heads", as it was written; "" when nothing was. */
static void read_left(const char *image, char left[CF_SHA256_TEXT_BYTES + 8])
{
	char path[CF_PATH_BYTES];
	FILE *file = NULL;

	left[0] = '\0';
	cf_egress_path(image, "left", path);
	if (cf_input_open_stream(path, &file, NULL) != CF_OK)
		return;
	if (fgets(left, CF_SHA256_TEXT_BYTES + 8, file) == NULL)
		left[0] = '\0';
	(void)fclose(file); /* only read */
}

static void format_left(const struct cf_kernel_state *state, char left[CF_SHA256_TEXT_BYTES + 8])
{
	char text[CF_SHA256_TEXT_BYTES];

	(void)snprintf(left, CF_SHA256_TEXT_BYTES + 8, "%s %s",
	    cf_sha256_format(state->digest, text), state->whole ? "whole" : "heads"); /* fits */
}

bool cf_egress_is_as_left(const char *image, const struct cf_kernel_state *state)
{
	char is[CF_SHA256_TEXT_BYTES + 8], left[CF_SHA256_TEXT_BYTES + 8];

	read_left(image, left);
	format_left(state, is);
	return strcmp(left, is) == 0;
}

bool cf_egress_was_whole(const char *image)
{
	char left[CF_SHA256_TEXT_BYTES + 8];

	read_left(image, left);
	return strstr(left, " heads") == NULL;
}

bool cf_egress_was_left(const char *image)
{
	char left[CF_SHA256_TEXT_BYTES + 8];

	read_left(image, left);
	return left[0] != '\0';
}

/* The instants are those of the files: of `left` when it was good last, of `drift` when it was not
 * first. */
void cf_egress_note(const char *image, bool good, int64_t now_wall_s, int64_t *good_wall_s_out,
    int64_t *drifted_wall_s_out)
{
	const struct timespec now[2] = {{.tv_sec = now_wall_s}, {.tv_sec = now_wall_s}};
	char left[CF_PATH_BYTES], drift[CF_PATH_BYTES];
	struct stat about;
	int fd;

	cf_egress_path(image, "left", left);
	cf_egress_path(image, "drift", drift);
	if (good) {
		(void)utimensat(AT_FDCWD, left, now, AT_SYMLINK_NOFOLLOW); /* else it is older */
		(void)unlink(drift); /* mostly there is none */
	}
	*good_wall_s_out = lstat(left, &about) == 0 ? about.st_mtime : 0;
	*drifted_wall_s_out = 0;
	if (good)
		return;
	*drifted_wall_s_out = now_wall_s;
	fd = open(drift, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		(void)futimens(fd, now); /* else it is now by the file system's clock */
		(void)close(fd);         /* empty */
	} else if (lstat(drift, &about) == 0) {
		*drifted_wall_s_out = about.st_mtime;
	}
}

enum cf_status cf_egress_leave(
    const char *image, const struct cf_kernel_state *state, struct cf_error *error)
{
	char path[CF_PATH_BYTES], text[CF_SHA256_TEXT_BYTES + 8];
	struct cf_file_writer writer;

	cf_egress_path(image, "left", path);
	format_left(state, text);
	if (cf_file_writer_open(&writer, path) == CF_OK) {
		(void)fputs(text, writer.to); /* the commit sees it */
		if (cf_file_writer_commit(&writer) == CF_OK) {
			cf_egress_path(image, "drift", path);
			(void)unlink(path); /* mostly there is none */
			return CF_OK;
		}
	}
	return cf_error_set(error, CF_EIO,
	    "cannot write '%.300s': %s; the table will count as changed", path,
	    cf_file_writer_why(&writer));
}

void cf_egress_forget(const char *image)
{
	char path[CF_PATH_BYTES];

	cf_egress_path(image, "left", path);
	(void)unlink(path); /* not there is fine */
	cf_egress_path(image, "drift", path);
	(void)unlink(path);
}

int cf_egress_lock(const char *image)
{
	char path[CF_PATH_BYTES];
	int lock;

	cf_egress_path(image, "lock", path);
	lock = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	while (lock >= 0 && flock(lock, LOCK_EX) != 0 && errno == EINTR) {
	}
	return lock;
}

void cf_egress_unlock(int lock)
{
	if (lock >= 0)
		(void)close(lock);
}
