/* Hosts in a four-way table by (address, VLAN); MAC addresses in another, to tell routers. */

#include "monitor/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAYS     4
#define US_PER_S INT64_C(1000000)
/* Traffic alone may deceive until its MAC has shown what it is: wait so long before writing. */
#define SETTLE_S 10
/* A binding silent for this long is forgotten. */
#define FORGET_S 86400
/* Routed packets (their TTL is no initial one) before a MAC is taken for a router's. */
#define ROUTED_PACKETS 3
/* Addresses of one host that can be found by its MAC: some of IPv6, and one of IPv4. */
#define BOUND_HOSTS 8
/* The whole table is walked once in so many calls of cf_hosts_reap(). */
#define SWEEP_PARTS 64

struct host {
	struct cf_addr addr; /* family none: free */
	uint16_t vlan;
	uint8_t kind;      /* enum cf_identity_kind of the MAC */
	uint8_t name_kind; /* and of the name */
	bool has_mac, changed;
	uint8_t mac[6];
	uint32_t interface;
	int64_t from_wall_us, last_wall_us;
	int64_t written_wall_us; /* 0: never */
	char name[CF_HOST_NAME_BYTES];
};

struct mac {
	uint8_t bytes[6];
	bool used, is_router;
	uint8_t routed;
	uint8_t address_count;
	struct cf_addr address[CF_MAC_ADDRESSES];
	uint16_t vlan[CF_MAC_ADDRESSES]; /* where each was seen */
	/* Hosts lately bound to this MAC, as places in the table; each is checked before use. */
	uint32_t bound[BOUND_HOSTS];
	uint8_t bound_count, bound_next;
	int64_t last_wall_us;
};

struct cf_hosts {
	uint64_t seed;
	const struct cf_locality *locality;
	cf_identity_write *write;
	void *arg;
	struct host *host; /* CF_HOSTS */
	struct mac *mac;   /* CF_MACS */
	uint32_t known, sweep;
	uint64_t evicted;
	int64_t now_wall_us;
};

const char *cf_identity_kind_text(enum cf_identity_kind kind)
{
	static const char *const text[] = {
	    [CF_IDENTITY_TRAFFIC] = "traffic",
	    [CF_IDENTITY_NBNS] = "nbns",
	    [CF_IDENTITY_LLMNR] = "llmnr",
	    [CF_IDENTITY_MDNS] = "mdns",
	    [CF_IDENTITY_NDP] = "ndp",
	    [CF_IDENTITY_ARP] = "arp",
	    [CF_IDENTITY_DHCP6] = "dhcpv6",
	    [CF_IDENTITY_DHCP4] = "dhcp",
	};

	return text[kind];
}

enum cf_status cf_hosts_new(uint64_t seed, const struct cf_locality *locality,
    cf_identity_write *write, void *arg, struct cf_hosts **hosts_out)
{
	struct cf_hosts *hosts = calloc(1, sizeof *hosts);

	if (hosts == NULL)
		return CF_ENOMEM;
	*hosts = (struct cf_hosts){.seed = seed, .locality = locality, .write = write, .arg = arg};
	hosts->host = calloc(CF_HOSTS, sizeof *hosts->host);
	hosts->mac = calloc(CF_MACS, sizeof *hosts->mac);
	if (hosts->host == NULL || hosts->mac == NULL) {
		cf_hosts_free(hosts);
		return CF_ENOMEM;
	}
	*hosts_out = hosts;
	return CF_OK;
}

void cf_hosts_free(struct cf_hosts *hosts)
{
	if (hosts == NULL)
		return;
	free(hosts->host);
	free(hosts->mac);
	free(hosts);
}

static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 31;
}

static struct host *host_ways(
    const struct cf_hosts *hosts, const struct cf_addr *addr, uint16_t vlan)
{
	uint64_t high, low;

	memcpy(&high, addr->bytes, 8);
	memcpy(&low, addr->bytes + 8, 8);
	return &hosts->host[mix(mix(high ^ hosts->seed) + low + vlan) % (CF_HOSTS / WAYS) * WAYS];
}

static struct mac *mac_ways(const struct cf_hosts *hosts, const uint8_t bytes[6])
{
	uint64_t value = 0;

