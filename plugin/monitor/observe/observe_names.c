/* Who the hosts say they are: ARP, NDP, DHCP, NetBIOS, mDNS and LLMNR, told to the host table. */

#include "monitor/hosts/dhcp.h"
#include "monitor/hosts/nbns.h"
#include "monitor/message/decode_dns.h"
#include "monitor/observe/observe_state.h"

#include "base/bytes.h"

#include <string.h>

#define NDP_SOLICIT_ROUTER   133
#define NDP_ADVERTISE_ROUTER 134
#define NDP_SOLICIT          135
#define NDP_ADVERTISE        136
#define NDP_OPTION_SOURCE    1
#define NDP_OPTION_TARGET    2
#define NDP_OPTION_RESOLVERS 25
#define NDP_FLAG_ROUTER      0x80
#define TYPE_A               1
#define TYPE_AAAA            28
#define RECORDS_READ         32
/* A machine has one name, sometimes a second. */
#define NAMES_OF_SENDER 4

static struct cf_host_fact fact_of(
    const struct cf_packet *packet, enum cf_identity_kind kind, const struct cf_addr *addr)
{
	return (struct cf_host_fact){.kind = kind,
	    .at_wall_us = packet->at_wall_us,
	    .addr = *addr,
	    .vlan = cf_packet_vlan(packet),
	    .interface = packet->interface};
}

/* RFC 826 over Ethernet and IPv4: the sender says who it is, in requests and replies alike. */
static void on_arp(
    struct cf_observe *observe, const struct cf_packet *packet, struct cf_slice bytes)
{
	struct cf_bytes c = cf_bytes_make(bytes.data, bytes.len);
	uint16_t hardware = cf_bytes_be16(&c), protocol = cf_bytes_be16(&c);
	uint8_t hardware_len = cf_bytes_u8(&c), protocol_len = cf_bytes_u8(&c);
	uint16_t operation = cf_bytes_be16(&c);
	const uint8_t *mac = cf_bytes_take(&c, 6), *sender = cf_bytes_take(&c, 4);
	struct cf_host_fact fact;
	struct cf_addr addr;

	if (sender == NULL || hardware != 1 || protocol != 0x0800 || hardware_len != 6 ||
	    protocol_len != 4 || operation < 1 || operation > 2)
		return;
	addr = cf_addr_v4(sender);
	fact = fact_of(packet, CF_IDENTITY_ARP, &addr);
	fact.mac = mac;
	if (cf_addr_is_group(&addr) || addr.bytes[0] == 0)
		return; /* a probe (RFC 5227) claims nothing yet */
	cf_hosts_learn(observe->monitor->hosts, &fact);
}

static void told_resolvers(struct cf_observe *observe, struct cf_bytes option)
{
	cf_bytes_skip(&option, 6); /* reserved, lifetime */
	while (cf_bytes_left(&option) >= 16) {
		struct cf_addr addr = cf_addr_v6(cf_bytes_take(&option, 16));

		cf_locality_told(&observe->monitor->options.locality, &addr);
	}
}

/* RFC 4861 4: link-layer addresses of senders and targets, routers, resolvers (RFC 8106). */
static void on_ndp(
    struct cf_observe *observe, const struct cf_packet *packet, struct cf_slice bytes)
{
	struct cf_bytes c = cf_bytes_make(bytes.data, bytes.len);
	uint8_t type = cf_bytes_u8(&c), flags;
	struct cf_addr addr = packet->src;
	uint8_t wanted = NDP_OPTION_SOURCE;

