/*
 * The steps that operate() and the callbacks share: what time it is, what the images say about a
 * query, and the answer of a block. Worker threads; images are pinned by the caller.
 */
#pragma once

#include "resolver/state/state.h"

/* The time to decide by. */
int64_t cf_verdict_now(struct cf_module *module, const struct timeval *now);

/* True when the question's name or, with rep, the answer may be blocked for anybody under any
 * image. */
bool cf_verdict_needs_lane(
    const struct cf_images *images, const struct cf_name *qname, const struct reply_info *rep);

/* The TTL of our answer: the policy's, but never past the instant at which it would be another. */
uint32_t cf_verdict_ttl(const struct cf_decision *decision, int64_t now_s);

/*
 * Marks for qs->minfo of queries whose recipients need no second look: nothing in them is listed,
 * or we gave the answer in operate() and recorded it. Only their addresses count.
 */
extern struct cf_query cf_query_clean, cf_query_answered;

/* What the query is known to lead to, or NULL. */
const struct cf_alias *cf_verdict_alias(const struct module_qstate *qs, int id);

/* The query's state, made when it has none yet; NULL without memory. */
struct cf_query *cf_verdict_query(struct module_qstate *qs, int id);

/* The forged reply of the kind for this query, made once; NULL without memory. */
struct reply_info *cf_verdict_forged(struct cf_query *query, struct module_qstate *qs,
    const struct cf_answer_spec *spec, enum cf_answer kind, uint32_t ttl_s);