	memcpy(&value, bytes, 6);
	return &hosts->mac[mix(value ^ hosts->seed) % (CF_MACS / WAYS) * WAYS];
}

static struct mac *mac_find(const struct cf_hosts *hosts, const uint8_t bytes[6])
{
	struct mac *ways = mac_ways(hosts, bytes);

	for (unsigned i = 0; i < WAYS; i++)
		if (ways[i].used && memcmp(ways[i].bytes, bytes, 6) == 0)
			return &ways[i];
	return NULL;
}

static struct mac *mac_get(struct cf_hosts *hosts, const uint8_t bytes[6], int64_t at_wall_us)
{
	struct mac *mac = mac_find(hosts, bytes), *ways = mac_ways(hosts, bytes);

	if (mac == NULL) {
		mac = &ways[0];
		for (unsigned i = 1; i < WAYS; i++)
			if (mac->used &&
			    (!ways[i].used || ways[i].last_wall_us < mac->last_wall_us))
				mac = &ways[i];
		*mac = (struct mac){.used = true};
		memcpy(mac->bytes, bytes, 6);
	}
	mac->last_wall_us = at_wall_us;
	return mac;
}

static struct host *host_find(
    const struct cf_hosts *hosts, const struct cf_addr *addr, uint16_t vlan)
{
	struct host *ways = host_ways(hosts, addr, vlan);

	for (unsigned i = 0; i < WAYS; i++)
		if (ways[i].vlan == vlan && cf_addr_equal(&ways[i].addr, addr))
			return &ways[i];
	return NULL;
}

static void write_host(struct cf_hosts *hosts, struct host *host)
{
	const struct mac *mac = host->has_mac ? mac_find(hosts, host->mac) : NULL;
	enum cf_identity_kind kind = host->kind;
	struct cf_identity identity = {
	    .from_wall_us = host->from_wall_us,
	    .to_wall_us = host->last_wall_us,
	    .addr = host->addr,
	    .has_mac = host->has_mac,
	    .is_router = mac != NULL && mac->is_router,
	    .vlan = host->vlan,
	    .name = {.data = host->name, .len = strlen(host->name)},
	};

	if (host->name[0] != '\0' && host->name_kind > kind)
		kind = host->name_kind;
	identity.kind = cf_identity_kind_text(host->name[0] != '\0' ? host->name_kind : kind);
	memcpy(identity.mac, host->mac, 6);
	hosts->write(hosts->arg, &identity, host->interface);
	host->written_wall_us = host->last_wall_us;
	host->changed = false;
}

/* Is there anything to say that the last record did not? */
static bool is_news(const struct host *host)
{
	return host->changed || host->written_wall_us < host->last_wall_us ||
	    host->written_wall_us == 0;
}

static struct host *host_get(struct cf_hosts *hosts, const struct cf_addr *addr, uint16_t vlan,
    uint32_t interface, int64_t at_wall_us)
{
	struct host *host = host_find(hosts, addr, vlan), *ways = host_ways(hosts, addr, vlan);

	if (host != NULL)
		return host;
	host = &ways[0];
	for (unsigned i = 1; i < WAYS; i++)
		if (host->addr.family != CF_FAMILY_NONE &&
		    (ways[i].addr.family == CF_FAMILY_NONE ||
		        ways[i].last_wall_us < host->last_wall_us))
			host = &ways[i];
	if (host->addr.family != CF_FAMILY_NONE) {
		if (is_news(host))
			write_host(hosts, host);
		hosts->evicted++;
		hosts->known--;
	}
	*host = (struct host){.addr = *addr,
	    .vlan = vlan,
	    .interface = interface,
	    .from_wall_us = at_wall_us,
	    .last_wall_us = at_wall_us,
	    .changed = true};
	hosts->known++;
	return host;
}

/* The binding to one MAC ends here; what follows is another host's time on this address. */
static void rebind(struct cf_hosts *hosts, struct host *host, const uint8_t mac[6],
    enum cf_identity_kind kind, int64_t at_wall_us)
{
	if (host->has_mac) {
		if (is_news(host))
			write_host(hosts, host);
		host->from_wall_us = host->last_wall_us = at_wall_us;
		host->name[0] = '\0';
		host->name_kind = CF_IDENTITY_TRAFFIC;
		host->written_wall_us = 0;
	}
	memcpy(host->mac, mac, 6);
	host->has_mac = true;
	host->kind = (uint8_t)kind;
	host->changed = true;
}

