/*
 * What DHCP (RFC 2131, 2132, 3396, 4702) and DHCPv6 (RFC 8415, 4704, 6939) messages say about a
 * host. Pure; any thread.
 */
#pragma once

#include "base/addr.h"
#include "monitor/packet/observer.h"

#include <stdbool.h>
#include <stdint.h>

#define CF_DHCP_SERVERS    8
#define CF_DHCP_TEXT_BYTES 255
#define CF_DHCP_ADDRS      8

enum cf_dhcp4_type {
	CF_DHCP4_DISCOVER = 1,
	CF_DHCP4_OFFER = 2,
	CF_DHCP4_REQUEST = 3,
	CF_DHCP4_DECLINE = 4,
	CF_DHCP4_ACK = 5,
	CF_DHCP4_NAK = 6,
	CF_DHCP4_RELEASE = 7,
	CF_DHCP4_INFORM = 8,
};

/* Slices point into the structure itself: it is not to be copied. */
struct cf_dhcp4 {
	bool from_client;
	uint8_t type; /* enum cf_dhcp4_type; 0: plain BOOTP */
	bool has_mac;
	uint8_t mac[6];         /* chaddr */
	struct cf_addr kept;    /* ciaddr: what the client says it has, or none */
	struct cf_addr wanted;  /* option 50: what it asks for, or declines */
	struct cf_addr granted; /* by an ACK, to the client of this MAC; the only one that binds */
	uint32_t lease_s;       /* of what is granted; 0 not said, UINT32_MAX for ever */
	struct cf_slice name;   /* host name, else that of the FQDN option as text; bytes */
	struct cf_slice client_id;
	struct cf_addr routers[CF_DHCP_SERVERS];
	unsigned router_count;
	struct cf_addr resolvers[CF_DHCP_SERVERS];
	unsigned resolver_count;
	uint8_t text[CF_DHCP_TEXT_BYTES], id[CF_DHCP_TEXT_BYTES];
};

/* False when the message is not DHCP or BOOTP over Ethernet; then *dhcp_out says nothing. */
bool cf_dhcp4_read(struct cf_slice message, struct cf_dhcp4 *dhcp_out);

enum cf_dhcp6_type {
	CF_DHCP6_SOLICIT = 1,
	CF_DHCP6_ADVERTISE = 2,
	CF_DHCP6_REQUEST = 3,
	CF_DHCP6_CONFIRM = 4,
	CF_DHCP6_RENEW = 5,
	CF_DHCP6_REBIND = 6,
	CF_DHCP6_REPLY = 7,
	CF_DHCP6_RELEASE = 8,
	CF_DHCP6_DECLINE = 9,
};

/* Of status codes (RFC 8415 21.13): the client has moved. */
#define CF_DHCP6_NOT_ON_LINK 4

struct cf_dhcp6 {
	bool from_client;
	bool relayed;    /* the sender of the packet is not the client */
	uint8_t type;    /* enum cf_dhcp6_type and others */
	uint16_t status; /* of the whole message (RFC 8415 21.13); 0 success */
	bool has_mac;
	uint8_t mac[6]; /* what a relay says of its client (RFC 6939) */
	/* Of IA_NA and IA_TA, without those that a status refuses; what they mean, type says. */
	struct cf_addr addrs[CF_DHCP_ADDRS];
	uint32_t valid_s[CF_DHCP_ADDRS]; /* 0: not any more */
	unsigned addr_count;
	char name[256];       /* client FQDN as text, "" none */
	struct cf_slice duid; /* client id */
	struct cf_addr resolvers[CF_DHCP_SERVERS];
	unsigned resolver_count;
};

bool cf_dhcp6_read(struct cf_slice message, struct cf_dhcp6 *dhcp_out);
