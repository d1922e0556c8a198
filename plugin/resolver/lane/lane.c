/* The private message cache and the environment that leads to it. */
#include "resolver/host/unbound.h"

#include "resolver/lane/lane.h"

/* Two threads seldom meet in four slabs; Unbound's own default. */
#define LANE_SLABS 4
#define LANE_START 1024

struct slabhash *cf_lane_new(size_t bytes)
{
	return slabhash_create(LANE_SLABS, LANE_START, bytes, msgreply_sizefunc, query_info_compare,
	    query_entry_delete, reply_info_delete, NULL);
}

void cf_lane_free(struct slabhash *lane)
{
	if (lane != NULL)
		slabhash_delete(lane);
}

void cf_lane_enter(struct cf_worker *worker, struct module_qstate *qs)
{
	if (qs->env == worker->shadow)
		return;
	/* Copied anew each time: the host may have changed its own since (fast reload, statistics).
	 */
	*worker->shadow = *qs->env->mesh->env;
	worker->shadow->msg_cache = worker->module->lane_cache;
	qs->env = worker->shadow;
	cf_count(&worker->counters.lane_queries);
}

bool cf_lane_has(const struct cf_worker *worker, const struct module_qstate *qs)
{
	return qs->env == worker->shadow;
}

void cf_lane_forget_public(struct module_env *env, const struct query_info *question)
{
	msg_cache_remove(
	    env, question->qname, question->qname_len, question->qtype, question->qclass, 0);
	msg_cache_remove(
	    env, question->qname, question->qname_len, question->qtype, question->qclass, BIT_CD);
}
