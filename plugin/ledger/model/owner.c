/*
 * Who is one host, and who held an address when. One file: who is one host and who held an address
 * are settled together, since claims go to the head of what was joined.
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
	struct cf_owner_claim *items; /* claims, then holdings */
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

static struct cf_owner_claim *last_of(struct place *place)
{
	return place->count > 0 ? &place->items[place->count - 1] : NULL;
}

enum cf_status cf_owners_claim(
    struct cf_owners *owners, uint32_t number, const struct cf_owner_claim *claim)
{
	struct place *place = &owners->places[number];
	struct cf_owner_claim *last = last_of(place), *items;

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
    struct cf_owners *owners, uint32_t number, const struct cf_owner_claim *claim)
{
	struct cf_owner_claim *last = last_of(&owners->places[number]);

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

/* Which of two claims that cover a minute has the place. The key decides last, not the order. */
static bool is_better(
    const struct cf_owners *owners, const struct cf_owner_claim *a, const struct cf_owner_claim *b)
{
	if (a->strength != b->strength)
		return a->strength > b->strength;
	if (a->from_minute != b->from_minute)
		return a->from_minute > b->from_minute;
	if (a->node != b->node)
		return strcmp(owners->nodes[a->node].key, owners->nodes[b->node].key) > 0;
	return a->to_minute > b->to_minute;
}

/* The claims of a place while it is settled: those begun, the best on top of a heap. */
struct contest {
	const struct cf_owners *owners;
	struct cf_owner_claim *heap;
	size_t count;
	struct cf_owner_claim *out;
	size_t out_count;
};

static void swap(struct cf_owner_claim *a, struct cf_owner_claim *b)
{
	struct cf_owner_claim kept = *a;

	*a = *b;
	*b = kept;
}

static void push(struct contest *contest, const struct cf_owner_claim *claim)
{
	size_t at = contest->count++;

	contest->heap[at] = *claim;
	while (at > 0 &&
	    is_better(contest->owners, &contest->heap[at], &contest->heap[(at - 1) / 2])) {
		swap(&contest->heap[at], &contest->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

static void pop(struct contest *contest)
{
	size_t at = 0;

	contest->heap[0] = contest->heap[--contest->count];
	for (;;) {
		size_t best = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < contest->count &&
			    is_better(contest->owners, &contest->heap[child], &contest->heap[best]))
				best = child;
		if (best == at)
			return;
		swap(&contest->heap[at], &contest->heap[best]);
		at = best;
	}
}

/* The node has the place from .. to; joined to what it had before, where nothing lies between. */
static void put_holding(
    struct contest *contest, const struct cf_owner_claim *claim, uint32_t from, uint32_t to)
{
	struct cf_owner_claim *last =
	    contest->out_count > 0 ? &contest->out[contest->out_count - 1] : NULL;
	uint8_t end = to == claim->to_minute ? claim->end : (uint8_t)CF_IDENTITY_OPEN;

	if (last != NULL && last->node == claim->node && last->to_minute + 1 == from &&
	    last->end == CF_IDENTITY_OPEN) {
		last->to_minute = to;
		last->end = end;
		return;
	}
	contest->out[contest->out_count++] = (struct cf_owner_claim){.from_minute = from,
	    .to_minute = to,
	    .node = claim->node,
	    .strength = claim->strength,
	    .end = end,
	    .beginning = claim->beginning};
}

static int by_beginning(const void *a, const void *b)
{
	const struct cf_owner_claim *x = a, *y = b;

	return (x->from_minute > y->from_minute) - (x->from_minute < y->from_minute);
}

/* From claims in order of their beginnings to holdings that follow each other. */
static void run_contest(struct contest *contest, const struct cf_owner_claim *claims, size_t count)
{
	uint32_t now = 0;

	for (size_t next = 0; next < count || contest->count > 0;) {
		while (contest->count > 0 && contest->heap[0].to_minute < now)
			pop(contest); /* over while a better one covered it */
		if (contest->count == 0) {
			if (next == count)
				return;
			now = claims[next].from_minute;
		}
		while (next < count && claims[next].from_minute <= now)
			push(contest, &claims[next++]);
		uint32_t until = contest->heap[0].to_minute;

		if (next < count && claims[next].from_minute <= until)
			until = claims[next].from_minute - 1;
		put_holding(contest, &contest->heap[0], now, until);
		now = until + 1;
	}
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

/* Another claim of the same node may have covered the one that says why it ended. */
static void mark_ends(struct contest *contest, const struct cf_owner_claim *claims, size_t count)
{
	struct place holdings = {.items = contest->out, .count = (uint32_t)contest->out_count};

	for (size_t i = 0; i < count; i++) {
		ptrdiff_t at = claims[i].end == CF_IDENTITY_OPEN
		    ? -1
		    : last_from(&holdings, claims[i].to_minute);

		if (at >= 0 && contest->out[at].node == claims[i].node &&
		    contest->out[at].to_minute <= claims[i].to_minute + 1)
			contest->out[at].end = claims[i].end;
	}
}

static enum cf_status settle_place(struct cf_owners *owners, struct place *place)
{
	struct contest contest = {.owners = owners};

	if (place->count > 1) {
		qsort(place->items, place->count, sizeof *place->items, by_beginning);
		/* Each beginning and each end opens at most one holding. */
		contest.heap = malloc(place->count * sizeof *contest.heap);
		contest.out = malloc(2 * place->count * sizeof *contest.out);
		if (contest.heap == NULL || contest.out == NULL) {
			free(contest.heap);
			free(contest.out);
			return CF_ENOMEM;
		}
		run_contest(&contest, place->items, place->count);
		mark_ends(&contest, place->items, place->count);
		free(contest.heap);
		free(place->items);
		place->count = (uint32_t)contest.out_count;
		place->items = realloc(contest.out, place->count * sizeof *place->items);
		if (place->items == NULL)
			place->items = contest.out; /* as large as it was */
		place->size = place->count;
	}
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
	ptrdiff_t i = last_from(place, minute);
	const struct cf_owner_claim *now = i >= 0 ? &place->items[i] : NULL;
	const struct cf_owner_claim *next =
	    (size_t)(i + 1) < place->count ? &place->items[i + 1] : NULL;
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
    const struct cf_owners *owners, uint32_t place, const struct cf_owner_claim **holdings_out)
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
