/* What hosts say of themselves and servers of them: names, grants, and the end of a claim. */

#include "monitor/hosts/bindings.h"
#include "monitor/hosts/host_name.h"

#include <string.h>

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
	return fact->mac != NULL ? cf_mac_slice(fact->mac) : fact->client_id;
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
	int64_t at_wall_us = cf_hosts_believe(hosts, fact.at_wall_us);

	if (at_wall_us < 0)
		return;
	cf_host_name_copy(name, fact.name);
	if (!cf_hosts_can_be(&fact.addr)) {
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
	host = cf_hosts_get(hosts, &hosts->told, &fact.addr, place, at_wall_us);
	if (host == NULL)
		return;
	if (fact.mac != NULL) { /* first: another MAC ends the old binding at its own last time */
		cf_hosts_bind(hosts, host, fact.mac,
		    fact.is_used_only ? CF_IDENTITY_TRAFFIC : fact.kind, at_wall_us);
		if (host->has_mac && memcmp(host->mac, fact.mac, 6) != 0)
			return; /* not this one's: nor is the name */
	}
	if (at_wall_us > host->last_wall_us)
		host->last_wall_us = at_wall_us;
	if (fact.kind >= CF_IDENTITY_DHCP6)
		*cf_hosts_until_s(hosts, host) = until_s(&fact, at_wall_us);
	learn_name(host, &fact, name);
	cf_hosts_write_if_due(hosts, host);
}

/* The host's claim is over, for that reason. */
static void end_host(
    struct cf_hosts *hosts, struct cf_seen_host *host, enum cf_identity_end why, int64_t at_wall_us)
{
	if (at_wall_us > host->last_wall_us && why == CF_IDENTITY_RELEASED)
		host->last_wall_us = at_wall_us;
	if (cf_allowance_take(&hosts->told, at_wall_us))
		cf_hosts_write_ended(hosts, host, why);
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
	const struct cf_ask *ask = cf_asks_find(&hosts->asks, cf_mac_slice(end->mac), end->vlan);
	const struct cf_mac *mac = cf_mac_find(&hosts->table, end->mac);

	enum cf_family family = end->of_v6 ? CF_FAMILY_V6 : CF_FAMILY_V4;
	enum cf_identity_kind kind = end->of_v6 ? CF_IDENTITY_DHCP6 : CF_IDENTITY_DHCP4;

	if (ask != NULL && ask->wanted.family == family)
		end_addr(hosts, end, &ask->wanted, at_wall_us);
	for (unsigned i = 0; mac != NULL && i < mac->bound_count; i++) {
		struct cf_seen_host *host = &hosts->table.host[mac->bound[i]];

		if (host->addr.family == family && host->kind == kind && host->has_mac &&
		    host->vlan == end->vlan && memcmp(host->mac, end->mac, 6) == 0)
			end_host(hosts, host, end->why, at_wall_us);
	}
}

void cf_hosts_end(struct cf_hosts *hosts, const struct cf_host_end *end)
{
	int64_t at_wall_us = cf_hosts_believe(hosts, end->at_wall_us);

	if (at_wall_us < 0)
		return;
	if (end->addr.family != CF_FAMILY_NONE)
		end_addr(hosts, end, &end->addr, at_wall_us);
	else if (end->mac != NULL)
		end_grants(hosts, end, at_wall_us);
}
