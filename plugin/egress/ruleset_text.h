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
};
extern const struct cf_ruleset_family cf_ruleset_families[2];

/* A chain that logs with word, counts, and refuses when told to. */
void cf_ruleset_verdict_chain(const struct cf_egress_options *options, FILE *to, const char *chain,
    const char *word, enum cf_egress_counter counter, bool refuse);
