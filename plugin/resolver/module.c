/*
 * The six functions that Unbound looks up in a dynlib module, and a query's way through them.
 *
 *	new, clean name      -> the next module; nothing of ours is kept
 *	new, blocked         -> our answer at once; nothing is asked upstream
 *	new, listed, allowed -> the private lane (lane.h), then the next module
 *	moddone              -> judged again for everybody who waits; recipients in callbacks.c
 *
 * Unbound's 1 = good, 0 = bad exists here alone, and init never returns 0: that would end the
 *daemon.
 */
#include "resolver/host/unbound.h"

#include "resolver/host/gate.h"
#include "resolver/lane/join.h"
#include "resolver/lane/lane.h"
#include "resolver/lane/sweep.h"
#include "resolver/query/alias.h"
#include "resolver/query/answer.h"
#include "resolver/query/callbacks.h"
#include "resolver/query/hits.h"
#include "resolver/query/verdict.h"
#include "resolver/query/waiting.h"
#include "resolver/setup.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int init(struct module_env *env, int id);
EXPORT void deinit(struct module_env *env, int id);
EXPORT void operate(
    struct module_qstate *qs, enum module_ev event, int id, struct outbound_entry *oe);
EXPORT void inform_super(struct module_qstate *qs, int id, struct module_qstate *super);
EXPORT void clear(struct module_qstate *qs, int id);
EXPORT size_t get_mem(struct module_env *env, int id);

static struct cf_module *module_of(struct module_env *env, int id)
{
	const struct dynlibmod_env *host = env->modinfo[id];

	return host->dyn_env;
}

/*
 * To the next module. It must get the event we got: mesh gives "pass" after us, and dns64 does half
 * of its work on "new" alone. So on "new" the next module is called by hand; mesh then goes on from
 * there.
 */
static void hand_on(
    struct module_qstate *qs, enum module_ev event, int id, struct outbound_entry *oe)
{
	struct mesh_area *mesh = qs->env->mesh;

	qs->ext_state[id] = module_wait_module;
	if (event != module_event_new || id + 1 >= mesh->mods.num)
		return;
	qs->curmod = id + 1;
	(*mesh->mods.mod[id + 1]->operate)(qs, event, id + 1, oe);
}

/* The one client that this query is for; NULL for internal queries and when several wait. */
static struct mesh_reply *only_client(const struct module_qstate *qs)
{
	const struct mesh_state *state = qs->mesh_info;

	if (qs->is_priming || qs->is_valrec || state->cb_list != NULL ||
	    state->super_set.count > 0 || state->reply_list == NULL ||
	    state->reply_list->next != NULL)
		return NULL;
	return state->reply_list;
}

static void finish(struct module_qstate *qs, int id, struct dns_msg *msg, int rcode)
{
	qs->return_msg = msg;
	qs->return_rcode = rcode;
	qs->ext_state[id] = module_finished;
}

/* SERVFAIL for want of memory: never the real answer. */
static void fail(struct cf_worker *worker, struct module_qstate *qs, int id)
{
	cf_count(&worker->counters.failures);
	finish(qs, id, NULL, LDNS_RCODE_SERVFAIL);
}

/* Answers the query ourselves and records it. */
static void block(struct cf_worker *worker, const struct cf_image *image, struct module_qstate *qs,
    int id, struct mesh_reply *slot, const struct cf_judgement *judgement, int64_t now_s)
{
	const struct cf_answer_spec *spec = judgement->decision.answer;
	struct cf_recipient recipient = {.question = &qs->qinfo,
	    .reply = &slot->query_reply,
	    .options = slot->edns.opt_list_in,
	    .now = qs->env->now_tv,
	    .rcode = cf_answer_rcode(spec->kind),
	    .answer = cf_answer_text(spec->kind)};
	struct dns_msg *msg = NULL;

	qs->minfo[id] = &cf_query_answered;
	if (spec->kind == CF_ANSWER_DROP) {
		qs->is_drop = 1;
		recipient.unanswered = true;
		cf_worker_note(worker, &slot->query_reply.client_addr); /* no callback will */
	} else {
		recipient.ede_sent = cf_answer_add_ede(&qs->edns_opts_front_out, qs->region, spec);
	}
	if (spec->kind != CF_ANSWER_DROP && spec->kind != CF_ANSWER_REFUSED) {
		msg = cf_answer_new_msg(
		    qs->region, &qs->qinfo, spec, cf_verdict_ttl(&judgement->decision, now_s));
		if (msg == NULL) {
			fail(worker, qs, id);
			return;
		}
	}
	finish(
	    qs, id, msg, spec->kind == CF_ANSWER_REFUSED ? LDNS_RCODE_REFUSED : LDNS_RCODE_NOERROR);
	cf_hits_record(worker, image, judgement, &recipient);
}

/* True when somebody unknown would be blocked now: then an exempt client's resolution is its own.
 */
