/*
 * Names to sections: equal names brought together into records, and the homes that find them.
 *
 * Everything is done in the order of the hash - one radix sort - so that records, homes and filter
 * are filled from front to back and equal names stand side by side; no hash map is needed for any
 * of them.
 */

#include "compile/image/image_builder.h"

#include "names/hash.h"

#include <stdlib.h>
#include <string.h>

/* A name of the builder by its hash. */
struct keyed {
	uint64_t hash;
	uint32_t entry;
	uint32_t name_len;
};

struct sorter {
	const struct cf_image_builder *builder;
	const struct cf_added_entry *entries;
	const struct cf_image_attr_item *attrs;
	uint32_t count;
	struct keyed *keyed;
};

/* The hash key follows from the names, so that equal input gives equal bytes, and from the attempt.
 */
static enum cf_status derive_key(
    const struct cf_image_builder *builder, uint32_t attempt, uint64_t key[2])
{
	static const char purpose[] = "curfew image name hash key";
	const uint32_t numbers[] = {attempt, (uint32_t)builder->entries.used};
	struct cf_sha256 *sha = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];

	if (sha == NULL)
		return CF_ENOMEM;
	cf_sha256_update(sha, purpose, sizeof purpose);
	cf_sha256_update(sha, numbers, sizeof numbers);
	cf_sha256_update(sha, builder->names, builder->names_used);
	cf_sha256_final(sha, digest);
	cf_sha256_free(sha);
	memcpy(key, digest, 2 * sizeof *key);
	return CF_OK;
}

static void hash_names(struct sorter *s, const uint64_t key[2])
{
	for (uint32_t i = 0; i < s->count; i++) {
		size_t at = s->entries[i].name;
		size_t end = i + 1 < s->count ? s->entries[i + 1].name : s->builder->names_used;

		s->keyed[i] = (struct keyed){
		    .hash = cf_name_hash_wire(s->builder->names + at, end - at, key),
		    .entry = i,
		    .name_len = (uint32_t)(end - at),
		};
	}
}

/* The top 33 bits decide the order, in three stable passes of 11; the few ties come later. */
#define DIGIT_BITS  11
#define DIGITS      (1U << DIGIT_BITS)
#define SORT_SHIFT  31
#define SORT_PASSES 3

static enum cf_status sort_by_hash(struct sorter *s)
{
	struct keyed *from = s->keyed, *to = malloc(s->count * sizeof *to), *swap;
	size_t starts[DIGITS];

