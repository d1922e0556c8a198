/*
 * What names resolved to on a day, as files beside a pack: overlay-YYYY-MM-DD.tsv, addresses that
 * expire (compile/pack/pack.h reads them), and gone-YYYY-MM-DD.txt, names that no longer exist, for
 * a person to review.
 */
#pragma once

#include "compile/pack/pack.h"
#include "compile/resolve/resolving.h"

#include <stddef.h>
#include <stdint.h>

struct cf_overlay {
	const struct cf_pack *pack;
	const char *dir;
	const char *today; /* YYYY-MM-DD */
	int64_t until_wall_s;
	const struct cf_resolved *names;
	const enum cf_category *categories; /* of each name */
	size_t name_count;
};

struct cf_overlay_counts {
	size_t addresses; /* written */
	size_t dedicated; /* left out: in the vendor's own space already */
	size_t mixed;     /* of the written: names of several categories share them */
	size_t gone;
};

/*
 * Writes both files, replacing those of the same day; neither when nothing resolved at all.
 * CF_ENOMEM, CF_EIO, CF_ETOOBIG.
 */
enum cf_status cf_overlay_write(
    const struct cf_overlay *overlay, struct cf_overlay_counts *counts_out) CF_MUST_CHECK;
