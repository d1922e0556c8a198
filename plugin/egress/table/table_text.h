/*
 * The table as text that `nft -f` takes, and the words of a family. Source of the grammar: nft(8)
 * of nftables 1.0.6. Private to egress/; pure but for the stream.
 */
#pragma once

#include "egress/table/table.h"
#include "image/ranges.h"

#include <stdio.h>

/* One family's words. */
struct cf_ruleset_family {
	enum cf_family family;
	enum cf_ranges networks, clients;
	enum cf_set_type set_type;
	const char *header, *suffix;
};
extern const struct cf_ruleset_family cf_ruleset_families[2];

/* Writes a transaction that replaces the table. Failures to write stay in the stream. */
void cf_table_write(const struct cf_table *table, FILE *to);
