/* An array that grows by doubling. Zeroed storage is an empty one; free items when done. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct cf_array {
	void *items;
	size_t used, room; /* in items */
};

/* Room for one more item of item_bytes behind the last, zeroed and counted; NULL without memory. */
static inline void *cf_array_add(struct cf_array *array, size_t item_bytes)
{
	size_t room = array->room == 0 ? 16 : array->room;
	void *items;

	if (array->used == array->room) {
		room *= array->room == 0 ? 1 : 2;
		if (room > SIZE_MAX / item_bytes)
			return NULL;
		items = realloc(array->items, room * item_bytes);
		if (items == NULL)
			return NULL;
		array->items = items;
		array->room = room;
	}
	items = (char *)array->items + array->used++ * item_bytes;
	return memset(items, 0, item_bytes);
}
