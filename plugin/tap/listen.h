/*
 * A UNIX socket to listen on. Who may write to it may tell of look-ups that never were, so it is
 * for its group alone unless somebody says otherwise. Main thread, at the start.
 */
#pragma once

#include "base/status.h"

#include <sys/types.h>

/*
 * Makes the socket at path, of that mode, and of *group when group is not NULL, and listens. A
 * socket there that nobody listens on is replaced. CF_EIO; CF_EINVALID: path is too long, something
 * else is there, or somebody listens on it. *error is filled.
 */
enum cf_status cf_tap_listen(const char *path, mode_t mode, const gid_t *group, int *fd_out,
    struct cf_error *error) CF_MUST_CHECK;
