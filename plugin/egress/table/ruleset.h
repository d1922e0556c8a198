/*
 * The plan as one table of nftables: `inet curfew`, and nothing outside it.
 *
 *   forward, output ──► never4/6: not looked at
 *                   ──► d4, d6: address -> chain of its kind of network   (maps of intervals)
 *                         n3: client in k1v4 -> s5, else -> s2            (a rule for each kind of
 * client) s2: time < 2024-09-29 -> flag, else -> stop   (a rule for each step) stop: log, count,
 * reject     flag, allow: log, count ──► ways: DNS to others than the site's resolvers
 *
 * Instants are in the rules, so the cut-off and the end of an exception come with no program alive.
 * Chains' policy is accept: what no rule names goes through. Packets are judged one by one, so a
 * connection that was open is cut at the instant. Counters stand at what they are given.
 *
 * Source of the grammar: nft(8) of nftables 1.0.6. Pure but for the stream; one thread.
 */
#pragma once

#include "egress/options.h"

#include <stdio.h>

/*
 * Writes a transaction that replaces the table: `nft -f` takes it. Failures to write stay in the
 * stream.
 */
void cf_ruleset_write(
    const struct cf_plan *plan, const struct cf_egress_options *options, FILE *to);
