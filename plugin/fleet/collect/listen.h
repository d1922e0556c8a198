/* Where a collector listens. One thread. */
#pragma once

#include "base/status.h"

#include <stdbool.h>

/*
 * A listening socket at "ADDR:PORT", "[ADDR]:PORT" or "unix:PATH" (made anew, mode 0660);
 * *is_local_out: only this machine reaches it. CF_EINVALID: no such place; CF_EIO: *error says why.
 */
enum cf_status cf_collect_listen(
    const char *place, int *fd_out, bool *is_local_out, struct cf_error *error) CF_MUST_CHECK;
