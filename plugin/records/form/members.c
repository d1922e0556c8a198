/* The schema of the log's lines for reading: one table, and a converter for each kind of value. */

#include "records/form/members.h"

#include "base/bytes.h"
#include "base/instant.h"

#include <string.h>

enum kind {
	K_TEXT,
	K_U64,
	K_U32,
	K_U16,
	K_BOOL,
	K_INSTANT_US,
	K_INSTANT_S,
	K_ADDR,
	K_MAC,
	K_EVENT,
	K_ACTION,
	K_VIA,
	K_SEEN,
	K_OBJECT, /* or, with another value, the key of the same name with K_TEXT */
};

enum {
	G_TOP = CF_MEMBERS_TOP,
	G_DNS,
	G_TLS,
	G_HTTP,
	G_FLOW,
	G_MATCH,
	G_ASN,
	G_POLICY,
	G_IDENTITY,
	G_DECODE,
	G_CHAIN
};

struct cf_member {
	const char *quoted; /* as a line has it: "key": with its quotes and colon */
	uint8_t quoted_len, group, kind;
	uint16_t offset; /* in struct cf_record; for objects their group */
};

#define MEMBER(group, key, kind, where) \
	{ \
		"\"" key "\":", sizeof(key) + 2, group, kind, \
		    (uint16_t)offsetof(struct cf_record, where) \
	}
#define OBJECT(key, group) \
	{ \
		"\"" key "\":", sizeof(key) + 2, G_TOP, K_OBJECT, group \
	}

/*
 * In the order in which lines have them, so that the search for a key mostly ends at the entry
 * behind the last one found.
 */
