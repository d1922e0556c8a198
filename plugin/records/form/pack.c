/*
 * Records as compact bytes. One file: who packs and who unpacks agree on a layout that is written
 * nowhere else, and change together.
 */

#include "records/form/pack.h"

#include "base/bytes.h"
#include "names/name.h"

#include <stddef.h>
#include <string.h>

/* Bits of cf_packed.present: groups of numbers first, then names, then texts. */
enum member {
	M_DEST,
	M_MAC,
	M_ECS,
	M_DNS,
	M_FLOW,
	M_NUMBERS,
	M_QNAME,
	M_CNAME,
	M_RULE_WIRE,
	M_IFACE,
	M_ANSWER,
	M_OWN_RESOLVER,
	M_EDES,
	M_OUTCOME,
	M_SNI,
	M_ALPN,
	M_JA4,
	M_ISSUER,
	M_TRANSPORT,
	M_TLS_VERSION,
	M_ECH,
	M_HOST,
	M_URI,
	M_USER_AGENT,
	M_METHOD,
	M_STATE,
	M_VALUE,
	M_RULE,
	M_RULE_TYPE,
	M_LIST,
	M_SERIAL,
	M_CATEGORY,
	M_PRODUCT,
	M_CONFIDENCE,
	M_REASON,
	M_ASN_ORG,
	M_RELAY,
	M_POLICY,
	M_PHASE,
	M_OWNER,
	M_MASKED,
	/* identities */
	M_KIND,
	M_NAME,
	M_CLIENT_ID,
	M_ROUTER,
	M_END,
	M_RAW,
	M_CLIENTS,
};

struct dns_numbers {
	uint16_t qtype, rcode, ede;
	uint8_t has_rcode, cached;
};

struct flow_numbers {
	uint64_t pkts_out, bytes_out, pkts_in, bytes_in, payload_in;
	int64_t first_wall_us;
};

struct other_numbers {
	int64_t cutoff_wall_s;
	uint32_t asn, src_zone;
	uint16_t vlan, reserved[3];
};

/* Where the next member goes. */
struct packer {
	uint8_t *start, *at;
	uint64_t present;
};

static void put_bytes(struct packer *p, enum member member, const void *bytes, size_t len)
{
	if (len > 0) /* there may be no bytes to lead to then */
		memcpy(p->at, bytes, len);
	p->at += len;
	p->present |= UINT64_C(1) << member;
}

/* Texts are terminated, so that unpacking can hand out C strings. */
static void put_counted(struct packer *p, enum member member, const void *bytes, size_t len)
{
	uint16_t len16 = (uint16_t)len;

	memcpy(p->at, &len16, sizeof len16);
	memcpy(p->at + 2, bytes, len);
	p->at[2 + len] = '\0';
	p->at += len + 3;
	p->present |= UINT64_C(1) << member;
}

static void put_word_of(struct packer *p, enum member member, const char *word, size_t most)
{
	if (word != NULL && word[0] != '\0')
		put_counted(p, member, word, strnlen(word, most));
}

static void put_word(struct packer *p, enum member member, const char *word)
{
	put_word_of(p, member, word, CF_RECORD_WORD_BYTES);
}

static void put_text(struct packer *p, enum member member, const struct cf_text *text, size_t most)
{
	if (text->len > 0)
		put_counted(p, member, text->data, text->len < most ? text->len : most);
}

/* Bytes that are no name (a label over 63, no end) are left out rather than read on. */
static void put_name(struct packer *p, enum member member, const uint8_t *wire)
{
	size_t len = 0;

	if (wire == NULL)
		return;
	while (wire[len] != 0) {
		if (wire[len] > 63 || len + wire[len] + 2 > CF_NAME_WIRE_BYTES)
			return;
		len += wire[len] + 1U;
	}
	put_counted(p, member, wire, len + 1);
}

