/* What every part of the observer does with the shared state: locking, writing, asking. */

#include "monitor/observe/observe_state.h"

#include <string.h>

void cf_observe_lock(struct cf_observe *observe)
{
	pthread_mutex_lock(&observe->monitor->lock);
	observe->monitor->speaker = observe;
}

void cf_observe_unlock(struct cf_observe *observe)
{
	observe->monitor->speaker = NULL;
	pthread_mutex_unlock(&observe->monitor->lock);
}

const uint8_t *cf_observe_client_mac(
    const struct cf_monitor *monitor, const struct cf_packet *packet, const struct cf_addr *client)
{
	const uint8_t *mac = NULL;

	if (cf_addr_equal(&packet->src, client))
		mac = packet->mac_src;
	else if (cf_addr_equal(&packet->dst, client))
		mac = packet->mac_dst;
	return mac != NULL && cf_hosts_is_mac_of(monitor->hosts, mac, client, packet) ? mac : NULL;
}

bool cf_observe_write(
    struct cf_observe *observe, const struct cf_packet *packet, struct cf_finding *finding)
{
	struct cf_monitor *monitor = observe->monitor;
	struct cf_hit *hit = &finding->hit;
	char org[CF_ASN_ORG_BYTES];

	if ((monitor->options.evidence >> hit->via & 1) == 0) {
		monitor->counter[CF_OBSERVE_FINDINGS_OFF]++;
		return false;
	}
	if (packet != NULL) {
		const uint8_t *mac = cf_observe_client_mac(monitor, packet, &hit->src);

		if (mac != NULL) {
			hit->has_src_mac = true;
			memcpy(hit->src_mac, mac, 6);
		}
		hit->vlan = cf_packet_vlan(packet);
		if (packet->interface < monitor->options.interface_count)
			hit->in_iface = monitor->options.interface_names[packet->interface];
		cf_hosts_due(monitor->hosts, &hit->src, packet);
	}
	if (hit->asn == 0 && monitor->options.asn_db != NULL &&
	    cf_asn_find(monitor->options.asn_db, &hit->dest, &hit->asn, org))
		hit->asn_org = org;
	monitor->counter[CF_OBSERVE_HITS]++;
	/* When the queue is full the hit is dropped, and the log counts it and says so. */
	(void)cf_producer_hit(observe->producer, hit);
	if (hit->asn_org == org) {
		hit->asn = 0; /* org ends with this function; whoever keeps the hit asks again */
		hit->asn_org = NULL;
	}
	return true;
}

enum cf_dns_seen cf_observe_dns_seen(struct cf_observe *observe, const struct cf_addr *client,
    uint16_t vlan, const struct cf_addr *server, int64_t at_wall_us,
    const struct cf_announcement **announcement_out)
{
	struct cf_monitor *monitor = observe->monitor;
	struct cf_addr other[8];
	unsigned count = 0;
	enum cf_dns_seen seen =
	    cf_announced_find(monitor->announced, client, server, at_wall_us, announcement_out);

	if (seen == CF_DNS_RESOLVED ||
	    !cf_hosts_other_addresses(monitor->hosts, client, vlan, other, 8, &count))
		return seen;
	/* A host that asks over IPv6 and connects over IPv4 is one host. */
	for (unsigned i = 0; i < count; i++) {
		enum cf_dns_seen by_other = cf_announced_find(
		    monitor->announced, &other[i], server, at_wall_us, announcement_out);

		if (by_other == CF_DNS_RESOLVED)
			return by_other;
		if (seen == CF_DNS_UNKNOWN)
			seen = by_other;
	}
	return seen;
}
