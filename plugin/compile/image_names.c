/*
 * Names to sections: equal names brought together, and the hash table that finds them.
 *
 * Everything is done in the order of the hash - one radix sort - so that the table and the filter
 * are filled from front to back and equal names stand side by side; no hash map is needed for
 * either.
 */

#include "compile/image_builder.h"

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
	const struct cf_image_entry_item *entries;
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

/* Sorts the stretches whose hashes begin alike; *tied_out tells whether there are any. */
static void sort_ties(struct sorter *s, bool *tied_out)
{
	bool tied = false;

	for (uint32_t i = 0, end; i < s->count; i = end) {
		for (end = i + 1; end < s->count; end++)
			if (s->keyed[end].hash >> SORT_SHIFT != s->keyed[i].hash >> SORT_SHIFT)
				break;
		if (end - i == 1)
			continue;
		tied = true;
		qsort_r(s->keyed + i, end - i, sizeof *s->keyed, compare_keyed, s);
	}
	*tied_out = tied;
}

/* The end of the stretch of keyed names equal to the one at start. */
static uint32_t equal_end(const struct sorter *s, uint32_t start)
{
	uint32_t end = start + 1;

	while (end < s->count && compare_names(s, &s->keyed[end], &s->keyed[start]) == 0)
		end++;
	return end;
}

/* Sections with each name once, in the order of first addition, its entries together. */
struct merged {
	uint8_t *names;
	size_t names_used;
	struct cf_image_entry_item *entries;
	uint32_t entry_count;
};

static void emit_run(const struct sorter *s, uint32_t start, uint32_t end, struct merged *merged)
{
	uint32_t name = (uint32_t)merged->names_used;

	memcpy(merged->names + name, s->builder->names + s->entries[s->keyed[start].entry].name,
	    s->keyed[start].name_len);
	merged->names_used += s->keyed[start].name_len;
	for (uint32_t i = start; i < end; i++) {
		merged->entries[merged->entry_count] = s->entries[s->keyed[i].entry];
		merged->entries[merged->entry_count++].name = name;
	}
}

/*
 * Emits every name in the order of its first entry. place[entry] is where in keyed the stretch of
 * an entry that leads it begins, or none; keyed is then cut down to one item a name, which points
 * to the first of the new entries.
 */
static enum cf_status merge(struct sorter *s, uint32_t *place, struct merged *merged)
{
	uint32_t kept = 0;

	memset(place, 0xff, s->count * sizeof *place);
	for (uint32_t i = 0, end; i < s->count; i = end) {
		uint32_t leader = s->keyed[i].entry;

		end = equal_end(s, i);
		if (end - i > CF_NAME_ENTRIES)
			return CF_ETOOBIG;
		for (uint32_t k = i + 1; k < end; k++)
			if (s->keyed[k].entry < leader)
				leader = s->keyed[k].entry;
		place[leader] = i;
	}
	for (uint32_t entry = 0; entry < s->count; entry++) {
		uint32_t start = place[entry], first = merged->entry_count;

		if (start == CF_IMAGE_NONE)
			continue;
		emit_run(s, start, equal_end(s, start), merged);
		/* No longer needed as a length: marks the stretch as kept, and where it went. */
		s->keyed[start].entry = first;
		s->keyed[start].name_len = 0;
	}
	for (uint32_t i = 0; i < s->count; i++)
		if (s->keyed[i].name_len == 0)
			s->keyed[kept++] = s->keyed[i];
	s->count = kept;
	return CF_OK;
}

/*
 * Puts count names, sorted by hash, into buckets: a name that finds its home full goes on to the
 * next with room. False when one would go further than CF_IMAGE_OVERFLOW.
 */
static bool fill_buckets(const struct keyed *keyed, uint32_t count, uint32_t home_count,
    struct cf_image_bucket *buckets, uint32_t *overflow_out)
{
	uint32_t bucket = 0, used = 0, overflow = 0;

	memset(buckets, 0, ((size_t)home_count + CF_IMAGE_OVERFLOW) * sizeof *buckets);
	for (size_t i = 0; i < (size_t)home_count + CF_IMAGE_OVERFLOW; i++)
		for (unsigned k = 0; k < CF_IMAGE_SLOTS; k++)
			buckets[i].slots[k] = CF_IMAGE_NONE;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t home = cf_image_home(keyed[i].hash, home_count);

