/*
 * One record as one line: fixed key order, plain ASCII, absent instead of null, bounded. One file:
 * the order of keys in a line is the order of its functions.
 */

#include "names/name.h"
#include "names/rrtype.h"
#include "records/form/alive.h"
#include "records/form/community.h"
#include "records/form/dns_words.h"
#include "records/form/json.h"
#include "records/form/line.h"
#include "records/form/record.h"

#include <netinet/in.h>
#include <string.h>

/*
 * How much room each kind of text has. A line that does not fit is formed again at the next level;
 * the last level always fits (a test fills every member to its limit). Addresses, ports, times,
 * count and the words of the decision are never shortened.
 */
struct room {
	size_t text_bytes; /* URI, user agent, SNI, issuer, reason ...: 0 leaves them out */
	size_t
	    value_bytes; /* what was seen; mostly a copy of a name that stands in the line anyway */
	size_t name_bytes; /* qname, cname, rule */
	size_t word_bytes; /* list, product, owner ...: 0 leaves them out */
	bool essential;    /* leaves out what can be found elsewhere: community id, client subnet */
};

static const struct room rooms[] = {
    {512, 1280, 1280, 96, false},
    {128, 256, 1280, 96, false},
    {48, 64, 320, 96, false},
    {32, 48, 160, 48, false},
    {16, 32, 64, 32, false},
    {0, 0, 12, 0, true},
};

struct writer {
	struct cf_json json;
	const struct room *room;
	bool first; /* of its object: no comma yet */
};

/* A key given as literal with its colon: ,"key": */
#define KEY(w, key) put_key((w), "\"" key "\":", sizeof("\"" key "\":") - 1)

static void put_key(struct writer *w, const char *key, size_t len)
{
	if (!w->first)
		CF_JSON_LITERAL(&w->json, ",");
	w->first = false;
	cf_json_raw(&w->json, key, len);
}

/* A word of our own, or one whose length is known: never shortened. */
static void put_own_value(struct writer *w, const char *word)
{
	cf_json_string(&w->json, word, strlen(word), CF_PREFIX_TEXT_BYTES, false);
}

#define PUT_WORD(w, key, word) \
	do { \
		const char *word_ = (word); \
		size_t len_ = word_ == NULL ? 0 : strlen(word_); \
		if (len_ > 0 && (w)->room->word_bytes > 0) { \
			KEY(w, key); \
			cf_json_string(&(w)->json, word_, len_, (w)->room->word_bytes, false); \
		} else { \
			(w)->json.cut_bytes += len_; \
		} \
	} while (0)

#define PUT_TEXT(w, key, text) \
	do { \
		if ((text).len > 0 && (w)->room->text_bytes > 0) { \
			KEY(w, key); \
			cf_json_string( \
			    &(w)->json, (text).data, (text).len, (w)->room->text_bytes, false); \
		} else { \
			(w)->json.cut_bytes += (text).len; \
		} \
	} while (0)

#define PUT_NUMBER(w, key, number) \
	do { \
		if ((number) != 0) { \
			KEY(w, key); \
			cf_json_number(&(w)->json, (number)); \
		} \
	} while (0)

#define PUT_TRUE(w, key, flag) \
	do { \
		if (flag) { \
			KEY(w, key); \
			CF_JSON_LITERAL(&(w)->json, "true"); \
		} \
	} while (0)

#define OPEN_OBJECT(w, key) \
	do { \
		KEY(w, key); \
		CF_JSON_LITERAL(&(w)->json, "{"); \
		(w)->first = true; \
	} while (0)

static void close_object(struct writer *w)
{
	CF_JSON_LITERAL(&w->json, "}");
	w->first = false;
}

static void put_addr_value(struct writer *w, const struct cf_addr *addr)
{
	char text[CF_ADDR_TEXT_BYTES];

	cf_addr_format(addr, text);
	cf_json_string(&w->json, text, strlen(text), sizeof text, false);
}

static void put_mac_value(struct writer *w, const uint8_t mac[6])
{
	static const char hex[] = "0123456789abcdef";
	char text[19];

	text[0] = '"';
	for (unsigned i = 0; i < 6; i++) {
		text[1 + 3 * i] = hex[mac[i] >> 4];
		text[2 + 3 * i] = hex[mac[i] & 15];
		text[3 + 3 * i] = i < 5 ? ':' : '"';
	}
	cf_json_raw(&w->json, text, sizeof text);
}

/* The canonical text of a name; nothing for bytes that are no name (a producer's mistake). */
static bool name_text(const uint8_t *wire, char text[CF_NAME_TEXT_BYTES])
{
	struct cf_name name;

	/* Ends at the root label or at the length limit, whichever is first. */
	if (wire == NULL || cf_name_from_wire(wire, CF_NAME_WIRE_BYTES, &name) != CF_OK)
		return false;
	cf_name_format(&name, text);
	return true;
}

