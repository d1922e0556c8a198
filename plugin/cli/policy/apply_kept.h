/*
 * What `curfew apply` does with images that are there already. Each returns the exit code. One
 * thread.
 */
#pragma once

#include "cli/policy/compiling.h"

/* apply --list: the images that are kept. */
int cli_apply_list(const struct cli_compiling *compiling);
/* apply --back: a former one in force. */
int cli_apply_back(struct cli_compiling *compiling);
/* apply --image-file: a signed one. */
int cli_apply_signed(struct cli_compiling *compiling);
