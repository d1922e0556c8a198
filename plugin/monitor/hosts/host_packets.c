/* What packets show of hosts and MACs, what is believed of it, and when it is written down. */

#include "monitor/hosts/identity.h"

#include "monitor/hosts/bindings.h"

#include <stdlib.h>
#include <string.h>

/* An owner that showed itself so lately is asked by ARP before it loses its address to a grant. */
#define OWNER_S 60

enum cf_status cf_hosts_new(uint64_t seed, const struct cf_locality *locality,
    cf_identity_write *write, void *arg, struct cf_hosts **hosts_out)
{
	struct cf_hosts *hosts = calloc(1, sizeof *hosts);

	if (hosts == NULL)
		return CF_ENOMEM;
	*hosts = (struct cf_hosts){.locality = locality, .write = write, .arg = arg};
	hosts->seen = hosts->told = hosts->due =
	    cf_allowance_make(CF_IDENTITY_BURST, CF_IDENTITY_PER_S);
	if (cf_host_table_init(&hosts->table, seed) != CF_OK ||
	    cf_asks_init(&hosts->asks, seed) != CF_OK) {
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
	cf_asks_done(&hosts->asks);
	free(hosts);
}

/*
 * The time of a packet, or a believable one in its stead: what is a day away from all before it is
 * believed when the next such packet agrees. Negative: there is none yet.
 */
int64_t cf_hosts_believe(struct cf_hosts *hosts, int64_t at_wall_us)
{
	int64_t clock_wall_us = hosts->clock_wall_us, leap_us = at_wall_us - clock_wall_us;

	if (at_wall_us < 0 || at_wall_us >= LAST_WALL_US)
		return clock_wall_us != 0 ? clock_wall_us : -1;
	if (leap_us >= 0 ? leap_us <= CF_IDENTITY_LEAP_S * US_PER_S
	                 : leap_us >= -CF_IDENTITY_LEAP_S * US_PER_S) {
		if (leap_us > 0)
			hosts->clock_wall_us = at_wall_us;
		return at_wall_us;
	}
	leap_us = at_wall_us - hosts->leap_wall_us;
	hosts->leap_wall_us = at_wall_us;
	if (clock_wall_us != 0 &&
	    (leap_us > CF_IDENTITY_LEAP_S * US_PER_S || leap_us < -CF_IDENTITY_LEAP_S * US_PER_S))
		return clock_wall_us;
	hosts->clock_wall_us = at_wall_us;
	return at_wall_us;
}

/* The binding to one MAC ends here; what follows is another host's time on this address. */
static void rebind(struct cf_hosts *hosts, struct cf_seen_host *host, const uint8_t mac[6],
    enum cf_identity_kind kind, int64_t at_wall_us)
{
	if (host->has_mac) {
		/* That it was replaced is news in itself; packets alone do not say it. */
		enum cf_identity_end end =
		    kind >= CF_IDENTITY_NDP ? CF_IDENTITY_REPLACED : CF_IDENTITY_OPEN;

		if ((cf_hosts_is_news(host) || end != CF_IDENTITY_OPEN) &&
		    cf_allowance_take(&hosts->told, at_wall_us))
			cf_hosts_write_ended(hosts, host, end);
		host->from_wall_us = host->last_wall_us = at_wall_us;
		host->name[0] = '\0';
		host->name_kind = CF_IDENTITY_TRAFFIC;
		host->written_wall_us = 0;
		*cf_hosts_until_s(hosts, host) = 0;
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

/*
 * May a claim of this kind take the address from the MAC that has it? The owner's own words do; a
 * server's grant waits until an owner that is there has been asked (RFC 5227); packets do when what
 * was said is old, or what they show was granted.
 */
static bool may_take(struct cf_hosts *hosts, const struct cf_seen_host *host, const uint8_t mac[6],
    enum cf_identity_kind *kind_io, int64_t at_wall_us)
{
	int64_t silent_us = at_wall_us - host->last_wall_us;
	struct cf_ask *ask;

	if (*kind_io == CF_IDENTITY_NDP || *kind_io == CF_IDENTITY_ARP)
		return true;
	ask = cf_asks_find(&hosts->asks, cf_mac_slice(mac), host->vlan);
	if (*kind_io > CF_IDENTITY_ARP) {
		if (silent_us >= OWNER_S * US_PER_S || ask == NULL)
			return true;
		ask->granted = host->addr;
		return false;
	}
	if (*kind_io >= host->kind || silent_us >= CF_IDENTITY_REFRESH_S * US_PER_S)
		return true;
	if (ask == NULL || !cf_addr_equal(&ask->granted, &host->addr))
		return false;
	*kind_io = host->addr.family == CF_FAMILY_V4 ? CF_IDENTITY_DHCP4 : CF_IDENTITY_DHCP6;
	ask->granted = (struct cf_addr){0};
	return true;
}

void cf_hosts_bind(struct cf_hosts *hosts, struct cf_seen_host *host, const uint8_t mac[6],
    enum cf_identity_kind kind, int64_t at_wall_us)
{
	static const uint8_t none[6];

	if (memcmp(mac, none, 6) == 0 || (mac[0] & 1) != 0)
		return; /* no MAC, or a group's */
	if (!host->has_mac || memcmp(host->mac, mac, 6) != 0) {
		if (host->has_mac && !may_take(hosts, host, mac, &kind, at_wall_us))
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
		    cf_host_find(&hosts->table, &mac->address[i], mac->place[i]);

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

static struct cf_host_place place_of(const struct cf_packet *packet)
{
	return (struct cf_host_place){.interface = packet->interface, .vlan = vlan_of(packet)};
}

/* Is the address bound to this very MAC, by more than traffic? */
static bool is_bound_to(const struct cf_seen_host *host, const uint8_t mac[6])
{
	return host != NULL && host->has_mac && host->kind >= CF_IDENTITY_NDP &&
	    memcmp(host->mac, mac, 6) == 0;
}

/* One more address whose packets were routed: containers and traceroutes show one or two. */
static void note_behind(struct cf_hosts *hosts, struct cf_mac *mac, const struct cf_addr *addr)
{
	for (unsigned i = 0; i < mac->behind_count; i++)
		if (cf_addr_equal(&mac->behind[i], addr))
			return;
	if (mac->behind_count == CF_MAC_BEHIND)
		make_router(hosts, mac);
	else
		mac->behind[mac->behind_count++] = *addr;
}

/* What traffic of host, not there yet or known, says about its MAC. */
static void judge_mac(struct cf_hosts *hosts, struct cf_mac *mac, const struct cf_packet *packet,
    const struct cf_seen_host *host)
{
	/* What comes from the machine's own address says nothing about routing, whatever its TTL.
	 */
	if (mac->is_router || is_bound_to(host, mac->bytes))
		return;
	if (!is_initial_ttl(packet->ttl) && packet->tunnel_depth == 0 &&
	    !cf_addr_is_group(&packet->dst)) {
		note_behind(hosts, mac, &packet->src);
		return;
	}
	/* IPv6 hosts have many addresses by design; one MAC with many IPv4 ones forwards. */
	if (packet->src.family != CF_FAMILY_V4)
		return;
	for (unsigned i = 0; i < mac->address_count; i++)
		if (cf_addr_equal(&mac->address[i], &packet->src))
			return;
	if (mac->address_count == CF_MAC_ADDRESSES) {
		make_router(hosts, mac);
		return;
	}
	mac->place[mac->address_count] = place_of(packet);
	mac->address[mac->address_count++] = packet->src;
}

static bool is_settled(const struct cf_seen_host *host)
{
	return host->kind > CF_IDENTITY_TRAFFIC || host->name[0] != '\0' ||
	    host->last_wall_us - host->from_wall_us >= SETTLE_S * US_PER_S;
}

void cf_hosts_write_if_due(struct cf_hosts *hosts, struct cf_seen_host *host)
{
	bool refresh =
	    host->last_wall_us - host->written_wall_us >= CF_IDENTITY_REFRESH_S * US_PER_S;

	if (!is_settled(host) || (!host->changed && host->written_wall_us != 0 && !refresh))
		return;
	/* A host's first record is paid for, and one an hour; changes are limited. */
	if (host->written_wall_us == 0 || refresh ||
	    cf_allowance_take(&hosts->told, host->last_wall_us))
		cf_hosts_write(hosts, host);
}

bool cf_hosts_seen(struct cf_hosts *hosts, const struct cf_packet *packet)
{
	struct cf_host_place place = place_of(packet);
	struct cf_seen_host *host;
	struct cf_mac *mac = NULL;
	int64_t at_wall_us;
	bool by_router;

	if (!cf_hosts_can_be(&packet->src))
		return false;
	at_wall_us = cf_hosts_believe(hosts, packet->at_wall_us);
	if (at_wall_us < 0)
		return false;
	host = cf_host_find(&hosts->table, &packet->src, place);
	if (packet->mac_src != NULL && packet->tunnel_depth == 0) {
		mac = cf_mac_get(&hosts->table, packet->mac_src, at_wall_us);
		judge_mac(hosts, mac, packet, host);
	}
	by_router = mac != NULL && mac->is_router;
	if (host == NULL) {
		if (!cf_locality_is_local(hosts->locality, &packet->src))
			return by_router;
		host = cf_hosts_add(hosts, &hosts->seen, &packet->src, place, at_wall_us);
		if (host == NULL)
			return by_router;
	}
	if (mac != NULL && !by_router && is_initial_ttl(packet->ttl))
		cf_hosts_bind(hosts, host, packet->mac_src, CF_IDENTITY_TRAFFIC, at_wall_us);
	if (at_wall_us > host->last_wall_us)
		host->last_wall_us = at_wall_us;
	cf_hosts_write_if_due(hosts, host);
	return by_router;
}

void cf_hosts_router(struct cf_hosts *hosts, const uint8_t mac[6])
{
	struct cf_mac *one = cf_mac_get(&hosts->table, mac, hosts->clock_wall_us);

	if (!one->is_router)
		make_router(hosts, one);
}

void cf_hosts_due(
    struct cf_hosts *hosts, const struct cf_addr *client, const struct cf_packet *packet)
{
	const uint8_t *mac =
	    cf_addr_equal(&packet->src, client) ? packet->mac_src : packet->mac_dst;
	struct cf_seen_host *host;
	int64_t at_wall_us;

	if (!cf_hosts_can_be(client))
		return;
	at_wall_us = cf_hosts_believe(hosts, packet->at_wall_us);
	if (at_wall_us < 0)
		return;
	host = cf_hosts_get(hosts, &hosts->due, client, place_of(packet), at_wall_us);
	if (host == NULL)
		return;
	if (!host->has_mac && mac != NULL && packet->tunnel_depth == 0 &&
	    !cf_hosts_is_router(hosts, mac) &&
	    (mac == packet->mac_dst || is_initial_ttl(packet->ttl)))
		cf_hosts_bind(hosts, host, mac, CF_IDENTITY_TRAFFIC, at_wall_us);
	if (host->written_wall_us == 0)
		cf_hosts_write(hosts, host);
}

bool cf_hosts_is_mac_of(const struct cf_hosts *hosts, const uint8_t mac[6],
    const struct cf_addr *client, const struct cf_packet *packet)
{
	const struct cf_seen_host *host = cf_host_find(&hosts->table, client, place_of(packet));

	if (is_bound_to(host, mac))
		return true;
	if (cf_hosts_is_router(hosts, mac))
		return false;
	if (host != NULL && host->has_mac)
		return memcmp(host->mac, mac, 6) == 0;
	/* Not known by a MAC: what was routed came through somebody else's. */
	return mac != packet->mac_src || is_initial_ttl(packet->ttl);
}

bool cf_hosts_is_router(const struct cf_hosts *hosts, const uint8_t mac[6])
{
	const struct cf_mac *one = cf_mac_find(&hosts->table, mac);

	return one != NULL && one->is_router;
}

bool cf_hosts_other_addresses(const struct cf_hosts *hosts, const struct cf_addr *addr,
    uint16_t vlan, struct cf_addr *others, unsigned capacity, unsigned *count_out)
{
	const struct cf_seen_host *host =
	    cf_host_find(&hosts->table, addr, (struct cf_host_place){.vlan = vlan});
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
