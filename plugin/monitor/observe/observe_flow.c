/*
 * Flows to and from listed addresses: which side is the client, whether the address was hard-
 * coded, and what came back after the cut-off. One file: what a flow is taken for when it begins
 * is what its end is told with.
 */

#include "monitor/observe/observe_state.h"

#include <stdio.h>
#include <string.h>

#define US_PER_S     INT64_C(1000000)
#define PORT_DNS     53
#define PORT_DOT     853
#define PORTS_SYSTEM 1024

/*
 * Which end opened the flow that starts with this packet, seen from the vendor's address: true when
 * the vendor's side is the server. Without a SYN the ports must tell, and the vendor is taken for
 * the server unless only the local end has a system port.
 */
static bool vendor_serves(const struct cf_packet *packet, bool vendor_is_dst)
{
	uint16_t vendor_port = vendor_is_dst ? packet->dst_port : packet->src_port;
	uint16_t local_port = vendor_is_dst ? packet->src_port : packet->dst_port;

	if (packet->ip_proto == CF_PROTO_TCP && (packet->tcp_flags & CF_TCP_SYN) != 0) {
		bool src_opens = (packet->tcp_flags & CF_TCP_ACK) == 0;

		return src_opens == vendor_is_dst;
	}
	return local_port == 0 || local_port >= PORTS_SYSTEM || vendor_port < PORTS_SYSTEM;
}

static struct cf_endpoints ends_of(const struct cf_packet *packet, bool outbound)
{
	if (outbound)
		return (struct cf_endpoints){.client = packet->src,
		    .server = packet->dst,
		    .client_port = packet->src_port,
		    .server_port = packet->dst_port};
	return (struct cf_endpoints){.client = packet->dst,
	    .server = packet->src,
	    .client_port = packet->dst_port,
	    .server_port = packet->src_port};
}

/* Vendor space that no dependent host talks to on its own account; counted instead of recorded. */
static bool is_recognised(const struct cf_monitor *monitor, const struct cf_endpoints *ends,
    const struct cf_network *network, enum cf_observe_counter *counter_out)
{
	bool is_dns = ends->server_port == PORT_DNS || ends->server_port == PORT_DOT;

	if (network->kind == CF_NETWORK_SINKHOLE) {
		*counter_out = CF_OBSERVE_VENDOR_SINKHOLE;
		return true;
	}
	if (network->kind == CF_NETWORK_MAIL_RELAY) {
		*counter_out = CF_OBSERVE_MAIL_RELAY;
		return true;
	}
	*counter_out = CF_OBSERVE_RESOLVER_TRAFFIC;
	return is_dns &&
	    (network->kind == CF_NETWORK_NAMESERVER ||
	        cf_locality_resolves_for_others(&monitor->options.locality, &ends->client));
}

/* The name of an announcement for judging by; false when it cannot be (never, in practice). */
static bool name_of(const struct cf_announcement *announcement, struct cf_name *name_out)
{
	return cf_name_from_wire(announcement->name_wire, CF_NAME_WIRE_BYTES, name_out) == CF_OK;
}

/*
 * By its network; or by its AS number, when evidence by address is off and this is the vendor's.
 */
static enum cf_via via_of_network(
    struct cf_observe *observe, const struct cf_addr *server, const struct cf_network *network)
{
	const struct cf_monitor_options *options = &observe->monitor->options;
	enum cf_via via = network->kind == CF_NETWORK_SHARED ? CF_VIA_SHARED_IP : CF_VIA_DEST_IP;
	uint32_t asn = network->asn;

	if ((options->evidence >> via & 1) != 0)
		return via;
	if (options->asn_db != NULL && !cf_asn_find(options->asn_db, server, &asn, NULL))
		return via;
	return cf_image_find_asn(observe->watchlist->image, asn, NULL) ? CF_VIA_ASN : via;
}

