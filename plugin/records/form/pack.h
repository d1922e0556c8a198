/*
 * Records as compact bytes: what stands in a producer's queue and in the fold table. Only members
 * that are used are copied. The bytes never leave the process and are trusted; unpacking borrows
 * from them.
 *
 *   +------------------+----------+------------------------------+
 *   | struct cf_packed | numbers  | texts: u16 length, bytes, 0  |
 *   +------------------+----------+------------------------------+
 *
 * Pure functions; any thread.
 */
#pragma once

#include "records/form/alive.h"
#include "records/form/record.h"

/*
 * In cf_packed.present: there are no members yet. Behind the head stand bytes of the producer's
 * own, from which its cf_expand makes the hit (log.h).
 */
#define CF_PACKED_DEFERRED (UINT64_C(1) << 63)

/* The head holds what folding looks at, so that repeats are never unpacked. */
struct cf_packed {
	uint32_t size_bytes; /* of the whole record, a multiple of 8 */
	uint8_t event, action, via;
	uint8_t flow_marks; /* dns_seen and escape: repeats of different kinds do not fold */
	int64_t at_wall_us;
	uint64_t key;
	uint64_t present;   /* which members follow */
	uint8_t client[18]; /* address family and bytes, or 1 and the MAC */
	uint8_t ip_proto;
	uint8_t reserved;
	uint16_t src_port, dest_port;
};

/*
 * Packs into out, which has CF_RECORD_PACKED_BYTES and is aligned to 8, and returns the size, a
 * multiple of 8. Long members are cut to the limits of base/limits.h.
 */
uint32_t cf_pack_hit(const struct cf_hit *hit, void *out);
/* The client as a head has it: the address, or the MAC (may be NULL) when there is none. */
void cf_pack_client(struct cf_packed *head, const struct cf_addr *addr, const uint8_t *mac);
/* What folding tells apart besides the client's address: key, and the link of a link-local one. */
uint64_t cf_pack_key(uint64_t key, uint32_t src_zone);
uint32_t cf_pack_identity(const struct cf_identity *identity, void *out);
/* At most CF_ALIVE_PACKED clients fit; more are not looked at. */
uint32_t cf_pack_alive(const struct cf_alive *alive, void *out);
/* event is not one of hits or identity; members may be cut off only by being refused: returns 0. */
uint32_t cf_pack_raw(enum cf_event event, int64_t at_wall_us, const char *members_json, void *out);

/*
 * Whether bytes that were outside of the process are a packed hit that can be unpacked safely:
 * every member within len, names that end, words of ours.
 */
bool cf_packed_is_hit(const void *packed, size_t len);

/* The opposite; pointers in the result lead into packed. A deferred hit gets what its head holds,
 * and no members. */
void cf_unpack_hit(const void *packed, struct cf_hit *hit_out);
void cf_unpack_identity(const void *packed, struct cf_identity *identity_out);
/* alive_out->clients is clients, which the caller may change. */
void cf_unpack_alive(const void *packed, struct cf_alive *alive_out,
    struct cf_alive_client clients[CF_ALIVE_PACKED]);
const char *cf_unpack_raw(const void *packed);
