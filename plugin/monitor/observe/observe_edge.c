/*
 * What the edge logged: judged there, in the kernel, by rules of the same image. It is recorded
 * with the verdict that it had; the image here says which entry, phase and exception that was by.
 * Attempts are kept as flows of their own table, so that one that is repeated is one.
 */

#include "monitor/observe/observe_state.h"

#define US_PER_S INT64_C(1000000)

static enum cf_action action_of(enum cf_edge_verdict verdict)
{
	if (verdict == CF_EDGE_FLAG)
		return CF_ACTION_FLAG;
	return verdict == CF_EDGE_ALLOW ? CF_ACTION_ALLOW : CF_ACTION_BLOCK;
}

static void give_reason(struct cf_finding *finding, const struct cf_packet *packet)
{
	switch ((enum cf_edge_verdict)packet->edge.verdict) {
	case CF_EDGE_STOP:
		cf_finding_reason(finding, "stopped at the edge");
		return;
	case CF_EDGE_LEAD:
		cf_finding_reason(finding, "led to the site's resolver");
		return;
	case CF_EDGE_NONE:
	case CF_EDGE_FLAG:
	case CF_EDGE_ALLOW:
		cf_finding_reason(finding, "let through at the edge");
	}
}

/* What is known of an address that the edge's table has and the image here does not judge so. */
static void judge_unlisted(struct cf_finding *finding, const struct cf_watchlist *list,
    const struct cf_addr *addr, uint32_t network_id)
{
	struct cf_hit *hit = &finding->hit;
	struct cf_network listed;

	cf_addr_format(addr, finding->value);
	hit->match.value = (struct cf_text){.data = finding->value, .len = strlen(finding->value)};
	hit->match.category = cf_category_text(CF_CATEGORY_INFORMATIONAL);
	if (network_id != CF_NONE) {
		cf_image_network(list->image, network_id, &listed);
		hit->match.rule = cf_prefix_format(&listed.prefix, finding->rule);
		hit->match.rule_type = "cidr";
		hit->match.list = listed.list;
		hit->match.serial = listed.serial;
		hit->match.category = cf_category_text(listed.category);
	}
	cf_finding_salt(finding, addr, sizeof *addr);
	cf_finding_salt(finding, &hit->dest_port, sizeof hit->dest_port);
}

static void judge_network(
    struct cf_finding *finding, const struct cf_watchlist *list, const struct cf_packet *packet)
{
	struct cf_network listed;
	uint32_t network = list == NULL
	    ? CF_NONE
	    : cf_watchlist_network(list, &packet->dst, packet->at_wall_us / US_PER_S, &listed);

	if (network == CF_NONE ||
	    !cf_finding_judge_network(finding, list, &packet->dst, network, NULL))
		judge_unlisted(finding, list, &packet->dst, network);
}

/* A way round the site's resolvers is nobody's network: it is recorded by what it is. */
static void judge_way(struct cf_finding *finding, const struct cf_packet *packet)
{
	struct cf_hit *hit = &finding->hit;

	judge_unlisted(finding, NULL, &packet->dst, CF_NONE);
	hit->match.rule = cf_edge_subject_text((enum cf_edge_subject)packet->edge.subject);
	hit->match.rule_type = "way";
	cf_finding_salt(finding, &packet->edge.subject, sizeof packet->edge.subject);
}

static void report(
    struct cf_observe *observe, const struct cf_packet *packet, struct cf_flow *attempt)
{
	struct cf_endpoints ends = {.client = packet->src,
	    .server = packet->dst,
	    .client_port = packet->src_port,
	    .server_port = packet->dst_port};
	struct cf_finding finding;

	cf_finding_init(
	    &finding, CF_EVENT_FLOW, CF_VIA_EGRESS, &ends, packet->ip_proto, packet->at_wall_us);
	if (packet->edge.subject == CF_EDGE_NETWORK)
		judge_network(&finding, observe->watchlist, packet);
	else
		judge_way(&finding, packet);
	finding.hit.action = action_of((enum cf_edge_verdict)packet->edge.verdict);
	cf_finding_salt(&finding, &packet->edge.verdict, sizeof packet->edge.verdict);
	give_reason(&finding, packet);
	finding.hit.flow.state = cf_flow_state_text(attempt);
	finding.blocked_from_wall_s = INT64_MAX; /* nothing comes back this way */
	if (cf_observe_write(observe, packet, &finding) && observe->watchlist != NULL)
		cf_observe_keep(observe, attempt, &finding);
}

/* A connection that was let through and now is not: what went before is told first. */
static void turn(struct cf_monitor *monitor, struct cf_flow *attempt, int64_t at_wall_us)
{
	cf_observe_flow_ended(monitor, attempt, CF_FLOW_CLOSED);
	attempt->first_wall_us = at_wall_us;
	attempt->pkts_out = attempt->bytes_out = 0;
	attempt->reported = false;
}

void cf_observe_edge(struct cf_observe *observe, const struct cf_packet *packet)
{
	struct cf_monitor *monitor = observe->monitor;
	struct cf_endpoints ends = {.client = packet->src,
	    .server = packet->dst,
	    .client_port = packet->src_port,
	    .server_port = packet->dst_port};
	enum cf_action action = action_of((enum cf_edge_verdict)packet->edge.verdict);
	struct cf_flow *attempt;

	cf_observe_lock(observe);
	monitor->counter[CF_OBSERVE_EDGE]++;
	attempt = cf_flows_find_ends(monitor->attempts, &ends, packet->ip_proto);
	if (attempt == NULL)
		attempt =
		    cf_flows_add(monitor->attempts, &ends, packet->ip_proto, packet->at_wall_us);
	if (attempt->reported && attempt->hit.action != action)
		turn(monitor, attempt, packet->at_wall_us);
	cf_flows_count(monitor->attempts, attempt, packet, true);
	if (!attempt->reported)
		report(observe, packet, attempt);
	cf_observe_unlock(observe);
}
