/*
 * Arrays that grow by doubling, so that n items cost about n moves: for whatever is collected while
 * lists, logs and policies are read. Never on the query path, which allocates nothing.
 *
 * The caller owns the items and frees them with free(). An array that did not grow is as it was, so
 * what it holds is never lost. No state of its own: any thread, an array in one at a time.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>

/*
 * Room for more (at least 1) items of item_bytes (at least 1) behind the used ones: items as they
 * are where they fit into *room (counted in items; 0 while items is NULL), else moved to a block at
 * least twice as large, and *room says how large. What is behind the used ones is not initialised.
 * NULL without memory, or where the size cannot be counted: items and *room stay as they were.
 *
 *     struct cf_span *spans = cf_array_grow(all->spans, all->count, 1, &all->room, sizeof *spans);
 *
 *     if (spans == NULL)
 *             return CF_ENOMEM;
 *     all->spans = spans;
 *     all->spans[all->count++] = span;
 */
void *cf_array_grow(
    void *items, size_t used, size_t more, size_t *room, size_t item_bytes) CF_MUST_CHECK;

/* Items of a kind that only the caller knows. Zeroed storage is an empty one. */
struct cf_array {
	void *items;
	size_t used, room; /* in items */
};

/* One more item of item_bytes behind the last, zeroed and counted; NULL without memory. */
void *cf_array_add(struct cf_array *array, size_t item_bytes) CF_MUST_CHECK;