static void put_hit_numbers(struct packer *p, const struct cf_hit *hit)
{
	if (hit->dest.family != CF_FAMILY_NONE)
		put_bytes(p, M_DEST, &hit->dest, sizeof hit->dest);
	if (hit->has_src_mac)
		put_bytes(p, M_MAC, hit->src_mac, sizeof hit->src_mac);
	if (hit->dns.ecs.addr.family != CF_FAMILY_NONE)
		put_bytes(p, M_ECS, &hit->dns.ecs, sizeof hit->dns.ecs);
	if (hit->dns.qname_wire != NULL) {
		const struct dns_numbers numbers = {.qtype = hit->dns.qtype,
		    .rcode = hit->dns.rcode,
		    .ede = hit->dns.ede,
		    .has_rcode = hit->dns.has_rcode,
		    .cached = hit->dns.cached};

		put_bytes(p, M_DNS, &numbers, sizeof numbers);
	}
	if (hit->flow.pkts_out != 0 || hit->flow.pkts_in != 0) {
		const struct flow_numbers numbers = {.pkts_out = hit->flow.pkts_out,
		    .bytes_out = hit->flow.bytes_out,
		    .pkts_in = hit->flow.pkts_in,
		    .bytes_in = hit->flow.bytes_in,
		    .payload_in = hit->flow.payload_in,
		    .first_wall_us = hit->flow.first_wall_us};

		put_bytes(p, M_FLOW, &numbers, sizeof numbers);
	}
	if (hit->policy.cutoff_wall_s != 0 || hit->asn != 0 || hit->vlan != 0 ||
	    hit->src_zone != 0) {
		const struct other_numbers numbers = {.cutoff_wall_s = hit->policy.cutoff_wall_s,
		    .asn = hit->asn,
		    .src_zone = hit->src_zone,
		    .vlan = hit->vlan};

		put_bytes(p, M_NUMBERS, &numbers, sizeof numbers);
	}
}

static void put_hit_texts(struct packer *p, const struct cf_hit *hit)
{
	put_name(p, M_QNAME, hit->dns.qname_wire);
	put_name(p, M_CNAME, hit->dns.cname_wire);
	put_name(p, M_RULE_WIRE, hit->match.rule_wire);
	put_word(p, M_IFACE, hit->in_iface);
	put_word(p, M_ANSWER, hit->dns.answer);
	put_word(p, M_OWN_RESOLVER, hit->dns.own_resolver);
	put_word(p, M_EDES, hit->dns.edes);
	put_word(p, M_OUTCOME, hit->dns.outcome);
	put_text(p, M_SNI, &hit->tls.sni, CF_NAME_WIRE_BYTES);
	put_text(p, M_ALPN, &hit->tls.alpn, CF_RECORD_WORD_BYTES);
	put_text(p, M_JA4, &hit->tls.ja4, CF_RECORD_WORD_BYTES);
	put_text(p, M_ISSUER, &hit->tls.issuer, CF_NAME_WIRE_BYTES);
	put_word(p, M_TRANSPORT, hit->tls.transport);
	put_word(p, M_TLS_VERSION, hit->tls.version);
	if (hit->tls.ech)
		p->present |= UINT64_C(1) << M_ECH;
	put_text(p, M_HOST, &hit->http.host, CF_NAME_WIRE_BYTES);
	put_text(p, M_URI, &hit->http.uri, CF_RECORD_TEXT_BYTES);
	put_text(p, M_USER_AGENT, &hit->http.user_agent, CF_RECORD_TEXT_BYTES);
	put_word(p, M_METHOD, hit->http.method);
	put_word(p, M_STATE, hit->flow.state);
	put_text(p, M_VALUE, &hit->match.value, CF_RECORD_TEXT_BYTES);
	if (hit->match.rule_wire == NULL)
		put_word_of(p, M_RULE, hit->match.rule, CF_NAME_WIRE_BYTES);
	put_word(p, M_RULE_TYPE, hit->match.rule_type);
	put_word(p, M_LIST, hit->match.list);
	put_word(p, M_SERIAL, hit->match.serial);
	put_word(p, M_CATEGORY, hit->match.category);
	put_word(p, M_PRODUCT, hit->match.product);
	put_word(p, M_CONFIDENCE, hit->match.confidence);
	put_word_of(p, M_REASON, hit->match.reason, CF_NAME_WIRE_BYTES);
	put_word(p, M_ASN_ORG, hit->asn_org);
	put_word(p, M_RELAY, hit->relay);
	put_word(p, M_POLICY, hit->policy.name);
	put_word(p, M_PHASE, hit->policy.phase);
	put_word(p, M_OWNER, hit->policy.exception_owner);
	if (hit->masked)
		p->present |= UINT64_C(1) << M_MASKED;
}

