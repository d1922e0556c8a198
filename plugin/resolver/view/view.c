/*
 * What Unbound shows us, in the words of the decision. One file: the walk through an answer and the
 * few questions that are asked of each element belong to every query, whose way is to be short.
 */
#include "resolver/host/unbound.h"

#include "resolver/view/view.h"

#include "base/embedded.h"
#include "resolver/view/svcb.h"
#include "resolver/view/target.h"

#include <netinet/in.h>
#include <string.h>

/*
 * Process-wide, for it is a setting of the host that every look at an answer needs. Written before
 * there are workers.
 */
static struct cf_prefix nat64;

void cf_view_set_nat64(const struct cf_prefix *prefix)
{
	nat64 = *prefix;
}

void cf_view_client(const struct sockaddr_storage *from, struct cf_client *client_out)
{
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;

		cf_addr_set_v4(&client_out->addr, (const uint8_t *)&in->sin_addr);
		client_out->zone = 0;
		client_out->port = ntohs(in->sin_port);
	} else if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

		client_out->addr = cf_addr_v6((const uint8_t *)&in6->sin6_addr);
		client_out->zone = IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) ? in6->sin6_scope_id : 0;
		client_out->port = ntohs(in6->sin6_port);
	} else {
		*client_out = (struct cf_client){.port = 0};
	}
}

bool cf_view_name(const uint8_t *wire, size_t len, struct cf_name *name_out)
{
	return wire != NULL && cf_name_from_wire(wire, len, name_out) == CF_OK;
}

/* The state of one walk: the name seen last is remembered because owners repeat targets. */
struct walk {
	const struct cf_name *qname;
	cf_view_visit *visit;
	void *arg;
	struct cf_name last;
	bool services, stopped;
};

static bool visit_name(struct walk *w, enum cf_via via, const uint8_t *wire, size_t len)
{
	struct cf_name name;
	struct cf_element element = {.via = via, .name = &name};

	/* Nearly every owner is the question's name as it stands. */
	if (len == w->qname->wire_len && memcmp(wire, w->qname->wire, len) == 0)
		return true;
	if (!cf_view_name(wire, len, &name) || cf_name_equal(&name, w->qname) ||
	    cf_name_equal(&name, &w->last))
		return true;
	w->last = name;
	w->stopped = !w->visit(w->arg, &element);
	return !w->stopped;
}

/* Everything that an IPv6 address stands for. */
static unsigned embedded(const struct cf_addr *addr, struct cf_addr out[CF_EMBEDDED_MOST + 1])
{
	unsigned count = cf_addr_embedded(addr, out);

	return count +
	    (nat64.addr.family != CF_FAMILY_NONE && cf_prefix_embedded(&nat64, addr, &out[count]));
}

static bool visit_addr(struct walk *w, enum cf_via via, const struct cf_addr *addr)
{
	struct cf_element element = {.via = via, .addr = addr};

	struct cf_addr inner[CF_EMBEDDED_MOST + 1];
	unsigned count;

	w->stopped = !w->visit(w->arg, &element);
	if (w->stopped || addr->family != CF_FAMILY_V6)
		return !w->stopped;
	/* Translated: a packet to it goes to the address inside. */
	count = embedded(addr, inner);
	for (unsigned i = 0; i < count && !w->stopped; i++) {
		element.addr = &inner[i];
		w->stopped = !w->visit(w->arg, &element);
	}
	return !w->stopped;
}

static bool visit_svcb(
    void *arg, const uint8_t *target, size_t target_len, const struct cf_addr *addr)
{
	struct walk *w = arg;

	if (addr != NULL)
		return visit_addr(w, CF_VIA_SVCB_HINT, addr);
	if (target_len <= 1)
		return true; /* ".": the owner itself, visited already */
	return visit_name(w, CF_VIA_SVCB_TARGET, target, target_len);
}

static bool visit_target(struct walk *w, uint16_t rrtype, const uint8_t *rdata, size_t len)
{
	const uint8_t *name;
	size_t name_len;

	return !cf_target_find(rrtype, rdata, len, &name, &name_len) ||
	    visit_name(w, CF_VIA_TARGET, name, name_len);
}

/* One record: rdata without its length field. */
static bool visit_record(struct walk *w, uint16_t rrtype, const uint8_t *rdata, size_t len)
{
	struct cf_addr addr;

	switch (rrtype) {
	case LDNS_RR_TYPE_CNAME:
		return visit_name(w, CF_VIA_CNAME, rdata, len);
	case LDNS_RR_TYPE_DNAME:
		return visit_name(w, CF_VIA_DNAME, rdata, len);
	case LDNS_RR_TYPE_A:
		if (len != 4)
			return true;
		addr = cf_addr_v4(rdata);
		return visit_addr(w, CF_VIA_ANSWER_ADDR, &addr);
	case LDNS_RR_TYPE_AAAA:
		if (len != 16)
			return true;
		addr = cf_addr_v6(rdata);
		return visit_addr(w, CF_VIA_ANSWER_ADDR, &addr);
	case LDNS_RR_TYPE_SVCB:
	case LDNS_RR_TYPE_HTTPS:
		if (cf_svcb_walk(rdata, len, visit_svcb, w) != CF_OK)
			return true; /* a client cannot use such a record; what it held was visited
			              */
		return !w->stopped;
	default:
		return !w->services || visit_target(w, rrtype, rdata, len);
	}
}

