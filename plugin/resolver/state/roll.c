/* Who asked anything in this minute. */

#include "resolver/state/roll.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>

struct key {
	uint64_t high, low, mark; /* as in a slot */
};

/* Mixed well enough for a table that nobody gains from filling: what does not fit is only left out,
 * and counted. */
static inline size_t slot_of(const struct key *key)
{
	uint64_t mixed = (key->low ^ key->high * UINT64_C(0xff51afd7ed558ccd) ^ key->mark >> 32) *
	    UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(mixed >> 40) % CF_ROLL_SLOTS;
}

static inline uint64_t get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static inline bool is(const struct cf_roll_slot *slot, const struct key *key)
{
	return get(&slot->mark) == key->mark && get(&slot->low) == key->low &&
	    get(&slot->high) == key->high;
}

static void fill(struct cf_roll_slot *slot, const struct key *key)
{
	atomic_store_explicit(&slot->mark, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&slot->high, key->high, memory_order_relaxed);
	atomic_store_explicit(&slot->low, key->low, memory_order_relaxed);
	atomic_store_explicit(&slot->mark, key->mark, memory_order_release);
}

static __attribute__((noinline)) void enter(
    struct cf_roll *roll, struct cf_roll_slot *slots, const struct key *key)
{
	size_t first = slot_of(key);

	for (size_t i = 0; i < CF_ROLL_PROBES; i++) {
		struct cf_roll_slot *slot = &slots[(first + i) % CF_ROLL_SLOTS];

		if ((uint32_t)get(&slot->mark) != (uint32_t)key->mark) {
			fill(slot, key);
			return;
		}
		if (is(slot, key))
			return;
	}
	atomic_store_explicit(&roll->left_out, get(&roll->left_out) + 1, memory_order_relaxed);
}

/* Nearly always the client stands where it is looked for first. */
static inline void note(struct cf_roll *roll, uint32_t epoch, const struct key *key)
{
	struct cf_roll_slot *slots = roll->slots[epoch & 1];

	if (!is(&slots[slot_of(key)], key))
		enter(roll, slots, key);
}

static __attribute__((noinline)) void note_v6(
    struct cf_roll *roll, uint32_t epoch, const struct sockaddr_in6 *in6)
{
	struct key key = {.mark = epoch};
	uint64_t halves[2];

	memcpy(halves, &in6->sin6_addr, sizeof halves);
	key.high = be64toh(halves[0]);
	key.low = be64toh(halves[1]);
	if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		key.mark |= (uint64_t)in6->sin6_scope_id << 32;
	note(roll, epoch, &key);
}

void cf_roll_note(struct cf_roll *roll, uint32_t epoch, const struct sockaddr_storage *from)
{
	if (epoch == 0)
		return;
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;
		const struct key key = {
		    .low = UINT64_C(0x0000ffff00000000) | ntohl(in->sin_addr.s_addr),
		    .mark = epoch};

		note(roll, epoch, &key);
	} else if (from->ss_family == AF_INET6) {
		note_v6(roll, epoch, (const struct sockaddr_in6 *)from);
	}
}

bool cf_roll_next(const struct cf_roll *roll, uint32_t epoch, size_t *at, struct cf_addr *addr_out,
    uint32_t *zone_out)
{
	while (*at < CF_ROLL_SLOTS) {
		const struct cf_roll_slot *slot = &roll->slots[epoch & 1][(*at)++];
		uint64_t mark = atomic_load_explicit(&slot->mark, memory_order_acquire), halves[2];
		uint8_t bytes[16];

		if ((uint32_t)mark != epoch)
			continue;
		halves[0] = htobe64(get(&slot->high));
		halves[1] = htobe64(get(&slot->low));
		/* A reader that slept for a whole epoch may have met its next use. */
		atomic_thread_fence(memory_order_acquire);
		if (get(&slot->mark) != mark)
			continue;
		memcpy(bytes, halves, sizeof bytes);
		*addr_out = cf_addr_v6(bytes);
		*zone_out = (uint32_t)(mark >> 32);
		return true;
	}
	return false;
}
