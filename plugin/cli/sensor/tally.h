/*
 * The counters of the edge's rules for a monitor that reads its log: exact, whatever the log left
 * out. Reading them takes CAP_NET_ADMIN, which the monitor gives up; so a process of its own keeps
 * that and nothing else, looks at no packet, and ends with the monitor.
 *
 * Main thread, before others start.
 */
#pragma once

#include "base/status.h"

/*
 * Starts it, to run as user (NULL: curfew or nobody). *fd_out: a pipe, not blocking, from which
 * lines come: members of a JSON object, every few seconds. CF_EIO with *error.
 */
enum cf_status cli_tally_start(const char *user, int *fd_out, struct cf_error *error) CF_MUST_CHECK;
