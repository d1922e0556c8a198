/*
 * Who the hosts are: each (address, VLAN) with the MAC behind it and the name the host gives
 * itself, from when to when. Written as identity records: at first sight, when something changes,
 * at least hourly while the host sends, and at the end - so that a ledger can tell silence from
 * absence.
 *
 * A MAC that carries many hosts' traffic, sends packets that were routed, or advertises itself is a
 * router's: it names nobody behind it. Bindings that ARP, NDP or DHCP state count more than
 * traffic, and only what binds binds: a server's grant and the owner's own words, not a request.
 *
 * New hosts, changes and clients that ask are taken in at a bounded rate; what is refused is
 * counted. One packet with a wild time moves nothing: a second one near it is waited for.
 *
 * One table serves all workers: the caller holds the monitor's lock. Bounded; allocates at
 * cf_hosts_new() only.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "monitor/evidence/locality.h"
#include "monitor/packet/observer.h"
#include "records/form/identity.h"
#include "records/form/record.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_hosts;

/* Where a binding was read. Higher ones overrule lower ones. */
enum cf_identity_kind {
	CF_IDENTITY_TRAFFIC = 0,
	CF_IDENTITY_NBNS,
	CF_IDENTITY_LLMNR,
	CF_IDENTITY_MDNS,
	CF_IDENTITY_NDP,
	CF_IDENTITY_ARP,
	CF_IDENTITY_DHCP6,
	CF_IDENTITY_DHCP4,
};

/* What was learned about one host; members not known are zero. */
struct cf_host_fact {
	enum cf_identity_kind kind;
	/* kind is that of the name alone: the address is merely used, as by traffic. */
	bool is_used_only;
	int64_t at_wall_us;
	struct cf_addr addr;
	struct cf_addr wanted; /* asked of a server; binds nothing */
	const uint8_t *mac;    /* 6 bytes or NULL */
	uint16_t vlan;
	uint32_t interface;
	struct cf_slice name;
	struct cf_slice client_id;
	uint32_t lease_s; /* granted for so long; 0 not known, UINT32_MAX for ever */
};

/* Writes one record down; strings live until it returns. */
typedef void cf_identity_write(void *arg, const struct cf_identity *identity, uint32_t interface);

enum cf_status cf_hosts_new(uint64_t seed, const struct cf_locality *locality,
    cf_identity_write *write, void *arg, struct cf_hosts **hosts_out) CF_MUST_CHECK;
void cf_hosts_free(struct cf_hosts *hosts);

/*
 * The source of packet sent it: a local host, or one that is already known. True when the MAC that
 * it came from is known to be a router's.
 */
bool cf_hosts_seen(struct cf_hosts *hosts, const struct cf_packet *packet);
/*
 * Something stated who a host is. A fact with a name or client id but no address (a client that
 * asks for one) is written when it is new, and once an hour.
 */
void cf_hosts_learn(struct cf_hosts *hosts, const struct cf_host_fact *given);

/* Something ended a claim: the client gave its address back, or was refused it. */
struct cf_host_end {
	enum cf_identity_end why;
	int64_t at_wall_us;
	struct cf_addr addr; /* none: all that were granted to this MAC, and what it asked for */
	const uint8_t *mac;  /* only if it is this one's; NULL: whoever has it */
	bool of_v6;          /* without addr: those of the other family */
	uint16_t vlan;
	uint32_t interface;
};
void cf_hosts_end(struct cf_hosts *hosts, const struct cf_host_end *end);
/* mac belongs to a router: an advertisement or DHCP says so. */
void cf_hosts_router(struct cf_hosts *hosts, const uint8_t mac[6]);
/*
 * The host at client gave evidence: it is followed from now on even if its address is not local,
 * and its identity is due now. packet is the one that showed it, in either direction.
 */
void cf_hosts_due(
    struct cf_hosts *hosts, const struct cf_addr *client, const struct cf_packet *packet);

bool cf_hosts_is_router(const struct cf_hosts *hosts, const uint8_t mac[6]);
/* May mac be that of the host at client, seen in packet: is it not a router's that is between? */
bool cf_hosts_is_mac_of(const struct cf_hosts *hosts, const uint8_t mac[6],
    const struct cf_addr *client, const struct cf_packet *packet);
/* Another address of the same host in the other family, by its MAC; false when none is known. */
bool cf_hosts_other_addresses(const struct cf_hosts *hosts, const struct cf_addr *addr,
    uint16_t vlan, struct cf_addr *others, unsigned capacity, unsigned *count_out);

/* Writes what is due; about once a second. */
void cf_hosts_reap(struct cf_hosts *hosts, int64_t now_wall_us);
/* Writes the last record of every host. */
void cf_hosts_flush(struct cf_hosts *hosts);

uint32_t cf_hosts_known(const struct cf_hosts *hosts);
uint64_t cf_hosts_evicted(const struct cf_hosts *hosts);
/* MACs forgotten for others: a router among them would be taken for a host for three packets. */
uint64_t cf_hosts_macs_evicted(const struct cf_hosts *hosts);
/* Sights of hosts, changes and clients that were not followed or written down: too many at once. */
uint64_t cf_hosts_refused(const struct cf_hosts *hosts);

/* "traffic" "arp" ...; static storage. */
const char *cf_identity_kind_text(enum cf_identity_kind kind);
