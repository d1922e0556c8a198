/*
 * What is remembered of the table between runs, in the folder egress/ beside the image: the digest
 * of the table as it was left, and a former table that comes back unless somebody confirms. One
 * thread.
 */
#pragma once

#include "base/status.h"
#include "egress/kernel/kernel.h"

#include <stdbool.h>
#include <stdint.h>

/* Sets of more elements are not read back when a table is compared with how it was left. */
#define CF_EGRESS_ELEMENTS 20000

/* True when the state is that of the table as it was left. */
bool cf_egress_is_as_left(const char *image, const struct cf_kernel_state *state);
/* True when a table was applied here, and not removed. */
bool cf_egress_was_left(const char *image);
/*
 * Notes whether the table is as it should be at now_wall_s, and says when it was so last and, when
 * it is not, when that was found first; 0: not known. Without the right to write it only says.
 */
void cf_egress_note(const char *image, bool good, int64_t now_wall_s, int64_t *good_wall_s_out,
    int64_t *drifted_wall_s_out);
/* Whether the table was left whole, elements included, and so has to be read. */
bool cf_egress_was_whole(const char *image);
/* Notes it. CF_EIO with *error: then the table counts as changed. */
enum cf_status cf_egress_leave(
    const char *image, const struct cf_kernel_state *state, struct cf_error *error) CF_MUST_CHECK;
void cf_egress_forget(const char *image);

/*
 * Starts a process of its own that runs former (NULL: removes the table) in seconds_s from now
 * unless cf_egress_confirmed() was called, by whomever. It needs neither this process nor its
 * terminal. CF_EIO with *error.
 */
enum cf_status cf_egress_await(
    const char *image, const char *former, int64_t seconds_s, struct cf_error *error) CF_MUST_CHECK;
/* Whatever waits does nothing any more; true when something did wait. */
bool cf_egress_confirmed(const char *image);
