/*
 * Vendor names in DNS on the wire: which client asked which resolver, what came back, which
 * addresses were announced to whom, and who went round a block. One file: question, answer and
 * bypass of one name are told by what was remembered of the one before.
 */

#include "monitor/message/decode_dns.h"
#include "monitor/observe/observe_answer.h"
#include "monitor/observe/observe_state.h"

#include <stdio.h>
#include <string.h>

#define US_PER_S   INT64_C(1000000)
#define TYPE_CNAME 5
/* A question that a resolver passes on follows the client's by at most this. */
#define FORWARD_S 10

static uint64_t hash_name(const struct cf_name *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < name->wire_len; i++)
		h = (h ^ name->wire[i]) * UINT64_C(0x100000001b3);
	return h;
}

static struct asked *asked_slot(
    struct cf_monitor *monitor, const struct cf_endpoints *ends, uint16_t id)
{
	uint32_t h = (uint32_t)id * 40503U ^ (uint32_t)ends->client_port << 5;

	for (unsigned i = 0; i < 16; i++)
		h = (h ^ ends->client.bytes[i] ^ ends->server.bytes[i]) * 16777619U;
	return &monitor->asked[(h ^ h >> 15) % ASKED_SLOTS];
}

static bool was_asked(
    struct cf_monitor *monitor, const struct cf_dns_message *message, uint64_t name_hash)
{
	const struct asked *slot = asked_slot(monitor, &message->ends, message->id);

	return slot->id == message->id && slot->client_port == message->ends.client_port &&
	    slot->name_hash == name_hash && cf_addr_equal(&slot->client, &message->ends.client) &&
	    cf_addr_equal(&slot->server, &message->ends.server);
}

static void remember_asked(struct cf_monitor *monitor, const struct cf_dns_message *message,
    uint64_t name_hash, int64_t at_wall_us)
{
	*asked_slot(monitor, &message->ends, message->id) = (struct asked){.at_wall_us = at_wall_us,
	    .client = message->ends.client,
	    .server = message->ends.server,
	    .client_port = message->ends.client_port,
	    .id = message->id,
	    .name_hash = name_hash};
}

/* A question with RD clear from this site to somebody else's name server: a resolver iterates. */
static bool is_iterating(const struct cf_locality *locality, const struct cf_dns_message *message)
{
	return message->bytes.len > 2 && (message->bytes.data[2] & 1) == 0 &&
	    cf_locality_is_local(locality, &message->ends.client) &&
	    !cf_locality_is_local(locality, &message->ends.server);
}

/*
 * A resolver asking on behalf of others: it iterates, it is known to answer, or it was itself asked
 * for this name a moment ago.
 */
static bool is_forwarded(struct cf_monitor *monitor, const struct cf_dns_message *message,
    uint64_t name_hash, int64_t at_wall_us)
{
	const struct cf_addr *client = &message->ends.client;

	if (is_iterating(&monitor->options.locality, message) ||
	    cf_locality_resolves_for_others(&monitor->options.locality, client))
		return true;
	for (unsigned i = 0; i < ASKED_SLOTS; i++) {
		const struct asked *slot = &monitor->asked[i];

		if (slot->name_hash == name_hash && cf_addr_equal(&slot->server, client) &&
		    at_wall_us - slot->at_wall_us < FORWARD_S * US_PER_S)
			return true;
	}
	return false;
}

/* A finding about this message, not yet judged. */
static void init_finding(struct cf_observe *observe, struct cf_finding *finding, enum cf_via via,
    const struct cf_packet *packet, const struct cf_dns_message *message,
    const struct cf_name *question, uint16_t qtype)
{
	bool own =
	    cf_locality_is_own_resolver(&observe->monitor->options.locality, &message->ends.server);

	cf_finding_init(finding, CF_EVENT_DNS, via, &message->ends,
	    message->transport == CF_TRANSPORT_TCP ? CF_PROTO_TCP : CF_PROTO_UDP,
	    packet->at_wall_us);
	finding->hit.dns.qname_wire = question->wire;
	finding->hit.dns.qtype = qtype;
	finding->hit.dns.own_resolver = own ? "own" : "foreign";
}

