/*
 * Signs of a managed estate inside the site: agents that speak with an administration server or one
 * of its relays. Such a host depends on the vendor through another one and never shows in DNS.
 *
 * A port number proves little. A server counts as one of the estate when it shows two of the
 * products' services, or one of them while it is itself seen with the vendor; the pairs seen before
 * are written down then. A multicast wake-up or update is such a service of its sender.
 */

#include "monitor/observe/observe_state.h"

#include <stdio.h>
#include <string.h>

#define US_PER_S INT64_C(1000000)
/* A pair not seen for so long says nothing about today. */
#define PAIR_LIFE_S 86400
#define LAN_WAYS    4
/* A server that is not known to be one of an estate is looked at again after this long. */
#define JUDGE_AGAIN_S 10
/* Listed ports of one server that are looked at; the pack has fewer. */
#define PORTS_KEPT 64

/* The listed LAN service on this port, or false. */
static bool service_of(
    const struct cf_watchlist *list, uint8_t ip_proto, uint16_t port, struct cf_port *service_out)
{
	uint32_t count = cf_image_info(list->image)->ports;

	for (uint32_t i = 0; i < count; i++) {
		cf_image_port(list->image, i, service_out);
		if (service_out->proto == ip_proto && port >= service_out->first &&
		    port <= service_out->last && strcmp(service_out->direction, "lan") == 0)
			return true;
	}
	return false;
}

/* The pair's place among four; *found_out says whether it is there or would replace the oldest. */
static struct lan_pair *pair_of(struct cf_monitor *monitor, const struct cf_addr *client,
    const struct cf_addr *server, uint8_t ip_proto, uint16_t port, bool *found_out)
{
	uint32_t h = port ^ (uint32_t)monitor->options.seed;
	struct lan_pair *ways, *oldest;

	for (unsigned i = 0; i < 16; i++)
		h = (h ^ client->bytes[i] ^ (uint32_t)server->bytes[i] << 8) * 16777619U;
	ways = &monitor->lan[(size_t)(h ^ h >> 15) % (CF_LAN_PAIRS / LAN_WAYS) * LAN_WAYS];
	oldest = &ways[0];
	*found_out = true;
	for (unsigned i = 0; i < LAN_WAYS; i++) {
		if (ways[i].port == port && ways[i].ip_proto == ip_proto &&
		    cf_addr_equal(&ways[i].client, client) &&
		    cf_addr_equal(&ways[i].server, server))
			return &ways[i];
		if (ways[i].last_wall_us < oldest->last_wall_us)
			oldest = &ways[i];
	}
	*found_out = false;
	return oldest;
}

/* Ports on which one server was seen, each once. */
struct ports {
	unsigned count;
	struct {
		uint8_t ip_proto;
		uint16_t number;
	} at[PORTS_KEPT];
};

static void add_port(struct ports *ports, uint8_t ip_proto, uint16_t number)
{
	for (unsigned i = 0; i < ports->count; i++)
		if (ports->at[i].number == number && ports->at[i].ip_proto == ip_proto)
			return;
	if (ports->count == PORTS_KEPT)
		return;
	ports->at[ports->count].ip_proto = ip_proto;
	ports->at[ports->count++].number = number;
}

/*
 * Two services of one server, or one server that is itself seen with the vendor. What its ports
 * mean is looked up once for each port, not for each of the server's clients: they can be many, and
 * anybody can make them up.
 */
static bool is_estate(struct cf_observe *observe, const struct cf_addr *server, int64_t at_wall_us)
{
	struct cf_monitor *monitor = observe->monitor;
	struct ports ports = {.count = 0};
	const char *first_role = NULL;
	struct cf_port other;

	for (unsigned i = 0; i < CF_LAN_PAIRS; i++) {
		const struct lan_pair *pair = &monitor->lan[i];

		if (cf_addr_equal(&pair->server, server) &&
		    at_wall_us - pair->last_wall_us <= PAIR_LIFE_S * US_PER_S)
			add_port(&ports, pair->ip_proto, pair->port);
	}
	for (unsigned i = 0; i < ports.count; i++) {
		if (!service_of(
		        observe->watchlist, ports.at[i].ip_proto, ports.at[i].number, &other))
			continue;
		if (first_role != NULL && strcmp(first_role, other.role) != 0)
			return true;
		first_role = other.role;
	}
	return first_role != NULL && cf_bypass_knows(monitor->bypass, server);
}

static void write_pair(
    struct cf_observe *observe, const struct cf_packet *packet, struct lan_pair *pair)
{
	struct cf_endpoints ends = {
	    .client = pair->client, .server = pair->server, .server_port = pair->port};
	char value[CF_ADDR_TEXT_BYTES], rule[32], relay[CF_ADDR_TEXT_BYTES];
	struct cf_finding finding;
	struct cf_port service;