/* The first record of a flow to a listed address. */
static void report_flow(struct cf_observe *observe, const struct cf_packet *packet,
    struct cf_flow *flow, uint32_t network_id, const struct cf_network *network)
{
	struct cf_monitor *monitor = observe->monitor;
	struct cf_endpoints ends = {.client = flow->client,
	    .server = flow->server,
	    .client_port = flow->client_port,
	    .server_port = flow->server_port};
	bool shared = network->kind == CF_NETWORK_SHARED;
	enum cf_via via = via_of_network(observe, &flow->server, network);
	const struct cf_announcement *announcement = NULL;
	struct cf_finding finding;
	struct cf_name name;
	bool named;

	flow->dns_seen = cf_observe_dns_seen(observe, &flow->client, cf_packet_vlan(packet),
	    &flow->server, packet->at_wall_us, &announcement);
	named = announcement != NULL && name_of(announcement, &name);
	cf_finding_init(&finding, CF_EVENT_FLOW, via, &ends, flow->ip_proto, packet->at_wall_us);
	if (!cf_finding_judge_network(
	        &finding, observe->watchlist, &flow->server, network_id, named ? &name : NULL)) {
		flow->recognised = true;
		monitor->counter[CF_OBSERVE_EXEMPT]++;
		return;
	}
	flow->blocked_from_wall_s = finding.blocked_from_wall_s;
	if (named) {
		char text[CF_NAME_TEXT_BYTES];

		memcpy(flow->name_wire, name.wire, name.wire_len);
		finding.hit.dns.qname_wire = flow->name_wire;
		cf_finding_reason(&finding, "address announced by dns as %.100s%s",
		    cf_name_format(&name, text),
		    packet->at_wall_us > announcement->live_wall_us ? ", its ttl has run out" : "");
	} else if (shared) {
		cf_finding_reason(&finding, "weak: seen in use on %s at %s",
		    network->as_of == NULL ? "some day" : network->as_of, network->org);
	} else if (flow->dns_seen == CF_DNS_HARDCODED) {
		cf_finding_reason(&finding, "vendor address that no dns answer announced");
	} else {
		cf_finding_reason(
		    &finding, "vendor address; dns of this client is not visible here");
	}
	cf_observe_flow_members(&finding.hit, flow, false);
	/* Evidence of this kind may be off while another kind is on: keep the flow all the same. */
	if (cf_observe_write(observe, packet, &finding))
		cf_observe_keep(observe, flow, &finding);
}

/* A connection to the address that our own blocked answers carry. */
static void report_sinkhole(
    struct cf_observe *observe, const struct cf_packet *packet, struct cf_flow *flow)
{
	struct cf_endpoints ends = {.client = flow->client,
	    .server = flow->server,
	    .client_port = flow->client_port,
	    .server_port = flow->server_port};
	char text[CF_ADDR_TEXT_BYTES];
	struct cf_finding finding;

	cf_finding_init(&finding, CF_EVENT_SINKHOLE, CF_VIA_SINKHOLE, &ends, flow->ip_proto,
	    packet->at_wall_us);
	if (!cf_finding_judge_category(&finding, observe->watchlist, 0, CF_CATEGORY_PRODUCT_SERVICE,
	        cf_addr_format(&flow->server, text), "sinkhole", "exact"))
		return;
	finding.hit.action = CF_ACTION_BLOCK;
	cf_finding_salt(&finding, &flow->server_port, sizeof flow->server_port);
	cf_finding_reason(&finding, "connects to the address of blocked answers");
	cf_observe_flow_members(&finding.hit, flow, false);
	finding.blocked_from_wall_s = INT64_MAX; /* what comes back is ours */
	if (cf_observe_write(observe, packet, &finding))
		cf_observe_keep(observe, flow, &finding);
}

/* The flow's first packet: make it, and decide what it is. */
static void start_flow(struct cf_observe *observe, const struct cf_packet *packet,
    bool vendor_is_dst, uint32_t network_id, const struct cf_network *network)
{
	struct cf_monitor *monitor = observe->monitor;
	bool outbound = vendor_is_dst;
	struct cf_endpoints ends = ends_of(packet, outbound);
	enum cf_observe_counter counter;
	struct cf_flow *flow;

	flow = cf_flows_add(monitor->flows, &ends, packet->ip_proto, packet->at_wall_us);
	cf_flows_count(monitor->flows, flow, packet, outbound);
	if (network_id == CF_NONE) {
		if (vendor_serves(packet, vendor_is_dst))
			report_sinkhole(observe, packet, flow);
		return;
	}
	if (!vendor_serves(packet, vendor_is_dst)) {
		flow->inbound = true;
		monitor->counter[CF_OBSERVE_INBOUND]++;
		return;
	}
	if (is_recognised(monitor, &ends, network, &counter)) {
		flow->recognised = true;
		monitor->counter[counter]++;
		return;
	}
	report_flow(observe, packet, flow, network_id, network);
}

