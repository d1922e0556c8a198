/* Aliases of listed names. */
#include "resolver/host/unbound.h"

#include "resolver/query/alias.h"

#include "resolver/query/answer.h"
#include "resolver/query/verdict.h"

#include <string.h>

/* Links that are followed; the host gives up after some eleven itself. */
#define ALIAS_LINKS 12

struct search {
	const struct cf_images *images;
	struct cf_alias *alias;
	bool found;
};

static bool is_listed(const struct cf_images *images, const struct cf_name *name)
{
	return (images->active != NULL && cf_view_is_listed(images->active, name)) ||
	    (images->next != NULL && cf_view_is_listed(images->next, name));
}

bool cf_alias_may_block(const struct cf_images *images, const struct cf_alias *alias)
{
	return (images->active != NULL && cf_decide_may_block_name(images->active, &alias->name)) ||
	    (images->next != NULL && cf_decide_may_block_name(images->next, &alias->name));
}

/* Takes name for the alias; true when a better one need not be looked for. */
static bool take(struct search *search, enum cf_via via, const struct cf_name *name)
{
	struct cf_alias candidate;

	if (!is_listed(search->images, name))
		return false;
	candidate.via = via;
	candidate.name = *name;
	if (search->found && !cf_alias_may_block(search->images, &candidate))
		return false;
	*search->alias = candidate;
	search->found = true;
	return cf_alias_may_block(search->images, search->alias);
}

static bool visit(void *arg, const struct cf_element *element)
{
	return element->addr != NULL ||
	    (element->via != CF_VIA_CNAME && element->via != CF_VIA_DNAME) ||
	    !take(arg, element->via, element->name);
}

bool cf_alias_find(const struct cf_images *images, const struct cf_name *qname,
    const struct reply_info *rep, struct cf_alias *alias_out)
{
	struct search search = {.images = images, .alias = alias_out};
	bool has_alias = false;

	for (size_t i = 0; rep != NULL && i < rep->an_numrrsets && !has_alias; i++)
		has_alias = rep->rrsets[i]->rk.type == htons(LDNS_RR_TYPE_CNAME) ||
		    rep->rrsets[i]->rk.type == htons(LDNS_RR_TYPE_DNAME);
	if (has_alias)
		cf_view_walk(qname, rep, false, visit, &search);
	return search.found;
}

/* The target of the cached CNAME or DNAME of owner, for the next step. */
static bool cached_target(struct module_env *env, const struct cf_name *owner, uint16_t rrtype,
    uint16_t rrclass, struct cf_name *target_out)
{
	struct ub_packed_rrset_key *key = rrset_cache_lookup(env->rrset_cache,
	    (uint8_t *)(uintptr_t)owner->wire, owner->wire_len, rrtype, rrclass, 0, *env->now, 0);
	const struct packed_rrset_data *data;
	bool good;

	if (key == NULL)
		return false;
	data = key->entry.data;
	good = data->count > 0 && data->rr_len[0] > 2 &&
	    cf_view_name(data->rr_data[0] + 2, data->rr_len[0] - 2, target_out);
	lock_rw_unlock(&key->entry.lock);
	return good;
}

/* The name one label up; false above the root. */
static bool parent_of(const struct cf_name *name, struct cf_name *parent_out)
{
	unsigned label_len = name->wire[0];

	return label_len != 0 &&
	    cf_name_from_wire(
	        name->wire + label_len + 1, name->wire_len - label_len - 1U, parent_out) == CF_OK;
}

/* What name becomes under the DNAME owner -> target (RFC 6672 2.2); false when it grows too long.
 */
static bool substitute(const struct cf_name *name, const struct cf_name *owner,
    const struct cf_name *target, struct cf_name *out)
{
	uint8_t wire[CF_NAME_WIRE_BYTES];
	size_t kept = (size_t)name->wire_len - owner->wire_len;

	if (kept + target->wire_len > sizeof(wire))
		return false;
	memcpy(wire, name->wire, kept);
	memcpy(wire + kept, target->wire, target->wire_len);
	return cf_name_from_wire(wire, kept + target->wire_len, out) == CF_OK;
}

/* One step along a cached DNAME above name. The target itself may be what is listed. */
static bool follow_dname(struct search *search, struct module_env *env, uint16_t rrclass,
    struct cf_name *name_io, bool *done_out)
{
	struct cf_name owner, above = *name_io, target;

