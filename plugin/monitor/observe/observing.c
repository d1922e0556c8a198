/* The observer's frame: state, the lock, writing, and the look that every packet gets. */

#include "monitor/observe/observe.h"

#include "monitor/observe/observe_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S   INT64_C(1000000)
#define PORT_DOT   853
#define PORT_HTTPS 443

const char *cf_observe_counter_text(enum cf_observe_counter counter)
{
	static const char *const text[] = {
	    [CF_OBSERVE_HITS] = "hits",
	    [CF_OBSERVE_FINDINGS_OFF] = "evidence_off",
	    [CF_OBSERVE_RESOLVER_TRAFFIC] = "resolver_traffic",
	    [CF_OBSERVE_MAIL_RELAY] = "mail_relay",
	    [CF_OBSERVE_VENDOR_SINKHOLE] = "vendor_sinkhole",
	    [CF_OBSERVE_INBOUND] = "inbound",
	    [CF_OBSERVE_EXEMPT] = "exempt",
	    [CF_OBSERVE_ASKED_AGAIN] = "asked_again",
	    [CF_OBSERVE_LAN_EVICTED] = "lan_evicted",
	    [CF_OBSERVE_EDGE] = "edge",
	};

	return (unsigned)counter < CF_OBSERVE_COUNTERS ? text[counter] : "?";
}

static void write_identity(void *arg, const struct cf_identity *identity, uint32_t interface)
{
	struct cf_monitor *monitor = arg;
	struct cf_identity copy = *identity;

	if (interface < monitor->options.interface_count)
		copy.in_iface = monitor->options.interface_names[interface];
	/* A full queue drops the record and counts it; the host is recorded again within the hour.
	 */
	(void)cf_producer_identity(monitor->speaker->producer, &copy);
}

enum cf_status cf_monitor_new(
    const struct cf_monitor_options *options, struct cf_monitor **monitor_out)
{
	struct cf_monitor *monitor = calloc(1, sizeof *monitor);

	if (monitor == NULL)
		return CF_ENOMEM;
	pthread_mutex_init(&monitor->lock, NULL);
	monitor->options = *options;
	if (cf_flows_new(CF_VENDOR_FLOWS, options->seed, cf_observe_flow_ended, monitor,
	        &monitor->flows) != CF_OK ||
	    cf_flows_new(CF_EDGE_ATTEMPTS, options->seed, cf_observe_flow_ended, monitor,
	        &monitor->attempts) != CF_OK ||
	    cf_announced_new(options->seed, &monitor->announced) != CF_OK ||
	    cf_bypass_new(options->seed, cf_observe_bypass, monitor, &monitor->bypass) != CF_OK ||
	    cf_lookups_new(options->seed, cf_observe_looked_up, monitor, &monitor->lookups) !=
	        CF_OK ||
	    cf_hosts_new(options->seed, &monitor->options.locality, write_identity, monitor,
	        &monitor->hosts) != CF_OK) {
		cf_monitor_free(monitor);
		return CF_ENOMEM;
	}
	*monitor_out = monitor;
	return CF_OK;
}

void cf_monitor_free(struct cf_monitor *monitor)
{
	if (monitor == NULL)
		return;
	cf_flows_free(monitor->flows);
	cf_flows_free(monitor->attempts);
	cf_announced_free(monitor->announced);
	cf_bypass_free(monitor->bypass);
	cf_lookups_free(monitor->lookups);
	cf_hosts_free(monitor->hosts);
	pthread_mutex_destroy(&monitor->lock);
	free(monitor);
}

void cf_monitor_stats(struct cf_monitor *monitor, struct cf_observe_stats *stats_out)
{
	pthread_mutex_lock(&monitor->lock);
	for (unsigned i = 0; i < CF_OBSERVE_COUNTERS; i++)
		stats_out->at[i] = monitor->counter[i];
	stats_out->flows = cf_flows_used(monitor->flows);
	stats_out->flows_evicted =
	    cf_flows_evicted(monitor->flows) + cf_flows_evicted(monitor->attempts);
	stats_out->announced_evicted = cf_announced_evicted(monitor->announced);
	stats_out->hosts = cf_hosts_known(monitor->hosts);
	stats_out->hosts_evicted = cf_hosts_evicted(monitor->hosts);
	stats_out->bypass_evicted = cf_bypass_evicted(monitor->bypass);
	stats_out->lookups_evicted = cf_lookups_evicted(monitor->lookups);
	stats_out->macs_evicted = cf_hosts_macs_evicted(monitor->hosts);
	stats_out->identities_refused = cf_hosts_refused(monitor->hosts);
	pthread_mutex_unlock(&monitor->lock);
}