static uint32_t finish(struct packer *p, struct cf_packed *head)
{
	size_t size = (size_t)(p->at - p->start), padded = (size + 7) & ~(size_t)7;

	memset(p->at, 0, padded - size);
	head->present = p->present;
	head->size_bytes = (uint32_t)padded;
	memcpy(p->start, head, sizeof *head);
	return head->size_bytes;
}

void cf_pack_client(struct cf_packed *head, const struct cf_addr *addr, const uint8_t *mac)
{
	head->client[0] = addr->family;
	if (addr->family != CF_FAMILY_NONE) {
		memcpy(head->client + 1, addr->bytes, sizeof addr->bytes);
	} else if (mac != NULL) {
		head->client[0] = 1;
		memcpy(head->client + 1, mac, 6);
	}
}

uint32_t cf_pack_hit(const struct cf_hit *hit, void *out)
{
	struct cf_packed head = {.event = (uint8_t)hit->event,
	    .action = (uint8_t)hit->action,
	    .via = (uint8_t)hit->via,
	    .ip_proto = hit->ip_proto,
	    .at_wall_us = hit->at_wall_us,
	    .key = cf_pack_key(hit->key, hit->src_zone),
	    .src_port = hit->src_port,
	    .dest_port = hit->dest_port};
	struct packer p = {.start = out, .at = (uint8_t *)out + sizeof head};

	head.flow_marks = (uint8_t)((unsigned)hit->flow.dns_seen << 1 | (unsigned)hit->flow.escape);
	cf_pack_client(&head, &hit->src, hit->has_src_mac ? hit->src_mac : NULL);
	put_hit_numbers(&p, hit);
	put_hit_texts(&p, hit);
	return finish(&p, &head);
}

uint64_t cf_pack_key(uint64_t key, uint32_t src_zone)
{
	/* The multiplier is odd, and 0 says that a hit does not fold. */
	return key == 0 || src_zone == 0 ? key
	                                 : (key ^ src_zone * UINT64_C(0x9e3779b97f4a7c15)) | 1;
}

uint32_t cf_pack_alive(const struct cf_alive *alive, void *out)
{
	struct cf_packed head = {.event = CF_EVENT_ALIVE,
	    .at_wall_us = alive->from_wall_us,
	    .key = (uint64_t)alive->to_wall_us};
	struct packer p = {.start = out, .at = (uint8_t *)out + sizeof head};
	uint64_t left_out = alive->left_out;
	uint32_t count = alive->count < CF_ALIVE_PACKED ? (uint32_t)alive->count : CF_ALIVE_PACKED;

	put_bytes(&p, M_CLIENTS, &left_out, sizeof left_out);
	put_bytes(&p, M_CLIENTS, &count, sizeof count);
	put_bytes(&p, M_CLIENTS, alive->clients, count * sizeof alive->clients[0]);
	return finish(&p, &head);
}

