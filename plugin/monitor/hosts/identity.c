/* What is believed of hosts and MACs, and when it is written down. */

#include "monitor/hosts/identity.h"

#include "monitor/hosts/allowance.h"
#include "monitor/hosts/asks.h"
#include "monitor/hosts/host_name.h"
#include "monitor/hosts/host_table.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_S INT64_C(1000000)
/* Traffic alone may deceive until its MAC has shown what it is: wait so long before writing. */
#define SETTLE_S 10
/* A binding silent for this long is forgotten. */
#define FORGET_S 86400
/* An owner that showed itself so lately is asked by ARP before it loses its address to a grant. */
#define OWNER_S 60
/* 2100-01-01: no packet is later, whatever a damaged capture says. */
#define LAST_WALL_US (INT64_C(4102444800) * US_PER_S)
/* The whole table is walked once in so many calls of cf_hosts_reap(). */
#define SWEEP_PARTS 64

struct cf_hosts {
	struct cf_host_table table;
	struct cf_asks asks;
	/* New hosts that packets show; that claims show, and all that changes; that hits show. */
	struct cf_allowance seen, told, due;
	int64_t clock_wall_us, leap_wall_us; /* of packets that are believed, and one that waits */
	const struct cf_locality *locality;
	cf_identity_write *write;
	void *arg;
	uint32_t sweep; /* place in the table to look at next */
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
static int64_t believe(struct cf_hosts *hosts, int64_t at_wall_us)
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

static uint32_t *until_s_of(struct cf_hosts *hosts, const struct cf_seen_host *host)
{
	return &hosts->table.until_s[host - hosts->table.host];
}

/* How the address is bound; where it is merely used, a name that came with it tells more. */
static enum cf_identity_kind kind_of(const struct cf_seen_host *host)
{
	if (host->kind != CF_IDENTITY_TRAFFIC || host->name[0] == '\0' ||
	    host->name_kind > CF_IDENTITY_MDNS)
		return host->kind;
	return host->name_kind;
}

static struct cf_identity identity_of(
    struct cf_hosts *hosts, const struct cf_seen_host *host, enum cf_identity_end end)
{
	const struct cf_mac *mac = host->has_mac ? cf_mac_find(&hosts->table, host->mac) : NULL;
	struct cf_identity identity = {
	    .from_wall_us = host->from_wall_us,
	    .to_wall_us = host->last_wall_us,
	    .addr = host->addr,
	    .has_mac = host->has_mac,
	    .is_router = mac != NULL && mac->is_router,
	    .vlan = host->vlan,
	    .kind = cf_identity_kind_text(kind_of(host)),
	    .name = {.data = host->name, .len = strlen(host->name)},
	    .end = cf_identity_end_text(end),
	};

