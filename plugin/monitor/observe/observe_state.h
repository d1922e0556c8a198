/*
 * What the parts of the observer share: observe.c and its neighbours alone include this.
 */
#pragma once

#include "monitor/evidence/announced.h"
#include "monitor/evidence/bypass.h"
#include "monitor/evidence/evidence.h"
#include "monitor/evidence/flow.h"
#include "monitor/evidence/lookups.h"
#include "monitor/hosts/identity.h"
#include "monitor/observe/observe.h"

#include <pthread.h>

/* Vendor questions lately seen on the wire, to know which answers belong to them. */
#define ASKED_SLOTS 1024

struct asked {
	int64_t at_wall_us;
	struct cf_addr client, server;
	uint16_t client_port, id;
	uint64_t name_hash;
};

/* A pair of hosts that speak on the products' LAN ports. */
struct lan_pair {
	struct cf_addr client, server;
	uint16_t port;
	uint8_t ip_proto;
	bool written;
	int64_t first_wall_us, last_wall_us;
	int64_t judged_wall_us; /* when its server was last looked at */
};

struct cf_monitor {
	pthread_mutex_t lock;
	struct cf_monitor_options options;
	struct cf_flows *flows;
	struct cf_flows *attempts; /* what the edge logged */
	struct cf_announced *announced;
	struct cf_bypass *bypass;
	struct cf_lookups *lookups;
	struct cf_hosts *hosts;
	struct cf_observe *speaker; /* whose producer writes; set while locked */
	struct asked asked[ASKED_SLOTS];
	struct lan_pair lan[CF_LAN_PAIRS];
	uint64_t counter[CF_OBSERVE_COUNTERS];
	int64_t reaped_wall_us;
};

/* Hosts heard of in the last seconds: they need not be told to the shared table again. */
#define RECENT_SETS 1024
#define RECENT_WAYS 8 /* one cache line */
/* Few hosts are followed closely; many, so that following them costs little. */
#define RECENT_FEW   1024
#define RECENT_FEW_S 5
#define RECENT_S     30

/* Routers whose MACs a worker remembers: what they carry from outside needs no look. */
#define ROUTER_SLOTS 4

struct recent {
	uint32_t tag;
	uint32_t at_s; /* of packet time */
};

/* AS numbers of addresses lately looked up in the operator's database. */
#define ASN_SLOTS 4096

struct asn_slot {
	struct cf_addr addr;
	bool vendor;
};

struct cf_observe {
	struct cf_monitor *monitor;
	const struct cf_flow_filter *flow_filter; /* of the monitor's flows */
	struct cf_producer *producer;
	struct cf_watchlist *watchlist;
	struct recent recent[RECENT_SETS][RECENT_WAYS];
	uint64_t router[ROUTER_SLOTS]; /* MACs of routers lately seen, each in the low six bytes */
	unsigned router_next;
	uint32_t recent_s; /* RECENT_S or RECENT_FEW_S */
	struct asn_slot asn[ASN_SLOTS];
	struct cf_observe_traffic (*traffic)[4096]; /* interface_count of them */
};

/* Locks the shared state in the name of this worker. */
void cf_observe_lock(struct cf_observe *observe);
void cf_observe_unlock(struct cf_observe *observe);

/* The client's MAC, when the packet shows it and it is not a router's; else NULL. Locked. */
const uint8_t *cf_observe_client_mac(
    const struct cf_monitor *monitor, const struct cf_packet *packet, const struct cf_addr *client);

/*
 * Completes the hit (MAC, VLAN, interface) from packet, which may be NULL, and gives it to the log,
 * unless its kind of evidence is switched off (then false). Locked.
 */
bool cf_observe_write(
    struct cf_observe *observe, const struct cf_packet *packet, struct cf_finding *finding);

/*
 * Has the flow between ends carry this finding: its last record will repeat it, and what comes back
 * counts as escape while policy blocks. Makes the flow when there is none, counting packet. Locked.
 */
void cf_observe_follow(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_endpoints *ends, uint8_t ip_proto, const struct cf_finding *finding);

/*
 * observe_follow.c: fills in what a record says of its flow. Only a flow's last record carries its
 * counts, so that the sum over all records is right.
 */
void cf_observe_flow_members(struct cf_hit *hit, const struct cf_flow *flow, bool ended);
/* observe_follow.c: keeps what the last record of the flow needs when the finding is gone. Locked.
 */
void cf_observe_keep(
    struct cf_observe *observe, struct cf_flow *flow, const struct cf_finding *finding);

/* The address was announced to the client, or to another address of the same host. Locked. */
enum cf_dns_seen cf_observe_dns_seen(struct cf_observe *observe, const struct cf_addr *client,
    uint16_t vlan, const struct cf_addr *server, int64_t at_wall_us,
    const struct cf_announcement **announcement_out);

/* observe_edge.c: a packet that the edge logged. */
void cf_observe_edge(struct cf_observe *observe, const struct cf_packet *packet);
/* observe_flow.c: a packet that may concern the vendor. */
void cf_observe_packet(struct cf_observe *observe, const struct cf_packet *packet);
/* observe_flow.c: opens DNS over TLS or HTTPS to an address that may be a known resolver's. */
void cf_observe_encrypted_dns(struct cf_observe *observe, const struct cf_packet *packet);
void cf_observe_flow_ended(void *arg, struct cf_flow *flow, enum cf_flow_end why);
/* observe_lan.c: a packet to a port of the products' own services between local hosts. Locked. */
void cf_observe_lan(struct cf_observe *observe, const struct cf_packet *packet);
/* observe_dns.c */
void cf_observe_dns(
    void *context, const struct cf_packet *packet, const struct cf_dns_message *message);
void cf_observe_looked_up(
    void *arg, const struct cf_lookup *lookup, const struct cf_lookup_answer *answer);
void cf_observe_bypass(void *arg, const struct cf_bypass_case *found);
/* observe_tls.c */
void cf_observe_hello(
    void *context, const struct cf_packet *packet, const struct cf_client_hello *hello);
void cf_observe_certificate(
    void *context, const struct cf_packet *packet, const struct cf_server_hello *hello);
/* observe_http.c */
void cf_observe_request(
    void *context, const struct cf_packet *packet, const struct cf_http_request *request);
void cf_observe_response(
    void *context, const struct cf_packet *packet, const struct cf_http_response *response);
/* observe_names.c: who the hosts say they are. */
void cf_observe_raw(
    void *context, const struct cf_packet *packet, enum cf_raw_kind kind, struct cf_slice bytes);
/* observe_names.c: mDNS and LLMNR announcements. Locked. */
void cf_observe_local_names(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message);

/* The outermost VLAN id of a packet, 0 for none. */
static inline uint16_t cf_packet_vlan(const struct cf_packet *packet)
{
	return packet->vlan_count > 0 ? packet->vlan[0] : 0;
}
