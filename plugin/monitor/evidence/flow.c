/*
 * A chained hash of flows. Each is also on one of four lists from oldest to youngest, one for each
 * time-out, so that only flows whose time is over are looked at to end them.
 */

#include "monitor/evidence/flow.h"

#include <stdlib.h>
#include <string.h>

#define NO_FLOW  UINT32_MAX
#define US_PER_S INT64_C(1000000)

/* What a flow waits for, and so how long. */
enum life { LIFE_CLOSED, LIFE_SYN, LIFE_UDP, LIFE_TCP, LIFE_COUNT };

static const int64_t life_us[LIFE_COUNT] = {
    [LIFE_CLOSED] = CF_FLOW_CLOSED_S * US_PER_S,
    [LIFE_SYN] = CF_FLOW_SYN_S * US_PER_S,
    [LIFE_UDP] = CF_FLOW_UDP_IDLE_S * US_PER_S,
    [LIFE_TCP] = CF_FLOW_TCP_IDLE_S * US_PER_S,
};

struct cf_flows {
	struct cf_flow *flow;
	uint32_t *bucket;
	uint32_t capacity, bucket_mask;
	uint32_t used;
	uint32_t fresh; /* flow[fresh..] were never used */
	uint32_t free_head;
	uint32_t oldest[LIFE_COUNT], youngest[LIFE_COUNT];
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
	    .seed = seed,
	    .ended = ended,
	    .arg = arg};
	memset(flows->oldest, 0xff, sizeof flows->oldest);
	memset(flows->youngest, 0xff, sizeof flows->youngest);
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

static bool is_closed(const struct cf_flow *flow)
{
	return flow->ip_proto == CF_PROTO_TCP &&
	    (((flow->flags_out | flow->flags_in) & CF_TCP_RST) != 0 ||
	        (flow->flags_out & flow->flags_in & CF_TCP_FIN) != 0);
}

static enum life life_of(const struct cf_flow *flow)
{
	if (is_closed(flow))
		return LIFE_CLOSED;
	if (flow->ip_proto != CF_PROTO_TCP)
		return LIFE_UDP;
	return flow->pkts_in == 0 ? LIFE_SYN : LIFE_TCP;
}

static void list_remove(struct cf_flows *flows, uint32_t i)
{
	struct cf_flow *flow = &flows->flow[i];

	if (flow->prev != NO_FLOW)
		flows->flow[flow->prev].next = flow->next;
	else
		flows->oldest[flow->life] = flow->next;
	if (flow->next != NO_FLOW)
		flows->flow[flow->next].prev = flow->prev;
	else
		flows->youngest[flow->life] = flow->prev;
}

/* At the young end of the list that its state asks for now. */
static void list_append(struct cf_flows *flows, uint32_t i)
{
	struct cf_flow *flow = &flows->flow[i];
	enum life life = life_of(flow);

	flow->life = (uint8_t)life;
	flow->prev = flows->youngest[life];
	flow->next = NO_FLOW;
	if (flows->youngest[life] != NO_FLOW)
		flows->flow[flows->youngest[life]].next = i;
	else
		flows->oldest[life] = i;
	flows->youngest[life] = i;
}

/* The flow silent for longest, or NO_FLOW when there is none. */
static uint32_t oldest_of_all(const struct cf_flows *flows)
{
	uint32_t oldest = NO_FLOW;

	for (unsigned life = 0; life < LIFE_COUNT; life++) {
		uint32_t i = flows->oldest[life];

		if (i != NO_FLOW &&
		    (oldest == NO_FLOW ||
		        flows->flow[i].last_wall_us < flows->flow[oldest].last_wall_us))
			oldest = i;
	}
	return oldest;
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
		end_flow(flows, oldest_of_all(flows), CF_FLOW_EVICTED);
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

/* Silent for as long as its state allows; or last heard of in a time that has been started over,
 * as from one capture file to the next. */
static bool is_over(const struct cf_flow *flow, int64_t now_wall_us)
{
	int64_t silent_us = now_wall_us - flow->last_wall_us;

	return silent_us >= life_us[flow->life] || silent_us < -life_us[LIFE_TCP];
}

void cf_flows_reap(struct cf_flows *flows, int64_t now_wall_us)
{
	for (unsigned life = 0; life < LIFE_COUNT; life++)
		for (uint32_t i = flows->oldest[life];
		     i != NO_FLOW && is_over(&flows->flow[i], now_wall_us); i = flows->oldest[life])
			end_flow(flows, i, life == LIFE_CLOSED ? CF_FLOW_CLOSED : CF_FLOW_IDLE);
}

void cf_flows_flush(struct cf_flows *flows)
{
	for (uint32_t i; (i = oldest_of_all(flows)) != NO_FLOW;)
		end_flow(flows, i, CF_FLOW_FLUSHED);
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
