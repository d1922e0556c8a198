/* Presets chosen by the policy, pack by pack, and what they come to. */

#include "compile/regimes.h"

#include "compile/origin.h"
#include "compile/pack/pack_place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct cf_regime *cf_regimes_of_vendor(const struct cf_regimes *regimes, size_t vendor)
{
	return &regimes->items[vendor];
}

void cf_regimes_done(struct cf_regimes *regimes)
{
	for (size_t i = 0; i < regimes->count; i++)
		cf_preset_free(regimes->items[i].preset);
	regimes->count = 0;
}

/* A group of both, or groups of both with one and the same prefix; NULL when there is none. */
static const char *shared_clients(const struct cf_policy *policy, const struct cf_policy_preset *a,
    const struct cf_policy_preset *b)
{
	for (size_t i = 0; i < a->group_count; i++)
		for (size_t j = 0; j < b->group_count; j++) {
			const struct cf_policy_group *left = &policy->groups[a->groups[i]];
			const struct cf_policy_group *right = &policy->groups[b->groups[j]];

			for (size_t k = 0; k < left->prefix_count; k++)
				for (size_t m = 0; m < right->prefix_count; m++)
					if (left->prefixes[k].bits == right->prefixes[m].bits &&
					    cf_addr_equal(
					        &left->prefixes[k].addr, &right->prefixes[m].addr))
						return left->name;
		}
	return NULL;
}

/* Two texts for one pack and the same clients contradict each other: nobody could tell which holds.
 */
static enum cf_status refuse_conflict(const struct cf_policy *policy,
    const struct cf_regimes *regimes, const struct cf_regime *added, struct cf_diags *diags)
{
	for (size_t i = 0; i < regimes->count; i++) {
		const struct cf_regime *other = &regimes->items[i];
		const char *clients = "everybody";

		if (other->vendor != added->vendor || other->chosen == NULL)
			continue;
		if ((other->chosen->group_count == 0) != (added->chosen->group_count == 0))
			continue;
		if (added->chosen->group_count != 0)
			clients = shared_clients(policy, other->chosen, added->chosen);
		if (clients == NULL)
			continue;
		cf_diag_add(diags, CF_DIAG_ERROR, policy->file, added->chosen->line, "preset",
		    "pack '%s' would be under '%s' and under '%s' for the same clients (%s); give "
		    "one of them 'clients' or 'vendor'",
		    policy->vendors[added->vendor], other->chosen->name, added->chosen->name,
		    clients);
		return CF_EINVALID;
	}
	return CF_OK;
}

static enum cf_status keep(const struct cf_policy *policy, struct cf_regimes *regimes,
    struct cf_regime added, struct cf_diags *diags)
{
	enum cf_status status = refuse_conflict(policy, regimes, &added, diags);

	if (status == CF_OK && added.chosen->group_count == 0) {
		regimes->items[added.vendor] = added;
		return CF_OK;
	}
	if (status == CF_OK && regimes->count == CF_SCHEDULES) {
		cf_diag_add(diags, CF_DIAG_ERROR, policy->file, added.chosen->line, "preset",
		    "more than %d packs and presets for clients in one policy", CF_SCHEDULES);
		status = CF_EINVALID;
	}
	if (status != CF_OK) {
		cf_preset_free(added.preset);
		return status;
	}
	regimes->items[regimes->count++] = added;
	return CF_OK;
}

/* Reads the preset from the pack of a vendor, if it has it; *found_inout counts. */
static enum cf_status read_from(const struct cf_policy *policy, const char *lists_dir,
    const struct cf_policy_preset *chosen, size_t vendor, struct cf_regimes *regimes,
    struct cf_diags *diags, unsigned *found_inout)
{
	struct cf_regime added = {.vendor = vendor, .chosen = chosen};
	char dir[CF_PATH_BYTES], file[CF_PATH_BYTES];
	enum cf_status status;
	int len;

	if (!cf_pack_place(lists_dir, policy->vendors[vendor], dir))
		return CF_OK; /* the reader of packs says so */
	len = snprintf(file, sizeof file, "%s/presets/%s.yaml", dir, chosen->name);
	if (len < 0 || (size_t)len >= sizeof file)
		return CF_ETOOBIG;
	if (access(file, F_OK) != 0)
		return CF_OK;
	(*found_inout)++;
	status = cf_preset_read(dir, chosen->name, &added.preset, diags);
	return status == CF_OK ? keep(policy, regimes, added, diags) : status;
}

static enum cf_status read_chosen(const struct cf_policy *policy, const char *lists_dir,
    const struct cf_policy_preset *chosen, struct cf_regimes *regimes, struct cf_diags *diags)
{
	enum cf_status worst = CF_OK, status;
	unsigned found = 0;

	for (size_t i = 0; i < policy->vendor_count; i++) {
		if (chosen->vendor[0] != '\0' && strcmp(chosen->vendor, policy->vendors[i]) != 0)
			continue;
		status = read_from(policy, lists_dir, chosen, i, regimes, diags, &found);
		if (status != CF_OK)
			worst = status;
	}
	if (found > 0 || worst != CF_OK)
		return worst;
	if (chosen->vendor[0] == '\0')
		cf_diag_add(diags, CF_DIAG_ERROR, policy->file, chosen->line, "preset",
		    "no vendor of this policy has a preset '%s'; see %s/VENDOR/presets",
		    chosen->name, lists_dir);
	else
		cf_diag_add(diags, CF_DIAG_ERROR, policy->file, chosen->line, "preset",
		    "vendor '%s' has no preset '%s'; see %s/%s/presets", chosen->vendor,
		    chosen->name, lists_dir, chosen->vendor);
	return CF_EINVALID;
}

