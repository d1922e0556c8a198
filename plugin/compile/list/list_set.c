/* Names in millions, sorted by domain. */

#include "compile/list/list_set.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* What a scope covers, as bits, so that merging is an OR. */
#define COVERS_NAME  1U
#define COVERS_BELOW 2U

/*
 * The key of a name is its canonical wire form with the labels in reverse order and without the
 * root: a parent's key is a prefix of its children's, and equal keys are equal names.
 */
struct item {
	uint64_t begin; /* first 8 bytes of the key, big-endian: most comparisons end here */
	uint32_t key_at_lo;
	uint16_t key_at_hi;
	uint8_t key_len;
	uint8_t covers;
	uint32_t tag;
};

struct cf_list_set {
	struct item *items;
	uint8_t *keys;
	size_t count, capacity, key_bytes, key_capacity;
};

enum cf_status cf_list_set_new(struct cf_list_set **set_out)
{
	struct cf_list_set *set = calloc(1, sizeof *set);

	if (set == NULL)
		return CF_ENOMEM;
	*set_out = set;
	return CF_OK;
}

void cf_list_set_free(struct cf_list_set *set)
{
	if (set == NULL)
		return;
	free(set->items);
	free(set->keys);
	free(set);
}

static size_t key_at(const struct item *item)
{
	return (size_t)item->key_at_hi << 32 | item->key_at_lo;
}

/* Returns the length, 0 for a name that has no key. */
static size_t make_key(const struct cf_name *name, uint8_t key[CF_NAME_WIRE_BYTES])
{
	size_t at = 0;

	for (unsigned i = name->label_count; i-- > 0;) {
		const uint8_t *label = name->wire + name->label_at[i];

		if (memchr(label + 1, 0, label[0]) != NULL)
			return 0;
		memcpy(key + at, label + 1, label[0]);
		at += label[0];
		key[at++] = 0;
	}
	return at;
}

static uint64_t key_begin(const uint8_t *key, size_t len)
{
	uint64_t begin = 0;

	for (size_t i = 0; i < 8; i++)
		begin = begin << 8 | (i < len ? key[i] : 0);
	return begin;
}

static uint8_t scope_covers(enum cf_scope scope)
{
	if (scope == CF_SCOPE_EXACT)
		return COVERS_NAME;
	return scope == CF_SCOPE_BELOW ? COVERS_BELOW : COVERS_NAME | COVERS_BELOW;
}

static enum cf_scope covers_scope(uint8_t covers)
{
	if (covers == COVERS_NAME)
		return CF_SCOPE_EXACT;
	return covers == COVERS_BELOW ? CF_SCOPE_BELOW : CF_SCOPE_SUBTREE;
}

static enum cf_status make_room(struct cf_list_set *set)
{
	if (set->count >= CF_PACK_ENTRIES)
		return CF_ETOOBIG;
	struct item *items =
	    cf_array_grow(set->items, set->count, 1, &set->capacity, sizeof *items);

	if (items == NULL)
		return CF_ENOMEM;
	set->items = items;
	uint8_t *keys =
	    cf_array_grow(set->keys, set->key_bytes, CF_NAME_WIRE_BYTES, &set->key_capacity, 1);

	if (keys == NULL)
		return CF_ENOMEM;
	set->keys = keys;
	return CF_OK;
}

enum cf_status cf_list_set_add(
    struct cf_list_set *set, const struct cf_name *name, enum cf_scope scope, uint32_t tag)
{
	enum cf_status status = make_room(set);
	uint8_t *key;
	size_t len;

	if (status != CF_OK)
		return status;
	key = set->keys + set->key_bytes;
	len = make_key(name, key);
	if (len == 0)
		return CF_EINVALID;
	set->items[set->count++] = (struct item){.begin = key_begin(key, len),
	    .key_at_lo = (uint32_t)set->key_bytes,
	    .key_at_hi = (uint16_t)(set->key_bytes >> 32),
	    .key_len = (uint8_t)len,
	    .covers = scope_covers(scope),
	    .tag = tag};
	set->key_bytes += len;
	return CF_OK;
}

static int compare_keys(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (order != 0)
		return order;
	return a_len < b_len ? -1 : a_len > b_len;
}

static int compare_names(const struct cf_list_set *set, const struct item *a, const struct item *b)
{
	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	return compare_keys(set->keys + key_at(a), a->key_len, set->keys + key_at(b), b->key_len);
}

static int compare_items(const void *a_, const void *b_, void *context)
{
	const struct item *a = a_, *b = b_;
	int order = compare_names(context, a, b);

	if (order != 0)
		return order;
	return a->tag < b->tag ? -1 : a->tag > b->tag;
}

void cf_list_set_sort(struct cf_list_set *set)
{
	if (set->count != 0)
		qsort_r(set->items, set->count, sizeof *set->items, compare_items, set);
}

size_t cf_list_set_finish(struct cf_list_set *set)
{
	size_t before = set->count, kept = 0;

	if (before == 0)
		return 0;
	cf_list_set_sort(set);
	for (size_t i = 1; i < set->count; i++) {
		if (compare_names(set, &set->items[kept], &set->items[i]) == 0)
			set->items[kept].covers |= set->items[i].covers;
		else
			set->items[++kept] = set->items[i];
	}
	set->count = kept + 1;
	return before - set->count;
}

size_t cf_list_set_count(const struct cf_list_set *set)
{
	return set->count;
}

const char *cf_list_set_get(const struct cf_list_set *set, size_t i, char text[CF_NAME_TEXT_BYTES],
    enum cf_scope *scope_out)
{
	const struct item *item = &set->items[i];
	const uint8_t *key = set->keys + key_at(item);
	uint8_t wire[CF_NAME_WIRE_BYTES];
	size_t at = item->key_len;

	wire[at] = 0;
	for (size_t from = 0; from < item->key_len;) {
		size_t len = strlen((const char *)key + from);

		at -= len + 1;
		wire[at] = (uint8_t)len;
		memcpy(wire + at + 1, key + from, len);
		from += len + 1;
	}
	*scope_out = covers_scope(item->covers);
	return cf_name_format_wire(wire, text);
}

bool cf_list_set_has(const struct cf_list_set *set, const struct cf_name *name, enum cf_scope scope)
{
	uint8_t key[CF_NAME_WIRE_BYTES], wanted = scope_covers(scope);
	size_t len = make_key(name, key), low = 0, high = len == 0 ? 0 : set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct item *item = &set->items[middle];
		int order = compare_keys(set->keys + key_at(item), item->key_len, key, len);

		if (order == 0)
			return (item->covers & wanted) == wanted;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

uint32_t cf_list_set_tag(const struct cf_list_set *set, size_t i)
{
	return set->items[i].tag;
}

bool cf_list_set_same(const struct cf_list_set *set, size_t i, size_t j)
{
	return compare_names(set, &set->items[i], &set->items[j]) == 0;
}

bool cf_list_set_below(const struct cf_list_set *set, size_t child, size_t parent)
{
	const struct item *c = &set->items[child], *p = &set->items[parent];

	return c->key_len > p->key_len &&
	    memcmp(set->keys + key_at(c), set->keys + key_at(p), p->key_len) == 0;
}
