/* Arrays of hosts' small things, without what malloc() adds to each. */

#include "ledger/model/model_private.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 262144u

struct pool_chunk {
	struct pool_chunk *next;
	size_t used, size;
	_Alignas(8) char bytes[];
};

/* The class of a room, which is a power of two. */
static unsigned class_of(uint32_t room)
{
	unsigned class = 0;

	while (room >> class != 1)
		class ++;
	return class;
}

static void *cut(struct model_pool *pool, size_t bytes)
{
	struct pool_chunk *chunk = pool->chunks;

	if (chunk == NULL || bytes > chunk->size - chunk->used) {
		size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;

		chunk = malloc(sizeof *chunk + size);
		if (chunk == NULL)
			return NULL;
		*chunk = (struct pool_chunk){.next = pool->chunks, .size = size};
		pool->chunks = chunk;
	}
	chunk->used += bytes;
	return chunk->bytes + chunk->used - bytes;
}

void *cf_model_pool_grow(struct model_pool *pool, void *items, uint32_t used, uint32_t *room)
{
	if (used < *room)
		return items;
	uint32_t wanted = *room == 0 ? 1 : *room * 2;
	unsigned class = class_of(wanted);

	if (wanted == 0 || class >= MODEL_POOL_CLASSES)
		return NULL;
	void *grown = pool->given_back[class];

	if (grown != NULL)
		memcpy(&pool->given_back[class], grown, sizeof(void *));
	else
		grown = cut(pool, (size_t)wanted * pool->item_bytes);
	if (grown == NULL)
		return NULL;
	if (*room > 0) { /* to whoever grows to that size next */
		memcpy(grown, items, used * pool->item_bytes);
		memcpy(items, &pool->given_back[class - 1], sizeof(void *));
		pool->given_back[class - 1] = items;
	}
	*room = wanted;
	return grown;
}

void cf_model_pool_free(struct model_pool *pool)
{
	while (pool->chunks != NULL) {
		struct pool_chunk *next = pool->chunks->next;

		free(pool->chunks);
		pool->chunks = next;
	}
}
