/*
 * From a name to the entries that cover it.
 *
 * All suffixes are hashed in one pass, then all filter words are fetched, then the buckets of the
 * few suffixes that the filter lets through, which are searched one by one as asked for: the cache
 * misses of one name overlap instead of queueing. A clean name usually ends at the filter, which is
 * small enough to stay in a cache. Whatever the hash says, names are compared in full before
 * anything counts as listed.
 */

#include "image/mapped.h"

#include "names/hash.h"

#include <string.h>

/* The first entry of the name suffix[0..len) whose hash is given, or CF_NONE. */
static uint32_t probe(
    const struct cf_image *image, uint64_t hash, const uint8_t *suffix, size_t len)
{
	const struct cf_image_bucket *bucket =
	    &image->buckets[cf_image_home(hash, image->header.home_count)];

	for (uint32_t step = 0; step <= image->header.overflow; step++, bucket++) {
		for (unsigned i = 0; i < CF_IMAGE_SLOTS; i++) {
			uint32_t entry = (uint32_t)bucket->slots[i], name;

			if (bucket->slots[i] >> CF_IMAGE_TAG_SHIFT != CF_IMAGE_TAG(hash) ||
			    entry == CF_NONE)
				continue;
			name = image->entries[entry].name;
			if (len <= image->names_bytes - name &&
			    memcmp(image->names + name, suffix, len) == 0)
				return entry;
		}
		if ((bucket->slots[0] & CF_IMAGE_OVERFLOWED) == 0)
			break;
	}
	return CF_NONE;
}

/* The end of the run of entries that begins at first. */
static uint32_t run_end(const struct cf_image *image, uint32_t first)
{
	uint32_t end = first + 1;

	while (end < image->entry_count && image->entries[end].name == image->entries[first].name)
		end++;
	return end;
}

void cf_image_walk_begin(
    struct cf_name_walk *walk, const struct cf_image *image, const struct cf_name *name)
{
	const struct cf_image_header *header = &image->header;
	unsigned least = header->least_labels, most = header->most_labels, passed = 0;

	walk->image = image;
	walk->name = name;
	walk->passed = walk->next = 0;
	if (most > name->label_count)
		most = name->label_count;
	if (image->entry_count == 0 || most < least)
		return;
	cf_name_hash_suffixes(name, header->hash_key, least, most, walk->hashes);
	for (unsigned k = least; k <= most; k++)
		__builtin_prefetch(
		    &image->filter[cf_image_home(walk->hashes[k], image->filter_count)]);
	for (unsigned k = most + 1; k-- > least;) {
		uint64_t hash = walk->hashes[k], bits = cf_image_filter_bits(hash);

		if ((image->filter[cf_image_home(hash, image->filter_count)] & bits) != bits)
			continue;
		__builtin_prefetch(&image->buckets[cf_image_home(hash, header->home_count)]);
		walk->levels[passed++] = (uint8_t)k;
	}
	walk->passed = passed;
}

bool cf_image_walk_next(struct cf_name_walk *walk, struct cf_name_run *run_out)
{
	while (walk->next < walk->passed) {
		unsigned labels = walk->levels[walk->next++];
		size_t len;
		const uint8_t *suffix = cf_name_suffix(walk->name, labels, &len);
		uint32_t first = probe(walk->image, walk->hashes[labels], suffix, len);

		if (first == CF_NONE)
			continue;
		*run_out = (struct cf_name_run){
		    .first = first, .end = run_end(walk->image, first), .label_count = labels};
		return true;
	}
	return false;
}

unsigned cf_image_find_name(
    const struct cf_image *image, const struct cf_name *name, struct cf_match matches[CF_MATCHES])
{
	struct cf_name_walk walk;
	struct cf_name_run run;
	unsigned count = 0;

	cf_image_walk_begin(&walk, image, name);
	while (cf_image_walk_next(&walk, &run)) {
		for (uint32_t entry = run.first; entry < run.end; entry++) {
			uint8_t scope = image->attrs[image->entries[entry].attr].scope;

			if (!cf_scope_covers(scope, run.label_count, name->label_count))
				continue;
			if (count == CF_MATCHES)
				return count;
			matches[count++] = (struct cf_match){
			    .entry = entry, .label_count = (uint8_t)run.label_count};
		}
	}
	return count;
}