	memcpy(identity.mac, host->mac, 6);
	return identity;
}

static void write_ended(struct cf_hosts *hosts, struct cf_seen_host *host, enum cf_identity_end end)
{
	struct cf_identity identity = identity_of(hosts, host, end);

	hosts->write(hosts->arg, &identity, host->interface);
	host->written_wall_us = host->last_wall_us;
	host->changed = false;
}

static void write_host(struct cf_hosts *hosts, struct cf_seen_host *host)
{
	write_ended(hosts, host, CF_IDENTITY_OPEN);
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

/*
 * A host that is not there yet, another one making room if need be. NULL: too many at once; this
 * one's first and last records come with it.
 */
static struct cf_seen_host *host_add(struct cf_hosts *hosts, struct cf_allowance *allowance,
    const struct cf_addr *addr, struct cf_host_place place, int64_t at_wall_us)
{
	struct cf_seen_host *victim, *host;

	if (!cf_allowance_take(allowance, at_wall_us))
		return NULL;
	victim = cf_host_victim(&hosts->table);
	if (victim != NULL)
		forget(hosts, victim);
	host = cf_host_add(&hosts->table, addr, place);
	host->from_wall_us = host->last_wall_us = at_wall_us;
	host->changed = true;
	return host;
}

static struct cf_seen_host *host_get(struct cf_hosts *hosts, struct cf_allowance *allowance,
    const struct cf_addr *addr, struct cf_host_place place, int64_t at_wall_us)
{
	struct cf_seen_host *host = cf_host_find(&hosts->table, addr, place);

	return host != NULL ? host : host_add(hosts, allowance, addr, place, at_wall_us);
}

/* The binding to one MAC ends here; what follows is another host's time on this address. */
static void rebind(struct cf_hosts *hosts, struct cf_seen_host *host, const uint8_t mac[6],
    enum cf_identity_kind kind, int64_t at_wall_us)
{
	if (host->has_mac) {
		/* That it was replaced is news in itself; packets alone do not say it. */
		enum cf_identity_end end =
		    kind >= CF_IDENTITY_NDP ? CF_IDENTITY_REPLACED : CF_IDENTITY_OPEN;

		if ((is_news(host) || end != CF_IDENTITY_OPEN) &&
		    cf_allowance_take(&hosts->told, at_wall_us))
			write_ended(hosts, host, end);
		host->from_wall_us = host->last_wall_us = at_wall_us;
		host->name[0] = '\0';
		host->name_kind = CF_IDENTITY_TRAFFIC;
		host->written_wall_us = 0;
		*until_s_of(hosts, host) = 0;
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

static struct cf_slice mac_slice(const uint8_t mac[6])
{
	return (struct cf_slice){.data = mac, .len = 6};
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
	ask = cf_asks_find(&hosts->asks, mac_slice(mac), host->vlan);
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

static void bind_mac(struct cf_hosts *hosts, struct cf_seen_host *host, const uint8_t mac[6],
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

	if (!is_settled(host) || (!host->changed && host->written_wall_us != 0 && !refresh))
		return;
	/* A host's first record is paid for, and one an hour; changes are limited. */
	if (host->written_wall_us == 0 || refresh ||
	    cf_allowance_take(&hosts->told, host->last_wall_us))
		write_host(hosts, host);
}

bool cf_hosts_seen(struct cf_hosts *hosts, const struct cf_packet *packet)
{
	struct cf_host_place place = place_of(packet);
	struct cf_seen_host *host;
	struct cf_mac *mac = NULL;
	int64_t at_wall_us;
	bool by_router;

	if (!can_be_host(&packet->src))
		return false;
	at_wall_us = believe(hosts, packet->at_wall_us);
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
		host = host_add(hosts, &hosts->seen, &packet->src, place, at_wall_us);
		if (host == NULL)
			return by_router;
	}
	if (mac != NULL && !by_router && is_initial_ttl(packet->ttl))
		bind_mac(hosts, host, packet->mac_src, CF_IDENTITY_TRAFFIC, at_wall_us);
	if (at_wall_us > host->last_wall_us)
		host->last_wall_us = at_wall_us;
	write_if_due(hosts, host);
	return by_router;
}

/* What a client says of itself: its words, with or without an address that they go with. */
static void write_words(struct cf_hosts *hosts, const struct cf_host_fact *fact,
    const struct cf_ask *ask, const struct cf_addr *addr, int64_t at_wall_us)
{
	struct cf_identity identity = {
	    .from_wall_us = at_wall_us,
	    .to_wall_us = at_wall_us,
	    .addr = *addr,
	    .has_mac = fact->mac != NULL,
	    .vlan = fact->vlan,
	    .kind = cf_identity_kind_text(fact->kind),
	    .name = {.data = ask->name, .len = strlen(ask->name)},
	    .client_id = {.data = (const char *)ask->id, .len = ask->id_bytes},
	};

	if (fact->mac != NULL)
		memcpy(identity.mac, fact->mac, 6);
	hosts->write(hosts->arg, &identity, fact->interface);
}

static bool take_words(struct cf_ask *ask, const struct cf_host_fact *fact, const char *name)
{
	size_t id_bytes =
	    fact->client_id.len < CF_CLIENT_ID_BYTES ? fact->client_id.len : CF_CLIENT_ID_BYTES;
	bool is_new = ask->written_wall_us == 0;

	if (id_bytes > 0 &&
	    (ask->id_bytes != id_bytes || memcmp(ask->id, fact->client_id.data, id_bytes) != 0)) {
		memcpy(ask->id, fact->client_id.data, id_bytes);
		ask->id_bytes = (uint8_t)id_bytes;
		is_new = true;
	}
	if (name[0] != '\0' && strcmp(ask->name, name) != 0) {
		memcpy(ask->name, name, sizeof ask->name);
		is_new = true;
	}
	if (fact->mac != NULL && memcmp(ask->mac, fact->mac, sizeof ask->mac) != 0) {
		memcpy(ask->mac, fact->mac, sizeof ask->mac);
		ask->has_mac = true;
		is_new = true;
	}
	return is_new;
}

/* The client's place among those that ask; NULL: it says neither MAC nor DUID. */
static struct cf_slice client_of(const struct cf_host_fact *fact)
{
	if (fact->kind == CF_IDENTITY_DHCP6 && fact->client_id.len > 0)
		return fact->client_id;
	return fact->mac != NULL ? mac_slice(fact->mac) : fact->client_id;
}

/* A client asks: what it calls itself is written when it is new, and once an hour. */
static struct cf_ask *note_ask(
    struct cf_hosts *hosts, const struct cf_host_fact *fact, const char *name, int64_t at_wall_us)
{
	struct cf_slice client = client_of(fact);
	struct cf_ask *ask;
	bool is_new;

	if (client.len == 0)
		return NULL;
	ask = cf_asks_get(&hosts->asks, client, fact->vlan, at_wall_us);
	is_new = take_words(ask, fact, name);
	if (fact->wanted.family != CF_FAMILY_NONE)
		ask->wanted = fact->wanted;
	if ((ask->name[0] == '\0' && ask->id_bytes == 0) ||
	    (!is_new && at_wall_us - ask->written_wall_us < CF_IDENTITY_REFRESH_S * US_PER_S))
		return ask;
	if (cf_allowance_take(&hosts->told, at_wall_us)) {
		static const struct cf_addr none;

		write_words(hosts, fact, ask, &none, at_wall_us);
		ask->written_wall_us = at_wall_us;
	}
	return ask;
}

/* A server's grant, behind a relay: the client has no MAC here, its id names it. */
static void write_grant(struct cf_hosts *hosts, const struct cf_host_fact *fact, struct cf_ask *ask,
    bool is_known, int64_t at_wall_us)
{
	bool is_again = is_known && cf_addr_equal(&ask->granted, &fact->addr) &&
	    at_wall_us - ask->written_wall_us < CF_IDENTITY_REFRESH_S * US_PER_S;

	if (is_again || !cf_allowance_take(&hosts->told, at_wall_us))
		return;
	write_words(hosts, fact, ask, &fact->addr, at_wall_us);
	ask->granted = fact->addr;
	ask->written_wall_us = at_wall_us;
}

static void learn_name(struct cf_seen_host *host, const struct cf_host_fact *fact, const char *name)
{
	if (name[0] == '\0' || (host->name[0] != '\0' && fact->kind < host->name_kind) ||
	    strcmp(name, host->name) == 0)
		return;
	memcpy(host->name, name, sizeof host->name);
	host->name_kind = (uint8_t)fact->kind;
	host->changed = true;
}

/* When what was granted runs out; 0: never, or not known. */
static uint32_t until_s(const struct cf_host_fact *fact, int64_t at_wall_us)
{
	int64_t until = at_wall_us / US_PER_S + fact->lease_s;

	return fact->lease_s == 0 || fact->lease_s == UINT32_MAX || until * US_PER_S >= LAST_WALL_US
	    ? 0
	    : (uint32_t)until;
}

void cf_hosts_learn(struct cf_hosts *hosts, const struct cf_host_fact *given)
{
	struct cf_host_place place = {.interface = given->interface, .vlan = given->vlan};
	struct cf_host_fact fact = *given;
	struct cf_seen_host *host;
	struct cf_ask *ask = NULL;
	char name[CF_HOST_NAME_BYTES] = "";
	int64_t at_wall_us = believe(hosts, fact.at_wall_us);

	if (at_wall_us < 0)
		return;
	cf_host_name_copy(name, fact.name);
	if (!can_be_host(&fact.addr)) {
		(void)note_ask(hosts, &fact, name, at_wall_us); /* what it gives is for grants */
		return;
	}
	if (fact.kind >= CF_IDENTITY_DHCP6) {
		struct cf_slice client = client_of(&fact);
		bool is_known = cf_asks_find(&hosts->asks, client, fact.vlan) != NULL;

		if (client.len > 0) {
			ask = cf_asks_get(&hosts->asks, client, fact.vlan, at_wall_us);
			(void)take_words(ask, &fact, name);
			if (fact.mac == NULL && ask->has_mac)
				fact.mac = ask->mac;
			if (name[0] == '\0')
				memcpy(name, ask->name, sizeof name);
			if (fact.mac == NULL)
				write_grant(hosts, &fact, ask, is_known, at_wall_us);
		}
	}
	host = host_get(hosts, &hosts->told, &fact.addr, place, at_wall_us);
	if (host == NULL)
		return;
	if (fact.mac != NULL) { /* first: another MAC ends the old binding at its own last time */
		bind_mac(hosts, host, fact.mac, fact.is_used_only ? CF_IDENTITY_TRAFFIC : fact.kind,
		    at_wall_us);
		if (host->has_mac && memcmp(host->mac, fact.mac, 6) != 0)
			return; /* not this one's: nor is the name */
	}
	if (at_wall_us > host->last_wall_us)
		host->last_wall_us = at_wall_us;
	if (fact.kind >= CF_IDENTITY_DHCP6)
		*until_s_of(hosts, host) = until_s(&fact, at_wall_us);
	learn_name(host, &fact, name);
	write_if_due(hosts, host);
}

/* The host's claim is over, for that reason. */
static void end_host(
    struct cf_hosts *hosts, struct cf_seen_host *host, enum cf_identity_end why, int64_t at_wall_us)
{
	if (at_wall_us > host->last_wall_us && why == CF_IDENTITY_RELEASED)
		host->last_wall_us = at_wall_us;
	if (cf_allowance_take(&hosts->told, at_wall_us))
		write_ended(hosts, host, why);
	cf_host_remove(&hosts->table, host);
}

static void end_addr(struct cf_hosts *hosts, const struct cf_host_end *end,
    const struct cf_addr *addr, int64_t at_wall_us)
{
	struct cf_host_place place = {.interface = end->interface, .vlan = end->vlan};
	struct cf_seen_host *host = cf_host_find(&hosts->table, addr, place);

	if (host != NULL &&
	    (end->mac == NULL || !host->has_mac || memcmp(host->mac, end->mac, 6) == 0))
		end_host(hosts, host, end->why, at_wall_us);
}

/* A refused client starts anew: nothing that a server gave it is its own any more. */
static void end_grants(struct cf_hosts *hosts, const struct cf_host_end *end, int64_t at_wall_us)
{
	const struct cf_ask *ask = cf_asks_find(&hosts->asks, mac_slice(end->mac), end->vlan);
	const struct cf_mac *mac = cf_mac_find(&hosts->table, end->mac);

	if (ask != NULL && ask->wanted.family != CF_FAMILY_NONE)
		end_addr(hosts, end, &ask->wanted, at_wall_us);
	for (unsigned i = 0; mac != NULL && i < mac->bound_count; i++) {
		struct cf_seen_host *host = &hosts->table.host[mac->bound[i]];

		if (host->addr.family == CF_FAMILY_V4 && host->kind == CF_IDENTITY_DHCP4 &&
		    host->has_mac && host->vlan == end->vlan && memcmp(host->mac, end->mac, 6) == 0)
			end_host(hosts, host, end->why, at_wall_us);
	}
}

void cf_hosts_end(struct cf_hosts *hosts, const struct cf_host_end *end)
{
	int64_t at_wall_us = believe(hosts, end->at_wall_us);

	if (at_wall_us < 0)
		return;
	if (end->addr.family != CF_FAMILY_NONE)
		end_addr(hosts, end, &end->addr, at_wall_us);
	else if (end->mac != NULL)
		end_grants(hosts, end, at_wall_us);
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

	if (!can_be_host(client))
		return;
	at_wall_us = believe(hosts, packet->at_wall_us);
	if (at_wall_us < 0)
		return;
	host = host_get(hosts, &hosts->due, client, place_of(packet), at_wall_us);
	if (host == NULL)
		return;
	if (!host->has_mac && mac != NULL && packet->tunnel_depth == 0 &&
	    !cf_hosts_is_router(hosts, mac) &&
	    (mac == packet->mac_dst || is_initial_ttl(packet->ttl)))
		bind_mac(hosts, host, mac, CF_IDENTITY_TRAFFIC, at_wall_us);
	if (host->written_wall_us == 0)
		write_host(hosts, host);
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

/*
 * A host's grant ran out, and it was not seen since: the address is nobody's from then on. It was
 * the host's until then, but that says nothing of the host being there, as a lease file does not.
 */
static void expire(struct cf_hosts *hosts, struct cf_seen_host *host, int64_t until_wall_us)
{
	struct cf_identity lease = identity_of(hosts, host, CF_IDENTITY_EXPIRED);

	lease.kind = "lease";
	lease.to_wall_us = until_wall_us;
	if (cf_allowance_take(&hosts->told, hosts->clock_wall_us))
		hosts->write(hosts->arg, &lease, host->interface);
	forget(hosts, host);
}

/* What traffic alone said is written when it has settled, or fallen silent. */
static void look_at(struct cf_hosts *hosts, struct cf_seen_host *host, int64_t now_wall_us)
{
	int64_t silent_us = now_wall_us - host->last_wall_us;

	if (host->addr.family == CF_FAMILY_NONE)
		return;
	if (silent_us >= SETTLE_S * US_PER_S && host->written_wall_us == 0)
		write_host(hosts, host);
	int64_t until_wall_us = *until_s_of(hosts, host) * US_PER_S;

	if (until_wall_us != 0 && host->last_wall_us >= until_wall_us)
		*until_s_of(hosts, host) = 0; /* renewed where it could not be seen */
	else if (until_wall_us != 0 && now_wall_us >= until_wall_us)
		expire(hosts, host, until_wall_us);
	else if (silent_us >= FORGET_S * US_PER_S && until_wall_us == 0)
		forget(hosts, host);
}

void cf_hosts_reap(struct cf_hosts *hosts, int64_t now_wall_us)
{
	uint32_t fresh = hosts->table.hosts_fresh, count = fresh / SWEEP_PARTS + 1;

	/* Silence is measured by packets that are believed: one wild time makes nobody silent. */
	if (now_wall_us > hosts->clock_wall_us + CF_IDENTITY_LEAP_S * US_PER_S)
		now_wall_us = hosts->clock_wall_us + CF_IDENTITY_LEAP_S * US_PER_S;
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

uint64_t cf_hosts_refused(const struct cf_hosts *hosts)
{
	return hosts->seen.refused + hosts->told.refused + hosts->due.refused;
}
