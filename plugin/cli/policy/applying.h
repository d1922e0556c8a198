/*
 * Putting an image in force, wherever it comes from: what was compiled just now, what was in force
 * before, or what somebody signed. What changes is shown, much that goes away is asked about, the
 * file is replaced by rename, and the image is kept under its digest. One thread.
 */
#pragma once

#include "cli/policy/compiling.h"
#include "update/image_force.h"

/* Shows the change and goes through with it, as the options say; the exit code. */
int cli_apply_image(const struct cli_compiling *compiling, const struct cf_new_image *new_image);
