/*
 * What Unbound tells us outside of operate(), and what we do to answers there. One file: five
 * callbacks are a few lines each around the judgement of one recipient, and a query's walk is short
 * because they stand beside it.
 */
#include "resolver/host/unbound.h"

#include "resolver/query/callbacks.h"

#include "resolver/host/gate.h"
#include "resolver/query/answer.h"
#include "resolver/query/hits.h"
#include "resolver/query/upstream.h"
#include "resolver/query/verdict.h"

#include <string.h>
#include <sys/time.h>

/* The client's slot in the mesh that an EDNS structure belongs to; NULL when it is not there. */
static struct mesh_reply *find_slot(struct module_qstate *qs, const struct edns_data *edns)
{
	struct mesh_reply *slot = qs->mesh_info->reply_list;

	while (slot != NULL && &slot->edns != edns)
		slot = slot->next;
	return slot;
}

/*
 * The first time that a reply is rewritten for one recipient: keeps the real one for the others,
 * and an untouched message for the queries that wait for this one, which Unbound tells after its
 * clients.
 */
static bool keep_original(
    struct cf_query *query, struct module_qstate *qs, const struct reply_info *rep)
{
	struct dns_msg *kept;

	if (query->has_orig)
		return true;
	if (qs->return_msg != NULL && qs->mesh_info->super_set.count > 0) {
		kept = regional_alloc_init(qs->region, qs->return_msg, sizeof(*kept));
		if (kept == NULL)
			return false;
		kept->rep = regional_alloc_zero(qs->region, sizeof(*kept->rep));
		if (kept->rep == NULL)
			return false;
		cf_answer_overwrite(kept->rep, rep);
		qs->return_msg = kept;
	}
	memcpy(query->orig, rep, sizeof(query->orig));
	query->has_orig = true;
	return true;
}

/*
 * AD is settled before the callback when the real answer was secure. That does not happen to
 * queries that we saw at moddone; an expired answer that a timer sends comes here unseen.
 */
static void deny_authentic(struct module_qstate *qs, struct edns_data *edns)
{
	struct mesh_reply *slot = find_slot(qs, edns);

	if (slot != NULL)
		slot->qflags &= (uint16_t)~BIT_AD;
	edns->bits &= (uint16_t)~EDNS_DO;
}

/* Turns the reply into our answer for this recipient. Without memory the client gets TC=1 and
 * nothing. */
static enum cf_answer rewrite(struct module_qstate *qs, int id, struct query_info *question,
    struct reply_info *rep, struct edns_data *edns, const struct cf_decision *decision,
    int64_t now_s)
{
	/* One of several waiting clients cannot be left without an answer: refuse instead of drop.
	 */
	enum cf_answer kind =
	    decision->answer->kind == CF_ANSWER_DROP ? CF_ANSWER_REFUSED : decision->answer->kind;
	struct cf_query *query = cf_verdict_query(qs, id);
	struct reply_info *forged = NULL;
	enum sec_status security = rep->security;

	if (query != NULL && keep_original(query, qs, rep))
		forged = cf_verdict_forged(
		    query, qs, decision->answer, kind, cf_verdict_ttl(decision, now_s));
	if (forged == NULL) {
		cf_answer_withhold(question);
		return kind;
	}
	cf_answer_overwrite(rep, forged);
	if (security == sec_status_secure)
		deny_authentic(qs, edns);
	else
		rep->security = security; /* bogus stays bogus for those who come after */
	return kind;
}

/* A flagged answer must not outlive the instant at which it would be another. */
static void clamp(struct reply_info *rep, const struct cf_decision *decision, int64_t now_s)
{
	int64_t left_s = decision->next_change_wall_s - now_s;

	if (decision->next_change_wall_s == INT64_MAX || left_s > UINT32_MAX)
		return;
	cf_answer_clamp(rep, left_s > 0 ? (uint32_t)left_s : 0);
}

struct reply_args {
	struct cf_module *module;
	struct query_info *question;
	struct module_qstate *qs; /* NULL: from the cache, or no resolution at all */
	struct reply_info *rep;
	struct edns_data *edns;
	struct edns_option **options_out;
	struct comm_reply *reply;
	struct regional *region;
	const struct timeval *now;
	int id;
	int rcode;
};

static void ask(
    const struct reply_args *a, struct cf_client *client, struct cf_question *question_out)
{
	cf_view_client(&a->reply->client_addr, client);
	*question_out = (struct cf_question){
	    .client = client->addr.family == CF_FAMILY_NONE ? NULL : &client->addr,
	    .qtype = a->question->qtype,
	    .at_wall_s = cf_verdict_now(a->module, a->now)};
}

