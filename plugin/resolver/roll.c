/* Who asked anything in this minute. */

#include "resolver/roll.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>

struct key {
	uint64_t high, low;
	uint32_t zone;
};

static inline bool key_of(const struct sockaddr_storage *from, struct key *key)
{
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;

		key->high = 0;
		key->low = UINT64_C(0x0000ffff00000000) | ntohl(in->sin_addr.s_addr);
		key->zone = 0;
		return true;
	}
	if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
		uint64_t halves[2];

		memcpy(halves, &in6->sin6_addr, sizeof halves);
		key->high = be64toh(halves[0]);
		key->low = be64toh(halves[1]);
		key->zone = IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) ? in6->sin6_scope_id : 0;
		return true;
	}
	return false;
}

/* Mixed well enough for tables that nobody outside gains from filling: what does not fit is only
 * left out, and counted. */
static inline size_t slot_of(const struct key *key)
{
	uint64_t mixed = (key->low ^ key->high * UINT64_C(0xff51afd7ed558ccd) ^ key->zone) *
	    UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(mixed >> 40) % CF_ROLL_SLOTS;
}

static void enter(struct cf_roll *roll, uint32_t epoch, const struct key *key)
{
	struct cf_roll_slot *slots = roll->slots[epoch & 1];
	size_t first = slot_of(key);

	for (size_t i = 0; i < CF_ROLL_PROBES; i++) {
		struct cf_roll_slot *slot = &slots[(first + i) % CF_ROLL_SLOTS];

		if (atomic_load_explicit(&slot->epoch, memory_order_relaxed) != epoch) {
			atomic_store_explicit(&slot->epoch, 0, memory_order_relaxed);
			atomic_thread_fence(memory_order_release);
			atomic_store_explicit(&slot->high, key->high, memory_order_relaxed);
			atomic_store_explicit(&slot->low, key->low, memory_order_relaxed);
			atomic_store_explicit(&slot->zone, key->zone, memory_order_relaxed);
			atomic_store_explicit(&slot->epoch, epoch, memory_order_release);
			return;
		}
		if (atomic_load_explicit(&slot->low, memory_order_relaxed) == key->low &&
		    atomic_load_explicit(&slot->high, memory_order_relaxed) == key->high &&
		    atomic_load_explicit(&slot->zone, memory_order_relaxed) == key->zone)
			return;
	}
	atomic_store_explicit(&roll->left_out,
	    atomic_load_explicit(&roll->left_out, memory_order_relaxed) + 1, memory_order_relaxed);
}

void cf_roll_note(struct cf_roll *roll, uint32_t epoch, const struct sockaddr_storage *from)
{
	struct key key;

	if (epoch == 0 || !key_of(from, &key))
		return;
	if (key.low == roll->last_low && key.high == roll->last_high && epoch == roll->last_epoch &&
	    key.zone == roll->last_zone)
		return;
	roll->last_low = key.low;
	roll->last_high = key.high;
	roll->last_zone = key.zone;
	roll->last_epoch = epoch;
	enter(roll, epoch, &key);
}

bool cf_roll_next(const struct cf_roll *roll, uint32_t epoch, size_t *at, struct cf_addr *addr_out,
    uint32_t *zone_out)
{
	while (*at < CF_ROLL_SLOTS) {
		const struct cf_roll_slot *slot = &roll->slots[epoch & 1][(*at)++];
		uint64_t halves[2];
		uint8_t bytes[16];

		if (atomic_load_explicit(&slot->epoch, memory_order_acquire) != epoch)
			continue;
		halves[0] = htobe64(atomic_load_explicit(&slot->high, memory_order_relaxed));
		halves[1] = htobe64(atomic_load_explicit(&slot->low, memory_order_relaxed));
		*zone_out = atomic_load_explicit(&slot->zone, memory_order_relaxed);
		/* A reader that slept for a whole epoch may have met its next use. */
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&slot->epoch, memory_order_relaxed) != epoch)
			continue;
		memcpy(bytes, halves, sizeof bytes);
		*addr_out = cf_addr_v6(bytes);
		return true;
	}
	return false;
}
