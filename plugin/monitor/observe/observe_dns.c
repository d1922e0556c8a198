/*
 * Vendor names in DNS on the wire: which client asked which resolver, what came back, which
 * addresses were announced to whom, and who went round a block.
 */

#include "monitor/message/decode_dns.h"
#include "monitor/observe/observe_state.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

#define US_PER_S     INT64_C(1000000)
#define TYPE_A       1
#define TYPE_CNAME   5
#define TYPE_AAAA    28
#define TYPE_OPT     41
#define OPTION_EDE   15
#define RCODE_OK     0
#define RCODE_FAIL   2
#define RCODE_NONAME 3
#define RCODE_REFUSE 5
/* Records of one answer that are looked at; a chain of CNAMEs and some addresses. */
#define RECORDS_READ 64
/* A question that a resolver passes on follows the client's by at most this. */
#define FORWARD_S 10

/* What one answer says, as far as it matters here. */
struct answer {
	unsigned addresses;
	unsigned dead_addresses; /* 0.0.0.0, ::, loopback, or our sinkhole */
	uint16_t ede;
	bool has_ede;
	uint32_t ttl_s; /* smallest of the chain */
};

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

static bool is_dead(const struct cf_watchlist *list, const struct cf_addr *addr)
{
	static const uint8_t zero[16];

	return memcmp(addr->bytes, zero, 16) == 0 ||
	    (addr->family == CF_FAMILY_V4 && addr->bytes[0] == 127) ||
	    (addr->family == CF_FAMILY_V6 && memcmp(addr->bytes, zero, 15) == 0 &&
	        addr->bytes[15] == 1) ||
	    cf_watchlist_is_sinkhole(list, addr);
}

static bool record_addr(const struct cf_dns_record *record, struct cf_addr *addr_out)
{
	if (record->type == TYPE_A && record->rdata.len == 4)
		*addr_out = cf_addr_v4(record->rdata.data);
	else if (record->type == TYPE_AAAA && record->rdata.len == 16)
		*addr_out = cf_addr_v6(record->rdata.data);
	else
		return false;
	return true;
}

/* RFC 8914: info code of the first extended error in an OPT record. */
static void read_ede(const struct cf_dns_record *record, struct answer *answer)
{
	struct cf_bytes c = cf_bytes_make(record->rdata.data, record->rdata.len);

	while (cf_bytes_left(&c) >= 4 && !answer->has_ede) {
		uint16_t code = cf_bytes_be16(&c);
		struct cf_bytes option = cf_bytes_sub(&c, cf_bytes_be16(&c));

		if (code == OPTION_EDE && cf_bytes_left(&option) >= 2) {
			answer->ede = cf_bytes_be16(&option);
			answer->has_ede = true;
		}
	}
}