uint32_t cf_pack_identity(const struct cf_identity *identity, void *out)
{
	struct cf_packed head = {.event = CF_EVENT_IDENTITY, .at_wall_us = identity->from_wall_us};
	const struct other_numbers numbers = {
	    .cutoff_wall_s = identity->to_wall_us, .vlan = identity->vlan};
	struct packer p = {.start = out, .at = (uint8_t *)out + sizeof head};

	cf_pack_client(&head, &identity->addr, NULL);
	if (identity->has_mac)
		put_bytes(&p, M_MAC, identity->mac, sizeof identity->mac);
	put_bytes(&p, M_NUMBERS, &numbers, sizeof numbers);
	put_word(&p, M_IFACE, identity->in_iface);
	put_word(&p, M_KIND, identity->kind);
	put_text(&p, M_NAME, &identity->name, CF_NAME_WIRE_BYTES);
	put_text(&p, M_CLIENT_ID, &identity->client_id, CF_NAME_WIRE_BYTES);
	if (identity->is_router)
		p.present |= UINT64_C(1) << M_ROUTER;
	put_word(&p, M_END, identity->end);
	return finish(&p, &head);
}

uint32_t cf_pack_raw(enum cf_event event, int64_t at_wall_us, const char *members_json, void *out)
{
	struct cf_packed head = {.event = (uint8_t)event, .at_wall_us = at_wall_us};
	struct packer p = {.start = out, .at = (uint8_t *)out + sizeof head};
	size_t len = strlen(members_json);

	if (len >= CF_RECORD_BYTES)
		return 0;
	put_counted(&p, M_RAW, members_json, len);
	return finish(&p, &head);
}

/* Where the next member is read; members come in the order of their packing. */
struct unpacker {
	const uint8_t *at;
	uint64_t present;
};

static bool has(const struct unpacker *u, enum member member)
{
	return (u->present >> member & 1) != 0;
}

static bool get_bytes(struct unpacker *u, enum member member, void *bytes, size_t len)
{
	if (!has(u, member))
		return false;
	memcpy(bytes, u->at, len);
	u->at += len;
	return true;
}

static struct cf_text get_text(struct unpacker *u, enum member member)
{
	struct cf_text text = {0};
	uint16_t len;

	if (!has(u, member))
		return text;
	memcpy(&len, u->at, sizeof len);
	text.data = (const char *)u->at + 2;
	text.len = len;
	u->at += len + 3U;
	return text;
}

static const char *get_word(struct unpacker *u, enum member member)
{
	return get_text(u, member).data;
}

static const uint8_t *get_name(struct unpacker *u, enum member member)
{
	return (const uint8_t *)get_text(u, member).data;
}

static void get_addr(const struct cf_packed *head, struct cf_addr *addr_out)
{
	if (head->client[0] == CF_FAMILY_V4 || head->client[0] == CF_FAMILY_V6) {
		addr_out->family = head->client[0];
		memcpy(addr_out->bytes, head->client + 1, sizeof addr_out->bytes);
	}
}

static void get_hit_numbers(struct unpacker *u, struct cf_hit *hit)
{
	struct dns_numbers dns;
	struct flow_numbers flow;
	struct other_numbers other;

	(void)get_bytes(u, M_DEST, &hit->dest, sizeof hit->dest); /* absent leaves zero */
	hit->has_src_mac = get_bytes(u, M_MAC, hit->src_mac, sizeof hit->src_mac);
	(void)get_bytes(u, M_ECS, &hit->dns.ecs, sizeof hit->dns.ecs); /* as above */
	if (get_bytes(u, M_DNS, &dns, sizeof dns)) {
		hit->dns.qtype = dns.qtype;
		hit->dns.has_rcode = dns.has_rcode != 0;
		hit->dns.rcode = dns.rcode;
		hit->dns.ede = dns.ede;
		hit->dns.cached = dns.cached != 0;
	}
	if (get_bytes(u, M_FLOW, &flow, sizeof flow)) {
		hit->flow.pkts_out = flow.pkts_out;
		hit->flow.bytes_out = flow.bytes_out;
		hit->flow.pkts_in = flow.pkts_in;
		hit->flow.bytes_in = flow.bytes_in;
		hit->flow.payload_in = flow.payload_in;
		hit->flow.first_wall_us = flow.first_wall_us;
	}
	if (get_bytes(u, M_NUMBERS, &other, sizeof other)) {
		hit->policy.cutoff_wall_s = other.cutoff_wall_s;
		hit->asn = other.asn;
		hit->src_zone = other.src_zone;
		hit->vlan = other.vlan;
	}
}

