/* posix_spawn with a pipe and a limit in time. */

#include "doctor/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Longest wait for one program's next words, milliseconds: `-V` answers at once. */
#define WAIT_MS 5000

/* Reads until the end, the limit or too long a silence. */
static size_t collect(int fd, char *output, size_t size)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	char rest[512];
	size_t len = 0;
	ssize_t got;

	while (poll(&pollfd, 1, WAIT_MS) == 1) {
		/* What does not fit is read all the same: the program must not wait for us. */
		bool full = len + 1 >= size;

		got = full ? read(fd, rest, sizeof rest) : read(fd, output + len, size - 1 - len);
		if (got <= 0)
			break;
		len += full ? 0 : (size_t)got;
	}
	output[len] = '\0';
	return len;
}

static bool spawn(char *const command[], int to, pid_t *pid_out)
{
	posix_spawn_file_actions_t actions;
	bool spawned;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	spawned = posix_spawn_file_actions_addopen(
	              &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
	    posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO) == 0 &&
	    posix_spawn_file_actions_adddup2(&actions, to, STDERR_FILENO) == 0 &&
	    posix_spawn(pid_out, command[0], &actions, NULL, command, environ) == 0;
	posix_spawn_file_actions_destroy(&actions);
	return spawned;
}

bool cf_run_program(char *const command[], char *output, size_t size)
{
	int ends[2], status = 0;
	size_t len;
	pid_t pid;
	bool spawned;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	spawned = spawn(command, ends[1], &pid);
	close(ends[1]);
	if (!spawned) {
		close(ends[0]);
		return false;
	}
	len = collect(ends[0], output, size);
	close(ends[0]);
	(void)kill(pid, SIGTERM); /* it has said all it will; ESRCH cannot be before waitpid() */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return len > 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

bool cf_find_program(const char *name, char *path, size_t size)
{
	const char *from_env = getenv("PATH");
	char folders[4096], *rest = NULL;

	snprintf(folders, sizeof folders, "%s:/usr/local/sbin:/usr/sbin:/sbin",
	    from_env == NULL ? "/usr/bin" : from_env);
	for (char *folder = strtok_r(folders, ":", &rest); folder != NULL;
	     folder = strtok_r(NULL, ":", &rest)) {
		int len = snprintf(path, size, "%s/%s", folder, name);

		if (len > 0 && (size_t)len < size && access(path, X_OK) == 0)
			return true;
	}
	return false;
}