/* True when the operator's database gives addr to one of the vendor's AS numbers. */
static bool is_vendor_asn(struct cf_observe *observe, const struct cf_addr *addr)
{
	uint32_t head, asn = 0;
	struct asn_slot *slot;

	if (cf_addr_is_private(addr) || cf_addr_is_group(addr))
		return false;
	memcpy(&head, addr->bytes + (addr->family == CF_FAMILY_V4 ? 0 : 4), 4);
	slot = &observe->asn[(head * UINT32_C(0x9e3779b1)) >> 20 & (ASN_SLOTS - 1)];
	if (cf_addr_equal(&slot->addr, addr))
		return slot->vendor;
	slot->addr = *addr;
	slot->vendor = cf_asn_find(observe->monitor->options.asn_db, addr, &asn, NULL) &&
	    cf_image_find_asn(observe->watchlist->image, asn, NULL);
	return slot->vendor;
}

/* A flow to an address that is not listed but lies in the vendor's AS. */
static void report_asn(
    struct cf_observe *observe, const struct cf_packet *packet, bool vendor_is_dst)
{
	struct cf_monitor *monitor = observe->monitor;
	struct cf_endpoints ends = ends_of(packet, vendor_is_dst);
	char value[CF_ADDR_TEXT_BYTES], rule[16], org[CF_ASN_ORG_BYTES];
	const char *pack_org = "";
	struct cf_finding finding;
	struct cf_flow *flow;
	uint32_t asn;

	flow = cf_flows_add(monitor->flows, &ends, packet->ip_proto, packet->at_wall_us);
	cf_flows_count(monitor->flows, flow, packet, vendor_is_dst);
	flow->inbound = !vendor_serves(packet, vendor_is_dst);
	if (flow->inbound || !cf_asn_find(monitor->options.asn_db, &ends.server, &asn, org))
		return;
	flow->dns_seen = cf_observe_dns_seen(
	    observe, &ends.client, cf_packet_vlan(packet), &ends.server, packet->at_wall_us, NULL);
	snprintf(rule, sizeof rule, "AS%u", asn);
	cf_finding_init(
	    &finding, CF_EVENT_FLOW, CF_VIA_ASN, &ends, packet->ip_proto, packet->at_wall_us);
	if (!cf_finding_judge_category(&finding, observe->watchlist,
	        cf_image_asn_pack(observe->watchlist->image, asn), CF_CATEGORY_PRODUCT_SERVICE,
	        cf_addr_format(&ends.server, value), rule, "asn"))
		return;
	(void)cf_image_find_asn(observe->watchlist->image, asn, &pack_org);
	finding.hit.asn = asn;
	finding.hit.asn_org = org;
	finding.hit.match.confidence = "listed";
	cf_finding_salt(&finding, &ends.server_port, sizeof ends.server_port);
	cf_finding_reason(&finding, "address announced by an as number of the vendor");
	cf_observe_flow_members(&finding.hit, flow, false);
	if (cf_observe_write(observe, packet, &finding)) {
		finding.hit.asn_org = pack_org; /* org ends with this function */
		cf_observe_keep(observe, flow, &finding);
	}
}

