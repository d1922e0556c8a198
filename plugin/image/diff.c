/* Two sorted lists, merged. */

#include "image/diff.h"

#include <stdlib.h>
#include <string.h>

/* What makes a name the same name: its bytes, scope and category. */
struct key {
	const uint8_t *wire;
	uint32_t entry;
	uint8_t wire_len, scope, category;
};

struct keys {
	struct key *items;
	size_t count;
};

/* Canonical wire bytes up to and with the root label; the image was verified. */
static uint8_t wire_length(const uint8_t *wire)
{
	size_t len = 0;

	while (wire[len] != 0)
		len += 1U + wire[len];
	return (uint8_t)(len + 1);
}

static int compare_keys(const void *left, const void *right)
{
	const struct key *a = left, *b = right;

	if (a->wire_len != b->wire_len)
		return a->wire_len - b->wire_len;
	if (memcmp(a->wire, b->wire, a->wire_len) != 0)
		return memcmp(a->wire, b->wire, a->wire_len);
	if (a->scope != b->scope)
		return a->scope - b->scope;
	return a->category - b->category;
}

/* Equal entries (the same name from two sources) count once. */
static enum cf_status collect(const struct cf_image *image, struct keys *keys_out)
{
	uint32_t names = image == NULL ? 0 : cf_image_info(image)->names;
	struct key *items = calloc((size_t)names + 1, sizeof *items);
	size_t count = 0, kept = 0;
	struct cf_entry entry;

	if (items == NULL)
		return CF_ENOMEM;
	for (uint32_t i = 0; i < names; i++) {
		cf_image_entry(image, i, &entry);
		if (entry.exception != CF_NONE)
			continue;
		items[count++] = (struct key){.wire = entry.name_wire,
		    .entry = i,
		    .wire_len = wire_length(entry.name_wire),
		    .scope = (uint8_t)entry.scope,
		    .category = (uint8_t)entry.category};
	}
	qsort(items, count, sizeof *items, compare_keys);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || compare_keys(&items[kept - 1], &items[i]) != 0)
			items[kept++] = items[i];
	*keys_out = (struct keys){.items = items, .count = kept};
	return CF_OK;
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
	struct keys olds = {0}, news = {0};
	struct cf_image_diff diff = {0};
	enum cf_status status = collect(old_image, &olds);
	size_t i = 0, j = 0;

	if (status == CF_OK)
		status = collect(new_image, &news);
	if (status == CF_OK)
		status = diff_networks(old_image, new_image, &diff.networks);
	while (status == CF_OK && (i < olds.count || j < news.count)) {
		const struct key *a = i < olds.count ? &olds.items[i] : NULL;
		const struct key *b = j < news.count ? &news.items[j] : NULL;
		int order = b == NULL ? -1 : 1;

		if (a != NULL && b != NULL)
			order = compare_keys(a, b);
		if (order < 0) {
			diff.categories[a->category].removed++;
			if (each != NULL)
				each(context, old_image, a->entry, false);
		} else if (order > 0) {
			diff.categories[b->category].added++;
			if (each != NULL)
				each(context, new_image, b->entry, true);
		}
		if (order <= 0) {
			diff.categories[a->category].old_count++;
			i++;
		}
		if (order >= 0) {
			diff.categories[b->category].new_count++;
			j++;
		}
	}
	free(olds.items);
	free(news.items);
	if (status == CF_OK)
		*diff_out = diff;
	return status;
}
