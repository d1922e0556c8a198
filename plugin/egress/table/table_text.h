/*
 * What the files that write the table's text share: the words of a family, and the chain of a
 * verdict. Private to ruleset.c and ways.c.
 */
#pragma once

#include "egress/options.h"

#include <stdio.h>

/* One family's words. */
struct cf_ruleset_family {
	enum cf_family family;
	enum cf_ranges networks, clients;
	const char *type, *header, *suffix;
	const char *head; /* of the destination: offset and length in the network header, bits */
};
extern const struct cf_ruleset_family cf_ruleset_families[2];

/*
 * What sends a packet to the log, as the beginning of a rule, or nothing without a log. The prefix
 * "curfew VERDICT SUBJECT " is what the monitor reads (monitor/packet/edge.h).
 */
void cf_ruleset_log(
    const struct cf_egress_options *options, FILE *to, const char *verdict, const char *subject);

/* A chain that logs, counts, and with the verdict "stop" refuses. */
void cf_ruleset_verdict_chain(const struct cf_egress_options *options, FILE *to, const char *chain,
    const char *verdict, const char *subject, enum cf_egress_counter counter);
