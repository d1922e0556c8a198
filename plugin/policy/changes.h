/*
 * What changes when one image replaces another: names that come and go, what everybody's verdict
 * was and is, and how much is taken away. Pure functions but for the memory of a comparison; one
 * thread; points into the images.
 */
#pragma once

#include "image/diff.h"
#include "policy/decide.h"

#include <stdbool.h>
#include <stdint.h>

/* Names of each pack and category. */
struct cf_change_names {
	uint32_t names[CF_PACKS_MOST][CF_CATEGORIES];
};

/* What matters for the decision to go on. */
struct cf_change_totals {
	uint64_t old_names, new_names;
	uint64_t old_blocked, new_blocked; /* names whose category is blocked for everybody now */
	uint64_t removed_names;            /* gone, or with another scope or category */
	uint64_t old_networks, removed_networks;
};

struct cf_changes {
	/* The caller's. */
	const struct cf_image *old_image; /* NULL: nothing is in force */
	const struct cf_image *new_image;
	int64_t at_wall_s; /* "now" for verdicts and lapsed exceptions */
	/* Filled by cf_changes_find(). */
	struct cf_image_diff diff;
	struct cf_change_names names; /* of the new image */
	struct cf_change_totals totals;
};

/* Compares; entry (NULL: none) is called for each name that comes or goes. CF_ENOMEM. */
enum cf_status cf_changes_find(
    struct cf_changes *changes, cf_image_diff_each *entry, void *context) CF_MUST_CHECK;

/* Everybody's verdict for a category of a pack of one of the two images. */
void cf_changes_decide(const struct cf_changes *changes, const struct cf_image *image,
    uint32_t pack, unsigned category, struct cf_decision *decision_out);

/* What everybody's verdict is for a category of a pack, the pack's name first when several have
 * names of it. */
struct cf_stated {
	struct cf_decision now;
	uint32_t pack;
};

/*
 * The packs of the new image that have names of the category, those with one schedule once; returns
 * their number.
 */
unsigned cf_changes_stated(
    const struct cf_changes *changes, unsigned category, struct cf_stated found[CF_PACKS_MOST]);

/* True when the image (NULL: none) has such a phase, or exception. */
bool cf_changes_has_phase(const struct cf_image *image, const struct cf_phase *wanted);
bool cf_changes_has_exception(const struct cf_image *image, const struct cf_exception *wanted);

/* How much the change takes away, in per cent, rounded up: of the names, of those blocked now, of
 * the networks, whichever is most. */
unsigned cf_changes_shrink(const struct cf_change_totals *totals);