static void remember_bound(
    struct cf_hosts *hosts, const struct host *host, const uint8_t bytes[6], int64_t at_wall_us)
{
	struct mac *mac = mac_get(hosts, bytes, at_wall_us);
	uint32_t place = (uint32_t)(host - hosts->host);

	for (unsigned i = 0; i < mac->bound_count; i++)
		if (mac->bound[i] == place)
			return;
	mac->bound[mac->bound_next++ % BOUND_HOSTS] = place;
	if (mac->bound_count < BOUND_HOSTS)
		mac->bound_count++;
}

static void bind_mac(struct cf_hosts *hosts, struct host *host, const uint8_t mac[6],
    enum cf_identity_kind kind, int64_t at_wall_us)
{
	static const uint8_t none[6];

	if (memcmp(mac, none, 6) == 0 || (mac[0] & 1) != 0)
		return; /* no MAC, or a group's */
	if (!host->has_mac || memcmp(host->mac, mac, 6) != 0) {
		/* Traffic does not overrule what ARP said, unless that is old. */
		if (host->has_mac && kind < host->kind &&
		    at_wall_us - host->last_wall_us < CF_IDENTITY_REFRESH_S * US_PER_S)
			return;
		rebind(hosts, host, mac, kind, at_wall_us);
		remember_bound(hosts, host, mac, at_wall_us);
	} else if (kind > host->kind) {
		host->kind = (uint8_t)kind;
		host->changed = true;
	}
}

/* Addresses that were bound to this MAC by traffic alone belong to hosts behind the router. */
static void make_router(struct cf_hosts *hosts, struct mac *mac)
{
	mac->is_router = true;
	for (unsigned i = 0; i < mac->address_count; i++) {
		struct host *host = host_find(hosts, &mac->address[i], mac->vlan[i]);

		if (host != NULL && host->has_mac && host->kind < CF_IDENTITY_NDP &&
		    memcmp(host->mac, mac->bytes, 6) == 0) {
			host->has_mac = false;
			host->changed = true;
		}
	}
}

/* Initial values of TTL and hop limit that systems use; anything else has passed a router. */
static bool is_initial_ttl(uint8_t ttl)
{
	return ttl == 64 || ttl == 128 || ttl == 255 || ttl == 32 || ttl == 60 || ttl == 1 ||
	    ttl == 0;
}

static uint16_t vlan_of(const struct cf_packet *packet)
{
	return packet->vlan_count > 0 ? packet->vlan[0] : 0;
}

/* What traffic from addr says about its MAC. */
static void judge_mac(
    struct cf_hosts *hosts, struct mac *mac, const struct cf_packet *packet, bool is_bound)
{
	if (mac->is_router)
		return;
	if (!is_initial_ttl(packet->ttl) && packet->tunnel_depth == 0 &&
	    !cf_addr_is_group(&packet->dst) && ++mac->routed >= ROUTED_PACKETS) {
		make_router(hosts, mac);
		return;
	}
	/* IPv6 hosts have many addresses by design; one MAC with many IPv4 ones forwards. */
	if (is_bound || packet->src.family != CF_FAMILY_V4)
		return;
	for (unsigned i = 0; i < mac->address_count; i++)
		if (cf_addr_equal(&mac->address[i], &packet->src))
			return;
	if (mac->address_count == CF_MAC_ADDRESSES) {
		make_router(hosts, mac);
		return;
	}
	mac->vlan[mac->address_count] = vlan_of(packet);
	mac->address[mac->address_count++] = packet->src;
}

static bool can_be_host(const struct cf_addr *addr)
{
	static const uint8_t zero[16];

	return addr->family != CF_FAMILY_NONE && !cf_addr_is_group(addr) &&
	    memcmp(addr->bytes, zero, 16) != 0 &&
	    !(addr->family == CF_FAMILY_V4 && addr->bytes[0] == 127) &&
	    !(addr->family == CF_FAMILY_V6 && memcmp(addr->bytes, zero, 15) == 0 &&
	        addr->bytes[15] == 1);
}

