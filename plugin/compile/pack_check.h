/*
 * What a careful reviewer would say about a pack that reads without error: entries twice, entries
 * that contradict or repeat one another, public suffixes, names that are no good A-labels, dates to
 * come, sources nobody uses, presets that do not read, lines out of order. For `curfew list check`.
 */
#pragma once

#include "base/diag.h"
#include "compile/pack/pack.h"

#include <stdint.h>

/*
 * Adds findings to diags; today_wall_s is the day against which dates are judged. CF_OK also when
 * there are findings; CF_ENOMEM. The pack's presets are read from its folder.
 */
enum cf_status cf_pack_check(
    const struct cf_pack *pack, int64_t today_wall_s, struct cf_diags *diags) CF_MUST_CHECK;
