/*
 * What is remembered of the table between runs, in the folder egress/ beside the image: the digest
 * of the table as it was left, and since when it is not. One thread.
 */
#pragma once

#include "base/limits.h"
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

/* Waits until no other process changes the table, and keeps others waiting until unlocked; -1:
 * nobody may write here, so nobody is waited for. */
int cf_egress_lock(const char *image);
void cf_egress_unlock(int lock);

/* Of egress/NAME beside the image; the folder is made. */
void cf_egress_path(const char *image, const char *name, char path[CF_PATH_BYTES]);