static enum cf_bypass_cause cause_of(
    const struct cf_dns_message *message, const struct answer *answer)
{
	if (message->rcode == RCODE_NONAME)
		return CF_BYPASS_NXDOMAIN;
	if (message->rcode == RCODE_REFUSE)
		return CF_BYPASS_REFUSED;
	if (message->rcode == RCODE_FAIL)
		return CF_BYPASS_SERVFAIL;
	/* RFC 8914: 4 forged, 15 blocked, 16 censored, 17 filtered, 18 prohibited */
	if (answer->has_ede && (answer->ede == 4 || (answer->ede >= 15 && answer->ede <= 18)))
		return CF_BYPASS_EDE;
	if (answer->addresses > 0 && answer->addresses == answer->dead_addresses)
		return CF_BYPASS_SINKHOLED;
	return answer->addresses == 0 ? CF_BYPASS_NODATA : CF_BYPASS_ANSWERED;
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

static void on_question(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *name, uint16_t qtype)
{
	struct cf_monitor *monitor = observe->monitor;
	const struct cf_endpoints *ends = &message->ends;
	struct cf_resolver fallback;
	struct cf_finding finding;
	uint64_t name_hash;

	init_finding(observe, &finding, CF_VIA_QNAME, packet, message, name, qtype);
	if (!cf_finding_judge_name(&finding, observe->watchlist, name, qtype))
		return;
	name_hash = hash_name(name);
	if (is_forwarded(monitor, message, name_hash, packet->at_wall_us)) {
		monitor->counter[CF_OBSERVE_RESOLVER_TRAFFIC]++;
		return;
	}
	remember_asked(monitor, message, name_hash, packet->at_wall_us);
	if (cf_watchlist_resolver(observe->watchlist, &ends->server, "fallback", &fallback) &&
	    strcmp(finding.hit.dns.own_resolver, "foreign") == 0)
		cf_bypass_fallback(monitor->bypass, &ends->client, &ends->server, fallback.order,
		    name, packet->at_wall_us);
	else
		cf_bypass_asked(
		    monitor->bypass, &ends->client, &ends->server, name, packet->at_wall_us);
	cf_finding_salt(&finding, &ends->server, sizeof ends->server);
	cf_finding_reason(&finding, "vendor name asked of %s resolver",
	    finding.hit.dns.own_resolver[0] == 'o' ? "the site's own" : "a foreign");
	(void)cf_observe_write(observe, packet, &finding);
}

/* The answer to a listed question: was it blocked, did it escape, was the question seen at all? */
static void on_listed_answer(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, struct cf_finding *finding, const struct cf_name *name,
    const struct answer *answer)
{
	struct cf_monitor *monitor = observe->monitor;
	const struct cf_endpoints *ends = &message->ends;
	enum cf_bypass_cause cause = cause_of(message, answer);
	bool foreign = finding->hit.dns.own_resolver[0] == 'f';
	bool asked = was_asked(monitor, message, hash_name(name));
	bool through = foreign && cause == CF_BYPASS_ANSWERED;

	if (!asked && is_forwarded(monitor, message, hash_name(name), packet->at_wall_us))
		return;
	if (!foreign)
		cf_bypass_answered(monitor->bypass, &ends->client, &ends->server, cause,
		    answer->ede, packet->at_wall_us);
	else if (through)
		cf_bypass_escaped(monitor->bypass, &ends->client, packet->at_wall_us);
	if (asked && !through)
		return; /* the question has been recorded, and the answer adds nothing */
	finding->hit.dns.has_rcode = true;
	finding->hit.dns.rcode = message->rcode;
	finding->hit.dns.ede = answer->ede;
	finding->hit.flow.escape = through && finding->decision.verdict == CF_VERDICT_BLOCK;
	cf_finding_salt(finding, &ends->server, sizeof ends->server);
	cf_finding_salt(finding, &message->rcode, sizeof message->rcode);
	cf_finding_reason(finding,
	    through ? "a foreign resolver answered with addresses" : "answer seen, question not");
	(void)cf_observe_write(observe, packet, finding);
}

/* A chain or an address that leads to the vendor from a name that is not listed. */
static void on_chain(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *question, uint16_t qtype,
    const struct cf_name *target)
{
	struct cf_finding finding;

	init_finding(observe, &finding, CF_VIA_CNAME, packet, message, question, qtype);
	if (!cf_finding_judge_name(&finding, observe->watchlist, target, qtype))
		return;
	finding.hit.dns.has_rcode = true;
	finding.hit.dns.rcode = message->rcode;
	finding.hit.dns.cname_wire = target->wire;
	cf_finding_salt(&finding, question->wire, question->wire_len);
	cf_finding_reason(&finding, "an alias of a vendor name");
	(void)cf_observe_write(observe, packet, &finding);
}

static void on_answer_addr(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *question, uint16_t qtype,
    const struct cf_addr *addr)
{
	struct cf_network network;
	struct cf_finding finding;
	uint32_t id =
	    cf_watchlist_network(observe->watchlist, addr, packet->at_wall_us / US_PER_S, &network);

	if (id == CF_NONE || network.kind != CF_NETWORK_DEDICATED)
		return;
	init_finding(observe, &finding, CF_VIA_ANSWER_ADDR, packet, message, question, qtype);
	if (!cf_finding_judge_network(&finding, observe->watchlist, addr, id, NULL))
		return;
	finding.hit.dns.has_rcode = true;
	finding.hit.dns.rcode = message->rcode;
	cf_finding_salt(&finding, question->wire, question->wire_len);
	cf_finding_reason(&finding, "a name that is not listed has an address of the vendor");
	(void)cf_observe_write(observe, packet, &finding);
}

/* Walks the records once: announcements, the chain, extended errors. */
static void read_answer(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *question, uint16_t qtype,
    bool listed, struct answer *answer)
{
	const struct cf_watchlist *list = observe->watchlist;
	struct cf_dns_cursor cursor = cf_dns_start(message);
	struct cf_dns_record record;
	bool chained = false, forwarded = false;

	*answer = (struct answer){.ttl_s = UINT32_MAX};
	if (!listed)
		forwarded = cf_locality_resolves_for_others(
		    &observe->monitor->options.locality, &message->ends.client);
	for (unsigned i = 0; i < RECORDS_READ && cf_dns_record_next(message, &cursor, &record);
	     i++) {
		struct cf_addr addr;
		struct cf_name target;

		if (record.type == TYPE_OPT && record.section == CF_DNS_ADDITIONAL)
			read_ede(&record, answer);
		if (record.section != CF_DNS_ANSWER)
			continue;
		if (record.ttl_s < answer->ttl_s)
			answer->ttl_s = record.ttl_s;
		if (record.type == TYPE_CNAME && !listed && !chained && !forwarded &&
		    cf_dns_name_at(message, record.rdata_offset, &target, NULL)) {
			chained = cf_image_find_name(
			              list->image, &target, (struct cf_match[CF_MATCHES]){{0}}) > 0;
			if (chained)
				on_chain(observe, packet, message, question, qtype, &target);
		}
		if (!record_addr(&record, &addr))
			continue;
		answer->addresses++;
		answer->dead_addresses += is_dead(list, &addr);
		if (!cf_watchlist_maybe(list, &addr))
			continue;
		cf_announced_add(observe->monitor->announced, &message->ends.client, &addr,
		    question, packet->at_wall_us, answer->ttl_s);
		if (!listed && !chained && !forwarded)
			on_answer_addr(observe, packet, message, question, qtype, &addr);
	}
}

static void on_response(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_dns_message *message, const struct cf_name *name, uint16_t qtype)
{
	struct cf_finding finding;
	struct answer answer;
	bool listed;

	init_finding(observe, &finding, CF_VIA_QNAME, packet, message, name, qtype);
	listed = cf_finding_judge_name(&finding, observe->watchlist, name, qtype);
	/* A listed name that policy lets pass is known, too: its chain is no news. */
	read_answer(
	    observe, packet, message, name, qtype, listed || finding.decision.matched, &answer);
	if (listed)
		on_listed_answer(observe, packet, message, &finding, name, &answer);
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