/* One look-up, one record. */
void cf_observe_looked_up(
    void *arg, const struct cf_lookup *lookup, const struct cf_lookup_answer *answer)
{
	struct cf_monitor *monitor = arg;
	char edes[CF_EDES_TEXT_BYTES];
	struct cf_finding finding;
	struct cf_hit *hit = &finding.hit;

	if (monitor->speaker == NULL || !cf_answer_finding(&finding, lookup, answer, edes))
		return;
	hit->has_src_mac = lookup->has_mac;
	memcpy(hit->src_mac, lookup->mac, sizeof hit->src_mac);
	hit->vlan = lookup->vlan;
	if (lookup->interface < monitor->options.interface_count)
		hit->in_iface = monitor->options.interface_names[lookup->interface];
	(void)cf_observe_write(monitor->speaker, NULL, &finding);
}

static void wait_for_answer(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *name, uint16_t qtype, bool own)
{
	struct cf_monitor *monitor = observe->monitor;
	struct cf_lookup lookup = {.at_wall_us = packet->at_wall_us,
	    .ends = message->ends,
	    .transport = message->transport,
	    .id = message->id,
	    .qtype = qtype,
	    .name = *name,
	    .watchlist = cf_watchlist_get(observe->watchlist),
	    .interface = packet->interface,
	    .vlan = cf_packet_vlan(packet),
	    .own_resolver = own};
	const uint8_t *mac = cf_observe_client_mac(monitor, packet, &message->ends.client);

	if (mac != NULL) {
		lookup.has_mac = true;
		memcpy(lookup.mac, mac, sizeof lookup.mac);
	}
	/* The host is recorded before what it did, as with every other hit. */
	cf_hosts_due(monitor->hosts, &message->ends.client, packet);
	cf_lookups_asked(monitor->lookups, &lookup);
}

static void on_question(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *name, uint16_t qtype)
{
	struct cf_monitor *monitor = observe->monitor;
	const struct cf_endpoints *ends = &message->ends;
	const struct cf_lookup *before;
	struct cf_resolver fallback;
	struct cf_finding finding;
	uint64_t name_hash;
	bool own;

	init_finding(observe, &finding, CF_VIA_QNAME, packet, message, name, qtype);
	if (!cf_finding_judge_name(&finding, observe->watchlist, name, qtype))
		return;
	name_hash = hash_name(name);
	if (is_forwarded(monitor, message, name_hash, packet->at_wall_us)) {
		monitor->counter[CF_OBSERVE_RESOLVER_TRAFFIC]++;
		return;
	}
	remember_asked(monitor, message, name_hash, packet->at_wall_us);
	own = finding.hit.dns.own_resolver[0] == 'o';
	if (!own && cf_watchlist_resolver(observe->watchlist, &ends->server, "fallback", &fallback))
		cf_bypass_fallback(monitor->bypass, &ends->client, &ends->server, fallback.order,
		    name, packet->at_wall_us);
	else
		cf_bypass_asked(
		    monitor->bypass, &ends->client, &ends->server, name, packet->at_wall_us);
	before = cf_lookups_find(monitor->lookups, message, name, qtype);
	if (before != NULL && before->waiting) {
		monitor->counter[CF_OBSERVE_ASKED_AGAIN]++;
		return;
	}
	wait_for_answer(observe, packet, message, name, qtype, own);
}

/* The answer to a listed question: was it blocked, did it escape, was the question seen at all? */
static void on_listed_answer(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, struct cf_finding *finding, const struct cf_name *name,
    uint16_t qtype, const struct cf_dns_answer *answer)
{
	struct cf_monitor *monitor = observe->monitor;
	const struct cf_endpoints *ends = &message->ends;
	struct cf_lookup *lookup = cf_lookups_find(monitor->lookups, message, name, qtype);
	bool own = finding->hit.dns.own_resolver[0] == 'o';
	bool through = cf_answer_is_through(&answer->said, own);
	bool waits = lookup != NULL && lookup->waiting;
	bool asked = waits || was_asked(monitor, message, hash_name(name));
	char edes[CF_EDES_TEXT_BYTES];

	if (!asked && is_forwarded(monitor, message, hash_name(name), packet->at_wall_us))
		return;
	if (own)
		cf_bypass_answered(monitor->bypass, &ends->client, &ends->server,
		    cf_answer_cause(&answer->said), cf_answer_ede(&answer->said),
		    packet->at_wall_us);
	else if (through)
		cf_bypass_escaped(monitor->bypass, &ends->client, packet->at_wall_us);
	if (waits) {
		lookup->through = through;
		cf_lookups_answered(monitor->lookups, lookup, &answer->said);
		return;
	}
	/* The question has been recorded, and this answer adds nothing - unless it is the first to
	 * show that the name got through, too late or after another. */
	if (asked && (!through || (lookup != NULL && lookup->through)))
		return;
	if (lookup != NULL)
		lookup->through = through;
	finding->hit.flow.escape = through && finding->decision.verdict == CF_VERDICT_BLOCK;
	cf_finding_salt(finding, &ends->server, sizeof ends->server);
	cf_answer_tell(finding, &answer->said, edes);
	cf_finding_reason(finding,
	    asked ? "a foreign resolver answered with addresses" : "answer seen, question not");
	(void)cf_observe_write(observe, packet, finding);
}

