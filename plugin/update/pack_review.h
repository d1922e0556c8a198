/* Complaints of packs whose time is over, for who is about to compile or compiled them. */
#pragma once

#include "compile/compile.h"

/*
 * A complaint of each pack that is old or expired: a warning where its publisher said until when it
 * holds, else a note. fetched: the folder of fetched packs. It is compiled all the same.
 */
void cf_pack_review(const struct cf_compiled *compiled, const char *fetched, int64_t at_wall_s,
    struct cf_diags *diags);
