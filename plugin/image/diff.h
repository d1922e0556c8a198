/*
 * What two images say differently of names and networks: what `curfew apply` shows before it
 * replaces one by the other. Names that belong to exceptions are not counted; the exceptions of a
 * policy are compared by whoever shows them.
 *
 * One look-up a name and image; allocates for networks and for what differs. Not for hot paths. Any
 * thread.
 */
#pragma once

#include "image/image.h"

/* A name that stands in an image twice, from two sources, counts twice. Entries that only changed
 * their category are removed from one and added to another. */
struct cf_image_category_diff {
	uint32_t old_count, new_count; /* names */
	uint32_t added, removed;
};

struct cf_image_diff {
	struct cf_image_category_diff categories[CF_CATEGORIES];
	struct cf_image_category_diff networks;
};

/*
 * Told once a name that one image has and the other has not; the entry is the image's own. First
 * what the old image has, then the new one, each in the order in which it is written: by file, then
 * line.
 */
typedef void cf_image_diff_each(
    void *context, const struct cf_image *image, uint32_t entry, bool added);

/*
 * Compares; an image that is NULL is empty. each may be NULL. CF_ENOMEM.
 */
enum cf_status cf_image_diff(const struct cf_image *old_image, const struct cf_image *new_image,
    cf_image_diff_each *each, void *context, struct cf_image_diff *diff_out) CF_MUST_CHECK;
