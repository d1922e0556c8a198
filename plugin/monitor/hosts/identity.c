/* What is believed of hosts and MACs, and when it is written down. */

#include "monitor/hosts/identity.h"

#include "monitor/hosts/host_table.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_S INT64_C(1000000)
/* Traffic alone may deceive until its MAC has shown what it is: wait so long before writing. */
#define SETTLE_S 10
/* A binding silent for this long is forgotten. */
#define FORGET_S 86400
/* Routed packets (their TTL is no initial one) before a MAC is taken for a router's. */
#define ROUTED_PACKETS 3
/* The whole table is walked once in so many calls of cf_hosts_reap(). */
#define SWEEP_PARTS 64

struct cf_hosts {
	struct cf_host_table table;
	const struct cf_locality *locality;
	cf_identity_write *write;
	void *arg;
	uint32_t sweep; /* place in the table to look at next */
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
	*hosts = (struct cf_hosts){.locality = locality, .write = write, .arg = arg};
	if (cf_host_table_init(&hosts->table, seed) != CF_OK) {
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
	cf_host_table_done(&hosts->table);
	free(hosts);
}

static void write_host(struct cf_hosts *hosts, struct cf_seen_host *host)
{
	const struct cf_mac *mac = host->has_mac ? cf_mac_find(&hosts->table, host->mac) : NULL;
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
static bool is_news(const struct cf_seen_host *host)
{
	return host->changed || host->written_wall_us < host->last_wall_us ||
	    host->written_wall_us == 0;
}

/* Says what was not said yet of a host that makes room or is gone. */
static void forget(struct cf_hosts *hosts, struct cf_seen_host *host)
{
	if (is_news(host))
		write_host(hosts, host);
	cf_host_remove(&hosts->table, host);
}

/* A host that is not there yet, another one making room if need be. */
static struct cf_seen_host *host_add(struct cf_hosts *hosts, const struct cf_addr *addr,
    uint16_t vlan, uint32_t interface, int64_t at_wall_us)
{
	struct cf_seen_host *victim = cf_host_victim(&hosts->table), *host;

	if (victim != NULL)
		forget(hosts, victim);
	host = cf_host_add(&hosts->table, addr, vlan);
	host->interface = interface;
	host->from_wall_us = host->last_wall_us = at_wall_us;
	host->changed = true;
	return host;
}

static struct cf_seen_host *host_get(struct cf_hosts *hosts, const struct cf_addr *addr,
    uint16_t vlan, uint32_t interface, int64_t at_wall_us)
{
	struct cf_seen_host *host = cf_host_find(&hosts->table, addr, vlan);

	return host != NULL ? host : host_add(hosts, addr, vlan, interface, at_wall_us);
}

/* The binding to one MAC ends here; what follows is another host's time on this address. */
static void rebind(struct cf_hosts *hosts, struct cf_seen_host *host, const uint8_t mac[6],
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

static void remember_bound(struct cf_hosts *hosts, const struct cf_seen_host *host,
    const uint8_t bytes[6], int64_t at_wall_us)
{
	struct cf_mac *mac = cf_mac_get(&hosts->table, bytes, at_wall_us);
	uint32_t place = (uint32_t)(host - hosts->table.host);

	for (unsigned i = 0; i < mac->bound_count; i++)
		if (mac->bound[i] == place)
			return;
	mac->bound[mac->bound_next++ % CF_BOUND_HOSTS] = place;
	if (mac->bound_count < CF_BOUND_HOSTS)
		mac->bound_count++;
}

static void bind_mac(struct cf_hosts *hosts, struct cf_seen_host *host, const uint8_t mac[6],
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
static void make_router(struct cf_hosts *hosts, struct cf_mac *mac)
{
	mac->is_router = true;
	for (unsigned i = 0; i < mac->address_count; i++) {
		struct cf_seen_host *host =
		    cf_host_find(&hosts->table, &mac->address[i], mac->vlan[i]);

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
    struct cf_hosts *hosts, struct cf_mac *mac, const struct cf_packet *packet, bool is_bound)
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

static bool is_settled(const struct cf_seen_host *host)
{
	return host->kind > CF_IDENTITY_TRAFFIC || host->name[0] != '\0' ||
	    host->last_wall_us - host->from_wall_us >= SETTLE_S * US_PER_S;
}

static void write_if_due(struct cf_hosts *hosts, struct cf_seen_host *host)
{
	bool refresh =
	    host->last_wall_us - host->written_wall_us >= CF_IDENTITY_REFRESH_S * US_PER_S;

	if (is_settled(host) && (host->changed || host->written_wall_us == 0 || refresh))
		write_host(hosts, host);
}

bool cf_hosts_seen(struct cf_hosts *hosts, const struct cf_packet *packet)
{
	uint16_t vlan = vlan_of(packet);
	struct cf_seen_host *host;
	struct cf_mac *mac = NULL;
	bool by_router;

	if (!can_be_host(&packet->src))
		return false;
	host = cf_host_find(&hosts->table, &packet->src, vlan);
	if (packet->mac_src != NULL && packet->tunnel_depth == 0) {
		mac = cf_mac_get(&hosts->table, packet->mac_src, packet->at_wall_us);
		judge_mac(hosts, mac, packet, host != NULL && host->kind >= CF_IDENTITY_NDP);
	}
	by_router = mac != NULL && mac->is_router;
	if (host == NULL) {
		if (!cf_locality_is_local(hosts->locality, &packet->src))
			return by_router;
		host = host_add(hosts, &packet->src, vlan, packet->interface, packet->at_wall_us);
	}
	if (mac != NULL && !by_router && is_initial_ttl(packet->ttl))
		bind_mac(hosts, host, packet->mac_src, CF_IDENTITY_TRAFFIC, packet->at_wall_us);
	if (packet->at_wall_us > host->last_wall_us)
		host->last_wall_us = packet->at_wall_us;
	write_if_due(hosts, host);
	return by_router;
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
	struct cf_seen_host *host;
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
	struct cf_mac *one = cf_mac_get(&hosts->table, mac, hosts->now_wall_us);

	if (!one->is_router)
		make_router(hosts, one);
}

void cf_hosts_due(
    struct cf_hosts *hosts, const struct cf_addr *client, const struct cf_packet *packet)
{
	const uint8_t *mac =
	    cf_addr_equal(&packet->src, client) ? packet->mac_src : packet->mac_dst;
	struct cf_seen_host *host;

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
	const struct cf_mac *one = cf_mac_find(&hosts->table, mac);

	return one != NULL && one->is_router;
}

bool cf_hosts_other_addresses(const struct cf_hosts *hosts, const struct cf_addr *addr,
    uint16_t vlan, struct cf_addr *others, unsigned capacity, unsigned *count_out)
{
	const struct cf_seen_host *host = cf_host_find(&hosts->table, addr, vlan);
	const struct cf_mac *mac;

	*count_out = 0;
	if (host == NULL || !host->has_mac)
		return false;
	mac = cf_mac_find(&hosts->table, host->mac);
	if (mac == NULL || mac->is_router)
		return false;
	for (unsigned i = 0; i < mac->bound_count && *count_out < capacity; i++) {
		const struct cf_seen_host *other = &hosts->table.host[mac->bound[i]];

		if (other->addr.family != CF_FAMILY_NONE && other != host && other->has_mac &&
		    other->vlan == vlan && memcmp(other->mac, host->mac, 6) == 0)
			others[(*count_out)++] = other->addr;
	}
	return *count_out > 0;
}

/* What traffic alone said is written when it has settled, or fallen silent. */
static void look_at(struct cf_hosts *hosts, struct cf_seen_host *host, int64_t now_wall_us)
{
	int64_t silent_us = now_wall_us - host->last_wall_us;

	if (host->addr.family == CF_FAMILY_NONE)
		return;
	if (silent_us >= SETTLE_S * US_PER_S && host->written_wall_us == 0)
		write_host(hosts, host);
	if (silent_us >= FORGET_S * US_PER_S)
		forget(hosts, host);
}

void cf_hosts_reap(struct cf_hosts *hosts, int64_t now_wall_us)
{
	uint32_t fresh = hosts->table.hosts_fresh, count = fresh / SWEEP_PARTS + 1;

	hosts->now_wall_us = now_wall_us;
	for (uint32_t i = 0; i < count && fresh > 0; i++) {
		if (hosts->sweep >= fresh)
			hosts->sweep = 0;
		look_at(hosts, &hosts->table.host[hosts->sweep++], now_wall_us);
	}
}

void cf_hosts_flush(struct cf_hosts *hosts)
{
	for (uint32_t i = 0; i < hosts->table.hosts_fresh; i++) {
		struct cf_seen_host *host = &hosts->table.host[i];

		if (host->addr.family != CF_FAMILY_NONE && is_news(host))
			write_host(hosts, host);
	}
}

uint32_t cf_hosts_known(const struct cf_hosts *hosts)
{
	return hosts->table.hosts_known;
}

uint64_t cf_hosts_evicted(const struct cf_hosts *hosts)
{
	return hosts->table.hosts_evicted;
}

uint64_t cf_hosts_macs_evicted(const struct cf_hosts *hosts)
{
	return hosts->table.macs_evicted;
}
