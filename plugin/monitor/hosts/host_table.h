/*
 * Where identity.h's files keep what it knows: hosts by (address, VLAN), and MAC addresses.
 *
 * Each is a pool of fixed size with a chained hash over it. Entries lie one behind the other in the
 * order in which they came, so that memory is touched only as hosts appear, and a sweep is a walk
 * through it. When a pool is full, the entry unheard of for longest among the next few in line
 * makes room.
 *
 * Private to identity.c, which holds the monitor's lock. Allocates at cf_host_table_init() only.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* No place in a pool. */
#define CF_NO_PLACE UINT32_MAX
/* Addresses of one host that can be found by its MAC: some of IPv6, and one of IPv4. */
#define CF_BOUND_HOSTS 8
/* Addresses whose packets a MAC forwarded, remembered so that one host does not make a router. */
#define CF_MAC_BEHIND 2

/*
 * Where an address was seen. One address on two VLANs is two hosts; a link-local one (RFC 4291
 * 2.5.6, RFC 3927) on two interfaces, too.
 */
struct cf_host_place {
	uint32_t interface;
	uint16_t vlan;
};

/* Two cache lines; looking one up reads the first. */
struct cf_seen_host {
	struct cf_addr addr; /* family none: free */
	uint8_t kind;        /* enum cf_identity_kind of the MAC */
	uint8_t name_kind;   /* and of the name */
	bool has_mac, changed;
	uint8_t mac[6];
	uint16_t vlan;
	uint32_t interface;
	uint32_t chain; /* the table's own */
	int64_t from_wall_us, last_wall_us;
	int64_t written_wall_us; /* 0: never */
	char name[CF_HOST_NAME_BYTES];
};

struct cf_mac {
	uint8_t bytes[6];
	bool is_router;
	uint8_t behind_count;
	uint8_t address_count;
	uint8_t bound_count, bound_next;
	uint32_t chain; /* the table's own */
	int64_t last_wall_us;
	/* Hosts lately bound to this MAC, as places in the table; each is checked before use. */
	uint32_t bound[CF_BOUND_HOSTS];
	struct cf_addr address[CF_MAC_ADDRESSES];
	struct cf_host_place place[CF_MAC_ADDRESSES]; /* where each was seen */
	struct cf_addr behind[CF_MAC_BEHIND];         /* their packets were routed */
};

struct cf_host_table {
	uint64_t seed;
	struct cf_seen_host *host; /* CF_HOSTS */
	uint32_t *until_s;  /* of each host: when its grant runs out, since 1970; 0: not known */
	struct cf_mac *mac; /* CF_MACS */
	uint32_t *host_bucket, *mac_bucket;
	uint32_t hosts_fresh, macs_fresh; /* those from there on were never used */
	uint32_t hosts_free;              /* chain of those that were */
	uint32_t hosts_known;
	uint32_t host_hand, mac_hand; /* where the line of those to make room begins */
	uint64_t hosts_evicted, macs_evicted;
};

/* CF_ENOMEM; to be given to cf_host_table_done() then, too. */
enum cf_status cf_host_table_init(struct cf_host_table *table, uint64_t seed) CF_MUST_CHECK;
void cf_host_table_done(struct cf_host_table *table);

/* NULL when it is not known. */
struct cf_seen_host *cf_host_find(
    const struct cf_host_table *table, const struct cf_addr *addr, struct cf_host_place place);
/*
 * A host that is not there yet, zeroed but for its address and place. Only while cf_host_victim()
 * is NULL.
 */
struct cf_seen_host *cf_host_add(
    struct cf_host_table *table, const struct cf_addr *addr, struct cf_host_place place);
/* The host to remove before another can be added; NULL while there is room. Counts an eviction. */
struct cf_seen_host *cf_host_victim(struct cf_host_table *table);
void cf_host_remove(struct cf_host_table *table, struct cf_seen_host *host);

/* NULL when it is not known. */
struct cf_mac *cf_mac_find(const struct cf_host_table *table, const uint8_t bytes[6]);
/* The same, added when it is not known: in the place of another if need be, a router's last. */
struct cf_mac *cf_mac_get(struct cf_host_table *table, const uint8_t bytes[6], int64_t at_wall_us);