/* An address that came along: its owner, and itself. Others there lead nowhere. */
static bool visit_additional(struct walk *w, const struct ub_packed_rrset_key *key)
{
	const struct packed_rrset_data *data = key->entry.data;
	uint16_t rrtype = ntohs(key->rk.type);

	if (rrtype != LDNS_RR_TYPE_A && rrtype != LDNS_RR_TYPE_AAAA)
		return true;
	if (!visit_name(w, CF_VIA_ADDITIONAL, key->rk.dname, key->rk.dname_len))
		return false;
	for (size_t j = 0; j < data->count; j++)
		if (data->rr_len[j] >= 2 &&
		    !visit_record(w, rrtype, data->rr_data[j] + 2, data->rr_len[j] - 2))
			return false;
	return true;
}

void cf_view_walk(const struct cf_name *qname, const struct reply_info *rep, bool services,
    cf_view_visit *visit, void *arg)
{
	struct walk w;

	/* Not zeroed as a whole: every answer comes by, and few have a name to remember. */
	w.qname = qname;
	w.visit = visit;
	w.arg = arg;
	w.last.wire_len = 0;
	w.services = services;
	w.stopped = false;
	for (size_t i = 0; rep != NULL && i < rep->an_numrrsets; i++) {
		const struct ub_packed_rrset_key *key = rep->rrsets[i];
		const struct packed_rrset_data *data = key->entry.data;
		uint16_t rrtype = ntohs(key->rk.type);
		enum cf_via via = rrtype == LDNS_RR_TYPE_DNAME ? CF_VIA_DNAME : CF_VIA_CNAME;

		if (!visit_name(&w, via, key->rk.dname, key->rk.dname_len))
			return;
		for (size_t j = 0; j < data->count; j++) {
			if (data->rr_len[j] < 2)
				continue;
			if (!visit_record(&w, rrtype, data->rr_data[j] + 2, data->rr_len[j] - 2))
				return;
		}
	}
	for (size_t i = rep == NULL || !services ? 0 : rep->an_numrrsets + rep->ns_numrrsets;
	     i != 0 && i < rep->rrset_count; i++)
		if (!visit_additional(&w, rep->rrsets[i]))
			return;
}

static bool holds_listed_embedded(const struct cf_image *image, const struct cf_addr *addr)
{
	struct cf_addr inner[CF_EMBEDDED_MOST + 1];
	unsigned count = embedded(addr, inner);

	for (unsigned i = 0; i < count; i++)
		if (cf_image_find_addr(image, &inner[i]) != CF_NONE)
			return true;
	return false;
}

static bool holds_listed_addr(
    const struct cf_image *image, uint16_t rrtype, const struct packed_rrset_data *data)
{
	const size_t len = rrtype == LDNS_RR_TYPE_A ? 4 : 16;

	for (size_t i = 0; i < data->count; i++) {
		const uint8_t *rdata = data->rr_data[i] + 2;
		struct cf_addr addr;

		if (data->rr_len[i] != len + 2)
			continue;
		if (len == 4)
			cf_addr_set_v4(&addr, rdata);
		else
			addr = cf_addr_v6(rdata);
		if (cf_image_find_addr(image, &addr) != CF_NONE)
			return true;
		if (len == 16 && holds_listed_embedded(image, &addr))
			return true;
	}
	return false;
}

bool cf_view_is_worth_walking(const struct cf_image *image, const struct reply_info *rep)
{
	for (size_t i = 0; rep != NULL && i < rep->an_numrrsets; i++) {
		const struct ub_packed_rrset_key *key = rep->rrsets[i];
		uint16_t rrtype = ntohs(key->rk.type);

		switch (rrtype) {
		case LDNS_RR_TYPE_CNAME:
		case LDNS_RR_TYPE_DNAME:
		case LDNS_RR_TYPE_SVCB:
		case LDNS_RR_TYPE_HTTPS:
			return true;
		case LDNS_RR_TYPE_A:
		case LDNS_RR_TYPE_AAAA:
			if (cf_image_info(image)->block_addresses &&
			    holds_listed_addr(image, rrtype, key->entry.data))
				return true;
			break;
		default:
			if (cf_target_is_type(rrtype) && cf_image_info(image)->block_services)
				return true;
			break;
		}
	}
	/* What came along may be listed itself. */
	return rep != NULL && rep->ar_numrrsets > 0 && cf_image_info(image)->block_services;
}

/* Block over flag over a pass by exception, which is recorded, over a listed pass over nothing. */
static int rank(const struct cf_decision *decision)
{
	if (!decision->matched)
		return 0;
	if (decision->verdict == CF_VERDICT_PASS)
		return decision->exception == CF_NONE ? 1 : 2;
	return decision->verdict == CF_VERDICT_FLAG ? 3 : 4;
}

