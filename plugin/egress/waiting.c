/* A process of its own, with the former table in its memory. */

#include "egress/waiting.h"

#include "egress/former.h"
#include "egress/kernel/kernel.h"
#include "egress/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Former in force again, and remembered as what was applied; false: the kernel refused. */
static bool put_back(const char *image, const struct cf_table *former)
{
	struct cf_kernel_state state;
	struct cf_kernel *kernel;
	struct cf_error error;
	enum cf_status status = cf_kernel_open(&kernel);
	struct cf_table table;

	if (status != CF_OK)
		return false;
	if (former == NULL) {
		status = cf_kernel_remove(kernel, &error);
		if (status == CF_OK) {
			cf_egress_forget(image);
			cf_kept_forget(image);
		}
	} else {
		bool whole = cf_egress_was_whole(image);

		table = *former;
		if (cf_kernel_totals(kernel, table.totals, &error) != CF_OK)
			memset(table.totals, 0, sizeof table.totals); /* nothing to go on from */
		status = cf_kernel_put(kernel, NULL, NULL, &table, false, NULL, &error);
		cf_kept_former_back(image);
		/* Where it cannot be remembered it counts as changed. */
		if (status == CF_OK && cf_kernel_read(kernel, whole, &state, &error) == CF_OK &&
		    cf_egress_leave(image, &state, &error) != CF_OK)
			cf_egress_forget(image);
	}
	cf_kernel_close(kernel);
	return status == CF_OK;
}

/* Waits, and puts the former table back when the file of the waiting is still this one. */
static void wait_and_put_back(
    const char *image, ino_t inode, const struct cf_table *former, int64_t seconds_s)
{
	struct timespec left = {.tv_sec = seconds_s};
	char path[CF_PATH_BYTES];
	struct stat about;
	int lock;

	while (nanosleep(&left, &left) != 0 && errno == EINTR) {
	}
	cf_egress_path(image, "waiting", path);
	lock = cf_egress_lock(image);
	if (stat(path, &about) == 0 && about.st_ino == inode && put_back(image, former))
		(void)unlink(path); /* what waited is over */
	cf_egress_unlock(lock);
	_exit(0);
}

/* Without the terminal, its signals, and whoever waits for what we print; kept stays open. */
static void be_alone(int kept)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (setsid() < 0 || fork() != 0)
		_exit(0);
	for (int std = 0; std < 3 && nowhere >= 0; std++)
		(void)dup2(nowhere, std); /* else it keeps the terminal's */
	for (int other = 3; other < 256; other++)
		if (other != kept)
			(void)close(other); /* the lock of whoever applies among them */
}

/* The file of the waiting, made by who waits: whoever else is killed, none stays without one. */
static int begin_waiting(const char *path, ino_t *inode_out)
{
	struct stat about;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || fstat(fd, &about) != 0)
		return errno;
	(void)close(fd); /* empty */
	*inode_out = about.st_ino;
	return 0;
}

/* In the process that waits: says on told whether it does, 0 or an errno. */
static void wait_alone(
    const char *image, const char *path, const struct cf_table *former, int64_t seconds_s, int told)
{
	ino_t inode = 0;
	int reason;

	be_alone(told);
	reason = begin_waiting(path, &inode);
	(void)!write(told, &reason, sizeof reason); /* nobody there: nothing was changed */
	(void)close(told);
	if (reason != 0)
		_exit(1);
	wait_and_put_back(image, inode, former, seconds_s);
}

/* Forks who waits; 0 when it does, else an errno. */
static int fork_waiting(
    const char *image, const char *path, const struct cf_table *former, int64_t seconds_s)
{
	int ends[2], reason = 0;
	ssize_t got;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	child = fork();
	if (child == 0)
		wait_alone(image, path, former, seconds_s, ends[1]);
	reason = child < 0 ? errno : 0;
	(void)close(ends[1]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
	}
	while (child > 0 && (got = read(ends[0], &reason, sizeof reason)) != sizeof reason)
		if (got >= 0 || errno != EINTR) {
			reason = ECHILD; /* it did not come so far */
			break;
		}
	(void)close(ends[0]);
	return reason;
}

enum cf_status cf_egress_await(
    const char *image, const struct cf_table *former, int64_t seconds_s, struct cf_error *error)
{
	char path[CF_PATH_BYTES];
	int reason;

	cf_egress_path(image, "waiting", path);
	(void)unlink(path); /* one that waited before is over */
	if (former != NULL && !cf_kept_copy_former(image))
		return cf_error_set(error, CF_EIO,
		    "cannot keep the former state beside '%.300s': %s; "
		    "nothing is changed",
		    image, strerror(errno));
	reason = fork_waiting(image, path, former, seconds_s);
	return reason == 0
	    ? CF_OK
	    : cf_error_set(error, CF_EIO, "cannot wait by '%.300s': %s; nothing is changed", path,
	          strerror(reason));
}

bool cf_egress_confirmed(const char *image)
{
	char path[CF_PATH_BYTES];
	bool waited;

	cf_egress_path(image, "waiting", path);
	waited = unlink(path) == 0;
	cf_kept_forget_former(image);
	return waited;
}
