/*
 * From an image and an instant to what `curfew list export` writes: every listed name asked of
 * cf_decide_name(), itself and for a name below it that nobody listed. Exceptions for groups of
 * clients cannot be said in an export; those for everybody are in it. One thread; points into the
 * image.
 */
#pragma once

#include "compile/list/list_export.h"
#include "image/image.h"

#include <stdbool.h>

struct cf_exporting;

/*
 * Asks about everything in the image at the instant; without_inferred: as if networks that nobody
 * states, but that were inferred, were not listed. CF_ENOMEM, CF_ETOOBIG. The image must outlive
 * *export_out; free it with cf_exporting_free().
 */
enum cf_status cf_exporting_new(const struct cf_image *image, int64_t at_wall_s,
    bool without_inferred, struct cf_exporting **export_out) CF_MUST_CHECK;
/* NULL is fine. */
void cf_exporting_free(struct cf_exporting *export);

/* What cf_export_write() takes; zone, dataset and first_sid are for the caller to set. */
struct cf_export *cf_exporting_get(struct cf_exporting *export);