static void get_hit_texts(struct unpacker *u, struct cf_hit *hit)
{
	hit->dns.qname_wire = get_name(u, M_QNAME);
	hit->dns.cname_wire = get_name(u, M_CNAME);
	hit->match.rule_wire = get_name(u, M_RULE_WIRE);
	hit->in_iface = get_word(u, M_IFACE);
	hit->dns.answer = get_word(u, M_ANSWER);
	hit->dns.own_resolver = get_word(u, M_OWN_RESOLVER);
	hit->dns.edes = get_word(u, M_EDES);
	hit->dns.outcome = get_word(u, M_OUTCOME);
	hit->tls.sni = get_text(u, M_SNI);
	hit->tls.alpn = get_text(u, M_ALPN);
	hit->tls.ja4 = get_text(u, M_JA4);
	hit->tls.issuer = get_text(u, M_ISSUER);
	hit->tls.transport = get_word(u, M_TRANSPORT);
	hit->tls.version = get_word(u, M_TLS_VERSION);
	hit->tls.ech = has(u, M_ECH);
	hit->http.host = get_text(u, M_HOST);
	hit->http.uri = get_text(u, M_URI);
	hit->http.user_agent = get_text(u, M_USER_AGENT);
	hit->http.method = get_word(u, M_METHOD);
	hit->flow.state = get_word(u, M_STATE);
	hit->match.value = get_text(u, M_VALUE);
	hit->match.rule = get_word(u, M_RULE);
	hit->match.rule_type = get_word(u, M_RULE_TYPE);
	hit->match.list = get_word(u, M_LIST);
	hit->match.serial = get_word(u, M_SERIAL);
	hit->match.category = get_word(u, M_CATEGORY);
	hit->match.product = get_word(u, M_PRODUCT);
	hit->match.confidence = get_word(u, M_CONFIDENCE);
	hit->match.reason = get_word(u, M_REASON);
	hit->asn_org = get_word(u, M_ASN_ORG);
	hit->relay = get_word(u, M_RELAY);
	hit->policy.name = get_word(u, M_POLICY);
	hit->policy.phase = get_word(u, M_PHASE);
	hit->policy.exception_owner = get_word(u, M_OWNER);
	hit->masked = has(u, M_MASKED);
}

void cf_unpack_hit(const void *packed, struct cf_hit *hit_out)
{
	const struct cf_packed *head = packed;
	struct unpacker u = {
	    .at = (const uint8_t *)packed + sizeof *head, .present = head->present};

	*hit_out = (struct cf_hit){.at_wall_us = head->at_wall_us,
	    .event = (enum cf_event)head->event,
	    .action = (enum cf_action)head->action,
	    .via = (enum cf_via)head->via,
	    .key = head->key,
	    .ip_proto = head->ip_proto,
	    .src_port = head->src_port,
	    .dest_port = head->dest_port};
	hit_out->flow.dns_seen = (enum cf_dns_seen)(head->flow_marks >> 1);
	hit_out->flow.escape = (head->flow_marks & 1) != 0;
	get_addr(head, &hit_out->src);
	if ((head->present & CF_PACKED_DEFERRED) != 0)
		return;
	get_hit_numbers(&u, hit_out);
	get_hit_texts(&u, hit_out);
}