static bool is_settled(const struct host *host)
{
	return host->kind > CF_IDENTITY_TRAFFIC || host->name[0] != '\0' ||
	    host->last_wall_us - host->from_wall_us >= SETTLE_S * US_PER_S;
}

static void write_if_due(struct cf_hosts *hosts, struct host *host)
{
	bool refresh =
	    host->last_wall_us - host->written_wall_us >= CF_IDENTITY_REFRESH_S * US_PER_S;

	if (is_settled(host) && (host->changed || host->written_wall_us == 0 || refresh))
		write_host(hosts, host);
}

void cf_hosts_seen(struct cf_hosts *hosts, const struct cf_packet *packet)
{
	uint16_t vlan = vlan_of(packet);
	struct host *host;
	struct mac *mac = NULL;
	bool is_bound;

	if (!can_be_host(&packet->src))
		return;
	host = host_find(hosts, &packet->src, vlan);
	is_bound = host != NULL && host->kind >= CF_IDENTITY_NDP;
	if (packet->mac_src != NULL && packet->tunnel_depth == 0) {
		mac = mac_get(hosts, packet->mac_src, packet->at_wall_us);
		judge_mac(hosts, mac, packet, is_bound);
	}
	if (host == NULL && !cf_locality_is_local(hosts->locality, &packet->src))
		return;
	host = host_get(hosts, &packet->src, vlan, packet->interface, packet->at_wall_us);
	if (mac != NULL && !mac->is_router && is_initial_ttl(packet->ttl))
		bind_mac(hosts, host, packet->mac_src, CF_IDENTITY_TRAFFIC, packet->at_wall_us);
	if (packet->at_wall_us > host->last_wall_us)
		host->last_wall_us = packet->at_wall_us;
	write_if_due(hosts, host);
}

/* A printable copy of the name a host gives itself, cut at the buffer's end. */
static void copy_name(char name[CF_HOST_NAME_BYTES], struct cf_slice from)
{
	size_t len = from.len < CF_HOST_NAME_BYTES - 1 ? from.len : CF_HOST_NAME_BYTES - 1;

	for (size_t i = 0; i < len; i++)
		name[i] = from.data[i] < 0x20 || from.data[i] > 0x7e ? '?' : (char)from.data[i];
	name[len] = '\0';
}

/* A name or client id of a host that has no address yet: one record, nothing kept. */
static void write_fact(struct cf_hosts *hosts, const struct cf_host_fact *fact)
{
	struct cf_identity identity = {
	    .from_wall_us = fact->at_wall_us,
	    .to_wall_us = fact->at_wall_us,
	    .addr = fact->addr,
	    .has_mac = fact->mac != NULL,
	    .vlan = fact->vlan,
	    .kind = cf_identity_kind_text(fact->kind),
	    .client_id = {.data = (const char *)fact->client_id.data, .len = fact->client_id.len},
	};
	char name[CF_HOST_NAME_BYTES];

	copy_name(name, fact->name);
	identity.name = (struct cf_text){.data = name, .len = strlen(name)};
	if (fact->mac != NULL)
		memcpy(identity.mac, fact->mac, 6);
	hosts->write(hosts->arg, &identity, fact->interface);
}

void cf_hosts_learn(struct cf_hosts *hosts, const struct cf_host_fact *fact)
{
	struct host *host;
	char name[CF_HOST_NAME_BYTES];

	if (!can_be_host(&fact->addr)) {
		if (fact->name.len > 0 || fact->client_id.len > 0)
			write_fact(hosts, fact);
		return;
	}
	host = host_get(hosts, &fact->addr, fact->vlan, fact->interface, fact->at_wall_us);
	if (fact->mac != NULL) /* first: another MAC ends the old binding at its own last time */
		bind_mac(hosts, host, fact->mac, fact->kind, fact->at_wall_us);
	if (fact->at_wall_us > host->last_wall_us)
		host->last_wall_us = fact->at_wall_us;
	if (fact->client_id.len > 0) /* ids are not kept, so each is its own record */
		write_fact(hosts, fact);
	copy_name(name, fact->name);
	if (name[0] != '\0' && (host->name[0] == '\0' || fact->kind >= host->name_kind) &&
	    strcmp(name, host->name) != 0) {
		memcpy(host->name, name, sizeof name);
		host->name_kind = (uint8_t)fact->kind;
		host->changed = true;
	}
	write_if_due(hosts, host);
}

