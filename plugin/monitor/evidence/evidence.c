/* Judging findings: from a decision to the members of a hit record. */

#include "monitor/evidence/evidence.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define US_PER_S INT64_C(1000000)

void cf_finding_init(struct cf_finding *finding, enum cf_event event, enum cf_via via,
    const struct cf_endpoints *ends, uint8_t ip_proto, int64_t at_wall_us)
{
	memset(&finding->hit, 0, sizeof finding->hit);
	memset(&finding->decision, 0, sizeof finding->decision);
	finding->value[0] = finding->rule[0] = finding->reason[0] = '\0';
	finding->blocked_from_wall_s = INT64_MAX;
	finding->hit.at_wall_us = at_wall_us;
	finding->hit.event = event;
	finding->hit.via = via;
	finding->hit.src = ends->client;
	finding->hit.dest = ends->server;
	finding->hit.src_port = ends->client_port;
	finding->hit.dest_port = ends->server_port;
	finding->hit.ip_proto = ip_proto;
}

void cf_finding_salt(struct cf_finding *finding, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t h = finding->hit.key ^ UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
	finding->hit.key = h == 0 ? 1 : h;
}

void cf_finding_reason(struct cf_finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->reason, sizeof finding->reason, format, args);
	va_end(args);
	finding->hit.match.reason = finding->reason;
}

void cf_finding_unsure(struct cf_finding *finding)
{
	size_t len = strlen(finding->reason);

	snprintf(finding->reason + len, sizeof finding->reason - len,
	    "%sbegan where nothing before it was read", len == 0 ? "" : "; ");
	finding->hit.match.reason = finding->reason;
}

static struct cf_question question_of(const struct cf_finding *finding, uint16_t qtype)
{
	return (struct cf_question){.client = &finding->hit.src,
	    .qtype = qtype,
	    .at_wall_s = finding->hit.at_wall_us / US_PER_S};
}

/* What the policy says, in the words of the record; false when nothing is to be recorded. */
static bool take_decision(struct cf_finding *finding, const struct cf_watchlist *list)
{
	const struct cf_decision *decision = &finding->decision;
	struct cf_hit *hit = &finding->hit;

	if (!decision->matched)
		return false;
	if (decision->exception != CF_NONE) {
		struct cf_exception exception;

		cf_image_exception(list->image, decision->exception, &exception);
		hit->policy.exception_owner = exception.owner;
		/* An exception may also be stricter than the rest. */
		hit->action =
		    decision->verdict == CF_VERDICT_BLOCK ? CF_ACTION_OBSERVE : CF_ACTION_ALLOW;
	} else if (decision->verdict == CF_VERDICT_PASS) {
		return false;
	} else {
		hit->action =
		    decision->verdict == CF_VERDICT_BLOCK ? CF_ACTION_OBSERVE : CF_ACTION_FLAG;
	}
	hit->match.category = cf_category_text(decision->category);
	hit->policy.name = cf_image_policy_name(list->image, decision->schedule);
	if (decision->phase != CF_NONE) {
		struct cf_phase phase;

		cf_image_phase(list->image, decision->phase, &phase);
		hit->policy.phase = phase.name;
		hit->policy.cutoff_wall_s = phase.from_wall_s;
	}
	if (decision->verdict == CF_VERDICT_BLOCK)
		finding->blocked_from_wall_s = hit->at_wall_us / US_PER_S;
	cf_finding_salt(finding, &decision->verdict, sizeof decision->verdict);
	cf_finding_salt(finding, &hit->via, sizeof hit->via);
	return true;
}

static void describe_entry(struct cf_finding *finding, const struct cf_watchlist *list, uint32_t id)
{
	struct cf_entry entry;

	cf_image_entry(list->image, id, &entry);
	finding->hit.match.rule_wire = entry.name_wire;
	finding->hit.match.rule_type = cf_scope_text(entry.scope);
	finding->hit.match.list = entry.list;
	finding->hit.match.serial = entry.serial;
	finding->hit.match.product = entry.product;
	finding->hit.match.confidence = cf_confidence_text(entry.confidence);
	cf_finding_salt(finding, &id, sizeof id);
}

/* When a flow may live past the next change of policy, what then? */
static void look_ahead_name(struct cf_finding *finding, const struct cf_watchlist *list,
    struct cf_question question, const struct cf_name *name)
{
	struct cf_decision later;

