/* Two small files. */

#include "egress/state.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "egress/kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of egress/NAME beside the image; the folder is made. */
static void state_path(const char *image, const char *name, char path[CF_PATH_BYTES])
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
	state_path(image, "left", path);
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

	state_path(image, "left", left);
	state_path(image, "drift", drift);
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

	state_path(image, "left", path);
	format_left(state, text);
	if (cf_file_writer_open(&writer, path) == CF_OK) {
		(void)fputs(text, writer.to); /* the commit sees it */
		if (cf_file_writer_commit(&writer) == CF_OK) {
			state_path(image, "drift", path);
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

	state_path(image, "left", path);
	(void)unlink(path); /* not there is fine */
	state_path(image, "drift", path);
	(void)unlink(path);
}

/* Waits, and puts the former table back when the file of the waiting is still this one. */
static void wait_and_put_back(const char *path, ino_t inode, const char *former, int64_t seconds_s)
{
	struct timespec left = {.tv_sec = seconds_s};
	struct cf_kernel *kernel;
	struct cf_error error;
	struct stat about;

	while (nanosleep(&left, &left) != 0 && errno == EINTR) {
	}
	if (stat(path, &about) != 0 || about.st_ino != inode)
		_exit(0);
	if (cf_kernel_open(&kernel) == CF_OK) {
		enum cf_status status = former != NULL
		    ? cf_kernel_run(kernel, former, false, &error)
		    : cf_kernel_remove(kernel, &error);

		cf_kernel_close(kernel);
		if (status == CF_OK)
			(void)unlink(path); /* what waited is over */
	}
	_exit(0);
}

enum cf_status cf_egress_await(
    const char *image, const char *former, int64_t seconds_s, struct cf_error *error)
{
	char path[CF_PATH_BYTES];
	struct stat about;
	pid_t child;
	int fd;

	state_path(image, "waiting", path);
	(void)unlink(path); /* one that waited before is over */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &about) != 0)
		return cf_error_set(error, CF_EIO, "cannot write '%.300s': %s; nothing is changed",
		    path, strerror(errno));
	(void)close(fd); /* empty */
	child = fork();
	if (child < 0)
		return cf_error_set(error, CF_EIO, "%s; nothing is changed", strerror(errno));
	if (child == 0) {
		int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (setsid() < 0 || fork() != 0)
			_exit(0);
		for (int std = 0; std < 3 && nowhere >= 0; std++)
			(void)dup2(nowhere, std); /* else it keeps the terminal's */
		wait_and_put_back(path, about.st_ino, former, seconds_s);
	}
	return CF_OK;
}

bool cf_egress_confirmed(const char *image)
{
	char path[CF_PATH_BYTES];

	state_path(image, "waiting", path);
	return unlink(path) == 0;
}
