/*
 * The flows to and from the vendor: who, since when, how much each way, and what came back.
 *
 * Only flows that evidence has pointed at are kept, so the table is small and bounded; when it is
 * full the flow that was silent longest is ended to make room. One table serves all workers: the
 * caller holds the monitor's lock, except for the filter.
 *
 * Allocates at cf_flows_new() only.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "monitor/evidence/watchlist.h"
#include "monitor/packet/observer.h"
#include "records/form/record.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Why a flow's record is closed. */
enum cf_flow_end {
	CF_FLOW_CLOSED,  /* FIN both ways or RST, and a while of silence */
	CF_FLOW_IDLE,    /* nothing for its time-out */
	CF_FLOW_EVICTED, /* the table was full */
	CF_FLOW_FLUSHED, /* the monitor stops */
};

struct cf_flow {
	struct cf_addr client, server;
	uint16_t client_port, server_port;
	uint8_t ip_proto;
	uint8_t flags_out, flags_in; /* all TCP flags seen, from the client and from the server */
	bool inbound;                /* opened from the server's side: never called dependence */
	bool recognised; /* resolver's own traffic, mail relay, sinkhole: kept, not reported */
	int64_t first_wall_us, last_wall_us;
	uint64_t pkts_out, bytes_out; /* from the client; whole frames */
	uint64_t pkts_in, bytes_in;
	uint64_t payload_in; /* bytes behind TCP and UDP headers that came back */
	uint64_t escaped_in; /* those of them that came back while policy blocks */
	uint64_t serial;     /* never used twice; 1 is the first */
	/* how it was found, for its last record */
	bool reported;
	enum cf_via via;
	enum cf_dns_seen dns_seen;
	int64_t blocked_from_wall_s;    /* policy blocks from then on; INT64_MAX: it does not */
	struct cf_watchlist *watchlist; /* a reference; NULL until reported */
	struct cf_hit hit; /* template: strings point into the watchlist's image or below */
	char rule[CF_PREFIX_TEXT_BYTES];
	char value[CF_FLOW_VALUE_BYTES];
	char reason[CF_FLOW_REASON_BYTES];
	uint8_t name_wire[CF_NAME_WIRE_BYTES]; /* the name that announced the address, or root */
	/* the table's own */
	uint32_t next, prev, chain;
	uint8_t life;
	bool used;
};

struct cf_flows;

/* Called before a flow is forgotten; must not call the table. */
typedef void cf_flow_ended(void *arg, struct cf_flow *flow, enum cf_flow_end why);

/* A table of at most capacity flows. CF_ENOMEM. */
enum cf_status cf_flows_new(uint32_t capacity, uint64_t seed, cf_flow_ended *ended, void *arg,
    struct cf_flows **flows_out) CF_MUST_CHECK;
/* Forgets all without reporting. NULL is fine. */
void cf_flows_free(struct cf_flows *flows);

/*
 * How many flows have their server in each slot of a hash: most packets are told by it, without the
 * lock, that they belong to none. Any thread may read; it lives as long as the table.
 */
#define CF_FLOW_FILTER_SLOTS 4096
struct cf_flow_filter {
	atomic_uint count[CF_FLOW_FILTER_SLOTS];
};
const struct cf_flow_filter *cf_flows_filter(const struct cf_flows *flows);

static inline unsigned cf_flow_filter_slot(const struct cf_addr *addr)
{
	uint32_t h = (uint32_t)addr->bytes[0] << 24 | (uint32_t)addr->bytes[1] << 16 |
	    (uint32_t)addr->bytes[2] << 8 | addr->bytes[3];

	/* The last bytes tell IPv6 hosts of one network apart; in IPv4 they are zero. */
	h ^= (uint32_t)addr->bytes[14] << 8 | addr->bytes[15];
	return (h * UINT32_C(0x9e3779b1)) >> 20;
}

/* False: addr is the server of no flow here. */
static inline bool cf_flow_filter_maybe(
    const struct cf_flow_filter *filter, const struct cf_addr *addr)
{
	return atomic_load_explicit(
	           &filter->count[cf_flow_filter_slot(addr)], memory_order_relaxed) != 0;
}

/* The flow that the packet belongs to, in either direction, or NULL; *outbound_out says which. */
struct cf_flow *cf_flows_find(
    struct cf_flows *flows, const struct cf_packet *packet, bool *outbound_out);
struct cf_flow *cf_flows_find_ends(
    struct cf_flows *flows, const struct cf_endpoints *ends, uint8_t ip_proto);
/* Any flow between the two, whatever its ports, or NULL. */
struct cf_flow *cf_flows_find_pair(
    struct cf_flows *flows, const struct cf_addr *a, const struct cf_addr *b);

/* A new flow, zeroed but for its ends and first time; never NULL. May end another one. */
struct cf_flow *cf_flows_add(
    struct cf_flows *flows, const struct cf_endpoints *ends, uint8_t ip_proto, int64_t at_wall_us);

/* Counts a packet of the flow and makes it the youngest. */
void cf_flows_count(
    struct cf_flows *flows, struct cf_flow *flow, const struct cf_packet *packet, bool outbound);

/* Ends flows whose time-out has passed; call it about once a second of packet time. */
void cf_flows_reap(struct cf_flows *flows, int64_t now_wall_us);
/* Ends all of them. */
void cf_flows_flush(struct cf_flows *flows);

uint32_t cf_flows_used(const struct cf_flows *flows);
uint64_t cf_flows_evicted(const struct cf_flows *flows);

/* "syn" "established" "udp" "oneway" "closed" ... as the record says it; static storage. */
const char *cf_flow_state_text(const struct cf_flow *flow);
