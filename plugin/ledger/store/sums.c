/* Sums in memory. */

#include "ledger/store/sums.h"

#include "base/array.h"
#include "ledger/store/engine.h"

#include <stdlib.h>
#include <string.h>

/* So many sums of a subject are looked through one by one, which is all that most have; the map has
 * what is beyond. */
#define FEW 16

enum cf_status cf_sums_init(
    struct cf_sums *sums, struct cf_ledger *ledger, enum cf_sum_table table, struct cf_error *error)
{
	sums->ledger = ledger;
	sums->table = table;
	sums->map = cf_map_new();
	sums->blob = malloc(CF_MINUTES_BYTES + CF_HELD_BYTES);
	if (sums->map == NULL || sums->blob == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	return ledger->engine->sums_init(sums, error);
}

void cf_sums_clear(struct cf_sums *sums)
{
	for (uint32_t i = 0; i < sums->count; i++) {
		cf_minutes_done(&sums->items[i].minutes);
		cf_held_done(&sums->items[i].held);
	}
	sums->count = 0;
	sums->first_count = 0;
	sums->texts_len = 0;
	if (sums->map != NULL)
		cf_map_clear(sums->map);
}

void cf_sums_done(struct cf_sums *sums)
{
	if (sums->ledger == NULL)
		return;
	cf_sums_clear(sums);
	cf_map_free(sums->map);
	free(sums->items);
	free(sums->first);
	free(sums->texts);
	free(sums->blob);
	sums->ledger->engine->sums_done(sums);
	*sums = (struct cf_sums){0};
}

/* Where the chain of a subject begins; NULL without memory. */
static uint32_t *first_of(struct cf_sums *sums, uint32_t subject)
{
	if (subject >= sums->first_count) {
		uint32_t count = subject + 1 + subject / 2;
		uint32_t *first = cf_array_grow(sums->first, sums->first_count,
		    count - sums->first_count, &sums->first_size, sizeof *first);

		if (first == NULL)
			return NULL;
		memset(
		    first + sums->first_count, 0xff, (count - sums->first_count) * sizeof *first);
		sums->first = first;
		sums->first_count = count;
	}
	return &sums->first[subject];
}

struct cf_sum *cf_sums_of(struct cf_sums *sums, const struct cf_sum_key *key)
{
	uint32_t *first = first_of(sums, key->subject), at, few = 0;
	bool added = true;
	struct cf_sum *items =
	    cf_array_grow(sums->items, sums->count, 1, &sums->size, sizeof *items);

	if (items == NULL || first == NULL)
		return NULL;
	sums->items = items;
	for (at = *first; at != CF_SUM_NONE; at = items[at].next, few++)
		if (memcmp(&items[at].key, key, sizeof *key) == 0)
			return &items[at];
	if (few == FEW &&
	    cf_map_add(sums->map, key, sizeof *key, sums->count, &at, &added) != CF_OK)
		return NULL;
	if (!added)
		return &items[at];
	at = sums->count++;
	items[at] = (struct cf_sum){.key = *key, .next = CF_SUM_NONE};
	if (few < FEW) {
		items[at].next = *first;
		*first = at;
	}
	return &items[at];
}

enum cf_status cf_sums_keep_sample(struct cf_sums *sums, struct cf_sum *sum, struct cf_text value)
{
	if (value.len > 0) {
		char *texts =
		    cf_array_grow(sums->texts, sums->texts_len, value.len, &sums->texts_size, 1);

		if (texts == NULL)
			return CF_ENOMEM;
		sums->texts = texts;
		memcpy(texts + sums->texts_len, value.data, value.len);
	}
	sum->sample_at = sums->texts_len;
	sum->sample_len = (uint32_t)value.len;
	sums->texts_len += value.len;
	return CF_OK;
}
