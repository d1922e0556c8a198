/* A chained hash of flows, all of them also on one list from oldest to youngest. */

#include "monitor/flow.h"

#include <stdlib.h>
#include <string.h>

#define NO_FLOW  UINT32_MAX
#define US_PER_S INT64_C(1000000)

struct cf_flows {
	struct cf_flow *flow;
	uint32_t *bucket;
	uint32_t capacity, bucket_mask;
	uint32_t used;
	uint32_t fresh; /* flow[fresh..] were never used */
	uint32_t free_head;
	uint32_t oldest, youngest;
	uint64_t seed, serial, evicted;
	cf_flow_ended *ended;
	void *arg;
	struct cf_flow_filter filter;
};

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return x;
}

static uint64_t hash_addr(uint64_t seed, const struct cf_addr *addr)
{
	uint64_t high, low;

	memcpy(&high, addr->bytes, 8);
	memcpy(&low, addr->bytes + 8, 8);
	return mix(mix(high ^ seed) + low);
}

/* The same for both directions. */
static uint32_t bucket_of(
    const struct cf_flows *flows, const struct cf_addr *a, const struct cf_addr *b)
{
	return (uint32_t)(hash_addr(flows->seed, a) + hash_addr(flows->seed, b)) &
	    flows->bucket_mask;
}

enum cf_status cf_flows_new(
    uint32_t capacity, uint64_t seed, cf_flow_ended *ended, void *arg, struct cf_flows **flows_out)
{
	struct cf_flows *flows = calloc(1, sizeof *flows);
	uint32_t buckets = 16;

	if (flows == NULL)
		return CF_ENOMEM;
	while (buckets < capacity)
		buckets *= 2;
	*flows = (struct cf_flows){.capacity = capacity,
	    .bucket_mask = buckets - 1,
	    .free_head = NO_FLOW,
	    .oldest = NO_FLOW,
	    .youngest = NO_FLOW,
	    .seed = seed,
	    .ended = ended,
	    .arg = arg};
	flows->flow = calloc(capacity, sizeof *flows->flow);
	flows->bucket = malloc(buckets * sizeof *flows->bucket);
	if (flows->flow == NULL || flows->bucket == NULL) {
		cf_flows_free(flows);
		return CF_ENOMEM;
	}
	memset(flows->bucket, 0xff, buckets * sizeof *flows->bucket);
	*flows_out = flows;
	return CF_OK;
}

void cf_flows_free(struct cf_flows *flows)
{
	if (flows == NULL)
		return;
	for (uint32_t i = 0; flows->flow != NULL && i < flows->fresh; i++)
		if (flows->flow[i].used)
			cf_watchlist_put(flows->flow[i].watchlist);
	free(flows->flow);
	free(flows->bucket);
	free(flows);
}

const struct cf_flow_filter *cf_flows_filter(const struct cf_flows *flows)
{
	return &flows->filter;
}

/* A flow whose client and server are the two given ends, in this order. */
static struct cf_flow *find_directed(struct cf_flows *flows, const struct cf_addr *client,
    uint16_t client_port, const struct cf_addr *server, uint16_t server_port, uint8_t ip_proto)
{
	uint32_t i = flows->bucket[bucket_of(flows, client, server)];

	for (; i != NO_FLOW; i = flows->flow[i].chain) {
		struct cf_flow *flow = &flows->flow[i];

		if (flow->client_port == client_port && flow->server_port == server_port &&
		    flow->ip_proto == ip_proto && cf_addr_equal(&flow->client, client) &&
		    cf_addr_equal(&flow->server, server))
			return flow;
	}
	return NULL;
}

struct cf_flow *cf_flows_find(
    struct cf_flows *flows, const struct cf_packet *packet, bool *outbound_out)
{
	struct cf_flow *flow = find_directed(flows, &packet->src, packet->src_port, &packet->dst,
	    packet->dst_port, packet->ip_proto);

	*outbound_out = flow != NULL;
	if (flow != NULL)
		return flow;
	return find_directed(flows, &packet->dst, packet->dst_port, &packet->src, packet->src_port,
	    packet->ip_proto);
}

struct cf_flow *cf_flows_find_ends(
    struct cf_flows *flows, const struct cf_endpoints *ends, uint8_t ip_proto)
{
	return find_directed(
	    flows, &ends->client, ends->client_port, &ends->server, ends->server_port, ip_proto);
}

struct cf_flow *cf_flows_find_pair(
    struct cf_flows *flows, const struct cf_addr *a, const struct cf_addr *b)
{
	uint32_t i = flows->bucket[bucket_of(flows, a, b)];

	for (; i != NO_FLOW; i = flows->flow[i].chain) {
		struct cf_flow *flow = &flows->flow[i];

		if ((cf_addr_equal(&flow->client, a) && cf_addr_equal(&flow->server, b)) ||
		    (cf_addr_equal(&flow->client, b) && cf_addr_equal(&flow->server, a)))
			return flow;
	}
	return NULL;
}

static void list_remove(struct cf_flows *flows, uint32_t i)
{
	struct cf_flow *flow = &flows->flow[i];

	if (flow->prev != NO_FLOW)
		flows->flow[flow->prev].next = flow->next;
	else
		flows->oldest = flow->next;
	if (flow->next != NO_FLOW)
		flows->flow[flow->next].prev = flow->prev;
	else
		flows->youngest = flow->prev;
}

static void list_append(struct cf_flows *flows, uint32_t i)
{
	struct cf_flow *flow = &flows->flow[i];

	flow->prev = flows->youngest;
	flow->next = NO_FLOW;
	if (flows->youngest != NO_FLOW)
		flows->flow[flows->youngest].next = i;
	else
		flows->oldest = i;
	flows->youngest = i;
}

