/* What is believed, as records, and room for one host more. */

#include "monitor/hosts/bindings.h"

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

/* How the address is bound; where it is merely used, a name that came with it tells more. */
static enum cf_identity_kind kind_of(const struct cf_seen_host *host)
{
	if (host->kind != CF_IDENTITY_TRAFFIC || host->name[0] == '\0' ||
	    host->name_kind > CF_IDENTITY_MDNS)
		return host->kind;
	return host->name_kind;
}

struct cf_identity cf_hosts_identity(
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

void cf_hosts_write_ended(
    struct cf_hosts *hosts, struct cf_seen_host *host, enum cf_identity_end end)
{
	struct cf_identity identity = cf_hosts_identity(hosts, host, end);

	hosts->write(hosts->arg, &identity, host->interface);
	host->written_wall_us = host->last_wall_us;
	host->changed = false;
}

void cf_hosts_write(struct cf_hosts *hosts, struct cf_seen_host *host)
{
	cf_hosts_write_ended(hosts, host, CF_IDENTITY_OPEN);
}

/* Says what was not said yet of a host that makes room or is gone. */
void cf_hosts_forget(struct cf_hosts *hosts, struct cf_seen_host *host)
{
	if (cf_hosts_is_news(host))
		cf_hosts_write(hosts, host);
	cf_host_remove(&hosts->table, host);
}

/*
 * A host that is not there yet, another one making room if need be. NULL: too many at once; this
 * one's first and last records come with it.
 */
struct cf_seen_host *cf_hosts_add(struct cf_hosts *hosts, struct cf_allowance *allowance,
    const struct cf_addr *addr, struct cf_host_place place, int64_t at_wall_us)
{
	struct cf_seen_host *victim, *host;

	if (!cf_allowance_take(allowance, at_wall_us))
		return NULL;
	victim = cf_host_victim(&hosts->table);
	if (victim != NULL)
		cf_hosts_forget(hosts, victim);
	host = cf_host_add(&hosts->table, addr, place);
	host->from_wall_us = host->last_wall_us = at_wall_us;
	host->changed = true;
	return host;
}

struct cf_seen_host *cf_hosts_get(struct cf_hosts *hosts, struct cf_allowance *allowance,
    const struct cf_addr *addr, struct cf_host_place place, int64_t at_wall_us)
{
	struct cf_seen_host *host = cf_host_find(&hosts->table, addr, place);

	return host != NULL ? host : cf_hosts_add(hosts, allowance, addr, place, at_wall_us);
}