enum cf_status cf_observe_new(struct cf_monitor *monitor, struct cf_producer *producer,
    struct cf_watchlist *watchlist, struct cf_observe **observe_out)
{
	struct cf_observe *observe = calloc(1, sizeof *observe);

	if (observe == NULL)
		return CF_ENOMEM;
	observe->traffic = calloc(monitor->options.interface_count + 1U, sizeof *observe->traffic);
	if (observe->traffic == NULL) {
		free(observe);
		return CF_ENOMEM;
	}
	observe->monitor = monitor;
	observe->flow_filter = cf_flows_filter(monitor->flows);
	observe->producer = producer;
	observe->watchlist = watchlist == NULL ? NULL : cf_watchlist_get(watchlist);
	*observe_out = observe;
	return CF_OK;
}

void cf_observe_free(struct cf_observe *observe)
{
	if (observe == NULL)
		return;
	cf_watchlist_put(observe->watchlist);
	free(observe->traffic);
	free(observe);
}

void cf_observe_swap(struct cf_observe *observe, struct cf_watchlist *watchlist)
{
	struct cf_watchlist *old = observe->watchlist;

	observe->watchlist = cf_watchlist_get(watchlist);
	memset(observe->asn, 0, sizeof observe->asn);
	cf_watchlist_put(old);
}

static uint64_t mac_number(const uint8_t mac[6])
{
	uint32_t low;
	uint16_t high;

	memcpy(&low, mac, 4);
	memcpy(&high, mac + 4, 2);
	return UINT64_C(1) << 63 | (uint64_t)high << 32 | low; /* no MAC is 0 */
}

static uint64_t recent_tag(const struct cf_packet *packet)
{
	uint64_t high, low, link = packet->vlan_count > 0 ? packet->vlan[0] : 0;

	memcpy(&high, packet->src.bytes, 8);
	memcpy(&low, packet->src.bytes + 8, 8);
	if (packet->mac_src != NULL)
		link |= mac_number(packet->mac_src) << 16;
	high = (high ^ (low << 23 | low >> 41)) * UINT64_C(0x9e3779b97f4a7c15);
	high = (high ^ high >> 32 ^ link) * UINT64_C(0xbf58476d1ce4e5b9);
	return high ^ high >> 29;
}

/* Most packets come from outside through a router: they tell nothing about a host here. */
static bool is_through_router(const struct cf_observe *observe, const struct cf_packet *packet)
{
	uint64_t number;

	if (packet->mac_src == NULL)
		return false;
	number = mac_number(packet->mac_src);
	for (unsigned i = 0; i < ROUTER_SLOTS; i++)
		if (observe->router[i] == number)
			return !cf_locality_is_local(
			    &observe->monitor->options.locality, &packet->src);
	return false;
}

/*
 * True when this host was told to the shared table a moment ago; otherwise it is taken for told
 * now, in the place of the one told longest ago.
 */
static bool is_recent(struct cf_observe *observe, const struct cf_packet *packet)
{
	uint64_t hash = recent_tag(packet);
	uint32_t tag = (uint32_t)(hash >> 32) | 1;
	uint32_t at_s = (uint32_t)(packet->at_wall_us / US_PER_S);
	struct recent *ways = observe->recent[hash & (RECENT_SETS - 1)], *oldest = &ways[0];

	for (unsigned i = 0; i < RECENT_WAYS; i++) {
		if (ways[i].tag == tag) {
			oldest = &ways[i];
			if (at_s - oldest->at_s < observe->recent_s)
				return true;
			break;
		}
		if (ways[i].at_s < oldest->at_s)
			oldest = &ways[i];
	}
	*oldest = (struct recent){.tag = tag, .at_s = at_s};
	return false;
}

static void note_host(struct cf_observe *observe, const struct cf_packet *packet)
{
	if (is_through_router(observe, packet) || is_recent(observe, packet))
		return;
	cf_observe_lock(observe);
	if (cf_hosts_seen(observe->monitor->hosts, packet))
		observe->router[observe->router_next++ % ROUTER_SLOTS] =
		    mac_number(packet->mac_src);
	observe->recent_s =
	    cf_hosts_known(observe->monitor->hosts) < RECENT_FEW ? RECENT_FEW_S : RECENT_S;
	cf_observe_unlock(observe);
}

/* Two local hosts on a port that a listed LAN service uses. */
static bool is_lan(const struct cf_watchlist *list, const struct cf_packet *packet)
{
	return (packet->ip_proto == CF_PROTO_TCP || packet->ip_proto == CF_PROTO_UDP) &&
	    (cf_watchlist_lan(list, packet->ip_proto, packet->dst_port) ||
	        cf_watchlist_lan(list, packet->ip_proto, packet->src_port));
}