	while (parent_of(&above, &owner)) {
		if (cached_target(env, &owner, LDNS_RR_TYPE_DNAME, rrclass, &target)) {
			*done_out = take(search, CF_VIA_DNAME, &target);
			return !*done_out && substitute(name_io, &owner, &target, name_io);
		}
		above = owner;
	}
	return false;
}

bool cf_alias_find_cached(struct cf_worker *worker, const struct cf_images *images,
    const struct cf_name *qname, uint16_t qclass, struct cf_alias *alias_out)
{
	struct module_env *env = worker->env;
	struct search search = {.images = images, .alias = alias_out};
	struct cf_name name = *qname, next;
	bool done = false;

	for (int i = 0; i < ALIAS_LINKS && !done; i++) {
		if (cached_target(env, &name, LDNS_RR_TYPE_CNAME, qclass, &next)) {
			name = next;
			done = take(&search, CF_VIA_CNAME, &name);
		} else if (!atomic_load_explicit(
		               &worker->module->has_dnames, memory_order_relaxed) ||
		    !follow_dname(&search, env, qclass, &name, &done)) {
			break;
		}
	}
	return search.found;
}

void cf_alias_note_dname(struct cf_module *module, const struct reply_info *rep)
{
	for (size_t i = 0; rep != NULL && i < rep->an_numrrsets; i++)
		if (rep->rrsets[i]->rk.type == htons(LDNS_RR_TYPE_DNAME))
			atomic_store_explicit(&module->has_dnames, true, memory_order_relaxed);
}

void cf_alias_learn(
    struct cf_worker *worker, struct module_qstate *qs, const struct reply_info *response)
{
	struct cf_learned *learned = &worker->module->learned;
	struct cf_name name, next;

	/* The hops before this answer are cached by now, those in it are here. */
	for (size_t i = 0; i < response->an_numrrsets; i++)
		if (cf_view_name(
		        response->rrsets[i]->rk.dname, response->rrsets[i]->rk.dname_len, &name))
			cf_learned_add(learned, cf_learned_hash(name.wire, name.wire_len));
	if (!cf_view_name(qs->qinfo.qname, qs->qinfo.qname_len, &name))
		return;
	cf_learned_add(learned, cf_learned_hash(name.wire, name.wire_len));
	for (int i = 0; i < ALIAS_LINKS &&
	     cached_target(worker->env, &name, LDNS_RR_TYPE_CNAME, qs->qinfo.qclass, &next);
	     i++) {
		name = next;
		cf_learned_add(learned, cf_learned_hash(name.wire, name.wire_len));
	}
}

void cf_alias_look_at_all(struct cf_module *module, int64_t now_wall_s)
{
	atomic_store(&module->look_until_wall_s, now_wall_s + CF_ALIAS_LOOK_S);
}

bool cf_alias_is_worth_looking(
    const struct cf_module *module, uint64_t qname_hash, int64_t now_wall_s)
{
	return cf_learned_find(&module->learned, qname_hash) ||
	    atomic_load_explicit(&module->has_dnames, memory_order_relaxed) ||
	    atomic_load_explicit(&module->look_until_wall_s, memory_order_relaxed) > now_wall_s;
}

bool cf_alias_cut(struct module_qstate *qs, struct dns_msg *response)
{
	static const struct cf_answer_spec spec = {.kind = CF_ANSWER_NXDOMAIN};
	int iterator = modstack_find(&qs->env->mesh->mods, "iterator");
	struct iter_qstate *iq = iterator < 0 ? NULL : qs->minfo[iterator];
	struct reply_info *forged;

	/* These keep answers in caches of their own, whatever is said about storing. */
	if (modstack_find(&qs->env->mesh->mods, "subnetcache") >= 0 ||
	    modstack_find(&qs->env->mesh->mods, "cachedb") >= 0)
		return false;
	/* A shorter name is asked on the way to the one that is meant (RFC 9156): what that leads
	 * to is no alias of the question. */
	if (iq == NULL || iq->response != response ||
	    query_dname_compare(response->qinfo.qname, iq->qchase.qname) != 0)
		return false;
	forged = cf_answer_new(qs->region, &qs->qinfo, &spec, spec.kind, 0);
	if (forged == NULL)
		return false;
	forged->flags |= BIT_AA;
	response->rep = forged;
	/* The iterator takes it for the final answer: it need not be signed, and is asked no more.
	 */
	iq->dnssec_lame_query = 1;
	iq->minimisation_state = DONOT_MINIMISE_STATE;
	qs->no_cache_store = 1;
	return true;
}
