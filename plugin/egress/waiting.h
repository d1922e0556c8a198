/*
 * A former table that comes back unless somebody confirms. One thread.
 */
#pragma once

#include "egress/table/table.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Starts a process of its own that puts former (NULL: no table) in force in seconds_s from now
 * unless cf_egress_confirmed() was called, by whomever. It needs neither this process nor its
 * terminal. CF_EIO with *error.
 */
enum cf_status cf_egress_await(const char *image, const struct cf_table *former, int64_t seconds_s,
    struct cf_error *error) CF_MUST_CHECK;
/* Whatever waits does nothing any more; true when something did wait. */
bool cf_egress_confirmed(const char *image);
