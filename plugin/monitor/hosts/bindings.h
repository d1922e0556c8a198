/*
 * What the files share that believe things of hosts: host_packets.c, host_words.c (what is
 * said) and host_sweep.c (what time does). Private to them; one thread at a time, as identity.h
 * says.
 */
#pragma once

#include "base/allowance.h"
#include "monitor/hosts/asks.h"
#include "monitor/hosts/host_table.h"
#include "monitor/hosts/identity.h"

#include <string.h>

#define US_PER_S INT64_C(1000000)
/* Traffic alone may deceive until its MAC has shown what it is: wait so long before writing. */
#define SETTLE_S 10
/* 2100-01-01: no packet is later, whatever a damaged capture says. */
#define LAST_WALL_US (INT64_C(4102444800) * US_PER_S)

struct cf_hosts {
	struct cf_host_table table;
	struct cf_asks asks;
	/* New hosts that packets show; that claims show, and all that changes; that hits show. */
	struct cf_allowance seen, told, due;
	int64_t clock_wall_us, leap_wall_us; /* of packets that are believed, and one that waits */
	const struct cf_locality *locality;
	cf_identity_write *write;
	void *arg;
	uint32_t sweep; /* place in the table to look at next */
};

/* When what was granted runs out, in seconds; 0: never, or not known. */
static inline uint32_t *cf_hosts_until_s(struct cf_hosts *hosts, const struct cf_seen_host *host)
{
	return &hosts->table.until_s[host - hosts->table.host];
}

static inline struct cf_slice cf_mac_slice(const uint8_t mac[6])
{
	return (struct cf_slice){.data = mac, .len = 6};
}

/* Is there anything to say that the last record did not? */
static inline bool cf_hosts_is_news(const struct cf_seen_host *host)
{
	return host->changed || host->written_wall_us < host->last_wall_us ||
	    host->written_wall_us == 0;
}

/* False for no address, a group, and what never leaves a machine. */
static inline bool cf_hosts_can_be(const struct cf_addr *addr)
{
	static const uint8_t zero[16];

	return addr->family != CF_FAMILY_NONE && !cf_addr_is_group(addr) &&
	    memcmp(addr->bytes, zero, 16) != 0 &&
	    !(addr->family == CF_FAMILY_V4 && addr->bytes[0] == 127) &&
	    !(addr->family == CF_FAMILY_V6 && memcmp(addr->bytes, zero, 15) == 0 &&
	        addr->bytes[15] == 1);
}

/* The time of a packet, or a believable one in its stead. Negative: there is none yet. */
int64_t cf_hosts_believe(struct cf_hosts *hosts, int64_t at_wall_us);

/* The record of what is believed of host now; points into it. */
struct cf_identity cf_hosts_identity(
    struct cf_hosts *hosts, const struct cf_seen_host *host, enum cf_identity_end end);

/* Writes it: as it is, as over for a reason, or when it is settled and something is new. */
void cf_hosts_write(struct cf_hosts *hosts, struct cf_seen_host *host);
void cf_hosts_write_ended(
    struct cf_hosts *hosts, struct cf_seen_host *host, enum cf_identity_end end);
void cf_hosts_write_if_due(struct cf_hosts *hosts, struct cf_seen_host *host);

/* Says what was not said yet of a host that makes room or is gone. */
void cf_hosts_forget(struct cf_hosts *hosts, struct cf_seen_host *host);

/* A host that is not there yet; otherwise as below. */
struct cf_seen_host *cf_hosts_add(struct cf_hosts *hosts, struct cf_allowance *allowance,
    const struct cf_addr *addr, struct cf_host_place place, int64_t at_wall_us);

/*
 * The host of the address, made when it is not there, another one making room if need be. NULL: too
 * many at once.
 */
struct cf_seen_host *cf_hosts_get(struct cf_hosts *hosts, struct cf_allowance *allowance,
    const struct cf_addr *addr, struct cf_host_place place, int64_t at_wall_us);

/* What a claim of that kind says of the MAC that has the address; it may lose to what is there. */
void cf_hosts_bind(struct cf_hosts *hosts, struct cf_seen_host *host, const uint8_t mac[6],
    enum cf_identity_kind kind, int64_t at_wall_us);
