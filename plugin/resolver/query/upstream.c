/* Upstream answers: what is listed in them, and where the name leads. */
#include "resolver/host/unbound.h"

#include "resolver/query/upstream.h"

#include "resolver/lane/join.h"
#include "resolver/lane/lane.h"
#include "resolver/lane/sweep.h"
#include "resolver/query/alias.h"
#include "resolver/query/verdict.h"
#include "resolver/query/waiting.h"

/*
 * The answer leads to a listed name. Who is blocked is told so now; else the alias is remembered,
 * and nobody who may be blocked can join any more.
 */
static void use_alias(struct cf_worker *worker, const struct cf_images *images,
    struct module_qstate *qs, int id, struct dns_msg *response, const struct cf_alias *alias)
{
	struct cf_query *query = cf_verdict_query(qs, id);
	struct cf_waiting all = {
	    .worker = worker, .image = images->active, .qs = qs, .alias = alias, .id = id};
	struct cf_name qname;

	if (query == NULL)
		return; /* the target is asked; its answer is judged */
	query->has_alias = true;
	query->alias = *alias;
	if (images->active == NULL || !cf_alias_may_block(images, alias) ||
	    !cf_view_name(qs->qinfo.qname, qs->qinfo.qname_len, &qname))
		return;
	all.qname = &qname;
	if (cf_waiting_all_blocked(&all)) {
		(void)cf_alias_cut(qs, response); /* if not, the target is asked */
		return;
	}
	(void)cf_join(worker->module, qs, NULL);
}

void cf_upstream_look(
    struct cf_module *module, struct module_qstate *qs, struct dns_msg *response, int id)
{
	struct cf_worker *worker;
	const struct cf_images *images;
	struct cf_name name, qname;
	struct cf_alias alias;

	worker = cf_sweep_worker(module, qs->env->mesh->env);
	if (worker == NULL ||
	    !cf_view_name(response->qinfo.qname, response->qinfo.qname_len, &name))
		return;
	images = cf_worker_pin(worker);
	if (!cf_lane_has(worker, qs) && cf_verdict_needs_lane(images, &name, response->rep)) {
		cf_lane_enter(worker, qs);
		if (cf_view_name(qs->qinfo.qname, qs->qinfo.qname_len, &qname))
			cf_learned_add(
			    &module->learned, cf_learned_hash(qname.wire, qname.wire_len));
	}
	if (cf_alias_find(images, &name, response->rep, &alias)) {
		cf_alias_note_dname(module, response->rep);
		cf_alias_learn(worker, qs, response->rep);
		use_alias(worker, images, qs, id, response, &alias);
	}
	cf_worker_unpin(worker);
}
