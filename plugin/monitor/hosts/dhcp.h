/*
 * What DHCP (RFC 2131, 2132, 4702) and DHCPv6 (RFC 8415, 4704) messages say about a host.
 * Pure; any thread; slices point into the message.
 */
#pragma once

#include "base/addr.h"
#include "monitor/decode/observer.h"

#include <stdbool.h>
#include <stdint.h>

#define CF_DHCP_SERVERS 8

enum cf_dhcp4_type {
	CF_DHCP4_DISCOVER = 1,
	CF_DHCP4_OFFER = 2,
	CF_DHCP4_REQUEST = 3,
	CF_DHCP4_ACK = 5,
	CF_DHCP4_INFORM = 8,
};

struct cf_dhcp4 {
	bool from_client;
	uint8_t type; /* enum cf_dhcp4_type; 0: plain BOOTP */
	bool has_mac;
	uint8_t mac[6];       /* chaddr */
	struct cf_addr addr;  /* the client's: confirmed (ACK), kept (ciaddr) or wanted; or none */
	struct cf_slice name; /* host name, or the first label and more of an FQDN option */
	struct cf_slice client_id;
	struct cf_addr routers[CF_DHCP_SERVERS];
	unsigned router_count;
	struct cf_addr resolvers[CF_DHCP_SERVERS];
	unsigned resolver_count;
};

/* False when the message is not DHCP or BOOTP over Ethernet. */
bool cf_dhcp4_read(struct cf_slice message, struct cf_dhcp4 *dhcp_out);

struct cf_dhcp6 {
	bool from_client;
	bool relayed;         /* the sender of the packet is not the client */
	uint8_t type;         /* 1 solicit ... 7 reply ... */
	struct cf_addr addr;  /* first address of an IA_NA, or none */
	char name[256];       /* client FQDN as text, "" none */
	struct cf_slice duid; /* client id */
	struct cf_addr resolvers[CF_DHCP_SERVERS];
	unsigned resolver_count;
};

bool cf_dhcp6_read(struct cf_slice message, struct cf_dhcp6 *dhcp_out);