void cf_unpack_identity(const void *packed, struct cf_identity *identity_out)
{
	const struct cf_packed *head = packed;
	struct unpacker u = {
	    .at = (const uint8_t *)packed + sizeof *head, .present = head->present};
	struct other_numbers numbers = {0};

	*identity_out = (struct cf_identity){.from_wall_us = head->at_wall_us};
	get_addr(head, &identity_out->addr);
	identity_out->has_mac = get_bytes(&u, M_MAC, identity_out->mac, sizeof identity_out->mac);
	(void)get_bytes(&u, M_NUMBERS, &numbers, sizeof numbers); /* always there */
	identity_out->to_wall_us = numbers.cutoff_wall_s;
	identity_out->vlan = numbers.vlan;
	identity_out->in_iface = get_word(&u, M_IFACE);
	identity_out->kind = get_word(&u, M_KIND);
	identity_out->name = get_text(&u, M_NAME);
	identity_out->client_id = get_text(&u, M_CLIENT_ID);
	identity_out->is_router = has(&u, M_ROUTER);
	identity_out->end = get_word(&u, M_END);
}

void cf_unpack_alive(
    const void *packed, struct cf_alive *alive_out, struct cf_alive_client clients[CF_ALIVE_PACKED])
{
	const struct cf_packed *head = packed;
	struct unpacker u = {
	    .at = (const uint8_t *)packed + sizeof *head, .present = head->present};
	uint32_t count = 0;

	*alive_out = (struct cf_alive){
	    .from_wall_us = head->at_wall_us, .to_wall_us = (int64_t)head->key, .clients = clients};
	(void)get_bytes(&u, M_CLIENTS, &alive_out->left_out, sizeof alive_out->left_out);
	(void)get_bytes(&u, M_CLIENTS, &count, sizeof count); /* both always there */
	(void)get_bytes(&u, M_CLIENTS, clients, count * sizeof clients[0]);
	alive_out->count = count;
}

const char *cf_unpack_raw(const void *packed)
{
	const struct cf_packed *head = packed;

	return (const char *)packed + sizeof *head + 2;
}

/* Bytes of a member of fixed size, 0 for a text, -1 for a flag. */
static const int fixed_sizes[M_KIND] = {[M_DEST] = sizeof(struct cf_addr),
    [M_MAC] = 6,
    [M_ECS] = sizeof(struct cf_prefix),
    [M_DNS] = sizeof(struct dns_numbers),
    [M_FLOW] = sizeof(struct flow_numbers),
    [M_NUMBERS] = sizeof(struct other_numbers),
    [M_ECH] = -1,
    [M_MASKED] = -1};

static bool text_is_sound(struct cf_bytes *bytes, enum member member)
{
	const uint8_t *len_bytes = cf_bytes_take(bytes, 2), *text;
	struct cf_name name;
	uint16_t len;

	if (len_bytes == NULL)
		return false;
	memcpy(&len, len_bytes, sizeof len);
	text = cf_bytes_take(bytes, (size_t)len + 1);
	if (text == NULL || text[len] != '\0')
		return false;
	if (member != M_QNAME && member != M_CNAME && member != M_RULE_WIRE)
		return true;
	return cf_name_from_wire(text, len, &name) == CF_OK && name.wire_len == len;
}

bool cf_packed_is_hit(const void *packed, size_t len)
{
	struct cf_bytes bytes = cf_bytes_make(packed, len);
	struct cf_packed head;
	const uint8_t *at = cf_bytes_take(&bytes, sizeof head);

	if (at == NULL)
		return false;
	memcpy(&head, at, sizeof head);
	if (head.size_bytes < sizeof head || head.size_bytes > len ||
	    head.event >= CF_EVENT_IDENTITY || head.action > CF_ACTION_BLOCK ||
	    head.via >= CF_VIA_COUNT || head.flow_marks >> 1 > CF_DNS_UNKNOWN ||
	    head.present >> M_KIND != 0)
		return false;
	for (enum member member = 0; member < M_KIND; member++) {
		int size = fixed_sizes[member];

		if ((head.present >> member & 1) == 0 || size < 0)
			continue;
		if (size == 0 && !text_is_sound(&bytes, member))
			return false;
		if (size > 0 && cf_bytes_take(&bytes, (size_t)size) == NULL)
			return false;
	}
	return true;
}
