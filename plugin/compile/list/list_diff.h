/*
 * What changed between two packs, entry by entry and by category. Numbered patterns are compared
 * member by member, so that a family written differently is no change.
 */
#pragma once

#include "base/status.h"
#include "compile/pack/pack.h"
#include "image/category.h"

#include <stddef.h>

enum cf_list_change {
	CF_CHANGE_ADDED,
	CF_CHANGE_REMOVED,
	CF_CHANGE_MOVED,    /* another category */
	CF_CHANGE_REACH,    /* another scope or kind */
	CF_CHANGE_REWORDED, /* product, sources, confidence, date or note */
	CF_CHANGES,
};

/* "added", "removed", "moved", "reach", "reworded" */
const char *cf_list_change_text(enum cf_list_change change);

/* One difference; before or after is NULL where the entry is missing. Texts live during the call
 * only. */
struct cf_list_difference {
	enum cf_list_change change;
	const char *what; /* name, network, asn, port, signature, resolver */
	const char *key;  /* "s00.upd.example.com", "192.0.2.0/24" */
	enum cf_category category_before, category_after;
	const char *reach_before, *reach_after; /* "subtree", "dedicated" */
	unsigned line_before, line_after;
};

typedef void cf_list_difference_each(void *context, const struct cf_list_difference *difference);

/*
 * Calls each for every difference, sorted by kind and key. counts_out[change][category] counts
 * them; a moved entry counts under its new category. CF_ENOMEM, CF_ETOOBIG.
 */
enum cf_status cf_list_diff(const struct cf_pack *before, const struct cf_pack *after,
    cf_list_difference_each *each, void *context,
    size_t counts_out[CF_CHANGES][CF_CATEGORIES]) CF_MUST_CHECK;
