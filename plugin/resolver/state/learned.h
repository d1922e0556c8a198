/*
 * Names that are not listed but were seen to lead to something listed: a CNAME to a listed name, an
 * address in a listed network. A query for such a name starts in the private lane at once; without
 * this its chain would be fetched again each time (three upstream queries instead of one).
 *
 * A fixed table of hashes that forgets by overwriting: a false hit only sends a clean name through
 * the lane, a forgotten name only costs an upstream query. Lock-free, any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Slots of 8 bytes. Vendors have hundreds of such names; 16,384 leaves room for whole CDNs. */
#define CF_LEARNED_SLOTS 16384

struct cf_learned {
	_Atomic uint64_t slots[CF_LEARNED_SLOTS];
};

/* hash is of the canonical name; 0 is fine. */
void cf_learned_add(struct cf_learned *learned, uint64_t hash);
bool cf_learned_find(const struct cf_learned *learned, uint64_t hash);
void cf_learned_clear(struct cf_learned *learned);

/* A hash of canonical wire bytes. Collisions are harmless, so it need not be keyed. */
uint64_t cf_learned_hash(const uint8_t *name_wire, unsigned wire_len);