	question.at_wall_s = finding->decision.next_change_wall_s;
	if (finding->blocked_from_wall_s != INT64_MAX || question.at_wall_s == INT64_MAX)
		return;
	cf_decide_name(list->image, &question, name, &later);
	if (later.matched && later.verdict == CF_VERDICT_BLOCK)
		finding->blocked_from_wall_s = question.at_wall_s;
}

bool cf_finding_judge_name(struct cf_finding *finding, const struct cf_watchlist *list,
    const struct cf_name *name, uint16_t qtype)
{
	struct cf_question question = question_of(finding, qtype);

	cf_decide_name(list->image, &question, name, &finding->decision);
	if (!take_decision(finding, list))
		return false;
	if (finding->decision.entry != CF_NONE)
		describe_entry(finding, list, finding->decision.entry);
	look_ahead_name(finding, list, question, name);
	cf_name_format(name, finding->value);
	finding->hit.match.value =
	    (struct cf_text){.data = finding->value, .len = strlen(finding->value)};
	cf_finding_salt(finding, name->wire, name->wire_len);
	return true;
}

bool cf_finding_judge_network(struct cf_finding *finding, const struct cf_watchlist *list,
    const struct cf_addr *addr, uint32_t network, const struct cf_name *name)
{
	struct cf_question question = question_of(finding, 0);
	struct cf_hit *hit = &finding->hit;
	struct cf_network listed;

	finding->decision.matched = false;
	if (name != NULL)
		cf_decide_name(list->image, &question, name, &finding->decision);
	if (finding->decision.matched)
		look_ahead_name(finding, list, question, name);
	else
		cf_decide_addr(list->image, &question, addr, &finding->decision);
	if (!take_decision(finding, list))
		return false;
	cf_image_network(list->image, network, &listed);
	hit->match.rule = cf_prefix_format(&listed.prefix, finding->rule);
	hit->match.rule_type = "cidr";
	hit->match.list = listed.list;
	hit->match.serial = listed.serial;
	hit->match.confidence = cf_confidence_text(listed.confidence);
	if (listed.asn != 0) {
		hit->asn = listed.asn;
		hit->asn_org = listed.org;
	}
	cf_addr_format(addr, finding->value);
	hit->match.value = (struct cf_text){.data = finding->value, .len = strlen(finding->value)};
	cf_finding_salt(finding, addr, sizeof *addr);
	cf_finding_salt(finding, &hit->dest_port, sizeof hit->dest_port);
	return true;
}

bool cf_finding_judge_category(struct cf_finding *finding, const struct cf_watchlist *list,
    uint32_t pack, enum cf_category category, const char *value, const char *rule,
    const char *rule_type)
{
	struct cf_question question = question_of(finding, 0);
	struct cf_hit *hit = &finding->hit;
	struct cf_image_pack listed;

	cf_decide_category(list->image, &question, pack, category, &finding->decision);
	finding->decision.category = category;
	finding->decision.matched = true;
	if (!take_decision(finding, list))
		return false;
	snprintf(finding->value, sizeof finding->value, "%s", value);
	snprintf(finding->rule, sizeof finding->rule, "%s", rule);
	hit->match.value = (struct cf_text){.data = finding->value, .len = strlen(finding->value)};
	hit->match.rule = finding->rule;
	hit->match.rule_type = rule_type;
	cf_image_pack(list->image, pack, &listed);
	hit->match.list = listed.vendor;
	hit->match.serial = listed.version;
	cf_finding_salt(finding, value, strlen(value));
	cf_finding_salt(finding, rule, strlen(rule));
	return true;
}

bool cf_finding_judge_signature(struct cf_finding *finding, const struct cf_watchlist *list,
    uint32_t signature, struct cf_slice text)
{
	struct cf_signature listed;

	cf_image_signature(list->image, signature, &listed);
	if (!cf_finding_judge_category(
	        finding, list, listed.pack, listed.category, "", listed.value, "signature"))
		return false;
	finding->hit.match.value =
	    (struct cf_text){.data = (const char *)text.data, .len = text.len};
	finding->hit.match.rule = listed.value;
	finding->hit.match.product = listed.product;
	finding->hit.match.confidence = cf_confidence_text(listed.confidence);
	cf_finding_salt(finding, text.data, text.len);
	cf_finding_salt(finding, &finding->hit.dest, sizeof finding->hit.dest);
	return true;
}