static struct cf_recipient recipient_of(const struct reply_args *a, uint16_t rcode)
{
	return (struct cf_recipient){.question = a->question,
	    .reply = a->reply,
	    .options = a->edns == NULL ? NULL : a->edns->opt_list_in,
	    .now = a->now,
	    .rcode = rcode};
}

static uint16_t rcode_of(const struct reply_args *a)
{
	return a->rcode != 0 || a->rep == NULL ? (uint16_t)(a->rcode & 0xf)
	                                       : (uint16_t)FLAGS_GET_RCODE(a->rep->flags);
}

/* One recipient of a resolution: the last word on what this client gets. */
static void judge_recipient(struct cf_worker *worker, const struct cf_image *image,
    const struct reply_args *a, const struct cf_name *qname)
{
	struct cf_query *query = a->qs->minfo[a->id];
	struct cf_client client;
	struct cf_question question;
	struct cf_judgement judgement;
	struct cf_recipient recipient;
	bool can_rewrite = a->rep != NULL && a->rcode == 0;

	if (can_rewrite && query != NULL && query->has_orig)
		cf_answer_overwrite(a->rep, query->orig);
	ask(a, &client, &question);
	cf_view_judge(image, &question, qname, cf_verdict_alias(a->qs, a->id), a->rep, &judgement);
	if (!judgement.decision.matched)
		return;
	recipient = recipient_of(a, rcode_of(a));
	if (judgement.decision.verdict == CF_VERDICT_BLOCK && can_rewrite) {
		enum cf_answer kind = rewrite(a->qs, a->id, a->question, a->rep, a->edns,
		    &judgement.decision, question.at_wall_s);

		recipient.rcode = cf_answer_rcode(kind);
		recipient.answer = cf_answer_text(kind);
		recipient.ede_sent =
		    cf_answer_add_ede(a->options_out, a->region, judgement.decision.answer);
	} else if (can_rewrite) {
		clamp(a->rep, &judgement.decision, question.at_wall_s);
	}
	cf_hits_record(worker, image, &judgement, &recipient);
}

/* Looks at the answer and asks the worker to remove it when it should not have been there. */
static void note_removal(struct cf_worker *worker, const struct query_info *question)
{
	for (size_t i = 0; i < CF_REMOVALS; i++) {
		struct cf_removal *removal = &worker->removals[i];

		if (removal->name_len != 0 || question->qname_len > sizeof(removal->name))
			continue;
		memcpy(removal->name, question->qname, question->qname_len);
		removal->qtype = question->qtype;
		removal->qclass = question->qclass;
		removal->name_len = (uint8_t)question->qname_len;
		return;
	}
}

/*
 * The tripwire: a listed answer is about to leave the shared cache for a blocked client. It should
 * not be there. What can be rewritten is (delegations for RD=0); the rest is withheld and removed
 * later, because locks of the cache are held now.
 */
static void trip(struct cf_worker *worker, const struct reply_args *a,
    const struct cf_decision *decision, struct cf_recipient *recipient, int64_t now_s)
{
	struct reply_info *forged = NULL;
	enum cf_answer kind =
	    decision->answer->kind == CF_ANSWER_DROP ? CF_ANSWER_REFUSED : decision->answer->kind;

	if (cf_answer_is_private(a->rep))
		forged = cf_answer_new(a->region, a->question, decision->answer, kind,
		    cf_verdict_ttl(decision, now_s));
	if (forged != NULL) {
		cf_answer_overwrite(a->rep, forged);
	} else {
		cf_answer_withhold(a->question);
		cf_count(&worker->counters.trips);
		note_removal(worker, a->question);
	}
	recipient->rcode = cf_answer_rcode(kind);
	recipient->answer = cf_answer_text(kind);
	recipient->ede_sent = cf_answer_add_ede(a->options_out, a->region, decision->answer);
}

/* A cached answer that is worth a second look: for its name, or with walk for what it holds. */
static void judge_cached(struct cf_worker *worker, const struct cf_image *image,
    const struct reply_args *a, const struct cf_name *qname, bool walk)
{
	struct cf_client client;
	struct cf_question question;
	struct cf_judgement judgement;
	struct cf_recipient recipient;

	ask(a, &client, &question);
	if (walk)
		cf_view_judge(image, &question, qname, NULL, a->rep, &judgement);
	else
		cf_view_judge_name(image, &question, qname, &judgement);
	if (!judgement.decision.matched)
		return;
	recipient = recipient_of(a, a->rep == NULL ? 0 : (uint16_t)FLAGS_GET_RCODE(a->rep->flags));
	recipient.cached = true;
	if (judgement.decision.verdict == CF_VERDICT_BLOCK && a->rep != NULL)
		trip(worker, a, &judgement.decision, &recipient, question.at_wall_s);
	cf_hits_record(worker, image, &judgement, &recipient);
}

