/*
 * What the monitor gives up before it looks at a packet, live or out of a file: root, all files but
 * the few it needs, and system calls it has no use for (sandbox.h). Main thread, before others
 * start.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>

struct cf_privileges {
	const char *user;            /* whom to become when run by root; NULL: curfew or nobody */
	const char *image_path;      /* read again when it changes; NULL: not needed any more */
	const char *key_path;        /* of pseudonyms, read with the image; "" or NULL: none */
	const char *sensor_key_path; /* looked at again while running; NULL: none */
	const char *hits_path;       /* "-": standard output; NULL: no log */
	const char *status_path;     /* NULL: none */
	const int *sockets;          /* that may be bound again; NULL: none */
	unsigned socket_count;
	bool listening;     /* connections to the sockets are accepted instead */
	bool hand_over_log; /* the log becomes the user's, who opens it again after a rotation */
	void (*say)(void *arg, const char *text); /* what could not be done, for people */
	void *arg;
	bool degraded; /* out: some protection is missing, and was said to be */
};

/*
 * Root and the file system; further files can be opened within the folders of the paths alone.
 * CF_EIO, CF_ENOTFOUND (no such user): the caller must stop.
 */
enum cf_status cf_privileges_give_up(
    struct cf_privileges *privileges, struct cf_error *error) CF_MUST_CHECK;
/* System calls; the last thing before the first packet. What the kernel cannot do is said. */
void cf_privileges_give_up_calls(struct cf_privileges *privileges);
