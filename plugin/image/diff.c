/*
 * Every name of one image looked up in the other: a million names take a blink. Only what differs
 * is sorted, for people.
 */

#include "image/diff.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/*
 * A name that entries of this scope cover most specifically: the entry's own, or for those that
 * begin below it one label more. False when no name can be that long; nothing matches such an
 * entry.
 */
static bool name_covered(const struct cf_entry *entry, struct cf_name *name_out)
{
	uint8_t below[CF_NAME_WIRE_BYTES + 2] = {1, 'x'};
	struct cf_name own;

	/* The wire name was verified with the image; the root label ends it. */
	if (cf_name_from_wire(entry->name_wire, CF_NAME_WIRE_BYTES, &own) != CF_OK)
		return false;
	if (entry->scope != CF_SCOPE_BELOW) {
		*name_out = own;
		return true;
	}
	memcpy(below + 2, own.wire, own.wire_len);
	return cf_name_from_wire(below, own.wire_len + 2U, name_out) == CF_OK;
}

/* True when image has an entry of the same name, scope and category that is no exception's. */
static bool has_entry(const struct cf_image *image, const struct cf_entry *wanted)
{
	struct cf_match matches[CF_MATCHES];
	struct cf_entry entry;
	struct cf_name name;
	unsigned count;

	if (image == NULL || !name_covered(wanted, &name))
		return false;
	count = cf_image_find_name(image, &name, matches);
	for (unsigned i = 0; i < count; i++) {
		cf_image_entry(image, matches[i].entry, &entry);
		if (entry.scope == wanted->scope && entry.category == wanted->category &&
		    entry.exception == CF_NONE &&
		    strcmp((const char *)entry.name_wire, (const char *)wanted->name_wire) == 0)
			return true;
	}
	return false;
}

/* Entries of one image. */
struct entries {
	uint32_t *ids;
	size_t count, room;
};

static bool keep_entry(struct entries *entries, uint32_t id)
{
	uint32_t *ids = cf_array_grow(entries->ids, entries->count, 1, &entries->room, sizeof *ids);

	if (ids == NULL)
		return false;
	entries->ids = ids;
	entries->ids[entries->count++] = id;
	return true;
}

/* As they are written: by file, then line, then name. */
static int compare_places(const void *left, const void *right, void *context)
{
	struct cf_entry a, b;
	int order;

	cf_image_entry(context, *(const uint32_t *)left, &a);
	cf_image_entry(context, *(const uint32_t *)right, &b);
	order = strcmp(a.file, b.file);
	if (order == 0)
		order = (a.line > b.line) - (a.line < b.line);
	return order != 0 ? order : strcmp((const char *)a.name_wire, (const char *)b.name_wire);
}

/* What image has and other has not. */
static enum cf_status diff_names(const struct cf_image *image, const struct cf_image *other,
    bool added, cf_image_diff_each *each, void *context, struct cf_image_category_diff *categories)
{
	uint32_t i = image == NULL ? CF_NONE : cf_image_first_entry(image);
	struct entries found = {.room = 0};
	enum cf_status status = CF_OK;
	struct cf_entry entry;

	for (; i != CF_NONE; i = cf_image_next_entry(image, i)) {
		struct cf_image_category_diff *category;

		cf_image_entry(image, i, &entry);
		if (entry.exception != CF_NONE)
			continue;
		category = &categories[entry.category];
		category->old_count += !added;
		category->new_count += added;
		if (has_entry(other, &entry))
			continue;
		category->removed += !added;
		category->added += added;
		if (each != NULL && !keep_entry(&found, i)) {
			status = CF_ENOMEM;
			break;
		}
	}
	if (status == CF_OK && found.count > 0) {
		qsort_r(found.ids, found.count, sizeof *found.ids, compare_places,
		    (void *)(uintptr_t)image);
		for (size_t k = 0; k < found.count; k++)
			each(context, image, found.ids[k], added);
	}
	free(found.ids);
	return status;
}

static int compare_prefixes(const void *left, const void *right)
{
	const struct cf_prefix *a = left, *b = right;
	int order = cf_addr_compare(&a->addr, &b->addr);

	return order != 0 ? order : a->bits - b->bits;
}

static struct cf_prefix *collect_prefixes(const struct cf_image *image, uint32_t *count_out)
{
	uint32_t count = image == NULL ? 0 : cf_image_info(image)->networks;
	struct cf_prefix *prefixes = calloc((size_t)count + 1, sizeof *prefixes);
	struct cf_network network;

	for (uint32_t i = 0; prefixes != NULL && i < count; i++) {
		cf_image_network(image, i, &network);
		prefixes[i] = network.prefix;
	}
	if (prefixes != NULL)
		qsort(prefixes, count, sizeof *prefixes, compare_prefixes);
	*count_out = count;
	return prefixes;
}

static enum cf_status diff_networks(const struct cf_image *old_image,
    const struct cf_image *new_image, struct cf_image_category_diff *diff)
{
	struct cf_prefix *olds = collect_prefixes(old_image, &diff->old_count);
	struct cf_prefix *news = collect_prefixes(new_image, &diff->new_count);
	enum cf_status status = olds == NULL || news == NULL ? CF_ENOMEM : CF_OK;
	uint32_t i = 0, j = 0;

	while (status == CF_OK && (i < diff->old_count || j < diff->new_count)) {
		int order;

		if (i == diff->old_count)
			order = 1;
		else if (j == diff->new_count)
			order = -1;
		else
			order = compare_prefixes(&olds[i], &news[j]);
		diff->removed += order < 0;
		diff->added += order > 0;
		i += order <= 0;
		j += order >= 0;
	}
	free(olds);
	free(news);
	return status;
}

enum cf_status cf_image_diff(const struct cf_image *old_image, const struct cf_image *new_image,
    cf_image_diff_each *each, void *context, struct cf_image_diff *diff_out)
{
	struct cf_image_diff diff = {0};
	enum cf_status status = diff_networks(old_image, new_image, &diff.networks);

	if (status == CF_OK)
		status = diff_names(old_image, new_image, false, each, context, diff.categories);
	if (status == CF_OK)
		status = diff_names(new_image, old_image, true, each, context, diff.categories);
	if (status == CF_OK)
		*diff_out = diff;
	return status;
}
