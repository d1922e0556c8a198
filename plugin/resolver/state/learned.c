/* The table of names that lead to listed names. */
#include "resolver/state/learned.h"

#include <string.h>

/* A slot holds the hash with its lowest bit set, so that an empty slot (0) never matches. */
static uint64_t slot_value(uint64_t hash)
{
	return hash | 1;
}

static unsigned slot_index(uint64_t hash)
{
	return (unsigned)(hash >> 40) % CF_LEARNED_SLOTS;
}

void cf_learned_add(struct cf_learned *learned, uint64_t hash)
{
	atomic_store_explicit(
	    &learned->slots[slot_index(hash)], slot_value(hash), memory_order_relaxed);
}

bool cf_learned_find(const struct cf_learned *learned, uint64_t hash)
{
	return atomic_load_explicit(&learned->slots[slot_index(hash)], memory_order_relaxed) ==
	    slot_value(hash);
}

void cf_learned_clear(struct cf_learned *learned)
{
	for (unsigned i = 0; i < CF_LEARNED_SLOTS; i++)
		atomic_store_explicit(&learned->slots[i], 0, memory_order_relaxed);
}

/* Eight bytes at a time through a multiply and a fold: one of these runs for every cache miss. */
uint64_t cf_learned_hash(const uint8_t *name_wire, unsigned wire_len)
{
	uint64_t hash = 0x9e3779b97f4a7c15u ^ wire_len;

	while (wire_len > 0) {
		unsigned n = wire_len < 8 ? wire_len : 8;
		uint64_t word = 0;

		memcpy(&word, name_wire, n);
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
		name_wire += n;
		wire_len -= n;
	}
	return hash;
}