		if (home > bucket || used == CF_IMAGE_SLOTS) {
			bucket = home > bucket ? home : bucket + 1;
			used = 0;
		}
		if (bucket - home > CF_IMAGE_OVERFLOW)
			return false;
		if (bucket - home > overflow)
			overflow = bucket - home;
		for (uint32_t passed = home; passed < bucket; passed++)
			buckets[passed].slots[0] |= CF_IMAGE_OVERFLOWED;
		buckets[bucket].slots[used] = (buckets[bucket].slots[used] & CF_IMAGE_OVERFLOWED) |
		    CF_IMAGE_TAG(keyed[i].hash) << CF_IMAGE_TAG_SHIFT | keyed[i].entry;
		used++;
	}
	*overflow_out = overflow;
	return true;
}

static void fill_filter(const struct keyed *keyed, uint32_t count, uint64_t *filter, uint32_t words)
{
	for (uint32_t i = 0; i < count; i++)
		filter[cf_image_home(keyed[i].hash, words)] |= cf_image_filter_bits(keyed[i].hash);
}

/* Table and filter of the sorted names. CF_EAGAIN: another key is needed. */
static enum cf_status build_index(const struct sorter *s, struct cf_image_parts *parts)
{
	uint32_t per_home = CF_IMAGE_SLOTS * CF_IMAGE_LOAD_NUM / CF_IMAGE_LOAD_DEN;
	uint32_t home_count = s->count / per_home + 1, words = s->count / 8 + 1, overflow = 0;
	struct cf_image_part *part = &parts->parts[CF_SECTION_BUCKETS];

	part->owned = aligned_alloc(CF_IMAGE_ALIGN,
	    ((size_t)home_count + CF_IMAGE_OVERFLOW) * sizeof(struct cf_image_bucket));
	if (part->owned == NULL)
		return CF_ENOMEM;
	if (!fill_buckets(s->keyed, s->count, home_count, part->owned, &overflow)) {
		free(part->owned);
		part->owned = NULL;
		return CF_EAGAIN;
	}
	part->data = part->owned;
	part->count = (size_t)home_count + overflow;
	parts->header.home_count = home_count;
	parts->header.overflow = overflow;

	part = &parts->parts[CF_SECTION_FILTER];
	part->owned = calloc(words, sizeof(uint64_t));
	if (part->owned == NULL)
		return CF_ENOMEM;
	fill_filter(s->keyed, s->count, part->owned, words);
	part->data = part->owned;
	part->count = words;
	return CF_OK;
}

/* When no name comes twice, names and entries of the builder are the sections as they are. */
static enum cf_status build_lists(struct sorter *s, bool tied, struct cf_image_parts *parts)
{
	struct cf_image_part *names = &parts->parts[CF_SECTION_NAMES];
	struct cf_image_part *entries = &parts->parts[CF_SECTION_ENTRIES];
	struct merged merged = {0};
	enum cf_status status;
	uint32_t *place;

	if (!tied) {
		*names = (struct cf_image_part){
		    .data = s->builder->names, .count = s->builder->names_used};
		*entries = (struct cf_image_part){.data = s->entries, .count = s->count};
		return CF_OK;
	}
	place = malloc(s->count * sizeof *place);
	names->owned = merged.names = malloc(s->builder->names_used);
	entries->owned = merged.entries = malloc(s->count * sizeof *merged.entries);
	if (place == NULL || merged.names == NULL || merged.entries == NULL) {
		free(place);
		return CF_ENOMEM;
	}
	status = merge(s, place, &merged);
	free(place);
	names->data = merged.names;
	names->count = merged.names_used;
	entries->data = merged.entries;
	entries->count = merged.entry_count;
	return status;
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
	bool tied = false;

	if (status != CF_OK)
		return status;
	s.keyed = malloc(s.count * sizeof *s.keyed);
	if (s.keyed == NULL)
		return CF_ENOMEM;
	hash_names(&s, parts->header.hash_key);
	status = sort_by_hash(&s);
	if (status == CF_OK) {
		sort_ties(&s, &tied);
		status = build_lists(&s, tied, parts);
	}
	if (status == CF_OK)
		status = build_index(&s, parts);
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
		drop_part(&parts->parts[CF_SECTION_ENTRIES]);
		status = build_with_key(builder, attempt, parts);
	}
	/* Eight keys in a row cannot fail with a working hash. */
	return status == CF_EAGAIN ? CF_EINTERNAL : status;
}
