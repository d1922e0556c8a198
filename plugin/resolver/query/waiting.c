/* The clients that wait on one resolution. */
#include "resolver/host/unbound.h"

#include "resolver/query/waiting.h"

#include "resolver/query/answer.h"
#include "resolver/query/hits.h"
#include "resolver/query/verdict.h"

static void judge(
    const struct cf_waiting *w, const struct mesh_reply *slot, struct cf_judgement *judgement_out)
{
	const struct reply_info *rep = w->qs->return_msg == NULL ? NULL : w->qs->return_msg->rep;
	struct cf_client client;
	struct cf_question question = {.qtype = w->qs->qinfo.qtype,
	    .at_wall_s = cf_verdict_now(w->worker->module, w->qs->env->now_tv)};

	cf_view_client(&slot->query_reply.client_addr, &client);
	if (client.addr.family != CF_FAMILY_NONE)
		question.client = &client.addr;
	cf_view_judge(w->image, &question, w->qname, w->alias, rep, judgement_out);
}

static void record(const struct cf_waiting *w, const struct mesh_reply *slot, const char *answer)
{
	struct cf_recipient recipient = {.question = &w->qs->qinfo,
	    .reply = &slot->query_reply,
	    .options = slot->edns.opt_list_in,
	    .now = w->qs->env->now_tv,
	    .answer = answer,
	    .unanswered = true};
	struct cf_judgement judgement;

	judge(w, slot, &judgement);
	cf_worker_note(w->worker, &slot->query_reply.client_addr);
	cf_hits_record(w->worker, w->image, &judgement, &recipient);
}

bool cf_waiting_any_blocked(const struct cf_waiting *w, bool *all_dropped_out)
{
	bool any = false, all = w->qs->mesh_info->reply_list != NULL;

	for (struct mesh_reply *slot = w->qs->mesh_info->reply_list; slot != NULL;
	     slot = slot->next) {
		struct cf_judgement judgement;

		judge(w, slot, &judgement);
		if (judgement.decision.matched && judgement.decision.verdict == CF_VERDICT_BLOCK) {
			any = true;
			all = all && judgement.decision.answer->kind == CF_ANSWER_DROP;
		} else {
			all = false;
		}
	}
	*all_dropped_out = all;
	return any;
}

/* True when the clients in the list, if any, are all blocked; adds their number. */
static bool list_is_blocked(
    const struct cf_waiting *w, const struct mesh_state *state, size_t *count_io)
{
	for (struct mesh_reply *slot = state->reply_list; slot != NULL; slot = slot->next) {
		struct cf_judgement judgement;

		judge(w, slot, &judgement);
		if (!judgement.decision.matched || judgement.decision.verdict != CF_VERDICT_BLOCK)
			return false;
		(*count_io)++;
	}
	return true;
}

bool cf_waiting_all_blocked(const struct cf_waiting *w)
{
	struct mesh_state *state = w->qs->mesh_info;
	struct mesh_state_ref *super;
	size_t count = 0;

	if (w->qs->is_valrec || w->qs->is_priming || state->cb_list != NULL ||
	    !list_is_blocked(w, state, &count))
		return false;
	RBTREE_FOR(super, struct mesh_state_ref *, &state->super_set)
	{
		/* dns64 asks for the same name; anything else is no question of a client's. */
		if (super->s->cb_list != NULL || super->s->super_set.count > 0 ||
		    query_dname_compare(super->s->s.qinfo.qname, w->qs->qinfo.qname) != 0 ||
		    !list_is_blocked(w, super->s, &count))
			return false;
	}
	return count > 0;
}

#ifdef CF_UB_HAS_DISCARD_TIMEOUT
/* As the host counts it, to the millisecond: what it answers is recorded then and not here. */
static bool is_late(const struct module_qstate *qs, const struct mesh_reply *slot)
{
	int64_t most_ms = qs->env->cfg->discard_timeout, waited_us;

	if (most_ms == 0)
		return false;
#ifdef CF_UB_DISCARDS_UDP_ONLY
	if (slot->query_reply.c->type != comm_udp)
		return false;
#endif
	waited_us = ((int64_t)qs->env->now_tv->tv_sec - slot->start_time.tv_sec) * 1000000 +
	    qs->env->now_tv->tv_usec - slot->start_time.tv_usec;
	return waited_us / 1000 > most_ms;
}
#else
static bool is_late(const struct module_qstate *qs, const struct mesh_reply *slot)
{
	(void)qs;
	(void)slot;
	return false;
}
#endif

void cf_waiting_drop(const struct cf_waiting *w)
{
	for (struct mesh_reply *slot = w->qs->mesh_info->reply_list; slot != NULL;
	     slot = slot->next)
		if (!is_late(w->qs, slot))
			record(w, slot, cf_answer_text(CF_ANSWER_DROP));
	w->qs->is_drop = 1;
	w->qs->minfo[w->id] = &cf_query_answered;
}

void cf_waiting_record_late(const struct cf_waiting *w)
{
	for (struct mesh_reply *slot = w->qs->mesh_info->reply_list; slot != NULL;
	     slot = slot->next)
		if (is_late(w->qs, slot))
			record(w, slot, NULL);
}