/* A chain or an address that leads to the vendor from a name that is not listed. */
static void on_chain(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *question, uint16_t qtype,
    const struct cf_name *target, const struct cf_dns_answer *answer)
{
	char edes[CF_EDES_TEXT_BYTES];
	struct cf_finding finding;

	init_finding(observe, &finding, CF_VIA_CNAME, packet, message, question, qtype);
	if (!cf_finding_judge_name(&finding, observe->watchlist, target, qtype))
		return;
	finding.hit.dns.cname_wire = target->wire;
	cf_finding_salt(&finding, question->wire, question->wire_len);
	cf_answer_tell(&finding, &answer->said, edes);
	cf_finding_reason(&finding, "an alias of a vendor name");
	(void)cf_observe_write(observe, packet, &finding);
}

static void on_answer_addr(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *question, uint16_t qtype,
    const struct cf_addr *addr, const struct cf_dns_answer *answer)
{
	char edes[CF_EDES_TEXT_BYTES];
	struct cf_network network;
	struct cf_finding finding;
	uint32_t id =
	    cf_watchlist_network(observe->watchlist, addr, packet->at_wall_us / US_PER_S, &network);

	if (id == CF_NONE || network.kind != CF_NETWORK_DEDICATED)
		return;
	init_finding(observe, &finding, CF_VIA_ANSWER_ADDR, packet, message, question, qtype);
	if (!cf_finding_judge_network(&finding, observe->watchlist, addr, id, NULL))
		return;
	cf_finding_salt(&finding, question->wire, question->wire_len);
	cf_answer_tell(&finding, &answer->said, edes);
	cf_finding_reason(&finding, "a name that is not listed has an address of the vendor");
	(void)cf_observe_write(observe, packet, &finding);
}

/* Announced addresses of the vendor, and what leads to it from a name that is not known. */
static void follow_answer(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *question, uint16_t qtype,
    bool known, const struct cf_dns_answer *answer)
{
	const struct cf_watchlist *list = observe->watchlist;
	struct cf_dns_cursor cursor = cf_dns_start(message);
	struct cf_match matches[CF_MATCHES];
	struct cf_dns_record record;
	bool news = !known &&
	    !cf_locality_resolves_for_others(
	        &observe->monitor->options.locality, &message->ends.client);

	for (unsigned i = 0; i < CF_ANSWER_RECORDS && cf_dns_record_next(message, &cursor, &record);
	     i++) {
		struct cf_addr addr;
		struct cf_name target;

		if (record.section != CF_DNS_ANSWER)
			break;
		if (news && record.type == TYPE_CNAME &&
		    cf_dns_name_at(message, record.rdata_offset, &target, NULL) &&
		    cf_image_find_name(list->image, &target, matches) > 0) {
			news = false; /* the chain says it all */
			on_chain(observe, packet, message, question, qtype, &target, answer);
		}
		if (!cf_answer_addr(&record, &addr) || !cf_watchlist_maybe(list, &addr))
			continue;
		cf_announced_add(observe->monitor->announced, &message->ends.client, &addr,
		    question, packet->at_wall_us, answer->ttl_s);
		if (news)
			on_answer_addr(observe, packet, message, question, qtype, &addr, answer);
	}
}

