/*
 * From a name to the entries that cover it.
 *
 * All suffixes are hashed in one pass, then all filter words are fetched, then the homes of the few
 * suffixes that the filter lets through, which are searched one by one as asked for: the cache
 * misses of one name overlap instead of queueing. A clean name usually ends at the filter, which is
 * small enough to stay in a cache; a listed one costs three places: filter, home and record.
 * Whatever the hash says, names are compared in full before anything counts as listed.
 */

#include "image/mapped.h"

#include "names/hash.h"

#include <string.h>

/* Finds the entries of the name suffix[0..len) whose hash is given. */
static bool probe(const struct cf_image *image, uint64_t hash, const uint8_t *suffix, size_t len,
    struct cf_name_run *run_out)
{
	const uint32_t *home = &image->homes[cf_image_home(hash, image->header.home_count)];
	uint32_t first = home[0], after = home[1], end;
	const uint8_t *name;

	/* Most homes reach into a second line of the cache. */
	__builtin_prefetch(&image->names[after]);
	for (; first < after; first = end + cf_image_record_units(0, name[0])) {
		end = cf_entries_end(image, first);
		name = (const uint8_t *)(image->names + end);
		if (name[0] == len && memcmp(name + 1, suffix, len) == 0) {
			run_out->first = first;
			run_out->end = end;
			return true;
		}
	}
	return false;
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
	if (image->names_units == 0 || most < least)
		return;
	cf_name_hash_suffixes(name, header->hash_key, least, most, walk->hashes);
	for (unsigned k = least; k <= most; k++)
		__builtin_prefetch(
		    &image->filter[cf_image_home(walk->hashes[k], image->filter_count)]);
	for (unsigned k = most + 1; k-- > least;) {
		uint64_t hash = walk->hashes[k], bits = cf_image_filter_bits(hash);

		if ((image->filter[cf_image_home(hash, image->filter_count)] & bits) != bits)
			continue;
		__builtin_prefetch(&image->homes[cf_image_home(hash, header->home_count)]);
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

		if (!probe(walk->image, walk->hashes[labels], suffix, len, run_out))
			continue;
		run_out->label_count = labels;
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
		for (uint32_t entry = run.first; entry < run.end; entry += CF_IMAGE_ENTRY_UNITS) {
			uint8_t scope = cf_entry_attr(image, entry)->scope;

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
