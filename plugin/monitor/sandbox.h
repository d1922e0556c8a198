/*
 * Giving up what a process that parses hostile packets must not have: root, new privileges, the
 * file system, the network, and system calls it has no use for.
 *
 * Called once by the main thread, in the order of this header. What the kernel cannot do is
 * reported and gone without: a monitor that runs with less protection is better than none, and says
 * so.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <sys/types.h>

struct cf_sandbox_user {
	uid_t uid;
	gid_t gid;
	char name[64];
};

/*
 * The user to become: name, or when it is NULL `curfew` if there is one, else `nobody`.
 * CF_ENOTFOUND with *error filled when there is no such user.
 */
enum cf_status cf_sandbox_find_user(
    const char *name, struct cf_sandbox_user *user_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Becomes user when run by root, drops every capability, and sets no_new_privs. All threads.
 * CF_EIO with *error filled: then privileges may be left, and the caller must stop.
 */
enum cf_status cf_sandbox_drop(
    const struct cf_sandbox_user *user, struct cf_error *error) CF_MUST_CHECK;

/* Directories and files that stay within reach, each ending a list by NULL. */
struct cf_sandbox_paths {
	const char *read_only[8];
	const char *read_write[4]; /* directories: files in them may be made, renamed, removed */
};

/*
 * Landlock: only these paths, no TCP, no signals out. This thread and those it starts later.
 * CF_EUNSUPPORTED with *error filled when the kernel has none of it.
 */
enum cf_status cf_sandbox_files(
    const struct cf_sandbox_paths *paths, struct cf_error *error) CF_MUST_CHECK;

/*
 * seccomp: the system calls that capturing, logging and reloading need; others fail with EPERM, and
 * starting a program or opening a socket ends the process. sockets may be bound again, to an
 * interface that came back; with listening true they are listened on, and connections to them may
 * be accepted. All threads. Errors as cf_sandbox_files().
 */
enum cf_status cf_sandbox_calls(const int *sockets, unsigned socket_count, bool listening,
    struct cf_error *error) CF_MUST_CHECK;
