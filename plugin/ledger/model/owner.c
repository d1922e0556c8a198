/*
 * Who is one host, and who held an address when. One file: places have nodes of their own, and
 * claims go to the head of what was joined; how claims to a place are settled is claim.c's.
 */

#include "ledger/model/owner.h"

#include "base/array.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

struct node {
	const char *key; /* of node_map */
	uint32_t parent; /* of the union-find forest */
	uint32_t head;   /* valid at roots */
	uint32_t first_minute;
};

struct place {
	const char *addr;
	struct cf_claim *items; /* claims, then holdings */
	uint32_t site, count, size;
	uint32_t node; /* its own; CF_NODE_NONE none */
};

/* Keys of places' own nodes, as texts one behind the other. */
#define KEY_BLOCK_BYTES 65536
struct key_block {
	struct key_block *next;
	size_t used;
	char bytes[KEY_BLOCK_BYTES];
};

struct cf_owners {
	uint32_t hold_minutes;
	/* Nodes by key: all but places' own ones, which are found by their place until somebody
	 * asks for one by its key. Places by (site, address): those of an address at a second site.
	 */
	struct cf_map *node_map, *place_map;
	bool has_place_nodes;  /* node_map has them, too */
	uint32_t *first_place; /* by number of the address: where it was first */
	uint32_t addr_count;
	size_t addr_size;
	struct key_block *keys;
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
	for (uint32_t i = 0; i < owners->place_count; i++)
		free(owners->places[i].items);
	while (owners->keys != NULL) {
		struct key_block *next = owners->keys->next;

		free(owners->keys);
		owners->keys = next;
	}
	free(owners->first_place);
	free(owners->nodes);
	free(owners->places);
	cf_map_free(owners->node_map);
	cf_map_free(owners->place_map);
	free(owners);
}

/* From now on places' own nodes are found by their keys. False without memory. */
static bool map_place_nodes(struct cf_owners *owners)
{
	uint32_t unused;

	for (uint32_t i = 0; i < owners->place_count && !owners->has_place_nodes; i++) {
		uint32_t node = owners->places[i].node;

		if (node == CF_NODE_NONE)
			continue;
		const char *key = owners->nodes[node].key;

		if (cf_map_add(owners->node_map, key, strlen(key), node, &unused, NULL) != CF_OK)
			return false;
	}
	owners->has_place_nodes = true;
	return true;
}

static bool is_of_place(const char *key, size_t len)
{
	return len >= 3 && memcmp(key, "ip:", 3) == 0;
}

uint32_t cf_owners_find_node(struct cf_owners *owners, const char *key, size_t len)
{
	uint32_t node;

	if (is_of_place(key, len) && !map_place_nodes(owners))
		return CF_NODE_NONE;
	return cf_map_find(owners->node_map, key, len, &node) ? node : CF_NODE_NONE;
}

/* Room for one more node. False without memory. */
static bool has_room(struct cf_owners *owners)
{
	struct node *nodes =
	    cf_array_grow(owners->nodes, owners->node_count, 1, &owners->node_size, sizeof *nodes);

	if (nodes != NULL)
		owners->nodes = nodes;
	return nodes != NULL;
}

static uint32_t new_node(struct cf_owners *owners, const char *key)
{
	uint32_t number = owners->node_count++;

	owners->nodes[number] =
	    (struct node){.key = key, .parent = number, .head = number, .first_minute = UINT32_MAX};
	return number;
}