	if (to == NULL)
		return CF_ENOMEM;
	for (unsigned pass = 0; pass < SORT_PASSES; pass++) {
		unsigned shift = SORT_SHIFT + pass * DIGIT_BITS;
		size_t sum = 0;

		memset(starts, 0, sizeof starts);
		for (uint32_t i = 0; i < s->count; i++)
			starts[from[i].hash >> shift & (DIGITS - 1)]++;
		for (unsigned d = 0; d < DIGITS; d++) {
			size_t here = starts[d];

			starts[d] = sum;
			sum += here;
		}
		for (uint32_t i = 0; i < s->count; i++)
			to[starts[from[i].hash >> shift & (DIGITS - 1)]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	s->keyed = from;
	free(to);
	return CF_OK;
}

static int compare_names(const struct sorter *s, const struct keyed *a, const struct keyed *b)
{
	const uint8_t *names = s->builder->names;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->name_len != b->name_len)
		return a->name_len < b->name_len ? -1 : 1;
	return memcmp(
	    names + s->entries[a->entry].name, names + s->entries[b->entry].name, a->name_len);
}

/* Ties: by name; entries of one name by scope (cf_image_find_name() promises it), then as added. */
static int compare_keyed(const void *left, const void *right, void *context)
{
	const struct keyed *a = left, *b = right;
	const struct sorter *s = context;
	int order = compare_names(s, a, b);
	uint8_t scope_a, scope_b;

	if (order != 0)
		return order;
	scope_a = s->attrs[s->entries[a->entry].attr].scope;
	scope_b = s->attrs[s->entries[b->entry].attr].scope;
	if (scope_a != scope_b)
		return scope_a < scope_b ? -1 : 1;
	return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* Sorts the stretches whose hashes begin alike. */
static void sort_ties(struct sorter *s)
{
	for (uint32_t i = 0, end; i < s->count; i = end) {
		for (end = i + 1; end < s->count; end++)
			if (s->keyed[end].hash >> SORT_SHIFT != s->keyed[i].hash >> SORT_SHIFT)
				break;
		if (end - i > 1)
			qsort_r(s->keyed + i, end - i, sizeof *s->keyed, compare_keyed, s);
	}
}

/* The end of the stretch of keyed names equal to the one at start. */
static uint32_t equal_end(const struct sorter *s, uint32_t start)
{
	uint32_t end = start + 1;

	while (end < s->count && compare_names(s, &s->keyed[end], &s->keyed[start]) == 0)
		end++;
	return end;
}

/* How many different names there are, and the units of their records. */
struct extent {
	uint32_t names;
	uint64_t units;
};

static enum cf_status measure(const struct sorter *s, struct extent *extent)
{
	*extent = (struct extent){0};
	for (uint32_t i = 0, end; i < s->count; i = end) {
		end = equal_end(s, i);
		if (end - i > CF_NAME_ENTRIES)
			return CF_ETOOBIG;
		extent->names++;
		extent->units += cf_image_record_units(end - i, s->keyed[i].name_len);
	}
	return extent->units < UINT32_MAX ? CF_OK : CF_ETOOBIG;
}

/* Names are read in the order of the hash, all over the builder's memory: this far ahead. */
#define LOOK_AHEAD 16

static void look_ahead(const struct sorter *s, uint32_t from)
{
	if (from + LOOK_AHEAD < s->count)
		__builtin_prefetch(
		    s->builder->names + s->entries[s->keyed[from + LOOK_AHEAD].entry].name);
	if (from + 2 * LOOK_AHEAD < s->count)
		__builtin_prefetch(&s->entries[s->keyed[from + 2 * LOOK_AHEAD].entry]);
}

/* Writes the record of the stretch at start to before end; returns its units. */
static uint32_t put_record(const struct sorter *s, uint32_t start, uint32_t end, uint32_t *to)
{
	uint32_t name_len = s->keyed[start].name_len, at = 0;
	uint8_t *name;

	for (uint32_t i = start; i < end; i++) {
		const struct cf_added_entry *entry = &s->entries[s->keyed[i].entry];

		look_ahead(s, i);
		to[at++] = entry->attr | (i + 1 < end ? CF_IMAGE_MORE : 0);
		to[at++] = entry->line;
	}
	name = (uint8_t *)(to + at);
	name[0] = (uint8_t)name_len;
	memcpy(name + 1, s->builder->names + s->entries[s->keyed[start].entry].name, name_len);
	return cf_image_record_units(end - start, name_len);
}

/*
 * Fills names with the records, in the order of the hash, and homes with where those of each home
 * begin. False when a home gets more than CF_IMAGE_HOME_NAMES.
 */
static bool fill_names(
    const struct sorter *s, uint32_t home_count, uint32_t *names, uint32_t *homes)
{
	uint32_t at = 0, home = 0, in_home = 0;

	for (uint32_t i = 0, end; i < s->count; i = end) {
		uint32_t own = cf_image_home(s->keyed[i].hash, home_count);

		if (own > home)
			in_home = 0;
		while (home < own)
			homes[++home] = at;
		if (++in_home > CF_IMAGE_HOME_NAMES)
			return false;
		end = equal_end(s, i);
		at += put_record(s, i, end, names + at);
	}
	while (home < home_count)
		homes[++home] = at;
	return true;
}

static void fill_filter(const struct sorter *s, uint64_t *filter, uint32_t words)
{
	for (uint32_t i = 0; i < s->count; i++) {
		uint64_t hash = s->keyed[i].hash;

		filter[cf_image_home(hash, words)] |= cf_image_filter_bits(hash);
	}
}

/* count (not 0: there are names) zeroed items of the section, in part->owned; NULL without memory.
 */
static void *new_part(struct cf_image_parts *parts, enum cf_section_id id, size_t count)
{
	struct cf_image_part *part = &parts->parts[id];

	/* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): see above */
	part->data = part->owned = calloc(count, cf_image_item_bytes[id]);
	part->count = part->owned == NULL ? 0 : count;
	return part->owned;
}

/* Names, homes and filter of the sorted names. CF_EAGAIN: another key is needed. */
static enum cf_status build_sections(const struct sorter *s, struct cf_image_parts *parts)
{
	uint32_t *names, *homes, words;
	struct extent extent;
	enum cf_status status = measure(s, &extent);
	uint64_t *filter;

	if (status != CF_OK)
		return status;
	words = extent.names / CF_IMAGE_FILTER_NAMES + 1;
	names = new_part(parts, CF_SECTION_NAMES, (size_t)extent.units);
	homes = new_part(parts, CF_SECTION_HOMES, (size_t)extent.names + 1);
	filter = new_part(parts, CF_SECTION_FILTER, words);
	if (names == NULL || homes == NULL || filter == NULL)
		return CF_ENOMEM;
	if (!fill_names(s, extent.names, names, homes))
		return CF_EAGAIN;
	fill_filter(s, filter, words);
	parts->header.home_count = extent.names;
	parts->header.entry_count = s->count;
	return CF_OK;
}

static void count_labels(const struct cf_image_builder *builder, struct cf_image_header *header)
{
	header->least_labels = CF_NAME_LABELS;
	header->most_labels = 0;
	for (size_t at = 0; at < builder->names_used; at++) {
		uint32_t labels = 0;

		for (; builder->names[at] != 0; at += 1U + builder->names[at])
			labels++;
		if (labels < header->least_labels)
			header->least_labels = labels;
		if (labels > header->most_labels)
			header->most_labels = labels;
	}
}

static void drop_part(struct cf_image_part *part)
{
	free(part->owned);
	*part = (struct cf_image_part){0};
}

static enum cf_status build_with_key(
    const struct cf_image_builder *builder, uint32_t attempt, struct cf_image_parts *parts)
{
	struct sorter s = {.builder = builder,
	    .entries = builder->entries.items,
	    .attrs = builder->attrs.items,
	    .count = (uint32_t)builder->entries.used};
	enum cf_status status = derive_key(builder, attempt, parts->header.hash_key);

	if (status != CF_OK)
		return status;
	s.keyed = malloc(s.count * sizeof *s.keyed);
	if (s.keyed == NULL)
		return CF_ENOMEM;
	hash_names(&s, parts->header.hash_key);
	status = sort_by_hash(&s);
	if (status == CF_OK) {
		sort_ties(&s);
		status = build_sections(&s, parts);
	}
	free(s.keyed);
	return status;
}

enum cf_status cf_image_build_names(
    const struct cf_image_builder *builder, struct cf_image_parts *parts)
{
	enum cf_status status = CF_EAGAIN;

	parts->parts[CF_SECTION_ATTRS] =
	    (struct cf_image_part){.data = builder->attrs.items, .count = builder->attrs.used};
	parts->header.least_labels = 1;
	if (builder->entries.used == 0)
		return CF_OK;
	count_labels(builder, &parts->header);
	for (uint32_t attempt = 0; status == CF_EAGAIN && attempt < CF_IMAGE_KEYS; attempt++) {
		drop_part(&parts->parts[CF_SECTION_NAMES]);
		drop_part(&parts->parts[CF_SECTION_HOMES]);
		drop_part(&parts->parts[CF_SECTION_FILTER]);
		status = build_with_key(builder, attempt, parts);
	}
	/* Eight keys in a row cannot fail with a working hash. */
	return status == CF_EAGAIN ? CF_EINTERNAL : status;
}
