/* Two small files. */

#include "cli/egress/egress_state.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "cli/front/cmd.h"
#include "cli/front/paths.h"
#include "egress/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of egress/NAME beside the image; the folder is made. */
static void state_path(const char *name, char path[CF_PATH_BYTES])
{
	struct cli_paths paths;
	char folder[CF_PATH_BYTES + 16];
	char *slash;

	cli_paths_default(&paths);
	slash = strrchr(paths.image, '/');
	if (slash != NULL)
		*slash = '\0';
	(void)snprintf(folder, sizeof folder, "%s/egress", paths.image); /* fits */
	(void)mkdir(folder, 0700); /* there, or opening says why not */
	if (snprintf(path, CF_PATH_BYTES, "%s/%s", folder, name) >= CF_PATH_BYTES)
		path[0] = '\0'; /* cannot be opened, which is said */
}

bool cli_egress_is_as_left(const uint8_t digest[CF_SHA256_BYTES])
{
	char path[CF_PATH_BYTES], text[CF_SHA256_TEXT_BYTES], left[CF_SHA256_TEXT_BYTES] = "";
	FILE *file = NULL;

	state_path("left", path);
	if (cf_input_open_stream(path, &file, NULL) != CF_OK)
		return false;
	if (fgets(left, sizeof left, file) == NULL)
		left[0] = '\0';
	(void)fclose(file); /* only read */
	return strcmp(left, cf_sha256_format(digest, text)) == 0;
}

void cli_egress_leave(const uint8_t digest[CF_SHA256_BYTES])
{
	char path[CF_PATH_BYTES], text[CF_SHA256_TEXT_BYTES];
	struct cf_file_writer writer;

	state_path("left", path);
	if (cf_file_writer_open(&writer, path) == CF_OK) {
		(void)fputs(cf_sha256_format(digest, text), writer.to); /* the commit sees it */
		if (cf_file_writer_commit(&writer) == CF_OK)
			return;
	}
	fprintf(stderr, "curfew egress: cannot write '%s': %s; the table will count as changed\n",
	    path, cf_file_writer_why(&writer));
}

void cli_egress_forget(void)
{
	char path[CF_PATH_BYTES];

	state_path("left", path);
	(void)unlink(path); /* not there is fine */
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

int cli_egress_await(const char *former, int64_t seconds_s)
{
	char path[CF_PATH_BYTES];
	struct stat about;
	pid_t child;
	int fd;

	state_path("waiting", path);
	(void)unlink(path); /* one that waited before is over */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &about) != 0) {
		fprintf(stderr, "curfew egress: cannot write '%s': %s; nothing is changed\n", path,
		    strerror(errno));
		return CMD_IO;
	}
	(void)close(fd); /* empty */
	child = fork();
	if (child < 0) {
		fprintf(stderr, "curfew egress: %s; nothing is changed\n", strerror(errno));
		return CMD_IO;
	}
	if (child == 0) {
		int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (setsid() < 0 || fork() != 0)
			_exit(0);
		for (int std = 0; std < 3 && nowhere >= 0; std++)
			(void)dup2(nowhere, std); /* else it keeps the terminal's */
		wait_and_put_back(path, about.st_ino, former, seconds_s);
	}
	printf("the former state comes back in %lld s unless you say: curfew egress confirm\n",
	    (long long)seconds_s);
	(void)fflush(stdout);
	return CMD_OK;
}

bool cli_egress_confirmed(void)
{
	char path[CF_PATH_BYTES];

	state_path("waiting", path);
	return unlink(path) == 0;
}