static void on_response(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *name, uint16_t qtype)
{
	struct cf_finding finding;
	struct cf_dns_answer answer;
	bool listed;

	init_finding(observe, &finding, CF_VIA_QNAME, packet, message, name, qtype);
	listed = cf_finding_judge_name(&finding, observe->watchlist, name, qtype);
	cf_answer_read(observe->watchlist, message, qtype, &answer);
	/* A listed name that policy lets pass is known, too: its chain is no news. */
	if (answer.has_alias || answer.has_interest)
		follow_answer(observe, packet, message, name, qtype,
		    listed || finding.decision.matched, &answer);
	if (listed)
		on_listed_answer(observe, packet, message, &finding, name, qtype, &answer);
}

/* An error without the question: whose it is, its ends and id tell. */
static void on_bare_error(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message)
{
	const struct cf_lookup *lookup =
	    cf_lookups_find_unnamed(observe->monitor->lookups, message);
	struct cf_name name;

	if (lookup == NULL)
		return;
	name = lookup->name; /* its place may be taken while it is told */
	on_response(observe, packet, message, &name, lookup->qtype);
}

void cf_observe_dns(
    void *context, const struct cf_packet *packet, const struct cf_dns_message *message)
{
	struct cf_observe *observe = context;
	struct cf_monitor *monitor = observe->monitor;
	struct cf_dns_cursor cursor = cf_dns_start(message);
	struct cf_name name;
	uint16_t qtype, class;

	if (packet->in_icmp_error)
		return;
	cf_observe_lock(observe);
	if (message->kind != CF_DNS_UNICAST) {
		cf_observe_local_names(observe, packet, message);
	} else if (observe->watchlist != NULL) {
		if (message->response) {
			cf_announced_visible(
			    monitor->announced, &message->ends.client, packet->at_wall_us);
			cf_locality_answered(&monitor->options.locality, &message->ends.server);
		}
		if (cf_dns_question_next(message, &cursor, &name, &qtype, &class)) {
			if (message->response)
				on_response(observe, packet, message, &name, qtype);
			else
				on_question(observe, packet, message, &name, qtype);
		} else if (message->response && message->question_count == 0 &&
		    message->rcode != 0) {
			on_bare_error(observe, packet, message);
		}
	}
	cf_observe_unlock(observe);
}

void cf_observe_bypass(void *arg, const struct cf_bypass_case *found)
{
	struct cf_monitor *monitor = arg;
	struct cf_endpoints ends = {
	    .client = found->client, .server = found->step[0], .server_port = 53};
	char steps[CF_BYPASS_STEPS * 20 + 1], text[CF_ADDR_TEXT_BYTES];
	struct cf_finding finding;
	struct cf_name name;
	size_t at = 0;

	if (monitor->speaker == NULL || monitor->speaker->watchlist == NULL ||
	    cf_name_from_wire(found->name_wire, CF_NAME_WIRE_BYTES, &name) != CF_OK)
		return;
	cf_finding_init(
	    &finding, CF_EVENT_BYPASS, CF_VIA_FALLBACK, &ends, CF_PROTO_UDP, found->first_wall_us);
	if (!cf_finding_judge_name(&finding, monitor->speaker->watchlist, &name, 0))
		return;
	for (unsigned i = 0; i < found->step_count && at + 20 < sizeof steps; i++)
		at += (size_t)snprintf(steps + at, sizeof steps - at, "%s%.18s", i == 0 ? "" : ",",
		    cf_addr_format(&found->step[i], text));
	finding.hit.match.value = (struct cf_text){.data = steps, .len = at};
	finding.hit.dns.qname_wire = found->name_wire;
	finding.hit.dns.ede = found->ede;
	finding.hit.dns.own_resolver = "foreign";
	finding.hit.match.confidence = found->step_count > 1 ? "documented" : "listed";
	finding.hit.flow.escape =
	    found->answered_count > 0 && finding.decision.verdict == CF_VERDICT_BLOCK;
	cf_finding_reason(&finding,
	    "%s at %s, then %u questions to %u of the vendor's fallback "
	    "resolvers%s; %u answered",
	    cf_bypass_cause_text(found->cause),
	    found->resolver.family == CF_FAMILY_NONE ? "the own resolver"
	                                             : cf_addr_format(&found->resolver, text),
	    found->question_count, found->step_count,
	    cf_bypass_in_order(found) ? " in their order" : "", found->answered_count);
	cf_finding_salt(&finding, &found->first_wall_us, sizeof found->first_wall_us);
	(void)cf_observe_write(monitor->speaker, NULL, &finding);
}