static void put_name_value(struct writer *w, const char *text)
{
	cf_json_string(&w->json, text, strlen(text), w->room->name_bytes, true);
}

#define PUT_NAME(w, key, wire) \
	do { \
		char name_[CF_NAME_TEXT_BYTES]; \
		if (name_text(wire, name_)) { \
			KEY(w, key); \
			put_name_value(w, name_); \
		} \
	} while (0)

static void put_proto(struct writer *w, uint8_t ip_proto)
{
	if (ip_proto == 0)
		return;
	KEY(w, "proto");
	switch (ip_proto) {
	case IPPROTO_TCP:
		CF_JSON_LITERAL(&w->json, "\"TCP\"");
		break;
	case IPPROTO_UDP:
		CF_JSON_LITERAL(&w->json, "\"UDP\"");
		break;
	case IPPROTO_ICMP:
		CF_JSON_LITERAL(&w->json, "\"ICMP\"");
		break;
	case IPPROTO_ICMPV6:
		CF_JSON_LITERAL(&w->json, "\"IPv6-ICMP\"");
		break;
	case IPPROTO_SCTP:
		CF_JSON_LITERAL(&w->json, "\"SCTP\"");
		break;
	default:
		/* EVE writes the protocol number as a text of three digits. */
		CF_JSON_LITERAL(&w->json, "\"");
		for (unsigned unit = 100; unit > 0; unit /= 10)
			cf_json_number(&w->json, ip_proto / unit % 10);
		CF_JSON_LITERAL(&w->json, "\"");
		break;
	}
}

static void put_tuple(struct writer *w, const struct cf_hit *hit)
{
	char community[CF_COMMUNITY_TEXT_BYTES];

	if (hit->src.family != CF_FAMILY_NONE) {
		KEY(w, "src_ip");
		put_addr_value(w, &hit->src);
	}
	if (hit->src_zone != 0) {
		char zone[CF_ZONE_TEXT_BYTES];

		KEY(w, "src_zone");
		put_own_value(w, cf_zone_text(hit->src_zone, zone));
	}
	PUT_NUMBER(w, "src_port", hit->src_port);
	if (hit->dest.family != CF_FAMILY_NONE) {
		KEY(w, "dest_ip");
		put_addr_value(w, &hit->dest);
	}
	PUT_NUMBER(w, "dest_port", hit->dest_port);
	put_proto(w, hit->ip_proto);
	PUT_WORD(w, "in_iface", hit->in_iface);
	PUT_NUMBER(w, "vlan", hit->vlan);
	if (hit->has_src_mac) {
		KEY(w, "src_mac");
		put_mac_value(w, hit->src_mac);
	}
	if (!w->room->essential && !hit->masked &&
	    cf_community_id(
	        hit->ip_proto, &hit->src, hit->src_port, &hit->dest, hit->dest_port, community)) {
		KEY(w, "community_id");
		put_own_value(w, community);
	}
}

static void put_dns(struct writer *w, const struct cf_hit *hit)
{
	char qtype[CF_RRTYPE_TEXT_BYTES], rcode[CF_DNS_WORD_BYTES], prefix[CF_PREFIX_TEXT_BYTES];

	if (hit->dns.qname_wire == NULL)
		return;
	OPEN_OBJECT(w, "dns");
	PUT_NAME(w, "qname", hit->dns.qname_wire);
	if (hit->dns.qtype != 0) {
		KEY(w, "qtype");
		put_own_value(w, cf_rrtype_format(hit->dns.qtype, qtype));
	}
	if (hit->dns.has_rcode) {
		KEY(w, "rcode");
		put_own_value(w, cf_rcode_text(hit->dns.rcode, rcode));
	}
	PUT_WORD(w, "answer", hit->dns.answer);
	PUT_NUMBER(w, "ede", hit->dns.ede);
	PUT_WORD(w, "edes", hit->dns.edes);
	if (hit->dns.outcome != NULL) {
		KEY(w, "outcome");
		put_own_value(w, hit->dns.outcome);
	}
	PUT_NAME(w, "cname", hit->dns.cname_wire);
	PUT_TRUE(w, "cached", hit->dns.cached);
	if (!w->room->essential && hit->dns.ecs.addr.family != CF_FAMILY_NONE) {
		KEY(w, "ecs");
		put_own_value(w, cf_prefix_format(&hit->dns.ecs, prefix));
	}
	PUT_WORD(w, "resolver", hit->dns.own_resolver);
	close_object(w);
}