static void end_flow(struct cf_flows *flows, uint32_t i, enum cf_flow_end why)
{
	struct cf_flow *flow = &flows->flow[i];
	uint32_t *link = &flows->bucket[bucket_of(flows, &flow->client, &flow->server)];

	flows->ended(flows->arg, flow, why);
	while (*link != i)
		link = &flows->flow[*link].chain;
	*link = flow->chain;
	list_remove(flows, i);
	atomic_fetch_sub_explicit(
	    &flows->filter.count[cf_flow_filter_slot(&flow->server)], 1, memory_order_relaxed);
	cf_watchlist_put(flow->watchlist);
	flow->watchlist = NULL;
	flow->used = false;
	flow->chain = flows->free_head;
	flows->free_head = i;
	flows->used--;
}

static uint32_t take_slot(struct cf_flows *flows)
{
	uint32_t i = flows->free_head;

	if (i == NO_FLOW && flows->fresh < flows->capacity)
		return flows->fresh++;
	if (i == NO_FLOW) {
		flows->evicted++;
		end_flow(flows, flows->oldest, CF_FLOW_EVICTED);
		i = flows->free_head;
	}
	flows->free_head = flows->flow[i].chain;
	return i;
}

struct cf_flow *cf_flows_add(
    struct cf_flows *flows, const struct cf_endpoints *ends, uint8_t ip_proto, int64_t at_wall_us)
{
	uint32_t i = take_slot(flows), *bucket;
	struct cf_flow *flow = &flows->flow[i];

	memset(flow, 0, sizeof *flow);
	flow->client = ends->client;
	flow->server = ends->server;
	flow->client_port = ends->client_port;
	flow->server_port = ends->server_port;
	flow->ip_proto = ip_proto;
	flow->first_wall_us = flow->last_wall_us = at_wall_us;
	flow->blocked_from_wall_s = INT64_MAX;
	flow->serial = ++flows->serial;
	flow->used = true;
	bucket = &flows->bucket[bucket_of(flows, &flow->client, &flow->server)];
	flow->chain = *bucket;
	*bucket = i;
	list_append(flows, i);
	atomic_fetch_add_explicit(
	    &flows->filter.count[cf_flow_filter_slot(&flow->server)], 1, memory_order_relaxed);
	flows->used++;
	return flow;
}

void cf_flows_count(
    struct cf_flows *flows, struct cf_flow *flow, const struct cf_packet *packet, bool outbound)
{
	uint32_t i = (uint32_t)(flow - flows->flow);

	if (outbound) {
		flow->pkts_out++;
		flow->bytes_out += packet->wire_bytes;
		flow->flags_out |= packet->tcp_flags;
	} else {
		flow->pkts_in++;
		flow->bytes_in += packet->wire_bytes;
		flow->flags_in |= packet->tcp_flags;
		flow->payload_in += packet->payload_wire_bytes;
		if (packet->at_wall_us / US_PER_S >= flow->blocked_from_wall_s)
			flow->escaped_in += packet->payload_wire_bytes;
	}
	if (packet->at_wall_us > flow->last_wall_us)
		flow->last_wall_us = packet->at_wall_us;
	list_remove(flows, i);
	list_append(flows, i);
}

static bool is_closed(const struct cf_flow *flow)
{
	return flow->ip_proto == CF_PROTO_TCP &&
	    (((flow->flags_out | flow->flags_in) & CF_TCP_RST) != 0 ||
	        (flow->flags_out & flow->flags_in & CF_TCP_FIN) != 0);
}

static int64_t timeout_s(const struct cf_flow *flow)
{
	if (is_closed(flow))
		return CF_FLOW_CLOSED_S;
	if (flow->ip_proto != CF_PROTO_TCP)
		return CF_FLOW_UDP_IDLE_S;
	return flow->pkts_in == 0 ? CF_FLOW_SYN_S : CF_FLOW_TCP_IDLE_S;
}

void cf_flows_reap(struct cf_flows *flows, int64_t now_wall_us)
{
	uint32_t i = flows->oldest;

	while (i != NO_FLOW) {
		struct cf_flow *flow = &flows->flow[i];
		uint32_t next = flow->next;
		int64_t idle_us = now_wall_us - flow->last_wall_us;

		/* The list is in the order of last packets: all that follow are younger. */
		if (idle_us < CF_FLOW_CLOSED_S * US_PER_S)
			return;
		if (idle_us >= timeout_s(flow) * US_PER_S)
			end_flow(flows, i, is_closed(flow) ? CF_FLOW_CLOSED : CF_FLOW_IDLE);
		i = next;
	}
}

void cf_flows_flush(struct cf_flows *flows)
{
	while (flows->oldest != NO_FLOW)
		end_flow(flows, flows->oldest, CF_FLOW_FLUSHED);
}

uint32_t cf_flows_used(const struct cf_flows *flows)
{
	return flows->used;
}

uint64_t cf_flows_evicted(const struct cf_flows *flows)
{
	return flows->evicted;
}

const char *cf_flow_state_text(const struct cf_flow *flow)
{
	if (is_closed(flow))
		return "closed";
	if (flow->ip_proto == CF_PROTO_TCP && flow->pkts_in == 0 &&
	    (flow->flags_out & CF_TCP_SYN) != 0 && (flow->flags_out & CF_TCP_ACK) == 0)
		return "syn";
	if (flow->pkts_in == 0 || flow->pkts_out == 0)
		return flow->ip_proto == CF_PROTO_UDP && flow->pkts_in == 0 ? "udp" : "oneway";
	return flow->ip_proto == CF_PROTO_UDP ? "udp" : "established";
}