typedef void judge_function(struct cf_worker *worker, const struct cf_image *image,
    const struct reply_args *a, const struct cf_name *qname);

/* Common frame: worker, name, pin. What cannot be judged for want of memory goes out unseen. */
static void with_image(const struct reply_args *a, judge_function *judge)
{
	struct cf_worker *worker = cf_worker_get(a->module);
	const struct cf_images *images;
	struct cf_name qname;

	if (worker == NULL || cf_gate_is_shut())
		return;
	cf_count(&worker->counters.replies);
	cf_worker_note(worker, &a->reply->client_addr);
	if (!cf_view_name(a->question->qname, a->question->qname_len, &qname))
		return;
	images = cf_worker_pin(worker);
	if (images->active != NULL)
		judge(worker, images->active, a, &qname);
	cf_worker_unpin(worker);
}

static int on_reply(struct query_info *question, struct module_qstate *qs, struct reply_info *rep,
    int rcode, struct edns_data *edns, struct edns_option **options_out, struct comm_reply *reply,
    struct regional *region, struct timeval *start, int id, void *arg)
{
	struct reply_args a = {.module = arg,
	    .question = question,
	    .qs = qs,
	    .rep = rep,
	    .edns = edns,
	    .options_out = options_out,
	    .reply = reply,
	    .region = region,
	    .id = id,
	    .rcode = rcode};
	const struct cf_query *query;

	(void)start;
	if (question == NULL || qs == NULL || reply == NULL || edns == NULL)
		return 1;
	query = qs->minfo[id];
	if (query == &cf_query_clean || query == &cf_query_answered) {
		struct cf_worker *worker = cf_worker_get(a.module);

		if (worker != NULL) {
			cf_count(&worker->counters.replies);
			cf_worker_note(worker, &reply->client_addr);
		}
		return 1;
	}
	a.now = qs->env->now_tv;
	with_image(&a, judge_recipient);
	return 1;
}

/*
 * A cached answer. Nearly all are clean: one look-up of the name, one bit for an address, and
 * nothing is asked about the client before something is known to matter. What must not be there is
 * looked for all the same: `unbound-control load_cache` puts in what nobody has judged.
 */
static int on_reply_cache(struct query_info *question, struct module_qstate *qs,
    struct reply_info *rep, int rcode, struct edns_data *edns, struct edns_option **options_out,
    struct comm_reply *reply, struct regional *region, struct timeval *now, int id, void *arg)
{
	struct cf_module *module = arg;
	struct cf_worker *worker = cf_worker_get(module);
	const struct cf_images *images;
	struct cf_name qname;
	bool walk;

	(void)qs;
	if (worker == NULL || question == NULL || reply == NULL || edns == NULL || now == NULL ||
	    cf_gate_is_shut() || !cf_view_name(question->qname, question->qname_len, &qname))
		return 1;
	cf_count(&worker->counters.replies);
	cf_worker_note(worker, &reply->client_addr);
	images = cf_worker_pin(worker);
	walk = images->active != NULL && cf_view_is_worth_walking(images->active, rep);
	if (walk || (images->active != NULL && cf_view_is_listed(images->active, &qname))) {
		struct reply_args a = {.module = module,
		    .question = question,
		    .rep = rep,
		    .edns = edns,
		    .options_out = options_out,
		    .reply = reply,
		    .region = region,
		    .now = now,
		    .id = id,
		    .rcode = rcode};

		judge_cached(worker, images->active, &a, &qname, walk);
	}
	cf_worker_unpin(worker);
	return 1;
}

/* A failure goes out: the look-up happened, so it is recorded; there is nothing to rewrite. */
static void judge_failure(struct cf_worker *worker, const struct cf_image *image,
    const struct reply_args *a, const struct cf_name *qname)
{
	struct cf_client client;
	struct cf_question question;
	struct cf_judgement judgement;
	struct cf_recipient recipient;

	ask(a, &client, &question);
	/* A cached reply is locked by others than us here, and its chain does not go out. */
	cf_view_judge(image, &question, qname,
	    a->qs == NULL ? NULL : cf_verdict_alias(a->qs, a->id), a->qs == NULL ? NULL : a->rep,
	    &judgement);
	recipient = recipient_of(a, LDNS_RCODE_SERVFAIL);
	cf_hits_record(worker, image, &judgement, &recipient);
}

