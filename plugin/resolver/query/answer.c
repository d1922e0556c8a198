/* Builds and rewrites replies. */
#include "resolver/host/unbound.h"

#include "resolver/query/answer.h"

#include <stddef.h>
#include <string.h>

/* rdata of the SOA, with its length field: root names as MNAME and RNAME because encoding a name
 * that could be compressed costs more than the rest of the answer together; then serial, refresh,
 * retry, expire, and the negative TTL. */
#define SOA_NAMES   2
#define SOA_RDATA   (SOA_NAMES + 20)
#define SOA_MINIMUM (SOA_NAMES + 16)

/* A record set of one record, with the arrays that packed_rrset_data points into. */
struct forged_rrset {
	struct ub_packed_rrset_key key;
	struct packed_rrset_data data;
	size_t len;
	uint8_t *rdata;
	time_t ttl;
	uint8_t bytes[2 + SOA_RDATA];
};

struct forged_reply {
	struct dns_msg msg; /* only when a message was asked for */
	struct reply_info info;
	struct rrset_ref spare; /* reply_info ends in an array of one or none, by version */
	struct ub_packed_rrset_key *rrsets[1];
	struct forged_rrset rrset;
};

static void forge_rrset(struct forged_rrset *f, const struct query_info *question, uint16_t rrtype,
    const uint8_t *rdata, uint16_t rdata_len, uint32_t ttl_s)
{
	f->key.entry.key = &f->key;
	f->key.entry.data = &f->data;
	f->key.rk.dname = question->qname;
	f->key.rk.dname_len = question->qname_len;
	f->key.rk.type = htons(rrtype);
	f->key.rk.rrset_class = htons(question->qclass);
	f->bytes[0] = (uint8_t)(rdata_len >> 8);
	f->bytes[1] = (uint8_t)rdata_len;
	memcpy(f->bytes + 2, rdata, rdata_len);
	f->len = 2 + (size_t)rdata_len;
	f->rdata = f->bytes;
	f->ttl = (time_t)ttl_s;
	f->data.ttl = (time_t)ttl_s;
	f->data.count = 1;
	f->data.trust = rrset_trust_ultimate;
	f->data.security = sec_status_insecure;
	f->data.rr_len = &f->len;
	f->data.rr_data = &f->rdata;
	f->data.rr_ttl = &f->ttl;
}

static void forge_soa(struct forged_rrset *f, const struct query_info *question, uint32_t ttl_s)
{
	static const uint8_t template[SOA_RDATA] = {
	    0, 0,                               /* MNAME ".", RNAME "." */
	    0, 0, 0, 1, 0, 0, 0x0e, 0x10,       /* serial 1, refresh 3600 */
	    0, 0, 0x03, 0x84, 0, 9, 0x3a, 0x80, /* retry 900, expire 604800 */
	};
	uint8_t rdata[SOA_RDATA];

	memcpy(rdata, template, sizeof(rdata));
	for (int i = 0; i < 4; i++)
		rdata[SOA_MINIMUM + i] = (uint8_t)(ttl_s >> (24 - 8 * i));
	forge_rrset(f, question, LDNS_RR_TYPE_SOA, rdata, sizeof(rdata), ttl_s);
}

/* The sinkhole's address for the type asked; NULL when there is none. */
static const struct cf_addr *sinkhole_addr(
    const struct query_info *question, const struct cf_answer_spec *spec)
{
	if (question->qtype == LDNS_RR_TYPE_A && spec->sinkhole_v4.family == CF_FAMILY_V4)
		return &spec->sinkhole_v4;
	if (question->qtype == LDNS_RR_TYPE_AAAA && spec->sinkhole_v6.family == CF_FAMILY_V6)
		return &spec->sinkhole_v6;
	return NULL;
}

static struct forged_reply *forge(struct regional *region, const struct query_info *question,
    const struct cf_answer_spec *spec, enum cf_answer kind, uint32_t ttl_s)
{
	struct forged_reply *forged = regional_alloc_zero(region, sizeof(*forged));
	struct reply_info *rep;
	const struct cf_addr *addr =
	    kind == CF_ANSWER_SINKHOLE ? sinkhole_addr(question, spec) : NULL;

	if (forged == NULL)
		return NULL;
	rep = &forged->info;
	rep->flags = (uint16_t)(BIT_QR | BIT_RA | cf_answer_rcode(kind));
	rep->qdcount = 1;
	rep->ttl = (time_t)ttl_s;
	rep->prefetch_ttl = PREFETCH_TTL_CALC((time_t)ttl_s);
	rep->serve_expired_ttl = (time_t)ttl_s;
	rep->security = sec_status_insecure;
	rep->rrsets = forged->rrsets;
	if (kind == CF_ANSWER_REFUSED)
		return forged;
	forged->rrsets[0] = &forged->rrset.key;
	rep->rrset_count = 1;
	if (addr != NULL) {
		forge_rrset(&forged->rrset, question, question->qtype, addr->bytes,
		    (uint16_t)cf_addr_length(addr), ttl_s);
		rep->an_numrrsets = 1;
	} else {
		forge_soa(&forged->rrset, question, ttl_s);
		rep->ns_numrrsets = 1;
	}
	return forged;
}

