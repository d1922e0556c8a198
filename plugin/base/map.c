/* Open addressing with linear probing; keys lie in blocks of bytes. */

#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Small, for most of what a large map costs is waiting for the memory of its slots. */
struct slot {
	uint32_t hash; /* 0: free */
	uint32_t value;
	const uint8_t *key; /* behind its length, in LEN_BYTES; a zero follows it */
};

#define LEN_BYTES 3u
/* Of the first block of keys; each further one is twice as large, up to the most. */
#define FIRST_BLOCK_BYTES 4096u
#define MOST_BLOCK_BYTES  1048576u

/* Keys do not move, so that they can be referred to. */
struct block {
	struct block *next;
	size_t size, used;
	uint8_t bytes[];
};

struct cf_map {
	struct slot *slots;
	size_t slot_count; /* a power of two */
	uint32_t used;
	struct block *blocks, *block; /* the first, and the one being filled */
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
	while (map->blocks != NULL) {
		struct block *next = map->blocks->next;

		free(map->blocks);
		map->blocks = next;
	}
	free(map->slots);
	free(map);
}

void cf_map_clear(struct cf_map *map)
{
	memset(map->slots, 0, map->slot_count * sizeof *map->slots);
	map->used = 0;
	map->block = map->blocks;
	if (map->block != NULL)
		map->block->used = 0;
}

uint32_t cf_map_count(const struct cf_map *map)
{
	return map->used;
}

static size_t len_of(const uint8_t *key)
{
	return key[0] | (size_t)key[1] << 8 | (size_t)key[2] << 16;
}

static struct slot *slot_of(const struct cf_map *map, uint32_t hash, const void *key, size_t len)
{
	size_t mask = map->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct slot *slot = &map->slots[i];

		if (slot->hash == 0)
			return slot;
		if (slot->hash == hash && len_of(slot->key) == len &&
		    (len == 0 || memcmp(slot->key + LEN_BYTES, key, len) == 0))
			return slot;
	}
}

void cf_map_expect(const struct cf_map *map, const void *key, size_t len)
{
	__builtin_prefetch(&map->slots[hash_bytes(map->seed, key, len) & (map->slot_count - 1)]);
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

/* Room for so many bytes in the block being filled, or the next one. NULL without memory. */
static uint8_t *room_for(struct cf_map *map, size_t bytes)
{
	struct block *block = map->block;
	size_t size = block == NULL ? FIRST_BLOCK_BYTES : 2 * block->size;

	if (block != NULL && bytes <= block->size - block->used)
		return block->bytes + block->used;
	if (block != NULL && block->next != NULL && bytes <= block->next->size) {
		map->block = block->next; /* of before the map was cleared */
		map->block->used = 0;
		return map->block->bytes;
	}
	size = size > MOST_BLOCK_BYTES ? MOST_BLOCK_BYTES : size;
	struct block *fresh = malloc(sizeof *fresh + (bytes > size ? bytes : size));

	if (fresh == NULL)
		return NULL;
	*fresh = (struct block){
	    .next = block == NULL ? NULL : block->next, .size = bytes > size ? bytes : size};
	if (block == NULL)
		map->blocks = fresh;
	else
		block->next = fresh;
	map->block = fresh;
	return fresh->bytes;
}

enum cf_status cf_map_keep(struct cf_map *map, const void *key, size_t len, uint32_t value,
    uint32_t *value_out, bool *added_out, const char **key_out)
{
	if (len >> (8 * LEN_BYTES) != 0)
		return CF_ENOMEM;
	uint32_t hash = hash_bytes(map->seed, key, len);
	struct slot *slot = slot_of(map, hash, key, len);
	bool added = slot->hash == 0;

	if (added) {
		uint8_t *copy = room_for(map, LEN_BYTES + len + 1);

		if (copy == NULL)
			return CF_ENOMEM;
		if ((map->used + 1) * 10ull > map->slot_count * 7ull) {
			if (grow_slots(map) != CF_OK)
				return CF_ENOMEM;
			slot = slot_of(map, hash, key, len);
		}
		copy[0] = (uint8_t)len;
		copy[1] = (uint8_t)(len >> 8);
		copy[2] = (uint8_t)(len >> 16);
		if (len > 0)
			memcpy(copy + LEN_BYTES, key, len);
		copy[LEN_BYTES + len] = 0;
		map->block->used += LEN_BYTES + len + 1;
		*slot = (struct slot){.hash = hash, .value = value, .key = copy};
		map->used++;
	}
	if (added_out != NULL)
		*added_out = added;
	if (key_out != NULL)
		*key_out = (const char *)slot->key + LEN_BYTES;
	*value_out = slot->value;
	return CF_OK;
}

enum cf_status cf_map_add(struct cf_map *map, const void *key, size_t len, uint32_t value,
    uint32_t *value_out, bool *added_out)
{
	return cf_map_keep(map, key, len, value, value_out, added_out, NULL);
}
