/* Open addressing with linear probing; keys lie in one growing block of bytes. */

#include "base/map.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Small, for most of what a large map costs is waiting for the memory of its slots. */
struct slot {
	uint32_t hash; /* 0: free */
	uint32_t value;
	uint64_t key; /* where it lies, and in the low KEY_LEN_BITS its length */
};

#define KEY_LEN_BITS 20

struct cf_map {
	struct slot *slots;
	size_t slot_count; /* a power of two */
	uint32_t used;
	uint8_t *keys;
	size_t keys_len, keys_size;
	uint64_t seed;
};

/* Multiply-and-fold over eight bytes at a time, seeded; never 0. */
static uint32_t hash_bytes(uint64_t seed, const uint8_t *key, size_t len)
{
	uint64_t h = seed ^ (len * 0x9e3779b97f4a7c15u);

	while (len >= 8) {
		uint64_t word;

		memcpy(&word, key, 8);
		__extension__ unsigned __int128 product =
		    (unsigned __int128)(word ^ h) * 0xa0761d6478bd642fu;
		h = (uint64_t)product ^ (uint64_t)(product >> 64) ^ seed;
		key += 8;
		len -= 8;
	}
	uint64_t tail = 0;

	if (len > 0)
		memcpy(&tail, key, len);
	__extension__ unsigned __int128 last = (unsigned __int128)(tail ^ h) * 0xe7037ed1a0b428dbu;
	h = (uint64_t)last ^ (uint64_t)(last >> 64);
	h ^= h >> 32;
	return (uint32_t)h == 0 ? 1 : (uint32_t)h;
}

struct cf_map *cf_map_new(void)
{
	struct cf_map *map = calloc(1, sizeof *map);

	if (map == NULL)
		return NULL;
	map->slot_count = 1024;
	map->slots = calloc(map->slot_count, sizeof *map->slots);
	if (map->slots == NULL) {
		free(map);
		return NULL;
	}
	/* Without entropy (very early boot) the address is the seed: weaker, still right. */
	if (getrandom(&map->seed, sizeof map->seed, GRND_NONBLOCK) != (ssize_t)sizeof map->seed)
		map->seed = (uint64_t)(uintptr_t)map;
	return map;
}

void cf_map_free(struct cf_map *map)
{
	if (map == NULL)
		return;
	free(map->slots);
	free(map->keys);
	free(map);
}

void cf_map_clear(struct cf_map *map)
{
	memset(map->slots, 0, map->slot_count * sizeof *map->slots);
	map->used = 0;
	map->keys_len = 0;
}

uint32_t cf_map_count(const struct cf_map *map)
{
	return map->used;
}

static struct slot *slot_of(const struct cf_map *map, uint32_t hash, const void *key, size_t len)
{
	size_t mask = map->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct slot *slot = &map->slots[i];

		if (slot->hash == 0)
			return slot;
		if (slot->hash == hash && (slot->key & ((1u << KEY_LEN_BITS) - 1)) == len &&
		    (len == 0 || memcmp(map->keys + (slot->key >> KEY_LEN_BITS), key, len) == 0))
			return slot;
	}
}

bool cf_map_find(const struct cf_map *map, const void *key, size_t len, uint32_t *value_out)
{
	const struct slot *slot = slot_of(map, hash_bytes(map->seed, key, len), key, len);

	if (slot->hash == 0)
		return false;
	*value_out = slot->value;
	return true;
}

static enum cf_status grow_slots(struct cf_map *map)
{
	size_t count = map->slot_count * 2;
	struct slot *slots = calloc(count, sizeof *slots);

	if (slots == NULL)
		return CF_ENOMEM;
	for (size_t i = 0; i < map->slot_count; i++) {
		if (map->slots[i].hash == 0)
			continue;
		size_t at = map->slots[i].hash & (count - 1);

		while (slots[at].hash != 0)
			at = (at + 1) & (count - 1);
		slots[at] = map->slots[i];
	}
	free(map->slots);
	map->slots = slots;
	map->slot_count = count;
	return CF_OK;
}

static enum cf_status grow_keys(struct cf_map *map, size_t len)
{
	/* One more than needed: a key may be empty. */
	uint8_t *keys = cf_array_grow(map->keys, map->keys_len, len + 1, &map->keys_size, 1);

	if (keys == NULL)
		return CF_ENOMEM;
	map->keys = keys;
	return CF_OK;
}

enum cf_status cf_map_add(struct cf_map *map, const void *key, size_t len, uint32_t value,
    uint32_t *value_out, bool *added_out)
{
	if (len >> KEY_LEN_BITS != 0)
		return CF_ENOMEM;
	uint32_t hash = hash_bytes(map->seed, key, len);
	struct slot *slot = slot_of(map, hash, key, len);

	if (added_out != NULL)
		*added_out = slot->hash == 0;
	if (slot->hash != 0) {
		*value_out = slot->value;
		return CF_OK;
	}
	if (grow_keys(map, len) != CF_OK)
		return CF_ENOMEM;
	if ((map->used + 1) * 10ull > map->slot_count * 7ull) {
		if (grow_slots(map) != CF_OK)
			return CF_ENOMEM;
		slot = slot_of(map, hash, key, len);
	}
	if (len > 0)
		memcpy(map->keys + map->keys_len, key, len);
	*slot = (struct slot){
	    .hash = hash, .value = value, .key = (uint64_t)map->keys_len << KEY_LEN_BITS | len};
	map->keys_len += len;
	map->used++;
	*value_out = value;
	return CF_OK;
}