	cf_bytes_skip(&c, 3); /* code, checksum */
	flags = cf_bytes_u8(&c);
	cf_bytes_skip(&c, 3);
	if (type == NDP_ADVERTISE_ROUTER) {
		cf_bytes_skip(&c, 8);
		if (packet->mac_src != NULL)
			cf_hosts_router(observe->monitor->hosts, packet->mac_src);
	} else if (type == NDP_SOLICIT || type == NDP_ADVERTISE) {
		const uint8_t *target = cf_bytes_take(&c, 16);

		if (target != NULL && type == NDP_ADVERTISE) {
			addr = cf_addr_v6(target);
			wanted = NDP_OPTION_TARGET;
		}
	} else if (type != NDP_SOLICIT_ROUTER) {
		return;
	}
	while (cf_bytes_left(&c) >= 8) {
		uint8_t option = cf_bytes_u8(&c);
		size_t len = (size_t)8 * cf_bytes_u8(&c);
		struct cf_bytes body;

		if (len < 8)
			return;
		body = cf_bytes_sub(&c, len - 2);
		if (option == NDP_OPTION_RESOLVERS && type == NDP_ADVERTISE_ROUTER)
			told_resolvers(observe, body);
		if (option == wanted && cf_bytes_left(&body) >= 6) {
			struct cf_host_fact fact = fact_of(packet, CF_IDENTITY_NDP, &addr);

			fact.mac = body.at;
			if (type == NDP_ADVERTISE && (flags & NDP_FLAG_ROUTER) != 0)
				cf_hosts_router(observe->monitor->hosts, body.at);
			cf_hosts_learn(observe->monitor->hosts, &fact);
			wanted = 0; /* no option has it: the first address is the one */
		}
	}
}

/* Resolvers that DHCP gives to clients are the site's own. */
static void told_by_dhcp(
    struct cf_observe *observe, const struct cf_addr *resolvers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		cf_locality_told(&observe->monitor->options.locality, &resolvers[i]);
}

static struct cf_host_end end_of(
    const struct cf_packet *packet, enum cf_identity_end why, const struct cf_addr *addr)
{
	return (struct cf_host_end){.why = why,
	    .at_wall_us = packet->at_wall_us,
	    .addr = *addr,
	    .vlan = cf_packet_vlan(packet),
	    .interface = packet->interface};
}

/* RFC 2131 3: the server's ACK binds, its NAK takes away. OFFER and ACKs of INFORM give nothing. */
static void on_dhcp4_server(
    struct cf_observe *observe, const struct cf_packet *packet, const struct cf_dhcp4 *dhcp)
{
	struct cf_host_fact fact = fact_of(packet, CF_IDENTITY_DHCP4, &dhcp->granted);
	struct cf_host_end end = end_of(packet, CF_IDENTITY_REFUSED, &dhcp->granted);

	told_by_dhcp(observe, dhcp->resolvers, dhcp->resolver_count);
	if (!dhcp->has_mac)
		return;
	if (dhcp->granted.family != CF_FAMILY_NONE) {
		fact.mac = dhcp->mac;
		fact.name = dhcp->name;
		fact.lease_s = dhcp->lease_s;
		cf_hosts_learn(observe->monitor->hosts, &fact);
	} else if (dhcp->type == CF_DHCP4_NAK) {
		end.mac = dhcp->mac;
		cf_hosts_end(observe->monitor->hosts, &end);
	}
}

/* A client asks, which binds nothing, or gives up what it had. */
static void on_dhcp4_client(
    struct cf_observe *observe, const struct cf_packet *packet, const struct cf_dhcp4 *dhcp)
{
	static const struct cf_addr none;
	struct cf_host_fact fact = fact_of(packet, CF_IDENTITY_DHCP4, &none);
	bool is_release = dhcp->type == CF_DHCP4_RELEASE;
	struct cf_host_end end =
	    end_of(packet, is_release ? CF_IDENTITY_RELEASED : CF_IDENTITY_DECLINED,
	        is_release ? &dhcp->kept : &dhcp->wanted);

	if (dhcp->has_mac && (is_release || dhcp->type == CF_DHCP4_DECLINE)) {
		end.mac = dhcp->mac;
		if (end.addr.family != CF_FAMILY_NONE)
			cf_hosts_end(observe->monitor->hosts, &end);
		return;
	}
	fact.mac = dhcp->has_mac ? dhcp->mac : NULL;
	fact.name = dhcp->name;
	fact.client_id = dhcp->client_id;
	fact.wanted = dhcp->wanted.family != CF_FAMILY_NONE ? dhcp->wanted : dhcp->kept;
	cf_hosts_learn(observe->monitor->hosts, &fact);
	/* Renewing or asking for more, from the address that it has. */
	if (dhcp->kept.family != CF_FAMILY_NONE && cf_addr_equal(&dhcp->kept, &packet->src)) {
		fact.addr = dhcp->kept;
		fact.is_used_only = true;
		cf_hosts_learn(observe->monitor->hosts, &fact);
	}
}

