/*
 * Regimes: which legal text each pack is under, and for which clients. Every pack has one for
 * everybody - the policy's own phases alone when no preset speaks of it - and may have others for
 * groups of clients.
 *
 * One thread.
 */
#pragma once

#include "base/diag.h"
#include "base/limits.h"
#include "base/status.h"
#include "compile/policy/policy.h"
#include "compile/policy/preset.h"

#include <stddef.h>
#include <stdint.h>

struct cf_regime {
	size_t vendor;                         /* index of the policy's vendors */
	const struct cf_policy_preset *chosen; /* where the policy says so, or NULL */
	struct cf_preset *preset;              /* NULL: the policy's own phases alone */
	uint32_t schedule;                     /* in the builder, once added */
};

/* Those of everybody first, in the order of the vendors. */
struct cf_regimes {
	struct cf_regime items[CF_SCHEDULES];
	size_t count;
};

/*
 * Reads the presets that the policy chooses from the packs under lists_dir. CF_OK; otherwise diags
 * says what is wrong with what: CF_EINVALID for a preset that no pack has, for two of one pack for
 * the same clients and for more than CF_SCHEDULES; else as cf_preset_read(). *regimes is the
 * caller's to clean with cf_regimes_done() in any case.
 */
enum cf_status cf_regimes_read(const struct cf_policy *policy, const char *lists_dir,
    struct cf_regimes *regimes, struct cf_diags *diags) CF_MUST_CHECK;

void cf_regimes_done(struct cf_regimes *regimes);

/* The regime of everybody for a vendor, by its index. */
const struct cf_regime *cf_regimes_of_vendor(const struct cf_regimes *regimes, size_t vendor);

/*
 * Adds the schedules of all regimes to the builder: baselines, then the phases of the presets, then
 * those of the policy. A phase of the policy that has the name of one in a preset replaces it and
 * belongs to that preset alone, unless it says which vendors it speaks of.
 */
enum cf_status cf_regimes_add(struct cf_regimes *regimes, const struct cf_policy *policy,
    struct cf_image_builder *builder) CF_MUST_CHECK;
