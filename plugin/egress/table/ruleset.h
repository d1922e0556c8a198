/*
 * The plan as one table of nftables: `inet curfew`, and nothing outside it.
 *
 *   forward, output ──► never4/6: not looked at
 *                   ──► h4, h6: does a network lie there?  ──► nets4, nets6
 *                         d4_24, d4_32 ...: address -> chain of its kind of network (elements.h)
 *                         n3: client in k1v4 -> s5, else -> s2   (a rule for each kind of client)
 *                         s2: time < 2024-09-29 -> flag, else -> stop (a rule for each step)
 *                         stop: log, count, reject     flag, allow: log, count
 *                   ──► ways: DNS to others than the site's resolvers
 *
 * Instants are in the rules, so the cut-off and the end of an exception come with no program alive.
 * Chains' policy is accept: what no rule names goes through. Packets are judged one by one, so a
 * connection that was open is cut at the instant. Counters stand at what they are given.
 *
 * One thread.
 */
#pragma once

#include "egress/plan/options.h"
#include "egress/table/table.h"

#include <stdio.h>

/* Makes the table, with counters at 0; free it with cf_table_done(). CF_ENOMEM: nothing to free. */
enum cf_status cf_ruleset_make(const struct cf_plan *plan, const struct cf_egress_options *options,
    struct cf_table *table_out) CF_MUST_CHECK;

/* The same as text that replaces it, for `nft -f`. CF_ENOMEM; failures to write stay in the stream.
 */
enum cf_status cf_ruleset_write(
    const struct cf_plan *plan, const struct cf_egress_options *options, FILE *to) CF_MUST_CHECK;