uint32_t cf_owners_node(struct cf_owners *owners, const char *key, size_t len)
{
	uint32_t number;
	const char *kept;
	bool added;

	if (!has_room(owners) || (is_of_place(key, len) && !map_place_nodes(owners)))
		return CF_NODE_NONE;
	if (cf_map_keep(owners->node_map, key, len, owners->node_count, &number, &added, &kept) !=
	    CF_OK)
		return CF_NODE_NONE;
	return added ? new_node(owners, kept) : number;
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

/* Where the address with that number was first; NULL without memory. */
static uint32_t *first_place_of(struct cf_owners *owners, uint32_t number)
{
	if (number >= owners->addr_count) {
		uint32_t more = number + 1 - owners->addr_count;
		uint32_t *places = cf_array_grow(owners->first_place, owners->addr_count, more,
		    &owners->addr_size, sizeof *places);

		if (places == NULL)
			return NULL;
		memset(places + owners->addr_count, 0xff, more * sizeof *places);
		owners->first_place = places;
		owners->addr_count = number + 1;
	}
	return &owners->first_place[number];
}

uint32_t cf_owners_place(struct cf_owners *owners, uint32_t site, uint32_t number, const char *addr)
{
	const uint32_t key[2] = {site, number};
	uint32_t *first = first_place_of(owners, number), found;
	bool added = true;

	if (first == NULL)
		return CF_NODE_NONE;
	if (*first != CF_NODE_NONE && owners->places[*first].site == site)
		return *first;
	struct place *places = cf_array_grow(
	    owners->places, owners->place_count, 1, &owners->place_size, sizeof *places);

	if (places == NULL)
		return CF_NODE_NONE;
	owners->places = places;
	if (*first == CF_NODE_NONE)
		*first = found = owners->place_count;
	else if (cf_map_add(owners->place_map, key, sizeof key, owners->place_count, &found,
	             &added) != CF_OK)
		return CF_NODE_NONE;
	if (added)
		places[owners->place_count++] =
		    (struct place){.addr = addr, .site = site, .node = CF_NODE_NONE};
	return found;
}

/* A copy that lives as long as the owners. NULL without memory. */
static const char *keep_key(struct cf_owners *owners, const char *key, size_t len)
{
	struct key_block *block = owners->keys;

	if (block == NULL || len + 1 > KEY_BLOCK_BYTES - block->used) {
		block = malloc(sizeof *block);
		if (block == NULL)
			return NULL;
		block->next = owners->keys;
		block->used = 0;
		owners->keys = block;
	}
	char *copy = block->bytes + block->used;

	memcpy(copy, key, len);
	copy[len] = '\0';
	block->used += len + 1;
	return copy;
}

uint32_t cf_owners_place_node(struct cf_owners *owners, uint32_t number, const char *site_name)
{
	struct place *place = &owners->places[number];
	char key[700];
	size_t addr_len = strlen(place->addr), site_len = strlen(site_name);

	if (place->node != CF_NODE_NONE)
		return place->node;
	if (addr_len > 256) /* addresses of a ledger are shorter, sites are cut */
		addr_len = 256;
	if (addr_len + site_len + 4 > sizeof key)
		site_len = sizeof key - addr_len - 4;
	memcpy(key, "ip:", 3);
	memcpy(key + 3, place->addr, addr_len);
	key[3 + addr_len] = '@';
	memcpy(key + 4 + addr_len, site_name, site_len);
	if (owners->has_place_nodes) {
		place->node = cf_owners_node(owners, key, 4 + addr_len + site_len);
		return place->node;
	}
	const char *kept = has_room(owners) ? keep_key(owners, key, 4 + addr_len + site_len) : NULL;

	place->node = kept == NULL ? CF_NODE_NONE : new_node(owners, kept);
	return place->node;
}

static struct cf_claim *last_of(struct place *place)
{
	return place->count > 0 ? &place->items[place->count - 1] : NULL;
}

enum cf_status cf_owners_claim(
    struct cf_owners *owners, uint32_t number, const struct cf_claim *claim)
{
	struct place *place = &owners->places[number];
	struct cf_claim *last = last_of(place), *items;

	/* A claim that goes on over midnight. */
	if (last != NULL && last->node == claim->node && last->strength == claim->strength &&
	    last->end == CF_IDENTITY_OPEN && last->from_minute <= claim->from_minute &&
	    claim->from_minute == last->to_minute + 1) {
		last->to_minute = claim->to_minute;
		last->end = claim->end;
		return CF_OK;
	}
	if (place->count == place->size) { /* mostly one: none is left empty */
		uint32_t size = place->size == 0 ? 1 : 2 * place->size;

		items = size > place->size ? realloc(place->items, size * sizeof *items) : NULL;
		if (items == NULL)
			return CF_ENOMEM;
		place->items = items;
		place->size = size;
	}
	place->items[place->count++] = *claim;
	return CF_OK;
}

enum cf_status cf_owners_extend(
    struct cf_owners *owners, uint32_t number, const struct cf_claim *claim)
{
	struct cf_claim *last = last_of(&owners->places[number]);

	if (last == NULL || last->node != claim->node || last->end != CF_IDENTITY_OPEN ||
	    claim->end != CF_IDENTITY_OPEN || claim->from_minute < last->from_minute ||
	    claim->from_minute > last->to_minute + owners->hold_minutes)
		return cf_owners_claim(owners, number, claim);
	if (claim->to_minute > last->to_minute)
		last->to_minute = claim->to_minute;
	if (claim->strength > last->strength)
		last->strength = claim->strength;
	return CF_OK;
}

/* Of equal claims the key decides, not the order in which they came. */
static bool is_before(const void *context, uint32_t a, uint32_t b)
{
	const struct cf_owners *owners = context;

	return strcmp(owners->nodes[a].key, owners->nodes[b].key) > 0;
}

static enum cf_status settle_place(struct cf_owners *owners, struct place *place)
{
	struct cf_claim *holdings = NULL;
	size_t count = 0;
	enum cf_status status;

	if (place->count <= 1)
		return CF_OK;
	status = cf_claims_settle(place->items, place->count, is_before, owners, &holdings, &count);
	if (status != CF_OK)
		return status;
	free(place->items);
	place->items = holdings;
	place->count = place->size = (uint32_t)count;
	return CF_OK;
}

enum cf_status cf_owners_settle(struct cf_owners *owners)
{
	enum cf_status status = CF_OK;

	for (uint32_t i = 0; i < owners->place_count && status == CF_OK; i++)
		status = settle_place(owners, &owners->places[i]);
	return status;
}

/* Who had the place at minute, and until when that is the answer. */
static uint32_t holder_at(
    const struct cf_owners *owners, const struct place *place, uint32_t minute, uint32_t *until_out)
{
	ptrdiff_t i = cf_claims_last_from(place->items, place->count, minute);
	const struct cf_claim *now = i >= 0 ? &place->items[i] : NULL;
	const struct cf_claim *next = (size_t)(i + 1) < place->count ? &place->items[i + 1] : NULL;
	uint32_t before_next = next != NULL ? next->from_minute - 1 : UINT32_MAX;

	if (now != NULL) {
		uint32_t until =
		    now->to_minute + (now->end == CF_IDENTITY_OPEN ? owners->hold_minutes : 0);

		if (minute <= until) {
			*until_out = until < before_next ? until : before_next;
			return now->node;
		}
	}
	*until_out = before_next;
	if (next == NULL || next->beginning == CF_IDENTITY_BEGUN ||
	    (next->beginning == CF_IDENTITY_GRANTED && now != NULL))
		return CF_NODE_NONE;
	if (next->from_minute - minute <= owners->hold_minutes)
		return next->node;
	*until_out = next->from_minute - owners->hold_minutes - 1;
	return CF_NODE_NONE;
}

uint32_t cf_owners_at(const struct cf_owners *owners, uint32_t number, uint32_t minute)
{
	uint32_t until;

	return holder_at(owners, &owners->places[number], minute, &until);
}

bool cf_owners_is_constant(
    const struct cf_owners *owners, uint32_t number, uint32_t from_minute, uint32_t to_minute)
{
	uint32_t until;

	(void)holder_at(owners, &owners->places[number], from_minute, &until);
	return to_minute <= until;
}

size_t cf_owners_holdings(
    const struct cf_owners *owners, uint32_t place, const struct cf_claim **holdings_out)
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
