/* From a flow's first record to its last: what is kept, what is counted, what is said at its end.
 */

#include "monitor/observe/observe_state.h"

#include <stdio.h>
#include <string.h>

void cf_observe_flow_members(struct cf_hit *hit, const struct cf_flow *flow, bool ended)
{
	hit->flow.state = cf_flow_state_text(flow);
	hit->flow.dns_seen = flow->dns_seen;
	if (!ended)
		return;
	hit->flow.pkts_out = flow->pkts_out;
	hit->flow.bytes_out = flow->bytes_out;
	hit->flow.pkts_in = flow->pkts_in;
	hit->flow.bytes_in = flow->bytes_in;
	hit->flow.payload_in = flow->payload_in;
	hit->flow.first_wall_us = flow->first_wall_us;
	hit->flow.escape = flow->escaped_in > 0;
}

void cf_observe_keep(
    struct cf_observe *observe, struct cf_flow *flow, const struct cf_finding *finding)
{
	cf_watchlist_put(flow->watchlist);
	flow->watchlist = cf_watchlist_get(observe->watchlist);
	flow->hit = finding->hit;
	flow->via = finding->hit.via;
	flow->blocked_from_wall_s = finding->blocked_from_wall_s;
	snprintf(flow->value, sizeof flow->value, "%.*s", (int)finding->hit.match.value.len,
	    finding->hit.match.value.data);
	flow->hit.match.value = (struct cf_text){.data = flow->value, .len = strlen(flow->value)};
	if (finding->hit.match.rule == finding->rule) {
		snprintf(flow->rule, sizeof flow->rule, "%s", finding->rule);
		flow->hit.match.rule = flow->rule;
	}
	snprintf(flow->reason, sizeof flow->reason, "%s", finding->reason);
	flow->hit.match.reason = flow->reason;
	flow->hit.asn_org = finding->hit.asn_org; /* in the image, or NULL: see the callers */
	/* Slices of the packet, and what only the first record says. */
	memset(&flow->hit.dns, 0, sizeof flow->hit.dns);
	memset(&flow->hit.tls, 0, sizeof flow->hit.tls);
	memset(&flow->hit.http, 0, sizeof flow->hit.http);
	flow->hit.relay = NULL;
	flow->reported = true;
}

void cf_observe_follow(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_endpoints *ends, uint8_t ip_proto, const struct cf_finding *finding)
{
	struct cf_monitor *monitor = observe->monitor;
	struct cf_flow *flow = cf_flows_find_ends(monitor->flows, ends, ip_proto);

	if (flow == NULL) {
		flow = cf_flows_add(monitor->flows, ends, ip_proto, packet->at_wall_us);
		cf_flows_count(
		    monitor->flows, flow, packet, cf_addr_equal(&packet->src, &ends->client));
	}
	/* A name says more than an address, and a block more than a flag. */
	if (flow->reported && flow->blocked_from_wall_s <= finding->blocked_from_wall_s &&
	    flow->via != CF_VIA_DEST_IP && flow->via != CF_VIA_SHARED_IP && flow->via != CF_VIA_ASN)
		return;
	if (flow->blocked_from_wall_s < finding->blocked_from_wall_s)
		return;
	flow->recognised = false;
	cf_observe_keep(observe, flow, finding);
}

void cf_observe_flow_ended(void *arg, struct cf_flow *flow, enum cf_flow_end why)
{
	struct cf_monitor *monitor = arg;
	struct cf_finding finding;

	if (!flow->reported || flow->recognised || flow->inbound || monitor->speaker == NULL)
		return;
	/* An attempt at the edge that was not repeated has been told whole. */
	if (flow->via == CF_VIA_EGRESS && flow->pkts_out < 2)
		return;
	finding.hit = flow->hit;
	finding.hit.event =
	    flow->hit.event == CF_EVENT_SINKHOLE ? CF_EVENT_SINKHOLE : CF_EVENT_FLOW;
	finding.hit.at_wall_us = flow->last_wall_us;
	cf_observe_flow_members(&finding.hit, flow, true);
	if (why == CF_FLOW_EVICTED)
		finding.hit.match.reason =
		    "followed no longer: too many flows to the vendor at once";
	/* Byte counts must not be folded away: every flow's end is its own line. */
	finding.hit.key = flow->serial | UINT64_C(1) << 63;
	(void)cf_observe_write(monitor->speaker, NULL, &finding);
}