void cf_hosts_router(struct cf_hosts *hosts, const uint8_t mac[6])
{
	struct mac *one = mac_get(hosts, mac, hosts->now_wall_us);

	if (!one->is_router)
		make_router(hosts, one);
}

void cf_hosts_due(
    struct cf_hosts *hosts, const struct cf_addr *client, const struct cf_packet *packet)
{
	const uint8_t *mac =
	    cf_addr_equal(&packet->src, client) ? packet->mac_src : packet->mac_dst;
	struct host *host;

	if (!can_be_host(client))
		return;
	host = host_get(hosts, client, vlan_of(packet), packet->interface, packet->at_wall_us);
	if (!host->has_mac && mac != NULL && packet->tunnel_depth == 0 &&
	    !cf_hosts_is_router(hosts, mac) &&
	    (mac == packet->mac_dst || is_initial_ttl(packet->ttl)))
		bind_mac(hosts, host, mac, CF_IDENTITY_TRAFFIC, packet->at_wall_us);
	if (host->written_wall_us == 0)
		write_host(hosts, host);
}

bool cf_hosts_is_router(const struct cf_hosts *hosts, const uint8_t mac[6])
{
	const struct mac *one = mac_find(hosts, mac);

	return one != NULL && one->is_router;
}

bool cf_hosts_other_addresses(const struct cf_hosts *hosts, const struct cf_addr *addr,
    uint16_t vlan, struct cf_addr *others, unsigned capacity, unsigned *count_out)
{
	const struct host *host = host_find(hosts, addr, vlan);
	const struct mac *mac;

	*count_out = 0;
	if (host == NULL || !host->has_mac)
		return false;
	mac = mac_find(hosts, host->mac);
	if (mac == NULL || mac->is_router)
		return false;
	for (unsigned i = 0; i < mac->bound_count && *count_out < capacity; i++) {
		const struct host *other = &hosts->host[mac->bound[i]];

		if (other->addr.family != CF_FAMILY_NONE && other != host && other->has_mac &&
		    other->vlan == vlan && memcmp(other->mac, host->mac, 6) == 0)
			others[(*count_out)++] = other->addr;
	}
	return *count_out > 0;
}

void cf_hosts_reap(struct cf_hosts *hosts, int64_t now_wall_us)
{
	uint32_t first = hosts->sweep++ % SWEEP_PARTS * (CF_HOSTS / SWEEP_PARTS);

	hosts->now_wall_us = now_wall_us;
	if (hosts->known == 0)
		return;
	for (uint32_t i = first; i < first + CF_HOSTS / SWEEP_PARTS; i++) {
		struct host *host = &hosts->host[i];
		int64_t silent_us = now_wall_us - host->last_wall_us;

		if (host->addr.family == CF_FAMILY_NONE)
			continue;
		/* What traffic alone said is written when it has settled, or fallen silent. */
		if (silent_us >= SETTLE_S * US_PER_S && host->written_wall_us == 0)
			write_host(hosts, host);
		if (silent_us < FORGET_S * US_PER_S)
			continue;
		if (is_news(host))
			write_host(hosts, host);
		*host = (struct host){0};
		hosts->known--;
	}
}

void cf_hosts_flush(struct cf_hosts *hosts)
{
	uint32_t left = hosts->known;

	for (uint32_t i = 0; left > 0 && i < CF_HOSTS; i++) {
		struct host *host = &hosts->host[i];

		if (host->addr.family == CF_FAMILY_NONE)
			continue;
		left--;
		if (is_news(host))
			write_host(hosts, host);
	}
}

uint32_t cf_hosts_known(const struct cf_hosts *hosts)
{
	return hosts->known;
}

uint64_t cf_hosts_evicted(const struct cf_hosts *hosts)
{
	return hosts->evicted;
}
