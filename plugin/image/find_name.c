/*
 * From a name to the entries that cover it.
 *
 * All suffixes are hashed in one pass, then all filter words are fetched, then the buckets of the
 * few suffixes that the filter lets through: the cache misses of one name overlap instead of
 * queueing. A clean name usually ends at the filter, which is small enough to stay in a cache.
 * Whatever the hash says, names are compared in full before anything counts as listed.
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

unsigned cf_image_find_runs(const struct cf_image *image, const struct cf_name *name,
    struct cf_name_run runs[CF_NAME_LABELS + 1])
{
	const struct cf_image_header *header = &image->header;
	unsigned least = header->least_labels, most = header->most_labels, count = 0, passed = 0;
	uint64_t hashes[CF_NAME_LABELS + 1];
	uint8_t levels[CF_NAME_LABELS + 1];

	if (most > name->label_count)
		most = name->label_count;
	if (image->entry_count == 0 || most < least)
		return 0;
	cf_name_hash_suffixes(name, header->hash_key, least, most, hashes);
	for (unsigned k = least; k <= most; k++)
		__builtin_prefetch(&image->filter[cf_image_home(hashes[k], image->filter_count)]);
	for (unsigned k = most + 1; k-- > least;) {
		uint64_t bits = cf_image_filter_bits(hashes[k]);

		if ((image->filter[cf_image_home(hashes[k], image->filter_count)] & bits) != bits)
			continue;
		__builtin_prefetch(&image->buckets[cf_image_home(hashes[k], header->home_count)]);
		levels[passed++] = (uint8_t)k;
	}
	for (unsigned i = 0; i < passed; i++) {
		size_t len;
		const uint8_t *suffix = cf_name_suffix(name, levels[i], &len);
		uint32_t first = probe(image, hashes[levels[i]], suffix, len);

		if (first == CF_NONE)
			continue;
		runs[count++] = (struct cf_name_run){
		    .first = first, .end = run_end(image, first), .label_count = levels[i]};
	}
	return count;
}

unsigned cf_image_find_name(
    const struct cf_image *image, const struct cf_name *name, struct cf_match matches[CF_MATCHES])
{
	struct cf_name_run runs[CF_NAME_LABELS + 1];
	unsigned run_count = cf_image_find_runs(image, name, runs), count = 0;

	for (unsigned i = 0; i < run_count; i++) {
		for (uint32_t entry = runs[i].first; entry < runs[i].end; entry++) {
			uint8_t scope = image->attrs[image->entries[entry].attr].scope;

			if (!cf_scope_covers(scope, runs[i].label_count, name->label_count))
				continue;
			if (count == CF_MATCHES)
				return count;
			matches[count++] = (struct cf_match){
			    .entry = entry, .label_count = (uint8_t)runs[i].label_count};
		}
	}
	return count;
}
