/*
 * The shipper's status file: one small JSON object, replaced by rename each second at most, for
 * `curfew doctor` and whoever watches (docs/FORMATS.md, "Fleet"). One thread.
 */
#pragma once

#include "fleet/ship/shipping.h"

/*
 * Writes it at this instant. A file that cannot be written is left as it was; CF_EIO with *error.
 */
enum cf_status cf_ship_status_write(const char *path, const struct cf_ship_report *report,
    int64_t now_wall_us, struct cf_error *error) CF_MUST_CHECK;