static int on_servfail(struct query_info *question, struct module_qstate *qs,
    struct reply_info *rep, int rcode, struct edns_data *edns, struct edns_option **options_out,
    struct comm_reply *reply, struct regional *region, struct timeval *start, int id, void *arg)
{
	struct reply_args a = {.module = arg,
	    .question = question,
	    .qs = qs,
	    .rep = rep,
	    .edns = edns,
	    .options_out = options_out,
	    .reply = reply,
	    .region = region,
	    .now = start,
	    .id = id,
	    .rcode = rcode};

	if (question == NULL || question->qname == NULL || reply == NULL || start == NULL)
		return 1;
	if (qs != NULL)
		a.now = qs->env->now_tv;
	with_image(&a, judge_failure);
	return 1;
}

/*
 * The site's own data answered, before any module: local-zone, local-data, auth-zone, response
 * policy zone. Nothing can be done about it, but a look-up of a listed name it was all the same.
 */
static void judge_local(struct cf_worker *worker, const struct cf_image *image,
    const struct reply_args *a, const struct cf_name *qname)
{
	struct cf_client client;
	struct cf_question question;
	struct cf_judgement judgement;
	struct cf_recipient recipient;

	if (!cf_view_is_any_listed(image, qname, a->rep))
		return;
	ask(a, &client, &question);
	cf_view_judge(image, &question, qname, NULL, a->rep, &judgement);
	recipient = recipient_of(a, rcode_of(a));
	recipient.observed = true;
	cf_count(&worker->counters.local_listed);
	cf_hits_record(worker, image, &judgement, &recipient);
}

static int on_reply_local(struct query_info *question, struct module_qstate *qs,
    struct reply_info *rep, int rcode, struct edns_data *edns, struct edns_option **options_out,
    struct comm_reply *reply, struct regional *region, struct timeval *start, int id, void *arg)
{
	struct timeval now;
	struct reply_args a = {.module = arg,
	    .question = question,
	    .rep = rep,
	    .edns = edns,
	    .options_out = options_out,
	    .reply = reply,
	    .region = region,
	    .now = &now,
	    .id = id,
	    .rcode = rcode};
	struct cf_worker *worker;

	(void)qs;
	(void)start; /* not given by every caller */
	if (reply == NULL || cf_gate_is_shut())
		return 1;
	(void)gettimeofday(&now, NULL); /* cannot fail */
	if (question != NULL && question->qname != NULL) {
		with_image(&a, judge_local);
		return 1;
	}
	worker = cf_worker_get(a.module); /* of class CH: somebody was there */
	if (worker != NULL)
		cf_worker_note(worker, &reply->client_addr);
	return 1;
}

static int on_query_response(struct module_qstate *qs, struct dns_msg *response, int id, void *arg)
{
	if (response != NULL && qs != NULL && !cf_gate_is_shut())
		cf_upstream_look(arg, qs, response, id);
	return 1;
}

/* The host takes callbacks as void *, which C does not convert functions to. */
static void *function_pointer(inplace_cb_reply_func_type *function)
{
	void *pointer;

	memcpy(&pointer, &function, sizeof(pointer));
	return pointer;
}

static void *response_pointer(inplace_cb_query_response_func_type *function)
{
	void *pointer;

	memcpy(&pointer, &function, sizeof(pointer));
	return pointer;
}

bool cf_callbacks_register(struct cf_module *module, struct module_env *env, int id)
{
	const struct dynlibmod_env *host = env->modinfo[id];

	return host->inplace_cb_register_wrapped(
	           function_pointer(on_reply), inplace_cb_reply, module, env, id) &&
	    host->inplace_cb_register_wrapped(
	        function_pointer(on_reply_cache), inplace_cb_reply_cache, module, env, id) &&
	    host->inplace_cb_register_wrapped(
	        function_pointer(on_servfail), inplace_cb_reply_servfail, module, env, id) &&
	    host->inplace_cb_register_wrapped(
	        function_pointer(on_reply_local), inplace_cb_reply_local, module, env, id) &&
	    host->inplace_cb_register_wrapped(
	        response_pointer(on_query_response), inplace_cb_query_response, module, env, id);
}

void cf_callbacks_delete(struct module_env *env, int id)
{
	const struct dynlibmod_env *host = env->modinfo[id];
	static const enum inplace_cb_list_type lists[] = {inplace_cb_reply, inplace_cb_reply_cache,
	    inplace_cb_reply_local, inplace_cb_reply_servfail, inplace_cb_query_response};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		host->inplace_cb_delete_wrapped(env, lists[i], id);
}