/* True when only dedicated vendor space counts: shared hosts are evidence, not a reason to block.
 */
static bool is_dedicated(const struct cf_image *image, uint32_t id)
{
	struct cf_network network;

	if (id == CF_NONE)
		return false;
	cf_image_network(image, id, &network);
	return network.kind == CF_NETWORK_DEDICATED;
}

struct judge {
	const struct cf_image *image;
	const struct cf_question *question;
	struct cf_judgement *judgement;
};

static bool judge_element(void *arg, const struct cf_element *element)
{
	struct judge *judge = arg;
	struct cf_judgement *best = judge->judgement;
	struct cf_decision decision;
	int64_t next_change_wall_s;

	if (element->addr != NULL) {
		if (!cf_image_info(judge->image)->block_addresses)
			return true;
		cf_decide_addr(judge->image, judge->question, element->addr, &decision);
		if (!decision.matched || !is_dedicated(judge->image, decision.network))
			return true;
	} else {
		cf_decide_name(judge->image, judge->question, element->name, &decision);
		if (!decision.matched)
			return true;
	}
	next_change_wall_s = decision.next_change_wall_s < best->decision.next_change_wall_s
	    ? decision.next_change_wall_s
	    : best->decision.next_change_wall_s;
	if (rank(&decision) > rank(&best->decision)) {
		best->decision = decision;
		best->via = element->via;
		best->is_addr = element->addr != NULL;
		if (best->is_addr)
			best->addr = *element->addr;
		else
			best->name = *element->name;
	}
	best->decision.next_change_wall_s = next_change_wall_s;
	return best->decision.verdict != CF_VERDICT_BLOCK;
}

bool cf_view_is_listed(const struct cf_image *image, const struct cf_name *name)
{
	struct cf_match matches[CF_MATCHES];

	return cf_image_find_name(image, name, matches) > 0;
}

struct any_listed {
	const struct cf_image *image;
	bool found;
};

static bool find_listed(void *arg, const struct cf_element *element)
{
	struct any_listed *any = arg;

	if (element->addr == NULL)
		any->found = cf_view_is_listed(any->image, element->name);
	else if (cf_image_info(any->image)->block_addresses)
		any->found =
		    is_dedicated(any->image, cf_image_find_addr(any->image, element->addr));
	return !any->found;
}

bool cf_view_is_any_listed(
    const struct cf_image *image, const struct cf_name *qname, const struct reply_info *rep)
{
	struct any_listed any = {.image = image};

	if (cf_view_is_listed(image, qname))
		return true;
	cf_view_walk(qname, rep, cf_image_info(image)->block_services, find_listed, &any);
	return any.found;
}

void cf_view_judge_name(const struct cf_image *image, const struct cf_question *question,
    const struct cf_name *qname, struct cf_judgement *judgement_out)
{
	judgement_out->via = CF_VIA_QNAME;
	judgement_out->is_addr = false;
	cf_decide_name(image, question, qname, &judgement_out->decision);
}

/* True when the exception that decided names the very name that was asked. */
static bool is_excepted_by_name(const struct cf_image *image, const struct cf_decision *decision)
{
	struct cf_entry entry;

	if (!decision->matched || decision->exception == CF_NONE || decision->entry == CF_NONE)
		return false;
	cf_image_entry(image, decision->entry, &entry);
	return entry.exception != CF_NONE && entry.exception == decision->exception;
}

void cf_view_judge(const struct cf_image *image, const struct cf_question *question,
    const struct cf_name *qname, const struct cf_alias *alias, const struct reply_info *rep,
    struct cf_judgement *judgement_out)
{
	struct judge judge = {.image = image, .question = question, .judgement = judgement_out};

	cf_view_judge_name(image, question, qname, judgement_out);
	if (judgement_out->decision.verdict == CF_VERDICT_BLOCK ||
	    is_excepted_by_name(image, &judgement_out->decision))
		return;
	if (alias != NULL) {
		const struct cf_element element = {.via = alias->via, .name = &alias->name};

		if (!judge_element(&judge, &element))
			return;
	}
	cf_view_walk(qname, rep, cf_image_info(image)->block_services, judge_element, &judge);
}

struct may_block {
	const struct cf_image *image;
	bool found;
};

static bool may_block_element(void *arg, const struct cf_element *element)
{
	struct may_block *may = arg;

	if (element->addr == NULL)
		may->found = cf_decide_may_block_name(may->image, element->name);
	else if (cf_image_info(may->image)->block_addresses)
		may->found =
		    is_dedicated(may->image, cf_image_find_addr(may->image, element->addr)) &&
		    cf_decide_may_block_addr(may->image, element->addr);
	return !may->found;
}

bool cf_view_may_block(
    const struct cf_image *image, const struct cf_name *qname, const struct reply_info *rep)
{
	struct may_block may = {.image = image};

	if (cf_decide_may_block_name(image, qname))
		return true;
	cf_view_walk(qname, rep, cf_image_info(image)->block_services, may_block_element, &may);
	return may.found;
}
