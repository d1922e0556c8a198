/* Compares two images by what they decide. */

#include "policy/changes.h"

#include <string.h>

void cf_changes_decide(const struct cf_changes *changes, const struct cf_image *image,
    uint32_t pack, unsigned category, struct cf_decision *decision_out)
{
	const struct cf_question question = {.at_wall_s = changes->at_wall_s};

	cf_decide_category(image, &question, pack, (enum cf_category)category, decision_out);
}

static void count_names(const struct cf_image *image, struct cf_change_names *counts)
{
	uint32_t i = image == NULL ? CF_NONE : cf_image_first_entry(image);
	struct cf_entry entry;

	*counts = (struct cf_change_names){0};
	for (; i != CF_NONE; i = cf_image_next_entry(image, i)) {
		cf_image_entry(image, i, &entry);
		if (entry.exception == CF_NONE)
			counts->names[entry.pack][entry.category]++;
	}
}

unsigned cf_changes_stated(
    const struct cf_changes *changes, unsigned category, struct cf_stated found[CF_PACKS_MOST])
{
	unsigned count = 0;

	for (uint32_t pack = 0; pack < cf_image_info(changes->new_image)->packs; pack++) {
		bool again = changes->names.names[pack][category] == 0;

		cf_changes_decide(changes, changes->new_image, pack, category, &found[count].now);
		for (unsigned i = 0; i < count && !again; i++)
			again = found[i].now.schedule == found[count].now.schedule;
		if (again)
			continue;
		found[count++].pack = pack;
	}
	return count;
}

/* Names of categories that are blocked for everybody now. */
static uint64_t blocked_names(const struct cf_changes *changes, const struct cf_image *image,
    const struct cf_change_names *counts)
{
	struct cf_decision decision;
	uint64_t blocked = 0;

	for (uint32_t pack = 0; image != NULL && pack < cf_image_info(image)->packs; pack++)
		for (unsigned i = 0; i < CF_CATEGORIES; i++) {
			if (counts->names[pack][i] == 0)
				continue;
			cf_changes_decide(changes, image, pack, i, &decision);
			if (decision.verdict == CF_VERDICT_BLOCK)
				blocked += counts->names[pack][i];
		}
	return blocked;
}

static struct cf_change_totals sum_up(const struct cf_changes *changes)
{
	const struct cf_image_diff *diff = &changes->diff;
	struct cf_change_totals totals = {0};
	struct cf_change_names old_names;

	count_names(changes->old_image, &old_names);
	for (unsigned i = 0; i < CF_CATEGORIES; i++) {
		totals.old_names += diff->categories[i].old_count;
		totals.new_names += diff->categories[i].new_count;
		totals.removed_names += diff->categories[i].removed;
	}
	totals.new_blocked = blocked_names(changes, changes->new_image, &changes->names);
	totals.old_blocked = blocked_names(changes, changes->old_image, &old_names);
	totals.old_networks = diff->networks.old_count;
	totals.removed_networks = diff->networks.removed;
	return totals;
}

enum cf_status cf_changes_find(struct cf_changes *changes, cf_image_diff_each *entry, void *context)
{
	enum cf_status status =
	    cf_image_diff(changes->old_image, changes->new_image, entry, context, &changes->diff);

	if (status != CF_OK)
		return status;
	count_names(changes->new_image, &changes->names);
	changes->totals = sum_up(changes);
	return CF_OK;
}

static bool same_phase(const struct cf_phase *a, const struct cf_phase *b)
{
	return strcmp(a->name, b->name) == 0 && a->from_wall_s == b->from_wall_s &&
	    a->verdict == b->verdict && a->categories == b->categories;
}

bool cf_changes_has_phase(const struct cf_image *image, const struct cf_phase *wanted)
{
	struct cf_phase phase;

	for (uint32_t i = 0; image != NULL && i < cf_image_info(image)->phases; i++) {
		cf_image_phase(image, i, &phase);
		if (same_phase(&phase, wanted))
			return true;
	}
	return false;
}

static bool same_exception(const struct cf_exception *a, const struct cf_exception *b)
{
	return a->verdict == b->verdict && a->from_wall_s == b->from_wall_s &&
	    a->until_wall_s == b->until_wall_s && a->categories == b->categories &&
	    strcmp(a->owner, b->owner) == 0 && strcmp(a->reason, b->reason) == 0 &&
	    strcmp(a->clients, b->clients) == 0;
}

bool cf_changes_has_exception(const struct cf_image *image, const struct cf_exception *wanted)
{
	struct cf_exception exception;

	for (uint32_t i = 0; image != NULL && i < cf_image_info(image)->exceptions; i++) {
		cf_image_exception(image, i, &exception);
		if (same_exception(&exception, wanted))
			return true;
	}
	return false;
}

static unsigned percent(uint64_t part, uint64_t of)
{
	return of == 0 ? 0 : (unsigned)((part * 100 + of - 1) / of);
}

unsigned cf_changes_shrink(const struct cf_change_totals *totals)
{
	uint64_t unblocked = totals->new_blocked < totals->old_blocked
	    ? totals->old_blocked - totals->new_blocked
	    : 0;
	unsigned names = percent(totals->removed_names, totals->old_names);
	unsigned blocked = percent(unblocked, totals->old_blocked);
	unsigned networks = percent(totals->removed_networks, totals->old_networks);
	unsigned most = names > blocked ? names : blocked;

	return most > networks ? most : networks;
}