enum cf_status cf_regimes_read(const struct cf_policy *policy, const char *lists_dir,
    struct cf_regimes *regimes, struct cf_diags *diags)
{
	enum cf_status worst = CF_OK, status;

	*regimes = (struct cf_regimes){.count = policy->vendor_count};
	for (size_t i = 0; i < policy->vendor_count; i++)
		regimes->items[i].vendor = i;
	for (size_t i = 0; i < policy->preset_count; i++) {
		status = read_chosen(policy, lists_dir, &policy->presets[i], regimes, diags);
		if (status != CF_OK)
			worst = status;
	}
	for (size_t i = 0; i < policy->vendor_count; i++)
		if (policy->preset_count > 0 && regimes->items[i].preset == NULL)
			cf_diag_add(diags, CF_DIAG_NOTE, policy->file, 0, "preset",
			    "pack '%s' has none of the presets for everybody: of it the baseline "
			    "and the phases of this file alone hold",
			    policy->vendors[i]);
	return worst;
}

/* The policy's own phase of that name which speaks of the vendor, or NULL. */
static const struct cf_policy_phase *own_phase(
    const struct cf_policy *policy, const char *name, size_t vendor)
{
	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct cf_policy_phase *phase = &policy->phases[i];

		if (strcmp(phase->image.name, name) != 0)
			continue;
		if (phase->vendor_count == 0)
			return phase;
		for (size_t k = 0; k < phase->vendor_count; k++)
			if (strcmp(phase->vendors[k], policy->vendors[vendor]) == 0)
				return phase;
	}
	return NULL;
}

static bool preset_has_phase(const struct cf_preset *preset, const char *name)
{
	for (size_t i = 0; preset != NULL && i < preset->phase_count; i++)
		if (strcmp(preset->phases[i].name, name) == 0)
			return true;
	return false;
}

static enum cf_status add_baseline(const struct cf_regime *regime, const struct cf_policy *policy,
    struct cf_image_builder *builder)
{
	enum cf_status status = CF_OK;

	for (unsigned i = 0; status == CF_OK && i < CF_CATEGORIES; i++)
		if (policy->baseline_said[i])
			status = cf_image_builder_set_baseline(
			    builder, regime->schedule, (enum cf_category)i, policy->baseline[i]);
		else if (regime->preset != NULL)
			status = cf_image_builder_set_baseline(builder, regime->schedule,
			    (enum cf_category)i, regime->preset->baseline[i]);
	return status;
}

/* What the legal text says, where the policy does not say otherwise. */
static enum cf_status add_preset_phases(const struct cf_regime *regime,
    const struct cf_policy *policy, struct cf_image_builder *builder)
{
	const struct cf_preset *preset = regime->preset;
	enum cf_status status = CF_OK;

	for (size_t i = 0; preset != NULL && status == CF_OK && i < preset->phase_count; i++) {
		const struct cf_preset_phase *phase = &preset->phases[i];

		if (own_phase(policy, phase->name, regime->vendor) != NULL)
			continue;
		status = cf_image_builder_add_phase(builder,
		    &(struct cf_phase){.name = phase->name,
		        .citation = phase->citation,
		        .from_wall_s = phase->from_wall_s,
		        .verdict = phase->verdict,
		        .categories = phase->categories,
		        .schedules = UINT64_C(1) << regime->schedule,
		        .file = cf_origin(preset->file, CF_ORIGIN_PRESET),
		        .line = phase->line});
	}
	return status;
}

/* The schedules that a phase of the policy belongs to. */
static uint64_t schedules_of(const struct cf_regimes *regimes, const struct cf_policy *policy,
    const struct cf_policy_phase *phase)
{
	uint64_t all = 0, replaced = 0;

	for (size_t i = 0; i < regimes->count; i++) {
		const struct cf_regime *regime = &regimes->items[i];

		if (own_phase(policy, phase->image.name, regime->vendor) != phase)
			continue;
		all |= UINT64_C(1) << regime->schedule;
		if (preset_has_phase(regime->preset, phase->image.name))
			replaced |= UINT64_C(1) << regime->schedule;
	}
	return phase->vendor_count == 0 && replaced != 0 ? replaced : all;
}

static enum cf_status add_own_phases(const struct cf_regimes *regimes,
    const struct cf_policy *policy, struct cf_image_builder *builder)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; status == CF_OK && i < policy->phase_count; i++) {
		struct cf_phase phase = policy->phases[i].image;

		phase.file = cf_origin(phase.file, CF_ORIGIN_POLICY);
		phase.schedules = schedules_of(regimes, policy, &policy->phases[i]);
		status = cf_image_builder_add_phase(builder, &phase);
	}
	return status;
}

enum cf_status cf_regimes_add(
    struct cf_regimes *regimes, const struct cf_policy *policy, struct cf_image_builder *builder)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; status == CF_OK && i < regimes->count; i++) {
		struct cf_regime *regime = &regimes->items[i];
		const struct cf_image_schedule schedule = {
		    .preset = regime->preset == NULL ? "" : regime->preset->name,
		    .citation = regime->preset == NULL ? "" : regime->preset->citation,
		    .clients = regime->chosen == NULL ? "" : regime->chosen->clients};

		status = cf_image_builder_add_schedule(builder, &schedule, &regime->schedule);
		if (status == CF_OK)
			status = add_baseline(regime, policy, builder);
	}
	/* The presets first: of two phases at one instant the later counts, and that is the
	 * policy's. */
	for (size_t i = 0; status == CF_OK && i < regimes->count; i++)
		status = add_preset_phases(&regimes->items[i], policy, builder);
	return status == CF_OK ? add_own_phases(regimes, policy, builder) : status;
}