static void on_dhcp4(
    struct cf_observe *observe, const struct cf_packet *packet, struct cf_slice bytes)
{
	struct cf_dhcp4 dhcp;

	if (!cf_dhcp4_read(bytes, &dhcp))
		return;
	if (dhcp.from_client)
		on_dhcp4_client(observe, packet, &dhcp);
	else
		on_dhcp4_server(observe, packet, &dhcp);
}

/* The client's MAC, where the message went between it and its link; else what a relay says. */
static const uint8_t *mac_of_client(const struct cf_packet *packet, const struct cf_dhcp6 *dhcp)
{
	const uint8_t *mac = dhcp->from_client ? packet->mac_src : packet->mac_dst;

	if (dhcp->has_mac)
		return dhcp->mac;
	return dhcp->relayed || mac == NULL || (mac[0] & 1) != 0 ? NULL : mac;
}

/* RFC 8415 18: addresses of a Reply are granted, unless they are valid for no time any more. */
static void on_dhcp6_reply(
    struct cf_observe *observe, const struct cf_packet *packet, const struct cf_dhcp6 *dhcp)
{
	static const struct cf_addr all;

	/* The answer to CONFIRM: none of its addresses is good here, as a NAK says in DHCP. */
	if (dhcp->status == CF_DHCP6_NOT_ON_LINK && dhcp->addr_count == 0) {
		struct cf_host_end end = end_of(packet, CF_IDENTITY_REFUSED, &all);

		end.mac = mac_of_client(packet, dhcp);
		end.of_v6 = true;
		cf_hosts_end(observe->monitor->hosts, &end);
	}
	for (unsigned i = 0; i < dhcp->addr_count; i++) {
		struct cf_host_fact fact = fact_of(packet, CF_IDENTITY_DHCP6, &dhcp->addrs[i]);
		struct cf_host_end end = end_of(packet, CF_IDENTITY_REFUSED, &dhcp->addrs[i]);

		fact.mac = end.mac = mac_of_client(packet, dhcp);
		fact.client_id = dhcp->duid;
		fact.lease_s = dhcp->valid_s[i];
		if (dhcp->valid_s[i] > 0)
			cf_hosts_learn(observe->monitor->hosts, &fact);
		else
			cf_hosts_end(observe->monitor->hosts, &end);
	}
}

static void on_dhcp6_client(
    struct cf_observe *observe, const struct cf_packet *packet, const struct cf_dhcp6 *dhcp)
{
	static const struct cf_addr none;
	struct cf_host_fact fact = fact_of(packet, CF_IDENTITY_DHCP6, &none);
	bool is_release = dhcp->type == CF_DHCP6_RELEASE;

	fact.mac = mac_of_client(packet, dhcp);
	fact.name =
	    (struct cf_slice){.data = (const uint8_t *)dhcp->name, .len = strlen(dhcp->name)};
	fact.client_id = dhcp->duid;
	if (!is_release && dhcp->type != CF_DHCP6_DECLINE) {
		cf_hosts_learn(observe->monitor->hosts, &fact);
		return;
	}
	for (unsigned i = 0; i < dhcp->addr_count; i++) {
		struct cf_host_end end = end_of(packet,
		    is_release ? CF_IDENTITY_RELEASED : CF_IDENTITY_DECLINED, &dhcp->addrs[i]);

		end.mac = fact.mac;
		cf_hosts_end(observe->monitor->hosts, &end);
	}
}

static void on_dhcp6(
    struct cf_observe *observe, const struct cf_packet *packet, struct cf_slice bytes)
{
	struct cf_dhcp6 dhcp;

	if (!cf_dhcp6_read(bytes, &dhcp))
		return;
	if (!dhcp.from_client)
		told_by_dhcp(observe, dhcp.resolvers, dhcp.resolver_count);
	if (dhcp.from_client)
		on_dhcp6_client(observe, packet, &dhcp);
	else if (dhcp.type == CF_DHCP6_REPLY)
		on_dhcp6_reply(observe, packet, &dhcp);
}

static void on_netbios(
    struct cf_observe *observe, const struct cf_packet *packet, const struct cf_netbios *netbios)
{
	struct cf_host_fact fact;

