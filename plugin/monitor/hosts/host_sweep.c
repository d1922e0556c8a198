/* What time does to what is believed of hosts: grants that run out, silence, the end of a run. */

#include "monitor/hosts/bindings.h"

/* A binding silent for this long is forgotten. */
#define FORGET_S 86400
/* The whole table is walked once in so many calls of cf_hosts_reap(). */
#define SWEEP_PARTS 64

/*
 * A host's grant ran out, and it was not seen since: the address is nobody's from then on. It was
 * the host's until then, but that says nothing of the host being there, as a lease file does not.
 */
static void expire(struct cf_hosts *hosts, struct cf_seen_host *host, int64_t until_wall_us)
{
	struct cf_identity lease = cf_hosts_identity(hosts, host, CF_IDENTITY_EXPIRED);

	lease.kind = "lease";
	lease.to_wall_us = until_wall_us;
	if (cf_allowance_take(&hosts->told, hosts->clock_wall_us))
		hosts->write(hosts->arg, &lease, host->interface);
	cf_hosts_forget(hosts, host);
}

/* What traffic alone said is written when it has settled, or fallen silent. */
static void look_at(struct cf_hosts *hosts, struct cf_seen_host *host, int64_t now_wall_us)
{
	int64_t silent_us = now_wall_us - host->last_wall_us;

	if (host->addr.family == CF_FAMILY_NONE)
		return;
	if (silent_us >= SETTLE_S * US_PER_S && host->written_wall_us == 0)
		cf_hosts_write(hosts, host);
	int64_t until_wall_us = *cf_hosts_until_s(hosts, host) * US_PER_S;

	if (until_wall_us != 0 && host->last_wall_us >= until_wall_us)
		*cf_hosts_until_s(hosts, host) = 0; /* renewed where it could not be seen */
	else if (until_wall_us != 0 && now_wall_us >= until_wall_us)
		expire(hosts, host, until_wall_us);
	else if (silent_us >= FORGET_S * US_PER_S && until_wall_us == 0)
		cf_hosts_forget(hosts, host);
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

		if (host->addr.family != CF_FAMILY_NONE && cf_hosts_is_news(host))
			cf_hosts_write(hosts, host);
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
