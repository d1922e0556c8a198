#include "ledger/ingest/fact_record.h"

#include <stdio.h>
#include <string.h>

static bool is_word(const struct cf_text *text, const char *word)
{
	return text->len == strlen(word) && memcmp(text->data, word, text->len) == 0;
}

static struct cf_text addr_text(const struct cf_addr *addr, char *text)
{
	if (addr->family == CF_FAMILY_V4) { /* nearly all, and the general way is slow */
		char *at = text;

		for (unsigned i = 0; i < 4; i++) {
			unsigned byte = addr->bytes[i];

			if (byte >= 100)
				*at++ = (char)('0' + byte / 100);
			if (byte >= 10)
				*at++ = (char)('0' + byte / 10 % 10);
			*at++ = (char)('0' + byte % 10);
			if (i < 3)
				*at++ = '.';
		}
		*at = '\0';
		return (struct cf_text){.data = text, .len = (size_t)(at - text)};
	}
	cf_addr_format(addr, text);
	return (struct cf_text){.data = text, .len = strlen(text)};
}

static bool is_link_local(const struct cf_addr *addr)
{
	if (addr->family == CF_FAMILY_V4)
		return addr->bytes[0] == 169 && addr->bytes[1] == 254;
	return addr->family == CF_FAMILY_V6 && addr->bytes[0] == 0xfe &&
	    (addr->bytes[1] & 0xc0) == 0x80;
}

/* A word of the log is bounded (CF_RECORD_WORD_BYTES); a foreign line's may be longer. */
static int word_len(struct cf_text word)
{
	return word.len < CF_RECORD_WORD_BYTES ? (int)word.len : CF_RECORD_WORD_BYTES;
}

struct cf_text cf_fact_addr(const struct cf_addr *addr, struct cf_text sensor, struct cf_text link,
    uint16_t vlan, char text[CF_LINK_ADDR_BYTES])
{
	struct cf_text plain = addr_text(addr, text);
	size_t left = CF_LINK_ADDR_BYTES - plain.len;
	int len;

	if (!is_link_local(addr))
		return plain;
	len = snprintf(text + plain.len, left, "%%%.*s%s%.*s", word_len(sensor), sensor.data,
	    link.len > 0 ? ":" : "", word_len(link), link.len > 0 ? link.data : "");
	plain.len += (size_t)len; /* fits: an address and two words */
	if (vlan != 0)
		plain.len +=
		    (size_t)snprintf(text + plain.len, CF_LINK_ADDR_BYTES - plain.len, ".%u", vlan);
	return plain;
}

static struct cf_text mac_text(const uint8_t mac[6], char text[18])
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = 0; i < 6; i++) {
		text[3 * i] = hex[mac[i] >> 4];
		text[3 * i + 1] = hex[mac[i] & 15];
		text[3 * i + 2] = i < 5 ? ':' : '\0';
	}
	return (struct cf_text){.data = text, .len = 17};
}

/* The value, or, where a writer leaves out what stands in the line anyway, the name it was. */
static struct cf_text what_was_seen(const struct cf_record *record)
{
	if (record->match.value.len > 0)
		return record->match.value;
	if (record->via != CF_VIA_QNAME && record->dns.cname.len > 0)
		return record->dns.cname;
	if (record->dns.qname.len > 0)
		return record->dns.qname;
	return record->tls.sni.len > 0 ? record->tls.sni : record->http.host;
}

enum answer { UNKNOWN, ANSWERED, REFUSED, FAILED };

static bool is_among(const struct cf_text *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_word(text, words[i]))
			return true;
	return false;
}

#define IS_AMONG(text, words) is_among((text), (words), sizeof(words) / sizeof(words)[0])

/* RFC 8914: forged, blocked, censored, filtered, prohibited. */
static bool says_blocked(uint16_t ede)
{
	return ede == 4 || (ede >= 15 && ede <= 18);
}

/*
 * What a look-up was answered with by somebody else; what we answered ourselves is the action.
 * A monitor says what the answer came to; NOERROR alone may be a sinkhole, or nothing. Refused is
 * what denies the name; other errors, and names without a record of that type, are no refusal,
 * unless an extended error says that they are.
 */
static enum answer answer_of(const struct cf_record *record)
{
	static const char *const refusals[] = {"nxdomain", "sinkhole", "refused"};
	static const char *const failures[] = {"nodata", "failed"};
	static const char *const refusing[] = {"NXDOMAIN", "REFUSED"};
	const struct cf_text *outcome = &record->dns.outcome, *rcode = &record->dns.rcode;

	if (outcome->len > 0) {
		if (is_word(outcome, "answered"))
			return ANSWERED;
		if (IS_AMONG(outcome, refusals))
			return REFUSED;
		return IS_AMONG(outcome, failures) ? FAILED : UNKNOWN;
	}
	if (rcode->len == 0 ||
	    (record->dns.answer.len > 0 && !is_word(&record->dns.answer, "passthru")))
		return UNKNOWN;
	if (is_word(rcode, "NOERROR"))
		return ANSWERED;
	return IS_AMONG(rcode, refusing) ? REFUSED : FAILED;
}

