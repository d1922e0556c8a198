#include "ledger/model/owner.h"

#include "base/array.h"
#include "ledger/ingest/map.h"

#include <stdlib.h>
#include <string.h>

struct node {
	char *key;
	uint32_t parent; /* of the union-find forest */
	uint32_t head;   /* valid at roots */
	uint32_t first_minute;
};

struct place {
	char *addr;
	uint32_t site;
	bool has_one_node;
	struct cf_holding *items;
	size_t count, size;
};

struct cf_owners {
	uint32_t hold_minutes;
	struct cf_map *node_map, *place_map;
	struct node *nodes;
	uint32_t node_count;
	size_t node_size;
	struct place *places;
	uint32_t place_count;
	size_t place_size;
};

enum cf_status cf_owners_new(uint32_t hold_minutes, struct cf_owners **owners_out)
{
	struct cf_owners *owners = calloc(1, sizeof *owners);

	if (owners == NULL)
		return CF_ENOMEM;
	owners->hold_minutes = hold_minutes;
	owners->node_map = cf_map_new();
	owners->place_map = cf_map_new();
	if (owners->node_map == NULL || owners->place_map == NULL) {
		cf_owners_free(owners);
		return CF_ENOMEM;
	}
	*owners_out = owners;
	return CF_OK;
}

void cf_owners_free(struct cf_owners *owners)
{
	if (owners == NULL)
		return;
	for (uint32_t i = 0; i < owners->node_count; i++)
		free(owners->nodes[i].key);
	for (uint32_t i = 0; i < owners->place_count; i++) {
		free(owners->places[i].addr);
		free(owners->places[i].items);
	}
	free(owners->nodes);
	free(owners->places);
	cf_map_free(owners->node_map);
	cf_map_free(owners->place_map);
	free(owners);
}

uint32_t cf_owners_find_node(const struct cf_owners *owners, const char *key, size_t len)
{
	uint32_t node;

	return cf_map_find(owners->node_map, key, len, &node) ? node : CF_NODE_NONE;
}

uint32_t cf_owners_node(struct cf_owners *owners, const char *key, size_t len)
{
	uint32_t number = cf_owners_find_node(owners, key, len);

	if (number != CF_NODE_NONE)
		return number;
	struct node *nodes =
	    cf_array_grow(owners->nodes, owners->node_count, 1, &owners->node_size, sizeof *nodes);

	if (nodes == NULL)
		return CF_NODE_NONE;
	owners->nodes = nodes;
	char *copy = strndup(key, len);

	if (copy == NULL ||
	    cf_map_add(owners->node_map, key, len, owners->node_count, &number, NULL) != CF_OK) {
		free(copy);
		return CF_NODE_NONE;
	}
	owners->nodes[owners->node_count++] = (struct node){
	    .key = copy, .parent = number, .head = number, .first_minute = UINT32_MAX};
	return number;
}

const char *cf_owners_key(const struct cf_owners *owners, uint32_t node)
{
	return owners->nodes[node].key;
}

uint32_t cf_owners_node_count(const struct cf_owners *owners)
{
	return owners->node_count;
}

/* The kinds in order of strength: the first letter is enough. */
static unsigned strength(const char *key)
{
	switch (key[0]) {
	case 'm':
		return 0;
	case 'c':
		return 1;
	case 'n':
		return 2;
	default:
		return 3;
	}
}

static bool is_better_head(const struct node *a, const struct node *b)
{
	unsigned x = strength(a->key), y = strength(b->key);

	if (x != y)
		return x < y;
	if (a->first_minute != b->first_minute)
		return a->first_minute < b->first_minute;
	return strcmp(a->key, b->key) < 0;
}

static uint32_t root_of(struct cf_owners *owners, uint32_t node)
{
	struct node *nodes = owners->nodes;

	while (nodes[node].parent != node) {
		nodes[node].parent = nodes[nodes[node].parent].parent; /* halve the path */
		node = nodes[node].parent;
	}
	return node;
}

void cf_owners_saw(struct cf_owners *owners, uint32_t node, uint32_t minute)
{
	if (minute < owners->nodes[node].first_minute)
		owners->nodes[node].first_minute = minute;
}

