/*
 * Clients that asked a DHCP server for an address: what they call themselves, kept until an answer
 * binds them, and so that the same words are not written down for each of their messages.
 *
 * A fixed number of places, by hash; a newer client takes the place of one unheard of for longest.
 * Private to identity.c, which holds the monitor's lock. Allocates at cf_asks_init() only.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/status.h"
#include "monitor/packet/observer.h"

#include <stdbool.h>
#include <stdint.h>

/* A client: its MAC (DHCP), else its DUID (DHCPv6). */
struct cf_ask {
	bool is_used, has_mac;
	uint8_t id_bytes;
	uint8_t mac[6];
	uint16_t vlan;
	uint8_t id[CF_CLIENT_ID_BYTES]; /* client id or DUID; what is longer is cut */
	char name[CF_HOST_NAME_BYTES];
	struct cf_addr wanted;  /* what it asked for last, and ... */
	struct cf_addr granted; /* ... what it was given while another still had it */
	int64_t last_wall_us, written_wall_us;
};

struct cf_asks {
	uint64_t seed;
	struct cf_ask *items; /* CF_ASKS */
};

enum cf_status cf_asks_init(struct cf_asks *asks, uint64_t seed) CF_MUST_CHECK;
void cf_asks_done(struct cf_asks *asks);

/* The client of these bytes (a MAC, or a DUID) on the VLAN; NULL: it did not ask lately. */
struct cf_ask *cf_asks_find(const struct cf_asks *asks, struct cf_slice client, uint16_t vlan);
/* The same, made if it is not there. */
struct cf_ask *cf_asks_get(
    struct cf_asks *asks, struct cf_slice client, uint16_t vlan, int64_t at_wall_us);