static void put_tls(struct writer *w, const struct cf_hit *hit)
{
	if (hit->tls.sni.len == 0 && hit->tls.transport == NULL && hit->tls.ja4.len == 0 &&
	    hit->tls.issuer.len == 0 && !hit->tls.ech)
		return;
	OPEN_OBJECT(w, "tls");
	PUT_TEXT(w, "sni", hit->tls.sni);
	PUT_WORD(w, "transport", hit->tls.transport);
	PUT_WORD(w, "version", hit->tls.version);
	PUT_TEXT(w, "alpn", hit->tls.alpn);
	KEY(w, "ech");
	if (hit->tls.ech)
		CF_JSON_LITERAL(&w->json, "true");
	else
		CF_JSON_LITERAL(&w->json, "false");
	PUT_TEXT(w, "ja4", hit->tls.ja4);
	PUT_TEXT(w, "issuer", hit->tls.issuer);
	close_object(w);
}

static void put_http(struct writer *w, const struct cf_hit *hit)
{
	if (hit->http.host.len == 0 && hit->http.uri.len == 0 && hit->http.user_agent.len == 0 &&
	    hit->http.method == NULL)
		return;
	OPEN_OBJECT(w, "http");
	PUT_TEXT(w, "host", hit->http.host);
	PUT_WORD(w, "method", hit->http.method);
	PUT_TEXT(w, "uri", hit->http.uri);
	PUT_TEXT(w, "user_agent", hit->http.user_agent);
	close_object(w);
}

static void put_flow(struct writer *w, const struct cf_hit *hit)
{
	if (hit->flow.state == NULL && hit->flow.pkts_out == 0 && hit->flow.pkts_in == 0 &&
	    hit->flow.dns_seen == CF_DNS_SEEN_NONE && !hit->flow.escape)
		return;
	OPEN_OBJECT(w, "flow");
	PUT_WORD(w, "state", hit->flow.state);
	if (hit->flow.pkts_out != 0 || hit->flow.pkts_in != 0) {
		KEY(w, "pkts_out");
		cf_json_number(&w->json, hit->flow.pkts_out);
		KEY(w, "bytes_out");
		cf_json_number(&w->json, hit->flow.bytes_out);
		KEY(w, "pkts_in");
		cf_json_number(&w->json, hit->flow.pkts_in);
		KEY(w, "bytes_in");
		cf_json_number(&w->json, hit->flow.bytes_in);
	}
	if (hit->flow.payload_in != 0) {
		KEY(w, "payload_in");
		cf_json_number(&w->json, hit->flow.payload_in);
	}
	if (hit->flow.first_wall_us != 0) {
		KEY(w, "first");
		cf_json_instant_us(&w->json, hit->flow.first_wall_us);
	}
	if (hit->flow.dns_seen != CF_DNS_SEEN_NONE) {
		KEY(w, "dns_seen");
		put_own_value(w, cf_dns_seen_text(hit->flow.dns_seen));
	}
	PUT_TRUE(w, "escape", hit->flow.escape);
	close_object(w);
}

/* Evidence whose value is a name: its right end matters. */
static bool value_is_name(enum cf_via via)
{
	return via <= CF_VIA_DNAME || via == CF_VIA_SVCB_TARGET || via == CF_VIA_SNI ||
	    via == CF_VIA_HTTP_HOST || via == CF_VIA_FALLBACK || via == CF_VIA_TARGET ||
	    via == CF_VIA_ADDITIONAL;
}

static void put_match(struct writer *w, const struct cf_hit *hit)
{
	struct cf_text reason = {.data = hit->match.reason};

	if (hit->match.reason != NULL)
		reason.len = strlen(hit->match.reason);
	OPEN_OBJECT(w, "match");
	KEY(w, "via");
	put_own_value(w, cf_via_text(hit->via));
	if (w->room->value_bytes > 0 && hit->match.value.len > 0) {
		KEY(w, "value");
		cf_json_string(&w->json, hit->match.value.data, hit->match.value.len,
		    w->room->value_bytes, value_is_name(hit->via));
	}
	if (hit->match.rule_wire != NULL) {
		PUT_NAME(w, "rule", hit->match.rule_wire);
	} else if (hit->match.rule != NULL && hit->match.rule[0] != '\0') {
		KEY(w, "rule");
		put_name_value(w, hit->match.rule);
	}
	PUT_WORD(w, "rule_type", hit->match.rule_type);
	PUT_WORD(w, "list", hit->match.list);
	/* Always a text: an index that has seen a number refuses the texts of other packs. */
	PUT_WORD(w, "serial", hit->match.serial);
	PUT_WORD(w, "category", hit->match.category);
	PUT_WORD(w, "product", hit->match.product);
	PUT_WORD(w, "confidence", hit->match.confidence);
	PUT_TEXT(w, "reason", reason);
	close_object(w);
}

