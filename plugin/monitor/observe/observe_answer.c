/* DNS answers: rcode, extended errors, addresses, and what they come to. */

#include "monitor/observe/observe_answer.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

#define TYPE_A       1
#define TYPE_CNAME   5
#define TYPE_AAAA    28
#define TYPE_OPT     41
#define TYPE_ANY     255
#define OPTION_EDE   15
#define RCODE_OK     0
#define RCODE_NONAME 3
#define RCODE_REFUSE 5

/* What the records of an answer add up to. */
struct tally {
	unsigned asked_for; /* of the type asked for */
	unsigned addresses;
	unsigned dead_addresses; /* 0.0.0.0, ::, loopback, or our sinkhole */
	bool read_whole;         /* the answer section was read to its end */
};

bool cf_answer_addr(const struct cf_dns_record *record, struct cf_addr *addr_out)
{
	if (record->type == TYPE_A && record->rdata.len == 4)
		*addr_out = cf_addr_v4(record->rdata.data);
	else if (record->type == TYPE_AAAA && record->rdata.len == 16)
		*addr_out = cf_addr_v6(record->rdata.data);
	else
		return false;
	return true;
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

/* RFC 6891 6.1.3: the upper bits of the rcode; RFC 8914: extended errors, of which there may be
 * several. */
static void read_opt(const struct cf_dns_record *record, struct cf_lookup_answer *said)
{
	struct cf_bytes c = cf_bytes_make(record->rdata.data, record->rdata.len);

	said->rcode |= (uint16_t)(record->ttl_s >> 24 << 4);
	while (cf_bytes_left(&c) >= 4 && said->ede_count < CF_LOOKUP_EDES) {
		uint16_t code = cf_bytes_be16(&c);
		struct cf_bytes option = cf_bytes_sub(&c, cf_bytes_be16(&c));

		if (code == OPTION_EDE && cf_bytes_left(&option) >= 2)
			said->ede[said->ede_count++] = cf_bytes_be16(&option);
	}
}

static bool says_blocked(const struct cf_lookup_answer *said)
{
	for (unsigned i = 0; i < said->ede_count; i++)
		if (cf_ede_is_block(said->ede[i]))
			return true;
	return false;
}

static enum cf_outcome outcome_of(const struct cf_dns_message *message, uint16_t qtype,
    const struct cf_lookup_answer *said, const struct tally *tally)
{
	if (said->rcode == RCODE_NONAME)
		return CF_OUTCOME_NXDOMAIN;
	if (said->rcode == RCODE_REFUSE)
		return CF_OUTCOME_REFUSED;
	if (said->rcode != RCODE_OK)
		return CF_OUTCOME_FAILED;
	if (tally->addresses > 0 &&
	    (tally->addresses == tally->dead_addresses || says_blocked(said)))
		return CF_OUTCOME_SINKHOLE;
	if (tally->asked_for > 0 || (qtype == TYPE_ANY && message->answer_count > 0))
		return CF_OUTCOME_ANSWERED;
	if (message->truncated)
		return CF_OUTCOME_TRUNCATED;
	return tally->read_whole ? CF_OUTCOME_NODATA : CF_OUTCOME_UNKNOWN;
}

static void take_record(const struct cf_watchlist *list, const struct cf_dns_record *record,
    uint16_t qtype, struct cf_dns_answer *answer, struct tally *tally)
{
	struct cf_addr addr;

	if (record->type == TYPE_OPT && record->section == CF_DNS_ADDITIONAL)
		read_opt(record, &answer->said);
	if (record->section != CF_DNS_ANSWER)
		return;
	if (record->ttl_s < answer->ttl_s)
		answer->ttl_s = record->ttl_s;
	answer->has_alias |= record->type == TYPE_CNAME;
	tally->asked_for += record->type == qtype;
	if (!cf_answer_addr(record, &addr))
		return;
	tally->addresses++;
	tally->dead_addresses += is_dead(list, &addr);
	answer->has_interest |= cf_watchlist_maybe(list, &addr);
}

void cf_answer_read(const struct cf_watchlist *list, const struct cf_dns_message *message,
    uint16_t qtype, struct cf_dns_answer *answer_out)
{
	struct cf_dns_cursor cursor = cf_dns_start(message);
	struct tally tally = {.read_whole = message->answer_count == 0};
	unsigned answers_left = message->answer_count;
	struct cf_dns_record record;

	*answer_out = (struct cf_dns_answer){
	    .ttl_s = UINT32_MAX, .said = {.has_rcode = true, .rcode = message->rcode}};
	for (unsigned i = 0; i < CF_ANSWER_RECORDS && cf_dns_record_next(message, &cursor, &record);
	     i++) {
		take_record(list, &record, qtype, answer_out, &tally);
		if (record.section == CF_DNS_ANSWER)
			tally.read_whole = --answers_left == 0;
	}
	answer_out->said.gives_address = tally.addresses > tally.dead_addresses;
	answer_out->said.outcome = outcome_of(message, qtype, &answer_out->said, &tally);
}

uint16_t cf_answer_ede(const struct cf_lookup_answer *said)
{
	for (unsigned i = 0; i < said->ede_count; i++)
		if (cf_ede_is_block(said->ede[i]))
			return said->ede[i];
	return said->ede_count > 0 ? said->ede[0] : 0;
}

enum cf_bypass_cause cf_answer_cause(const struct cf_lookup_answer *said)
{
	switch (said->outcome) {
	case CF_OUTCOME_NXDOMAIN:
		return CF_BYPASS_NXDOMAIN;
	case CF_OUTCOME_REFUSED:
		return CF_BYPASS_REFUSED;
	case CF_OUTCOME_FAILED:
		return CF_BYPASS_SERVFAIL;
	case CF_OUTCOME_SINKHOLE:
		return says_blocked(said) ? CF_BYPASS_EDE : CF_BYPASS_SINKHOLED;
	case CF_OUTCOME_NODATA:
		return says_blocked(said) ? CF_BYPASS_EDE : CF_BYPASS_NODATA;
	case CF_OUTCOME_UNSEEN:
		return CF_BYPASS_UNANSWERED;
	case CF_OUTCOME_UNKNOWN:
	case CF_OUTCOME_TRUNCATED: /* no failure: it is asked again */
	case CF_OUTCOME_ANSWERED:
		break;
	}
	return CF_BYPASS_ANSWERED;
}

/* Every extended error as text, "15 23", when one number cannot say it. */
static const char *format_edes(const struct cf_lookup_answer *said, char text[CF_EDES_TEXT_BYTES])
{
	size_t at = 0;

	if (said->ede_count < 2)
		return NULL;
	for (unsigned i = 0; i < said->ede_count; i++)
		at += (size_t)snprintf(
		    text + at, CF_EDES_TEXT_BYTES - at, "%s%u", i == 0 ? "" : " ", said->ede[i]);
	return text;
}

void cf_answer_tell(
    struct cf_finding *finding, const struct cf_lookup_answer *said, char edes[CF_EDES_TEXT_BYTES])
{
	finding->hit.dns.has_rcode = said->has_rcode;
	finding->hit.dns.rcode = said->rcode;
	finding->hit.dns.ede = cf_answer_ede(said);
	finding->hit.dns.edes = format_edes(said, edes);
	finding->hit.dns.outcome = cf_outcome_text(said->outcome);
	cf_finding_salt(finding, &said->outcome, sizeof said->outcome);
	cf_finding_salt(finding, &said->rcode, sizeof said->rcode);
	cf_finding_salt(finding, said->ede, sizeof said->ede[0] * said->ede_count);
}

bool cf_answer_is_through(const struct cf_lookup_answer *said, bool own_resolver)
{
	return !own_resolver && said->outcome == CF_OUTCOME_ANSWERED && said->gives_address;
}

static uint8_t ip_proto_of(enum cf_transport transport)
{
	if (transport == CF_TRANSPORT_OTHER)
		return 0;
	return transport == CF_TRANSPORT_TCP ? CF_PROTO_TCP : CF_PROTO_UDP;
}

bool cf_answer_finding(struct cf_finding *finding, const struct cf_lookup *lookup,
    const struct cf_lookup_answer *said, char edes[CF_EDES_TEXT_BYTES])
{
	struct cf_hit *hit = &finding->hit;
	const char *outcome = cf_outcome_text(said->outcome);

	cf_finding_init(finding, CF_EVENT_DNS, CF_VIA_QNAME, &lookup->ends,
	    ip_proto_of(lookup->transport), lookup->at_wall_us);
	hit->dns.qname_wire = lookup->name.wire;
	hit->dns.qtype = lookup->qtype;
	hit->dns.own_resolver = lookup->own_resolver ? "own" : "foreign";
	if (!cf_finding_judge_name(finding, lookup->watchlist, &lookup->name, lookup->qtype))
		return false;
	cf_finding_salt(finding, &lookup->ends.server, sizeof lookup->ends.server);
	cf_answer_tell(finding, said, edes);
	hit->flow.escape = cf_answer_is_through(said, lookup->own_resolver) &&
	    finding->decision.verdict == CF_VERDICT_BLOCK;
	cf_finding_reason(finding, "vendor name asked of %s resolver%s%s",
	    lookup->own_resolver ? "the site's own" : "a foreign", outcome == NULL ? "" : ": ",
	    said->outcome == CF_OUTCOME_UNSEEN ? "no answer seen"
	        : outcome == NULL              ? ""
	                                       : outcome);
	return true;
}
