/* A child with one capability and a pipe. */

#include "egress/tally.h"

#include "egress/kernel/kernel.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EVERY_MS 5000

/* Keeps the right to ask the kernel for its rules, and drops all else. */
static bool keep_one_right(uid_t uid, gid_t gid)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) != 0)
		return false;
	if (geteuid() == 0 && uid != 0)
		return capng_change_id(
		           (int)uid, (int)gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) == 0;
	return capng_apply(CAPNG_SELECT_CAPS) == 0;
}

/* One line, short enough for a pipe to take it whole or not at all. */
static void tell(int fd, enum cf_status status, const struct cf_egress_totals totals[CF_COUNTERS])
{
	char line[512];
	int at = snprintf(line, sizeof line, "\"table\":%s",
	    status == CF_OK              ? "true"
	        : status == CF_ENOTFOUND ? "false"
	                                 : "\"unknown\"");

	for (unsigned i = 0; status == CF_OK && i < CF_COUNTERS; i++)
		at += snprintf(line + at, sizeof line - (size_t)at, ",\"%s\":%llu",
		    cf_egress_counter_text((enum cf_egress_counter)i),
		    (unsigned long long)totals[i].packets);
	line[at++] = '\n';
	(void)!write(fd, line, (size_t)at); /* a reader that is behind gets the next one */
}

/* Until nobody reads any more. */
static void count_on(int fd)
{
	struct pollfd reader = {.fd = fd, .events = 0};
	struct cf_kernel *kernel;

	if (cf_kernel_open(&kernel) != CF_OK)
		return;
	do {
		struct cf_egress_totals totals[CF_COUNTERS];
		struct cf_error error;
		enum cf_status status = cf_kernel_totals(kernel, totals, &error);

		tell(fd, status, totals);
	} while (poll(&reader, 1, EVERY_MS) == 0);
	cf_kernel_close(kernel);
}

static _Noreturn void run_child(int fd, uid_t uid, gid_t gid)
{
	(void)signal(SIGPIPE, SIG_IGN);
	/* A terminal's Ctrl-C ends the monitor, and that ends this. */
	(void)signal(SIGINT, SIG_IGN);
	(void)prctl(PR_SET_NAME, "curfew-tally", 0, 0, 0);
	for (int other = 3; other < 256; other++)
		if (other != fd)
			(void)close(other);
	if (keep_one_right(uid, gid) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		count_on(fd);
	_exit(0);
}

enum cf_status cf_tally_start(uid_t uid, gid_t gid, int *fd_out, struct cf_error *error)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return cf_error_set(error, CF_EIO, "cannot make a pipe: %s", strerror(errno));
	child = fork();
	if (child == 0)
		run_child(ends[1], uid, gid);
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return cf_error_set(error, CF_EIO, "cannot start a process: %s", strerror(errno));
	}
	*fd_out = ends[0];
	return CF_OK;
}
