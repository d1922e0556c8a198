/*
 * The private lane: queries that have to do with names which somebody may be blocked from run with
 * a copy of the worker's module environment in which only the message cache is another one, ours.
 * What the iterator, the validator and the modules behind us store about such names never reaches
 * the shared cache, from which Unbound answers without asking any module. Record sets stay shared;
 * sub-queries inherit the lane.
 *
 * Worker threads, except where noted.
 */
#pragma once

#include "resolver/state/state.h"

/* The lane's cache; NULL without memory. Main thread, at init. */
struct slabhash *cf_lane_new(size_t bytes);

/* Frees it with everything in it. Main thread, after Unbound's threads have ended. NULL is fine. */
void cf_lane_free(struct slabhash *lane);

/* Puts the query into the lane; nothing happens when it is there already. */
void cf_lane_enter(struct cf_worker *worker, struct module_qstate *qs);

/* True when the query runs in the lane. */
bool cf_lane_has(const struct cf_worker *worker, const struct module_qstate *qs);

/* Removes what the shared cache holds under the question: both the CD and the ordinary entry. */
void cf_lane_forget_public(struct module_env *env, const struct query_info *question);
