/*
 * The part of the table that stands for ways round DNS: what asks others than the site's resolvers,
 * and what leads it home. Written into the table that ruleset.c writes, in this order; failures to
 * write stay in the stream. Private to egress/; one thread.
 */
#pragma once

#include "egress/options.h"

#include <stdio.h>

/* True when any way is looked at. */
bool cf_ways_any(const struct cf_egress_options *options);

/* Sets of the public resolvers in the pack. */
void cf_ways_sets(const struct cf_plan *plan, FILE *to);

/* The chains of each way, and `ways`, which tells them apart. */
void cf_ways_chains(const struct cf_egress_options *options, FILE *to);

/* Chains that lead questions to the site's resolver; nothing when none is redirected. */
void cf_ways_redirects(const struct cf_egress_options *options, FILE *to);