/* DNS over TLS or HTTPS to a known resolver: from now on this client's answers may be invisible. */
void cf_observe_encrypted_dns(struct cf_observe *observe, const struct cf_packet *packet)
{
	bool dot = packet->dst_port == PORT_DOT;
	struct cf_endpoints ends = ends_of(packet, true);
	struct cf_resolver resolver;
	struct cf_finding finding;
	char value[CF_ADDR_TEXT_BYTES];

	if (!cf_watchlist_resolver(
	        observe->watchlist, &packet->dst, dot ? "dot" : "doh", &resolver))
		return;
	cf_observe_lock(observe);
	cf_announced_hidden(observe->monitor->announced, &packet->src, packet->at_wall_us);
	if (observe->monitor->options.encrypted_dns &&
	    cf_flows_find_ends(observe->monitor->flows, &ends, packet->ip_proto) == NULL) {
		(void)cf_flows_add(observe->monitor->flows, &ends, packet->ip_proto,
		    packet->at_wall_us); /* so that it is recorded once */
		cf_finding_init(&finding, CF_EVENT_FLOW, CF_VIA_DOH, &ends, packet->ip_proto,
		    packet->at_wall_us);
		(void)cf_finding_judge_category(&finding, observe->watchlist, 0,
		    CF_CATEGORY_INFORMATIONAL, cf_addr_format(&packet->dst, value),
		    dot ? "dot" : "doh", "exact"); /* recorded by option, whatever policy says */
		finding.hit.action = CF_ACTION_OBSERVE;
		cf_finding_salt(&finding, &packet->dst, sizeof packet->dst);
		cf_finding_reason(&finding, "encrypted dns to %s; look-ups are not visible",
		    resolver.operator_name);
		(void)cf_observe_write(observe, packet, &finding);
	}
	cf_observe_unlock(observe);
}

/* Nothing is known of the flow yet: is one end listed? */
static void consider(struct cf_observe *observe, const struct cf_packet *packet)
{
	const struct cf_watchlist *list = observe->watchlist;
	int64_t at_wall_s = packet->at_wall_us / US_PER_S;
	struct cf_network to, from;
	uint32_t to_id = cf_watchlist_network(list, &packet->dst, at_wall_s, &to);
	uint32_t from_id = cf_watchlist_network(list, &packet->src, at_wall_s, &from);
	bool to_sinkhole = cf_watchlist_is_sinkhole(list, &packet->dst);

	if (packet->ip_proto == CF_PROTO_ICMP || packet->ip_proto == CF_PROTO_ICMP6)
		return; /* pings and errors show no product */
	/* A later fragment has no ports; the first one has made the flow, if it was seen. */
	if (packet->fragment && packet->src_port == 0 && packet->dst_port == 0 &&
	    cf_flows_find_pair(observe->monitor->flows, &packet->src, &packet->dst) != NULL)
		return;
	if (to_sinkhole || cf_watchlist_is_sinkhole(list, &packet->src))
		start_flow(observe, packet, to_sinkhole, CF_NONE, NULL);
	else if (to_id != CF_NONE && from_id == CF_NONE)
		start_flow(observe, packet, true, to_id, &to);
	else if (from_id != CF_NONE && to_id == CF_NONE)
		start_flow(observe, packet, false, from_id, &from);
	else if (to_id == CF_NONE && observe->monitor->options.asn_everywhere) {
		if (is_vendor_asn(observe, &packet->dst))
			report_asn(observe, packet, true);
		else if (is_vendor_asn(observe, &packet->src))
			report_asn(observe, packet, false);
	}
}

void cf_observe_packet(struct cf_observe *observe, const struct cf_packet *packet)
{
	struct cf_monitor *monitor = observe->monitor;
	struct cf_flow *flow;
	bool outbound;

	/* Most packets come here only because an AS database is open: look before locking. */
	if (monitor->options.asn_everywhere &&
	    !cf_watchlist_maybe(observe->watchlist, &packet->dst) &&
	    !cf_watchlist_maybe(observe->watchlist, &packet->src) &&
	    !cf_flow_filter_maybe(observe->flow_filter, &packet->dst) &&
	    !cf_flow_filter_maybe(observe->flow_filter, &packet->src) &&
	    !is_vendor_asn(observe, &packet->dst) && !is_vendor_asn(observe, &packet->src))
		return;
	cf_observe_lock(observe);
	flow = cf_flows_find(monitor->flows, packet, &outbound);
	if (flow != NULL)
		cf_flows_count(monitor->flows, flow, packet, outbound);
	else
		consider(observe, packet);
	cf_observe_unlock(observe);
}