static bool others_are_blocked(const struct cf_image *image, struct cf_question question,
    const struct cf_name *qname, const struct cf_alias *alias)
{
	struct cf_judgement judgement;

	question.client = NULL;
	cf_view_judge(image, &question, qname, alias, NULL, &judgement);
	return judgement.decision.verdict == CF_VERDICT_BLOCK;
}

/* What is known of a query when it begins. */
struct beginning {
	const struct cf_image *image; /* in force; NULL none */
	struct mesh_reply *slot;      /* its only client; NULL none, or several */
	struct cf_question question;
	struct cf_client client;
	struct cf_name qname;
	uint64_t qname_hash;
	const struct cf_alias *alias;  /* what it leads to; NULL not known */
	struct cf_judgement judgement; /* large: only the decision is set when there is none */
};

static bool is_blocked(const struct beginning *b)
{
	return b->judgement.decision.matched && b->slot != NULL &&
	    b->judgement.decision.verdict == CF_VERDICT_BLOCK;
}

/* A name that is clean itself, but is an alias of a listed one by what is cached. */
static void look_behind(struct cf_worker *worker, const struct cf_images *images,
    struct module_qstate *qs, int id, struct beginning *b)
{
	struct cf_alias alias;
	struct cf_query *query;

	if (!cf_alias_is_worth_looking(worker->module, b->qname_hash, b->question.at_wall_s) ||
	    !cf_alias_find_cached(worker, images, &b->qname, qs->qinfo.qclass, &alias))
		return;
	query = cf_verdict_query(qs, id);
	if (query == NULL)
		return; /* without memory the target is asked; its answer is judged */
	query->has_alias = true;
	query->alias = alias;
	b->alias = &query->alias;
	if (b->image != NULL)
		cf_view_judge(b->image, &b->question, &b->qname, b->alias, NULL, &b->judgement);
}

static bool needs_lane(
    const struct cf_module *module, const struct cf_images *images, const struct beginning *b)
{
	if (b->judgement.decision.matched && b->image != NULL &&
	    cf_decide_may_block_name(b->image, &b->qname))
		return true;
	if (b->alias != NULL && cf_alias_may_block(images, b->alias))
		return true;
	return (images->next != NULL && cf_decide_may_block_name(images->next, &b->qname)) ||
	    cf_learned_find(&module->learned, b->qname_hash);
}

/*
 * A query begins. Returns true when it has been answered, or its client waits elsewhere. The common
 * case - a clean name - is one look-up in the image and two in the table of learned names.
 */
static bool begin(struct cf_module *module, struct cf_worker *worker,
    const struct cf_images *images, struct module_qstate *qs, int id)
{
	struct beginning b;

	b.image = images->active;
	b.slot = only_client(qs);
	b.question = (struct cf_question){
	    .qtype = qs->qinfo.qtype, .at_wall_s = cf_verdict_now(module, qs->env->now_tv)};
	b.alias = NULL;
	b.judgement.decision = (struct cf_decision){.matched = false};
	if (!cf_view_name(qs->qinfo.qname, qs->qinfo.qname_len, &b.qname))
		return false;
	if (b.slot != NULL) {
		cf_view_client(&b.slot->query_reply.client_addr, &b.client);
		if (b.client.addr.family != CF_FAMILY_NONE)
			b.question.client = &b.client.addr;
	}
	if (b.image != NULL)
		cf_view_judge_name(b.image, &b.question, &b.qname, &b.judgement);
	if (!is_blocked(&b)) {
		b.qname_hash = cf_learned_hash(b.qname.wire, b.qname.wire_len);
		look_behind(worker, images, qs, id, &b);
	}
	if (is_blocked(&b)) {
		block(worker, b.image, qs, id, b.slot, &b.judgement, b.question.at_wall_s);
		return true;
	}
	if (!needs_lane(module, images, &b))
		return false;
	cf_lane_enter(worker, qs);
	if (b.slot == NULL || !b.judgement.decision.matched ||
	    !others_are_blocked(b.image, b.question, &b.qname, b.alias) ||
	    !cf_join(module, qs, b.slot))
		return false;
	qs->minfo[id] = &cf_query_answered;
	finish(qs, id, NULL, LDNS_RCODE_NOERROR); /* nobody waits here any more */
	return true;
}

/*
 * What a blocked client asked for leads to something that cannot be resolved. A failure cannot be
 * rewritten for one recipient; a message that says so can. Returns it, or what there was.
 */
static struct reply_info *answer_failure(struct module_qstate *qs)
{
	struct mesh_state *state = qs->mesh_info;
	struct dns_msg *msg;

