/* What operate() and the callbacks have in common. */
#include "resolver/host/unbound.h"

#include "resolver/query/verdict.h"

#include "resolver/query/answer.h"

struct cf_query cf_query_clean, cf_query_answered;

int64_t cf_verdict_now(struct cf_module *module, const struct timeval *now)
{
	return cf_clock_now(&module->clock, (int64_t)now->tv_sec);
}

bool cf_verdict_needs_lane(
    const struct cf_images *images, const struct cf_name *qname, const struct reply_info *rep)
{
	return (images->active != NULL && cf_view_may_block(images->active, qname, rep)) ||
	    (images->next != NULL && cf_view_may_block(images->next, qname, rep));
}

uint32_t cf_verdict_ttl(const struct cf_decision *decision, int64_t now_s)
{
	int64_t left_s = decision->next_change_wall_s - now_s;
	uint32_t ttl_s = decision->answer == NULL ? 0 : decision->answer->ttl_s;

	if (decision->next_change_wall_s != INT64_MAX && left_s < (int64_t)ttl_s)
		return left_s > 0 ? (uint32_t)left_s : 0;
	return ttl_s;
}

const struct cf_alias *cf_verdict_alias(const struct module_qstate *qs, int id)
{
	const struct cf_query *query = qs->minfo[id];

	return query == NULL || !query->has_alias ? NULL : &query->alias;
}

struct cf_query *cf_verdict_query(struct module_qstate *qs, int id)
{
	struct cf_query *query = qs->minfo[id];

	if (query == NULL || query == &cf_query_clean || query == &cf_query_answered) {
		query = regional_alloc_zero(qs->region, sizeof(*query));
		qs->minfo[id] = query;
	}
	return query;
}

struct reply_info *cf_verdict_forged(struct cf_query *query, struct module_qstate *qs,
    const struct cf_answer_spec *spec, enum cf_answer kind, uint32_t ttl_s)
{
	if (query->forged[kind] == NULL)
		query->forged[kind] = cf_answer_new(qs->region, &qs->qinfo, spec, kind, ttl_s);
	return query->forged[kind];
}