static const struct cf_member members[] = {
    MEMBER(G_TOP, "v", K_U64, version),
    MEMBER(G_TOP, "timestamp", K_INSTANT_US, at_wall_us),
    MEMBER(G_TOP, "id", K_TEXT, id),
    MEMBER(G_TOP, "sensor", K_TEXT, sensor),
    MEMBER(G_TOP, "source", K_TEXT, source),
    MEMBER(G_TOP, "event_type", K_EVENT, event),
    MEMBER(G_TOP, "action", K_ACTION, action),
    MEMBER(G_TOP, "src_ip", K_ADDR, src),
    MEMBER(G_TOP, "src_zone", K_TEXT, src_zone),
    MEMBER(G_TOP, "src_port", K_U16, src_port),
    MEMBER(G_TOP, "dest_ip", K_ADDR, dest),
    MEMBER(G_TOP, "dest_port", K_U16, dest_port),
    MEMBER(G_TOP, "proto", K_TEXT, proto),
    MEMBER(G_TOP, "in_iface", K_TEXT, in_iface),
    MEMBER(G_TOP, "vlan", K_U16, vlan),
    MEMBER(G_TOP, "src_mac", K_MAC, src_mac),
    MEMBER(G_TOP, "community_id", K_TEXT, community_id),
    OBJECT("dns", G_DNS),
    MEMBER(G_DNS, "qname", K_TEXT, dns.qname),
    MEMBER(G_DNS, "qtype", K_TEXT, dns.qtype),
    MEMBER(G_DNS, "rcode", K_TEXT, dns.rcode),
    MEMBER(G_DNS, "answer", K_TEXT, dns.answer),
    MEMBER(G_DNS, "ede", K_U16, dns.ede),
    MEMBER(G_DNS, "edes", K_TEXT, dns.edes),
    MEMBER(G_DNS, "outcome", K_TEXT, dns.outcome),
    MEMBER(G_DNS, "cname", K_TEXT, dns.cname),
    MEMBER(G_DNS, "cached", K_BOOL, dns.cached),
    MEMBER(G_DNS, "ecs", K_TEXT, dns.ecs),
    MEMBER(G_DNS, "resolver", K_TEXT, dns.resolver),
    OBJECT("tls", G_TLS),
    MEMBER(G_TLS, "sni", K_TEXT, tls.sni),
    MEMBER(G_TLS, "transport", K_TEXT, tls.transport),
    MEMBER(G_TLS, "version", K_TEXT, tls.version),
    MEMBER(G_TLS, "alpn", K_TEXT, tls.alpn),
    MEMBER(G_TLS, "ech", K_BOOL, tls.ech),
    MEMBER(G_TLS, "ja4", K_TEXT, tls.ja4),
    MEMBER(G_TLS, "issuer", K_TEXT, tls.issuer),
    OBJECT("http", G_HTTP),
    MEMBER(G_HTTP, "host", K_TEXT, http.host),
    MEMBER(G_HTTP, "method", K_TEXT, http.method),
    MEMBER(G_HTTP, "uri", K_TEXT, http.uri),
    MEMBER(G_HTTP, "user_agent", K_TEXT, http.user_agent),
    OBJECT("flow", G_FLOW),
    MEMBER(G_FLOW, "state", K_TEXT, flow.state),
    MEMBER(G_FLOW, "pkts_out", K_U64, flow.pkts_out),
    MEMBER(G_FLOW, "bytes_out", K_U64, flow.bytes_out),
    MEMBER(G_FLOW, "pkts_in", K_U64, flow.pkts_in),
    MEMBER(G_FLOW, "bytes_in", K_U64, flow.bytes_in),
    MEMBER(G_FLOW, "payload_in", K_U64, flow.payload_in),
    MEMBER(G_FLOW, "first", K_INSTANT_US, flow.first_wall_us),
    MEMBER(G_FLOW, "dns_seen", K_SEEN, flow.dns_seen),
    MEMBER(G_FLOW, "escape", K_BOOL, flow.escape),
    OBJECT("match", G_MATCH),
    MEMBER(G_MATCH, "via", K_VIA, via),
    MEMBER(G_MATCH, "value", K_TEXT, match.value),
    MEMBER(G_MATCH, "rule", K_TEXT, match.rule),
    MEMBER(G_MATCH, "rule_type", K_TEXT, match.rule_type),
    MEMBER(G_MATCH, "list", K_TEXT, match.list),
    MEMBER(G_MATCH, "serial", K_TEXT, match.serial),
    MEMBER(G_MATCH, "category", K_TEXT, match.category),
    MEMBER(G_MATCH, "product", K_TEXT, match.product),
    MEMBER(G_MATCH, "confidence", K_TEXT, match.confidence),
    MEMBER(G_MATCH, "reason", K_TEXT, match.reason),
    OBJECT("asn", G_ASN),
    MEMBER(G_ASN, "number", K_U32, asn.number),
    MEMBER(G_ASN, "org", K_TEXT, asn.org),
    MEMBER(G_TOP, "relay", K_TEXT, relay),
    OBJECT("policy", G_POLICY),
    MEMBER(G_POLICY, "name", K_TEXT, policy.name),
    MEMBER(G_POLICY, "phase", K_TEXT, policy.phase),
    MEMBER(G_POLICY, "cutoff", K_INSTANT_S, policy.cutoff_wall_s),
    MEMBER(G_POLICY, "exception_owner", K_TEXT, policy.exception_owner),
    OBJECT("identity", G_IDENTITY),
    MEMBER(G_IDENTITY, "kind", K_TEXT, identity.kind),
    MEMBER(G_IDENTITY, "name", K_TEXT, identity.name),
    MEMBER(G_IDENTITY, "client_id", K_TEXT, identity.client_id),
    MEMBER(G_IDENTITY, "router", K_BOOL, identity.router),
    MEMBER(G_IDENTITY, "end", K_TEXT, identity.end),
    MEMBER(G_TOP, "clients", K_TEXT, clients),
    MEMBER(G_TOP, "left_out", K_U64, left_out),
    MEMBER(G_TOP, "count", K_U64, count),
    MEMBER(G_TOP, "last", K_INSTANT_US, last_wall_us),
    MEMBER(G_TOP, "cut", K_U64, cut_bytes),
    /* start records */
    MEMBER(G_TOP, "version", K_TEXT, report.version),
    MEMBER(G_TOP, "pid", K_U64, report.pid),
    MEMBER(G_TOP, "fold_s", K_U64, report.fold_s),
    MEMBER(G_TOP, "heartbeat_s", K_U64, report.heartbeat_s),
    MEMBER(G_TOP, "input", K_TEXT, report.input),
    /* heartbeats, stop, lost */
    MEMBER(G_TOP, "started", K_INSTANT_US, report.started_wall_us),
    MEMBER(G_TOP, "since", K_INSTANT_US, report.since_wall_us),
    MEMBER(G_TOP, "image", K_TEXT, report.image),
    MEMBER(G_TOP, "hits", K_U64, report.hits),
    MEMBER(G_TOP, "folding", K_U64, report.folding),
    MEMBER(G_TOP, "written", K_U64, report.written),
    MEMBER(G_TOP, "lost_queue", K_U64, report.lost_queue),
    MEMBER(G_TOP, "lost_disk", K_U64, report.lost_disk),
    MEMBER(G_TOP, "lost_flood", K_U64, report.lost_flood),
    MEMBER(G_TOP, "torn_bytes", K_U64, report.torn_bytes),
    MEMBER(G_TOP, "privacy", K_TEXT, report.privacy),
    MEMBER(G_TOP, "queries", K_U64, report.queries),
    MEMBER(G_TOP, "packets", K_U64, report.packets),
    MEMBER(G_TOP, "bytes", K_U64, report.bytes),
    MEMBER(G_TOP, "kernel_drops", K_U64, report.kernel_drops),
    MEMBER(G_TOP, "iface_drops", K_U64, report.iface_drops),
    MEMBER(G_TOP, "decode_failures", K_U64, report.decode_failures),
    MEMBER(G_TOP, "evictions", K_U64, report.evictions),
    MEMBER(G_TOP, "dark_s", K_U64, report.dark_s),
    MEMBER(G_TOP, "silent_s", K_U64, report.silent_s),
    MEMBER(G_TOP, "blind_since", K_INSTANT_US, report.blind_since_wall_us),
    MEMBER(G_TOP, "link", K_TEXT, report.link),
    MEMBER(G_TOP, "found", K_TEXT, report.found),
    MEMBER(G_TOP, "repaired_bytes", K_U64, report.repaired_bytes),
    MEMBER(G_TOP, "unsealed_lines", K_U64, report.unsealed_lines),
    MEMBER(G_TOP, "seq", K_U64, report.seq),
    MEMBER(G_TOP, "prev", K_TEXT, report.prev),
    MEMBER(G_TOP, "key", K_TEXT, report.key),
    MEMBER(G_TOP, "key_change", K_TEXT, report.key_change),
    OBJECT("decode", G_DECODE),
    MEMBER(G_DECODE, "tunnels_unread", K_U64, report.tunnels_unread),
    OBJECT("chain", G_CHAIN),
    MEMBER(G_CHAIN, "run", K_TEXT, seal.run),
    MEMBER(G_CHAIN, "run_seq", K_U64, seal.run_seq),
    MEMBER(G_CHAIN, "seq", K_U64, seal.seq),
    MEMBER(G_CHAIN, "lines", K_U64, seal.lines),
    MEMBER(G_CHAIN, "prev", K_TEXT, seal.prev),
    MEMBER(G_CHAIN, "key", K_TEXT, seal.key),
    MEMBER(G_CHAIN, "sha256", K_TEXT, seal.sha256),
    MEMBER(G_CHAIN, "seal_sig", K_TEXT, seal.sig),
};

