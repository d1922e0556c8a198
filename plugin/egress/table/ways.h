/*
 * The part of the table that stands for ways round DNS: what asks others than the site's resolvers,
 * and what leads it home. Added to the table that ruleset.c makes, in this order. Private to
 * egress/; one thread.
 */
#pragma once

#include "egress/plan/options.h"
#include "egress/table/table.h"

/* Sets of the public resolvers in the pack, of protocols and ports. */
void cf_ways_sets(const struct cf_plan *plan, struct cf_table *table);

/* The chains of each way, and `ways`, which tells them apart; nothing when none is looked at. */
void cf_ways_chains(const struct cf_egress_options *options, struct cf_table *table);

/* Chains that lead questions to the site's resolver; nothing when none is redirected. */
void cf_ways_redirects(const struct cf_egress_options *options, struct cf_table *table);

/* A rule that sends what may be a question to `ways`; nothing when none is looked at. */
void cf_ways_ask(const struct cf_egress_options *options, struct cf_table *table);
