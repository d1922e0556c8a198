/* Room for one more. */

#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The first block of an array: what malloc() hands out at little more than the cost of any. */
#define FIRST_BYTES 64

void *cf_array_grow(void *items, size_t used, size_t more, size_t *room, size_t item_bytes)
{
	size_t wanted = *room;
	void *grown;

	if (more <= *room - used)
		return items;
	do {
		if (wanted > SIZE_MAX / 2 / item_bytes)
			return NULL;
		if (wanted > 0)
			wanted *= 2;
		else
			wanted = item_bytes < FIRST_BYTES ? FIRST_BYTES / item_bytes : 1;
	} while (more > wanted - used);
	grown = realloc(items, wanted * item_bytes);
	if (grown != NULL)
		*room = wanted;
	return grown;
}

void *cf_array_add(struct cf_array *array, size_t item_bytes)
{
	void *items = cf_array_grow(array->items, array->used, 1, &array->room, item_bytes);

	if (items == NULL)
		return NULL;
	array->items = items;
	return memset((char *)items + array->used++ * item_bytes, 0, item_bytes);
}
