/*
 * What the table in force was made from - an image and options, in the folder egress/ beside the
 * image - so that the next one can be told from it, and this one put back, without asking the
 * kernel for a million elements. The image is a second name of the file that was applied, which is
 * only ever replaced, or a copy where there can be none. One thread.
 */
#pragma once

#include "egress/table/table.h"

/* What is kept under a name: "applied", or "former", which comes back unless somebody confirms. */
enum cf_kept { CF_KEPT_APPLIED, CF_KEPT_FORMER };

/* Keeps image and options as what was applied. CF_EIO with *error: the next apply sends all. */
enum cf_status cf_kept_write(const char *image, const struct cf_egress_options *options,
    struct cf_error *error) CF_MUST_CHECK;
/* The table that was made from it; comment is what the table in force says of itself. CF_ENOTFOUND:
 * what is kept is not that, or cannot be read. CF_ENOMEM. */
enum cf_status cf_kept_table(const char *image, enum cf_kept kept, const char *comment,
    struct cf_table *table_out) CF_MUST_CHECK;
/* What was applied becomes the former, besides; false: nothing is kept, or it cannot be. */
bool cf_kept_copy_former(const char *image);
/* The former becomes what was applied. */
void cf_kept_former_back(const char *image);
/* Both are forgotten, or the former alone. */
void cf_kept_forget(const char *image);
void cf_kept_forget_former(const char *image);