static void put_asn(struct writer *w, const struct cf_hit *hit)
{
	if (hit->asn == 0)
		return;
	OPEN_OBJECT(w, "asn");
	PUT_NUMBER(w, "number", hit->asn);
	PUT_WORD(w, "org", hit->asn_org);
	close_object(w);
}

static void put_policy(struct writer *w, const struct cf_hit *hit)
{
	if (hit->policy.name == NULL && hit->policy.phase == NULL)
		return;
	OPEN_OBJECT(w, "policy");
	PUT_WORD(w, "name", hit->policy.name);
	PUT_WORD(w, "phase", hit->policy.phase);
	if (hit->policy.cutoff_wall_s != 0) {
		KEY(w, "cutoff");
		cf_json_instant(&w->json, hit->policy.cutoff_wall_s);
	}
	PUT_WORD(w, "exception_owner", hit->policy.exception_owner);
	close_object(w);
}

static size_t finish(struct writer *w)
{
	PUT_NUMBER(w, "cut", w->json.cut_bytes);
	CF_JSON_LITERAL(&w->json, "}\n");
	return cf_json_length(&w->json);
}

static size_t hit_at_level(const struct cf_hit *hit, const struct cf_line_origin *origin,
    uint64_t count, int64_t last_wall_us, const struct room *room, char *line, size_t size)
{
	struct writer writer = {.json = cf_json_make(line, size), .room = room}, *w = &writer;

	cf_line_head(&w->json, origin, hit->event, hit->at_wall_us);
	KEY(w, "action");
	put_own_value(w, cf_action_text(hit->action));
	put_tuple(w, hit);
	put_dns(w, hit);
	put_tls(w, hit);
	put_http(w, hit);
	put_flow(w, hit);
	put_match(w, hit);
	put_asn(w, hit);
	PUT_WORD(w, "relay", hit->relay);
	put_policy(w, hit);
	KEY(w, "count");
	cf_json_number(&w->json, count);
	if (count > 1 && last_wall_us != 0) {
		KEY(w, "last");
		cf_json_instant_us(&w->json, last_wall_us);
	}
	return finish(w);
}

size_t cf_hit_format(const struct cf_hit *hit, const char *sensor, const char *source,
    const char *id, uint64_t count, int64_t last_wall_us, char *line, size_t size)
{
	const struct cf_line_origin origin = {.sensor = sensor, .source = source, .id = id};
	size_t len = 0;

	if (size > CF_RECORD_BYTES)
		size = CF_RECORD_BYTES;
	for (size_t i = 0; i < sizeof rooms / sizeof rooms[0] && len == 0; i++)
		len = hit_at_level(hit, &origin, count, last_wall_us, &rooms[i], line, size);
	return len;
}

static void put_client_id(struct writer *w, struct cf_text client_id)
{
	static const char hex[] = "0123456789abcdef";

	if (client_id.len == 0)
		return;
	KEY(w, "client_id");
	CF_JSON_LITERAL(&w->json, "\"");
	for (size_t i = 0; i < client_id.len && i < 64; i++) {
		unsigned char byte = (unsigned char)client_id.data[i];
		char pair[2] = {hex[byte >> 4], hex[byte & 15]};

		cf_json_raw(&w->json, pair, 2);
	}
	CF_JSON_LITERAL(&w->json, "\"");
}

size_t cf_identity_format(const struct cf_identity *identity, const char *sensor,
    const char *source, const char *id, char *line, size_t size)
{
	const struct cf_line_origin origin = {.sensor = sensor, .source = source, .id = id};
	struct writer writer = {.json = cf_json_make(line, size), .room = &rooms[1]}, *w = &writer;

	cf_line_head(&w->json, &origin, CF_EVENT_IDENTITY, identity->from_wall_us);
	if (identity->addr.family != CF_FAMILY_NONE) {
		KEY(w, "src_ip");
		put_addr_value(w, &identity->addr);
	}
	PUT_WORD(w, "in_iface", identity->in_iface);
	PUT_NUMBER(w, "vlan", identity->vlan);
	if (identity->has_mac) {
		KEY(w, "src_mac");
		put_mac_value(w, identity->mac);
	}
	OPEN_OBJECT(w, "identity");
	PUT_WORD(w, "kind", identity->kind);
	PUT_TEXT(w, "name", identity->name);
	put_client_id(w, identity->client_id);
	PUT_TRUE(w, "router", identity->is_router);
	PUT_WORD(w, "end", identity->end);
	close_object(w);
	if (identity->to_wall_us != 0) {
		KEY(w, "last");
		cf_json_instant_us(&w->json, identity->to_wall_us);
	}
	return finish(w);
}