	/* Queries that wait for this one must see the failure as it is. */
	if (state->super_set.count > 0 || state->cb_list != NULL)
		return qs->return_msg == NULL ? NULL : qs->return_msg->rep;
	msg = cf_answer_new_failure(qs->region, &qs->qinfo);
	if (msg == NULL)
		return qs->return_msg == NULL ? NULL : qs->return_msg->rep; /* SERVFAIL then */
	qs->return_msg = msg;
	qs->return_rcode = LDNS_RCODE_NOERROR;
	return msg->rep;
}

/*
 * The modules behind us are done. Answers that hold something listed were put into the lane when
 * they came from upstream; what was put together from caches alone is caught here.
 */
static void end(struct cf_module *module, struct cf_worker *worker, const struct cf_images *images,
    struct module_qstate *qs, int id)
{
	struct reply_info *rep = qs->return_msg == NULL ? NULL : qs->return_msg->rep;
	struct cf_waiting all;
	struct cf_name qname;
	const struct cf_alias *alias = cf_verdict_alias(qs, id);
	bool all_dropped = false, failed;

	if (!cf_view_name(qs->qinfo.qname, qs->qinfo.qname_len, &qname))
		return;
	failed = rep == NULL || qs->return_rcode != LDNS_RCODE_NOERROR ||
	    FLAGS_GET_RCODE(rep->flags) == LDNS_RCODE_SERVFAIL;
	if (!cf_lane_has(worker, qs)) {
		if (images->next == NULL && alias == NULL &&
		    (images->active == NULL ||
		        !cf_view_is_any_listed(images->active, &qname, rep))) {
			if (qs->minfo[id] == NULL)
				qs->minfo[id] = &cf_query_clean;
			return;
		}
		/* A failure behind an alias holds nothing that tells of it once it is cached. */
		if (cf_verdict_needs_lane(images, &qname, rep) || (alias != NULL && failed)) {
			cf_learned_add(
			    &module->learned, cf_learned_hash(qname.wire, qname.wire_len));
			cf_lane_forget_public(qs->env, &qs->qinfo);
		}
	}
	if (images->active == NULL || qs->mesh_info->reply_list == NULL)
		return;
	all = (struct cf_waiting){.worker = worker,
	    .image = images->active,
	    .qs = qs,
	    .qname = &qname,
	    .alias = alias,
	    .id = id};
	cf_waiting_record_late(&all);
	if (!cf_waiting_any_blocked(&all, &all_dropped))
		return;
	if (failed && alias != NULL)
		rep = answer_failure(qs);
	if (all_dropped && qs->mesh_info->super_set.count == 0 && qs->mesh_info->cb_list == NULL &&
	    rep != NULL && qs->return_rcode == LDNS_RCODE_NOERROR) {
		cf_waiting_drop(&all);
		return;
	}
	/* AD is settled before the recipients are known: no answer that is rewritten may claim it.
	 */
	if (rep != NULL && rep->security == sec_status_secure)
		rep->security = sec_status_insecure;
}

void operate(struct module_qstate *qs, enum module_ev event, int id, struct outbound_entry *oe)
{
	struct cf_module *module;
	struct cf_worker *worker;
	const struct cf_images *images;
	bool answered = false;

	if (cf_gate_operate(qs, event, id, oe))
		return; /* a host that is not ours: passed through by its own code */
	module = module_of(qs->env, id);
	worker = cf_sweep_worker(module, qs->env->mesh->env);
	if (event == module_event_error || worker == NULL) {
		/* Without memory for a worker no query can be judged: none is answered. */
		finish(qs, id, NULL, LDNS_RCODE_SERVFAIL);
		qs->ext_state[id] = module_error;
		return;
	}
	cf_sweep_remove_noted(worker);
	if (event == module_event_new || event == module_event_pass) {
		images = cf_worker_pin(worker);
		if (images->active != NULL || images->next != NULL)
			answered = begin(module, worker, images, qs, id);
		cf_worker_unpin(worker);
		if (!answered)
			hand_on(qs, event, id, oe);
	} else if (event == module_event_moddone) {
		images = cf_worker_pin(worker);
		end(module, worker, images, qs, id);
		cf_worker_unpin(worker);
		qs->ext_state[id] = module_finished;
	} else {
		qs->ext_state[id] = module_error;
	}
}

int init(struct module_env *env, int id)
{
	if (cf_gate_init(env, id, init, operate))
		cf_setup_start(env, id);
	return 1;
}

void deinit(struct module_env *env, int id)
{
	if (!cf_gate_is_shut())
		cf_setup_stop(env, id);
}

void inform_super(struct module_qstate *qs, int id, struct module_qstate *super)
{
	(void)qs;
	(void)id;
	(void)super;
}

void clear(struct module_qstate *qs, int id)
{
	if (!cf_gate_is_shut())
		qs->minfo[id] = NULL; /* its memory goes with the query's region */
}

size_t get_mem(struct module_env *env, int id)
{
	return cf_gate_is_shut() ? 0 : cf_setup_memory(module_of(env, id));
}