void cf_owners_join(struct cf_owners *owners, uint32_t a, uint32_t b)
{
	uint32_t x = root_of(owners, a), y = root_of(owners, b);

	if (x == y)
		return;
	if (x > y) {
		uint32_t swap = x;

		x = y;
		y = swap;
	}
	owners->nodes[y].parent = x;
	if (is_better_head(
	        &owners->nodes[owners->nodes[y].head], &owners->nodes[owners->nodes[x].head]))
		owners->nodes[x].head = owners->nodes[y].head;
}

uint32_t cf_owners_head(struct cf_owners *owners, uint32_t node)
{
	return owners->nodes[root_of(owners, node)].head;
}

uint32_t cf_owners_place(struct cf_owners *owners, uint32_t site, const char *addr, size_t len)
{
	char key[sizeof site + 256];
	uint32_t number;

	if (len > 256)
		len = 256;
	memcpy(key, &site, sizeof site);
	memcpy(key + sizeof site, addr, len);
	if (cf_map_find(owners->place_map, key, sizeof site + len, &number))
		return number;
	struct place *places = cf_array_grow(
	    owners->places, owners->place_count, 1, &owners->place_size, sizeof *places);

	if (places == NULL)
		return CF_NODE_NONE;
	owners->places = places;
	char *copy = strndup(addr, len);

	if (copy == NULL ||
	    cf_map_add(owners->place_map, key, sizeof site + len, owners->place_count, &number,
	        NULL) != CF_OK) {
		free(copy);
		return CF_NODE_NONE;
	}
	owners->places[owners->place_count++] =
	    (struct place){.addr = copy, .site = site, .has_one_node = true};
	return number;
}

enum cf_status cf_owners_hold(struct cf_owners *owners, uint32_t number, uint32_t node,
    uint32_t from_minute, uint32_t to_minute)
{
	struct place *place = &owners->places[number];
	struct cf_holding *last = place->count > 0 ? &place->items[place->count - 1] : NULL;

	if (last != NULL && last->node == node &&
	    from_minute <= last->to_minute + owners->hold_minutes) {
		if (to_minute > last->to_minute)
			last->to_minute = to_minute;
		return CF_OK;
	}
	struct cf_holding *items =
	    cf_array_grow(place->items, place->count, 1, &place->size, sizeof *items);

	if (items == NULL)
		return CF_ENOMEM;
	place->items = items;
	if (place->count > 0 && items[0].node != node)
		place->has_one_node = false;
	place->items[place->count++] =
	    (struct cf_holding){.from_minute = from_minute, .to_minute = to_minute, .node = node};
	return CF_OK;
}

/* Index of the last holding that begins at or before minute, or -1. */
static ptrdiff_t last_from(const struct place *place, uint32_t minute)
{
	size_t low = 0, high = place->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (place->items[mid].from_minute <= minute)
			low = mid + 1;
		else
			high = mid;
	}
	return (ptrdiff_t)low - 1;
}

uint32_t cf_owners_at(const struct cf_owners *owners, uint32_t number, uint32_t minute)
{
	const struct place *place = &owners->places[number];

	if (place->count == 0)
		return CF_NODE_NONE;
	if (place->has_one_node)
		return place->items[0].node;
	ptrdiff_t i = last_from(place, minute);

	if (i >= 0 && minute <= place->items[i].to_minute + owners->hold_minutes)
		return place->items[i].node;
	if ((size_t)(i + 1) < place->count &&
	    place->items[i + 1].from_minute - minute <= owners->hold_minutes)
		return place->items[i + 1].node;
	return CF_NODE_NONE;
}

bool cf_owners_is_constant(
    const struct cf_owners *owners, uint32_t number, uint32_t from_minute, uint32_t to_minute)
{
	const struct place *place = &owners->places[number];

	if (place->count == 0 || place->has_one_node)
		return true;
	ptrdiff_t i = last_from(place, from_minute);

	return i >= 0 && i == last_from(place, to_minute) &&
	    to_minute <= place->items[i].to_minute + owners->hold_minutes;
}

size_t cf_owners_holdings(
    const struct cf_owners *owners, uint32_t place, const struct cf_holding **holdings_out)
{
	*holdings_out = owners->places[place].items;
	return owners->places[place].count;
}

uint32_t cf_owners_place_count(const struct cf_owners *owners)
{
	return owners->place_count;
}

const char *cf_owners_place_addr(const struct cf_owners *owners, uint32_t place, uint32_t *site_out)
{
	*site_out = owners->places[place].site;
	return owners->places[place].addr;
}
