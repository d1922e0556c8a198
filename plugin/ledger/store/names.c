/* Names in memory, and those that wait for their rows. */

#include "ledger/store/names.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/map.h"
#include "ledger/store/engine.h"

#include <stdlib.h>
#include <string.h>

/* A name without a row. */
struct waiting {
	uint64_t order; /* of its first text: rows go in as they will lie, or nearly */
	const uint8_t *key;
	size_t len;
	uint32_t handle;
};

struct cf_names {
	const struct cf_engine *engine;
	struct cf_name_rows *of; /* in the ledger */
	struct cf_map *map;      /* key to handle */
	uint32_t *ids;           /* by handle; 0 while it waits */
	uint32_t count;
	size_t size;
	struct waiting *waiting;
	uint32_t waiting_count;
	size_t waiting_size;
	bool is_whole; /* what is not here is not in the table either */
	int64_t rows, last_id;
};

enum cf_status cf_names_new(
    struct cf_ledger *ledger, const struct cf_names_table *table, struct cf_names **names_out)
{
	struct cf_names *names = calloc(1, sizeof *names);

	if (names == NULL)
		return CF_ENOMEM;
	names->engine = ledger->engine;
	names->map = cf_map_new();
	enum cf_status status =
	    names->map == NULL ? CF_ENOMEM : names->engine->names_new(ledger, table, &names->of);

	if (status != CF_OK) {
		cf_names_free(names);
		return status;
	}
	*names_out = names;
	return CF_OK;
}

void cf_names_free(struct cf_names *names)
{
	if (names == NULL)
		return;
	if (names->of != NULL)
		names->engine->names_free(names->of);
	cf_map_free(names->map);
	free(names->ids);
	free(names->waiting);
	free(names);
}

void cf_names_forget(struct cf_names *names, int64_t rows)
{
	cf_map_clear(names->map);
	names->count = names->waiting_count = 0;
	names->rows = rows;
	names->last_id = names->engine->names_last(names->of);
	names->is_whole = names->last_id == 0;
}

void cf_names_trim(struct cf_names *names)
{
	if (names->count >= CF_BATCH_NAMES)
		cf_names_forget(names, names->rows);
}

int64_t cf_names_rows(const struct cf_names *names)
{
	return names->rows;
}

/* ---- finding */

/* Gives the name the next handle; id 0: it waits. */
static enum cf_status keep(
    struct cf_names *names, struct cf_names_key key, uint32_t id, uint32_t *handle_out)
{
	uint32_t *ids = cf_array_grow(names->ids, names->count, 1, &names->size, sizeof *ids);
	const char *kept;

	if (ids == NULL)
		return CF_ENOMEM;
	names->ids = ids;
	struct waiting *waiting = cf_array_grow(
	    names->waiting, names->waiting_count, 1, &names->waiting_size, sizeof *waiting);

	if (waiting == NULL)
		return CF_ENOMEM;
	names->waiting = waiting;
	if (cf_map_keep(names->map, key.bytes, key.len, names->count, handle_out, NULL, &kept) !=
	    CF_OK)
		return CF_ENOMEM;
	ids[names->count++] = id;
	if (id == 0) {
		waiting[names->waiting_count++] = (struct waiting){
		    .key = (const uint8_t *)kept, .len = key.len, .handle = *handle_out};
		names->rows++;
	}
	return CF_OK;
}

enum cf_status cf_names_find(struct cf_names *names, struct cf_names_key key, uint32_t *handle_out)
{
	int64_t id = 0;

	if (cf_map_find(names->map, key.bytes, key.len, handle_out))
		return CF_OK;
	if (!names->is_whole && !names->engine->names_find(names->of, key, &id))
		return CF_EIO;
	/* Numbers are counted in 32 bits while they are summed; in the file they are not. */
	if (id > UINT32_MAX ||
	    (id == 0 &&
	        (names->rows >= names->engine->most_names ||
	            names->last_id >= (int64_t)UINT32_MAX - names->waiting_count)))
		return CF_ETOOBIG;
	return keep(names, key, (uint32_t)id, handle_out);
}

uint32_t cf_names_id(const struct cf_names *names, uint32_t handle)
{
	return names->ids[handle];
}

/* ---- writing */

/* Eight bytes of the key's first text behind what all have in common, greater where it is. */
static uint64_t order_of(const uint8_t *key, size_t common)
{
	uint64_t order = 0;

	for (size_t i = common; i < common + 8; i++)
		order = order << 8 | (i < key[0] ? key[1 + i] : 0);
	return order;
}

/* How much all first texts have in common at their beginning. */
static size_t common_of(const struct cf_names *names)
{
	const uint8_t *first = names->waiting[0].key;
	size_t common = first[0];

	for (uint32_t i = 1; i < names->waiting_count; i++) {
		const uint8_t *key = names->waiting[i].key;
		size_t len = 0, most = key[0] < common ? key[0] : common;

		while (len < most && key[1 + len] == first[1 + len])
			len++;
		common = len;
	}
	return common;
}

static int by_order(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->handle > y->handle) - (x->handle < y->handle);
}

static void sort_waiting(struct cf_names *names)
{
	size_t common = common_of(names);
	bool is_sorted = true;

	for (uint32_t i = 0; i < names->waiting_count; i++) {
		names->waiting[i].order = order_of(names->waiting[i].key, common);
		is_sorted = is_sorted &&
		    (i == 0 || by_order(&names->waiting[i - 1], &names->waiting[i]) < 0);
	}
	if (!is_sorted)
		qsort(names->waiting, names->waiting_count, sizeof *names->waiting, by_order);
}

enum cf_status cf_names_write(struct cf_names *names)
{
	struct cf_name_row *items;

	if (names->waiting_count == 0)
		return CF_OK;
	sort_waiting(names);
	items = calloc(names->waiting_count, sizeof *items);
	if (items == NULL)
		return CF_ENOMEM;
	for (uint32_t i = 0; i < names->waiting_count; i++)
		items[i].key = (struct cf_names_key){
		    .bytes = names->waiting[i].key, .len = names->waiting[i].len};
	enum cf_status status =
	    names->engine->names_put(names->of, items, names->waiting_count, names->last_id);

	for (uint32_t i = 0; i < names->waiting_count && status == CF_OK; i++) {
		/* Numbers are counted in 32 bits while they are summed. */
		if (items[i].id <= 0 || items[i].id > UINT32_MAX)
			status = CF_ETOOBIG;
		else
			names->ids[names->waiting[i].handle] = (uint32_t)items[i].id;
		if (items[i].id > names->last_id)
			names->last_id = items[i].id;
	}
	free(items);
	if (status == CF_OK)
		names->waiting_count = 0;
	return status;
}