static void take_answer(struct cf_fact *fact, const struct cf_record *record)
{
	enum answer answer = answer_of(record);
	bool says = says_blocked(record->dns.ede);

	if (answer == ANSWERED)
		fact->flags |= CF_FACT_RESOLVED;
	if (answer == REFUSED || (answer == FAILED && says))
		fact->flags |= CF_FACT_REFUSED;
	if (answer == FAILED && !says)
		fact->flags |= CF_FACT_UNANSWERED;
	if ((fact->flags & CF_FACT_REFUSED) != 0 && says)
		fact->flags |= CF_FACT_SAYS_BLOCKED;
}

/*
 * The last record of a connection belongs to where its first one is, so that they are known to be
 * one. Not over midnight, or its end would be no sign of dependence on the day it was: then it only
 * says that it is no connection of its own.
 */
static void take_end(struct cf_fact *fact, const struct cf_record *record)
{
	const int64_t day_us = INT64_C(86400000000);
	int64_t first = record->flow.first_wall_us, end = record->at_wall_us;

	if (record->flow.pkts_out + record->flow.pkts_in + record->flow.bytes_in == 0)
		return;
	fact->flags |= CF_FACT_END;
	if (record->flow.payload_in > 0)
		fact->flags |= CF_FACT_CAME_BACK;
	if (first <= 0 || first > end)
		return; /* of a version that did not say */
	if (first / day_us != end / day_us) {
		fact->flags |= CF_FACT_BEGUN_BEFORE;
		return;
	}
	fact->at_wall_us = first;
	if (fact->last_wall_us < end)
		fact->last_wall_us = end;
}

static void take_hit(struct cf_fact *fact, const struct cf_record *record)
{
	fact->action = record->action;
	fact->via = record->via;
	fact->list = record->match.list;
	fact->rule = record->match.rule;
	fact->rule_type = record->match.rule_type;
	fact->category = record->match.category;
	fact->product = record->match.product;
	fact->confidence = record->match.confidence;
	fact->value = what_was_seen(record);
	fact->relay = record->relay;
	fact->owner = record->policy.exception_owner;
	fact->phase = record->policy.phase;
	fact->cutoff_wall_s = record->policy.cutoff_wall_s;
	fact->bytes_out = record->flow.bytes_out;
	fact->bytes_in = record->flow.bytes_in;
	take_end(fact, record);
	if (record->flow.escape)
		fact->flags |= CF_FACT_ESCAPE;
	if (record->flow.dns_seen == CF_DNS_HARDCODED)
		fact->flags |= CF_FACT_HARDCODED;
	if (is_word(&record->dns.resolver, "foreign"))
		fact->flags |= CF_FACT_FOREIGN_RESOLVER;
	take_answer(fact, record);
	if (record->tls.ech)
		fact->flags |= CF_FACT_ECH;
}

static bool take_beat(struct cf_fact *fact, const struct cf_record *record)
{
	const struct cf_sensor_report *report = &record->report;

	fact->event = CF_EVENT_HEARTBEAT;
	fact->iface = record->in_iface;
	fact->started_wall_us = report->started_wall_us;
	fact->seen = report->queries + report->packets;
	fact->lost = report->lost_queue + report->lost_disk + report->lost_flood +
	    report->kernel_drops + report->iface_drops;
	/* What speaks for the whole sensor is sealed; the rest is about one interface or subsystem.
	 */
	return fact->iface.len > 0 || record->seal.sha256.len > 0;
}

bool cf_fact_from_record(
    struct cf_fact *fact, struct cf_fact_texts *texts, const struct cf_record *record)
{
	*fact = (struct cf_fact){
	    .at_wall_us = record->at_wall_us,
	    .last_wall_us = record->last_wall_us,
	    .event = record->event,
	    .count = record->count,
	    .sensor = record->sensor,
	    .source = record->source,
	    .vlan = record->vlan,
	};
	if (record->src.family != CF_FAMILY_NONE)
		fact->addr = cf_fact_addr(&record->src, record->sensor,
		    record->src_zone.len > 0 ? record->src_zone : record->in_iface, record->vlan,
		    texts->addr);
	if (record->has_src_mac)
		fact->mac = mac_text(record->src_mac, texts->mac);
	if (record->is_hit) {
		take_hit(fact, record);
		return true;
	}
	if (record->event == CF_EVENT_IDENTITY) {
		fact->name = record->identity.name;
		fact->client = record->identity.client_id;
		fact->how = record->identity.kind;
		fact->router = record->identity.router;
		fact->end =
		    cf_identity_end_parse(record->identity.end.data, record->identity.end.len);
		fact->from_wall_us = record->at_wall_us;
		fact->to_wall_us = record->last_wall_us;
		return true;
	}
	if (record->event == CF_EVENT_HEARTBEAT || record->event == CF_EVENT_STOP)
		return take_beat(fact, record);
	return false;
}