	if (!service_of(observe->watchlist, pair->ip_proto, pair->port, &service))
		return;
	snprintf(rule, sizeof rule, "%s/%u", pair->ip_proto == CF_PROTO_TCP ? "tcp" : "udp",
	    (unsigned)pair->port);
	cf_addr_format(&pair->server, relay);
	cf_finding_init(
	    &finding, CF_EVENT_LAN, CF_VIA_LAN_PORT, &ends, pair->ip_proto, pair->last_wall_us);
	pair->written = true;
	if (!cf_finding_judge_category(&finding, observe->watchlist, service.pack, service.category,
	        cf_addr_format(&pair->server, value), rule, "port"))
		return;
	finding.hit.match.product = service.product;
	finding.hit.match.confidence = cf_confidence_text(service.confidence);
	if (!cf_addr_is_group(&pair->server) && !cf_addr_equal(&pair->client, &pair->server))
		finding.hit.relay = relay;
	cf_finding_salt(&finding, &pair->client, sizeof pair->client);
	cf_finding_reason(
	    &finding, "%s of a managed estate: depends through %s", service.role, relay);
	(void)cf_observe_write(observe,
	    packet != NULL && cf_addr_equal(&packet->src, &pair->client) ? packet : NULL, &finding);
}

/* Which end offers the service: by the SYN, by the listed port, or the receiver. */
static bool server_is_dst(const struct cf_watchlist *list, const struct cf_packet *packet)
{
	if (packet->ip_proto == CF_PROTO_TCP && (packet->tcp_flags & CF_TCP_SYN) != 0)
		return (packet->tcp_flags & CF_TCP_ACK) == 0;
	return cf_watchlist_lan(list, packet->ip_proto, packet->dst_port);
}

void cf_observe_lan(struct cf_observe *observe, const struct cf_packet *packet)
{
	struct cf_monitor *monitor = observe->monitor;
	const struct cf_locality *locality = &monitor->options.locality;
	bool to_dst = server_is_dst(observe->watchlist, packet);
	struct cf_addr client = to_dst ? packet->src : packet->dst;
	struct cf_addr server = to_dst ? packet->dst : packet->src;
	uint16_t port = to_dst ? packet->dst_port : packet->src_port;
	struct cf_port service;
	struct lan_pair *pair;
	bool found;

	/* A group is addressed by the estate's server: it is the sender that offers the service. */
	if (cf_addr_is_group(&packet->dst)) {
		server = packet->src;
		client = packet->src;
		port = packet->dst_port;
	}
	if (!cf_locality_is_local(locality, &client) || !cf_locality_is_local(locality, &server) ||
	    !service_of(observe->watchlist, packet->ip_proto, port, &service))
		return;
	pair = pair_of(monitor, &client, &server, packet->ip_proto, port, &found);
	if (!found) {
		/* A refused connection offers nothing; a lone SYN to a common number proves
		 * nothing. */
		if (packet->ip_proto == CF_PROTO_TCP &&
		    ((packet->tcp_flags & CF_TCP_RST) != 0 ||
		        (packet->tcp_flags & (CF_TCP_SYN | CF_TCP_ACK)) == CF_TCP_SYN))
			return;
		if (pair->last_wall_us != 0 && !pair->written &&
		    packet->at_wall_us - pair->last_wall_us <= PAIR_LIFE_S * US_PER_S)
			monitor->counter[CF_OBSERVE_LAN_EVICTED]++;
		*pair = (struct lan_pair){.client = client,
		    .server = server,
		    .port = port,
		    .ip_proto = packet->ip_proto,
		    .first_wall_us = packet->at_wall_us};
	}
	pair->last_wall_us = packet->at_wall_us;
	/* Written again when it has been a while, so that the ledger sees it go on. */
	if (packet->at_wall_us - pair->first_wall_us >= CF_IDENTITY_REFRESH_S * US_PER_S) {
		pair->first_wall_us = packet->at_wall_us;
		pair->written = false;
	}
	if (pair->written ||
	    (found && packet->at_wall_us - pair->judged_wall_us < JUDGE_AGAIN_S * US_PER_S))
		return;
	pair->judged_wall_us = packet->at_wall_us;
	if (!is_estate(observe, &server, packet->at_wall_us))
		return;
	for (unsigned i = 0; i < CF_LAN_PAIRS; i++)
		if (!monitor->lan[i].written && cf_addr_equal(&monitor->lan[i].server, &server))
			write_pair(observe, packet, &monitor->lan[i]);
}
