/*
 * The counters of the edge's rules for a monitor that reads its log: exact, whatever the log left
 * out. Reading them takes CAP_NET_ADMIN, which the monitor gives up; so a process of its own keeps
 * that and nothing else, looks at no packet, and ends with the monitor.
 *
 * Main thread, before others start.
 */
#pragma once

#include "base/status.h"

#include <sys/types.h>

/*
 * Starts it, to run as uid and gid when this is root. *fd_out: a pipe, not blocking, from which
 * lines come: members of a JSON object, every few seconds. CF_EIO with *error.
 */
enum cf_status cf_tally_start(
    uid_t uid, gid_t gid, int *fd_out, struct cf_error *error) CF_MUST_CHECK;