#define MEMBER_COUNT (sizeof members / sizeof members[0])
/* Members that a line may leave out between two that it has, and is still read without a search. */
#define MEMBERS_AHEAD 8

static bool number_of(struct cf_text text, uint64_t most, uint64_t *value_out)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 20)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint64_t digit = (uint64_t)(unsigned char)text.data[i] - '0';

		if (digit > 9 || value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*value_out = value;
	return true;
}

static bool mac_of(struct cf_text text, uint8_t mac[6])
{
	if (text.len != 17)
		return false;
	for (unsigned i = 0; i < 6; i++) {
		int high = cf_hex_value(text.data[3 * i]), low = cf_hex_value(text.data[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && text.data[3 * i + 2] != ':'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* A copy with terminator, for the parsers of base/. */
static bool copy_text(struct cf_text text, char *copy, size_t size)
{
	if (text.len >= size)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return true;
}

static bool store_instant(
    struct cf_filling *filling, const struct cf_member *member, struct cf_text text)
{
	int64_t *field = (int64_t *)(void *)((char *)filling->record + member->offset);
	char copy[40];

	if (!copy_text(text, copy, sizeof copy))
		return false;
	if (member->kind == K_INSTANT_S)
		return cf_instant_parse(copy, field) == CF_OK;
	if (cf_instant_parse_us(copy, field) != CF_OK)
		return false;
	if (field == &filling->record->at_wall_us) {
		filling->has_time = true;
		filling->record->timestamp = text;
	}
	return true;
}

static bool store_number(const struct cf_member *member, struct cf_text text, void *field)
{
	uint64_t value;

	switch (member->kind) {
	case K_U64:
		return number_of(text, UINT64_MAX, field);
	case K_U32:
		if (!number_of(text, UINT32_MAX, &value))
			return false;
		*(uint32_t *)field = (uint32_t)value;
		return true;
	default:
		if (!number_of(text, UINT16_MAX, &value))
			return false;
		*(uint16_t *)field = (uint16_t)value;
		return true;
	}
}

static bool store_bool(struct cf_text text, bool *field)
{
	*field = text.len == 4 && memcmp(text.data, "true", 4) == 0;
	return *field || (text.len == 5 && memcmp(text.data, "false", 5) == 0);
}

static bool store_addr(struct cf_text text, struct cf_addr *field)
{
	char copy[CF_ADDR_TEXT_BYTES];

	return copy_text(text, copy, sizeof copy) && cf_addr_parse(copy, field) == CF_OK;
}

static const struct cf_member *take_member(struct cf_filling *filling, size_t at)
{
	filling->next = at + 1 < MEMBER_COUNT ? at + 1 : 0;
	return &members[at];
}

const struct cf_member *cf_member_expect(
    struct cf_filling *filling, unsigned group, const char *at, const char *end, size_t *len_out)
{
	size_t last = filling->next + MEMBERS_AHEAD;

	for (size_t i = filling->next; i < last && i < MEMBER_COUNT; i++) {
		const struct cf_member *member = &members[i];

		if (member->group != group || (size_t)(end - at) <= member->quoted_len ||
		    memcmp(at, member->quoted, member->quoted_len) != 0)
			continue;
		*len_out = member->quoted_len;
		return take_member(filling, i);
	}
	return NULL;
}

const struct cf_member *cf_member_find(
    struct cf_filling *filling, unsigned group, struct cf_text key)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		size_t at = filling->next + i < MEMBER_COUNT ? filling->next + i
		                                             : filling->next + i - MEMBER_COUNT;
		const struct cf_member *member = &members[at];

		if (member->group == group && member->quoted_len == key.len + 3 &&
		    memcmp(member->quoted + 1, key.data, key.len) == 0)
			return take_member(filling, at);
	}
	return NULL;
}

bool cf_member_opens(const struct cf_member *member, unsigned *group_out)
{
	if (member->kind != K_OBJECT)
		return false;
	*group_out = member->offset;
	return true;
}

bool cf_member_store(
    struct cf_filling *filling, const struct cf_member *member, struct cf_text text)
{
	void *field = (char *)filling->record + member->offset;

	switch ((enum kind)member->kind) {
	case K_TEXT:
		*(struct cf_text *)field = text;
		return true;
	case K_U64:
	case K_U32:
	case K_U16:
		return store_number(member, text, field);
	case K_BOOL:
		return store_bool(text, field);
	case K_INSTANT_US:
	case K_INSTANT_S:
		return store_instant(filling, member, text);
	case K_ADDR:
		return store_addr(text, field);
	case K_MAC:
		filling->record->has_src_mac = mac_of(text, field);
		return filling->record->has_src_mac;
	case K_EVENT:
		filling->has_event = cf_event_parse(text.data, text.len, field);
		return true;
	case K_ACTION:
		return cf_action_parse(text.data, text.len, field);
	case K_VIA:
		/* Evidence of a later version still counts. */
		if (!cf_via_parse(text.data, text.len, field))
			filling->record->via = CF_VIA_COUNT;
		return true;
	case K_SEEN:
		/* Words of a later version are unknown; what matters is what we claim. */
		if (!cf_dns_seen_parse(text.data, text.len, field))
			filling->record->flow.dns_seen = CF_DNS_UNKNOWN;
		return true;
	case K_OBJECT:
		break;
	}
	/* "policy" of a heartbeat: a text where hits have an object. */
	if (member->offset == G_POLICY)
		filling->record->report.policy = text;
	return true;
}