/* The look that every packet gets; anything costly is behind a test that ordinary packets fail. */
static void on_packet(void *context, const struct cf_packet *packet)
{
	struct cf_observe *observe = context;
	const struct cf_watchlist *list = observe->watchlist;
	const struct cf_flow_filter *flows = observe->flow_filter;

	if (packet->interface < observe->monitor->options.interface_count) {
		struct cf_observe_traffic *traffic =
		    &observe->traffic[packet->interface][cf_packet_vlan(packet) & 4095];

		traffic->packets++;
		traffic->bytes += packet->wire_bytes;
	}
	if (packet->edge.verdict != CF_EDGE_NONE) {
		cf_observe_edge(observe, packet);
		return; /* judged there; and where it was logged its TTL tells nothing */
	}
	if (packet->in_icmp_error)
		return; /* a quotation, not a packet of that host */
	note_host(observe, packet);
	if (list == NULL)
		return;
	if (cf_watchlist_maybe(list, &packet->dst) || cf_watchlist_maybe(list, &packet->src) ||
	    cf_flow_filter_maybe(flows, &packet->dst) ||
	    cf_flow_filter_maybe(flows, &packet->src) || observe->monitor->options.asn_everywhere)
		cf_observe_packet(observe, packet);
	if ((packet->dst_port == PORT_HTTPS || packet->dst_port == PORT_DOT) &&
	    cf_watchlist_maybe_resolver(list, &packet->dst) &&
	    (packet->ip_proto == CF_PROTO_UDP || (packet->tcp_flags & CF_TCP_SYN) != 0))
		cf_observe_encrypted_dns(observe, packet);
	if (is_lan(list, packet)) {
		cf_observe_lock(observe);
		cf_observe_lan(observe, packet);
		cf_observe_unlock(observe);
	}
}

struct cf_observer cf_observe_observer(struct cf_observe *observe)
{
	return (struct cf_observer){
	    .context = observe,
	    .packet = on_packet,
	    .dns = cf_observe_dns,
	    .client_hello = cf_observe_hello,
	    .server_hello = cf_observe_certificate,
	    .http_request = cf_observe_request,
	    .http_response = cf_observe_response,
	    .raw = cf_observe_raw,
	};
}

void cf_observe_reap(struct cf_observe *observe, int64_t now_wall_us)
{
	struct cf_monitor *monitor = observe->monitor;

	cf_observe_lock(observe);
	/* Offline, the next file may begin before the last one ended. */
	if (now_wall_us - monitor->reaped_wall_us >= US_PER_S ||
	    now_wall_us < monitor->reaped_wall_us - US_PER_S) {
		monitor->reaped_wall_us = now_wall_us;
		cf_flows_reap(monitor->flows, now_wall_us);
		cf_flows_reap(monitor->attempts, now_wall_us);
		cf_lookups_reap(monitor->lookups, now_wall_us);
		cf_bypass_reap(monitor->bypass, now_wall_us);
		cf_hosts_reap(monitor->hosts, now_wall_us);
	}
	cf_observe_unlock(observe);
}

void cf_observe_flush(struct cf_observe *observe)
{
	cf_observe_lock(observe);
	cf_flows_flush(observe->monitor->flows);
	cf_flows_flush(observe->monitor->attempts);
	cf_lookups_flush(observe->monitor->lookups);
	cf_bypass_flush(observe->monitor->bypass);
	cf_hosts_flush(observe->monitor->hosts);
	cf_observe_unlock(observe);
}

const struct cf_observe_traffic *cf_observe_traffic_get(
    const struct cf_observe *observe, uint32_t interface)
{
	return observe->traffic[interface];
}

enum cf_status cf_evidence_parse(const char *text, uint32_t *evidence_out, struct cf_error *error)
{
	uint32_t evidence = text[0] == '-' ? CF_EVIDENCE_ALL : 0;

	for (const char *at = text; *at != '\0';) {
		size_t len = strcspn(at, ",");
		bool off = *at == '-';
		const char *word = at + off;
		size_t word_len = len - off;
		enum cf_via via = CF_VIA_COUNT;
		uint32_t bits;

		if (word_len == 3 && memcmp(word, "all", 3) == 0)
			bits = CF_EVIDENCE_ALL;
		else if (len > 0 && cf_via_parse(word, word_len, &via))
			bits = UINT32_C(1) << via;
		else
			return cf_error_set(error, CF_EMALFORMED,
			    "no kind of evidence is called '%.*s'", (int)(len < 40 ? len : 40), at);
		evidence = off ? evidence & ~bits : evidence | bits;
		at += len;
		at += *at == ',';
	}
	*evidence_out = evidence;
	return CF_OK;
}