	/* A name server answers for others: only what a host says of itself counts. */
	if (!cf_addr_equal(&netbios->addr, &packet->src))
		return;
	fact = fact_of(packet, CF_IDENTITY_NBNS, &packet->src);
	fact.mac = packet->mac_src;
	fact.name =
	    (struct cf_slice){.data = (const uint8_t *)netbios->name, .len = strlen(netbios->name)};
	cf_hosts_learn(observe->monitor->hosts, &fact);
}

void cf_observe_raw(
    void *context, const struct cf_packet *packet, enum cf_raw_kind kind, struct cf_slice bytes)
{
	struct cf_observe *observe = context;
	struct cf_netbios netbios;

	if (packet->in_icmp_error)
		return;
	cf_observe_lock(observe);
	switch (kind) {
	case CF_RAW_ARP:
		on_arp(observe, packet, bytes);
		break;
	case CF_RAW_NDP:
		on_ndp(observe, packet, bytes);
		break;
	case CF_RAW_DHCP4:
		on_dhcp4(observe, packet, bytes);
		break;
	case CF_RAW_DHCP6:
		on_dhcp6(observe, packet, bytes);
		break;
	case CF_RAW_NBNS:
		if (cf_nbns_read(bytes, &netbios))
			on_netbios(observe, packet, &netbios);
		break;
	case CF_RAW_NBDGM:
		if (cf_nbdgm_read(bytes, &netbios))
			on_netbios(observe, packet, &netbios);
		break;
	case CF_RAW_SSDP: /* names devices by model, not hosts */
		break;
	}
	cf_observe_unlock(observe);
}

/* The names that address records of a message give the sender's own address. */
struct own_names {
	unsigned count;
	struct cf_name names[NAMES_OF_SENDER];
};

/* Once a message: asked anew for each record it would cost the square of their number. */
static void find_own_names(
    const struct cf_packet *packet, const struct cf_dns_message *message, struct own_names *own)
{
	struct cf_dns_cursor cursor = cf_dns_start(message);
	struct cf_dns_record record;

	own->count = 0;
	for (unsigned i = 0; i < RECORDS_READ && own->count < NAMES_OF_SENDER &&
	     cf_dns_record_next(message, &cursor, &record);
	     i++) {
		struct cf_addr addr;

		if (record.type == TYPE_A && record.rdata.len == 4)
			addr = cf_addr_v4(record.rdata.data);
		else if (record.type == TYPE_AAAA && record.rdata.len == 16)
			addr = cf_addr_v6(record.rdata.data);
		else
			continue;
		if (cf_addr_equal(&addr, &packet->src) &&
		    cf_dns_name_at(message, record.name_offset, &own->names[own->count], NULL))
			own->count++;
	}
}

static bool is_own_name(const struct own_names *own, const struct cf_name *name)
{
	for (unsigned i = 0; i < own->count; i++)
		if (cf_name_equal(&own->names[i], name))
			return true;
	return false;
}

void cf_observe_local_names(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message)
{
	bool mdns = message->kind == CF_DNS_MDNS;
	struct cf_dns_cursor cursor = cf_dns_start(message);
	struct cf_dns_record record;
	struct own_names own;

	/* In an mDNS query, the authority section is what the sender is about to claim. */
	if (!message->response && !mdns)
		return;
	find_own_names(packet, message, &own);
	for (unsigned i = 0; i < RECORDS_READ && cf_dns_record_next(message, &cursor, &record);
	     i++) {
		struct cf_host_fact fact;
		struct cf_addr addr;
		struct cf_name name;
		char text[CF_NAME_TEXT_BYTES];

		if (record.type == TYPE_A && record.rdata.len == 4)
			addr = cf_addr_v4(record.rdata.data);
		else if (record.type == TYPE_AAAA && record.rdata.len == 16)
			addr = cf_addr_v6(record.rdata.data);
		else
			continue;
		if (!cf_dns_name_at(message, record.name_offset, &name, NULL) ||
		    (!cf_addr_equal(&addr, &packet->src) && !is_own_name(&own, &name)))
			continue;
		cf_name_format(&name, text);
		fact = fact_of(packet, mdns ? CF_IDENTITY_MDNS : CF_IDENTITY_LLMNR, &addr);
		fact.mac = packet->mac_src;
		fact.name = (struct cf_slice){.data = (const uint8_t *)text, .len = strlen(text)};
		cf_hosts_learn(observe->monitor->hosts, &fact);
	}
}