struct reply_info *cf_answer_new(struct regional *region, const struct query_info *question,
    const struct cf_answer_spec *spec, enum cf_answer kind, uint32_t ttl_s)
{
	struct forged_reply *forged = forge(region, question, spec, kind, ttl_s);

	return forged == NULL ? NULL : &forged->info;
}

struct dns_msg *cf_answer_new_failure(struct regional *region, const struct query_info *question)
{
	static const struct cf_answer_spec spec = {.kind = CF_ANSWER_REFUSED};
	struct dns_msg *msg = cf_answer_new_msg(region, question, &spec, 0);

	if (msg != NULL)
		FLAGS_SET_RCODE(msg->rep->flags, LDNS_RCODE_SERVFAIL);
	return msg;
}

struct dns_msg *cf_answer_new_msg(struct regional *region, const struct query_info *question,
    const struct cf_answer_spec *spec, uint32_t ttl_s)
{
	struct forged_reply *forged = forge(region, question, spec, spec->kind, ttl_s);

	if (forged == NULL)
		return NULL;
	forged->msg.qinfo = *question;
	forged->msg.rep = &forged->info;
	return &forged->msg;
}

void cf_answer_overwrite(struct reply_info *into, const void *head)
{
	memcpy(into, head, offsetof(struct reply_info, ref));
}

bool cf_answer_is_private(const struct reply_info *rep)
{
	return rep->rrset_count > 0 && (const void *)rep->rrsets == (const void *)rep->ref;
}

bool cf_answer_add_ede(
    struct edns_option **options, struct regional *region, const struct cf_answer_spec *spec)
{
	size_t text_len = strnlen(spec->ede_text, CF_EDE_TEXT_BYTES);
	struct edns_option *option;

	if (spec->ede_code == 0)
		return true;
	option = regional_alloc_zero(region, sizeof(*option) + 2 + text_len);
	if (option == NULL)
		return false;
	option->opt_code = LDNS_EDNS_EDE;
	option->opt_len = 2 + text_len;
	option->opt_data = (uint8_t *)(option + 1);
	option->opt_data[0] = (uint8_t)(spec->ede_code >> 8);
	option->opt_data[1] = (uint8_t)spec->ede_code;
	memcpy(option->opt_data + 2, spec->ede_text, text_len);
	option->next = *options;
	*options = option;
	return true;
}

/*
 * A record that fits in no message: Unbound puts a "local alias" first, cannot, and sets TC. Its
 * owner must be the question's name, so it is one per thread, and it must outlive the call because
 * the host reads the alias once more when it logs replies.
 */
#define HUGE_RDATA 65535
static const uint8_t huge_rdata[2 + HUGE_RDATA] = {HUGE_RDATA >> 8, HUGE_RDATA & 0xff};
static _Thread_local struct {
	struct ub_packed_rrset_key key;
	struct packed_rrset_data data;
	size_t len;
	uint8_t *rdata;
	time_t ttl;
	struct local_rrset alias;
	uint8_t owner[CF_NAME_WIRE_BYTES];
} huge;

void cf_answer_withhold(struct query_info *question)
{
	size_t len = question->qname_len <= sizeof(huge.owner) ? question->qname_len : 0;

	memcpy(huge.owner, question->qname, len);
	huge.len = sizeof(huge_rdata);
	huge.rdata = (uint8_t *)(uintptr_t)huge_rdata; /* the host only reads it */
	huge.data.count = 1;
	huge.data.rr_len = &huge.len;
	huge.data.rr_data = &huge.rdata;
	huge.data.rr_ttl = &huge.ttl;
	huge.key.entry.key = &huge.key;
	huge.key.entry.data = &huge.data;
	huge.key.rk.dname = huge.owner;
	huge.key.rk.dname_len = len;
	huge.key.rk.type = htons(LDNS_RR_TYPE_TXT);
	huge.key.rk.rrset_class = htons(question->qclass);
	huge.alias.rrset = &huge.key;
	question->local_alias = &huge.alias;
}

void cf_answer_clamp(struct reply_info *rep, uint32_t ttl_s)
{
	time_t most = (time_t)ttl_s;

	if (rep->ttl > most)
		rep->ttl = most;
	for (size_t i = 0; i < rep->rrset_count; i++) {
		struct packed_rrset_data *data = rep->rrsets[i]->entry.data;

		if (data->ttl > most)
			data->ttl = most;
		for (size_t j = 0; j < data->count + data->rrsig_count; j++)
			if (data->rr_ttl[j] > most)
				data->rr_ttl[j] = most;
	}
}

uint16_t cf_answer_rcode(enum cf_answer kind)
{
	if (kind == CF_ANSWER_NXDOMAIN)
		return LDNS_RCODE_NXDOMAIN;
	return kind == CF_ANSWER_REFUSED ? LDNS_RCODE_REFUSED : LDNS_RCODE_NOERROR;
}
