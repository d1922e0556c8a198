/*
 * Networks and clients of an image as elements of sets: ranges that do not touch, in order, so that
 * whoever gets them neither sorts nor merges.
 *
 * Networks lie in hashes, one map for each prefix length: the kernel puts an element there in one
 * step, where its tree of intervals takes two elements and a walk for each, and finds it by one
 * wait for memory instead of twenty. A set of heads before them - what the networks' addresses
 * begin with - spares most packets all but one look.
 *
 *   address & /24 in h4 ──► & /32 in d4_32 ──► & /28 in d4_28 ──► ... at most one has it
 *
 * What cannot be had for want of memory is noted in the table. One thread.
 */
#pragma once

#include "egress/table/table.h"
#include "egress/table/table_text.h"

/* How the networks of a family are looked up. */
struct cf_lookup {
	uint8_t lengths[129]; /* of the maps, the longest first */
	unsigned length_count;
	uint8_t head_bits; /* of the set of heads, hFAMILY; 0: there is none, and no need */
};

/* The name of the map of a length. */
void cf_elements_map_name(
    const struct cf_ruleset_family *family, unsigned length, char name[CF_TABLE_NAME]);

/* Adds the maps of a family, and its heads. */
void cf_elements_networks(struct cf_table *table, const struct cf_plan *plan,
    const struct cf_ruleset_family *family, struct cf_lookup *lookup_out);

/* Adds the set of clients of a kind, kKINDvFAMILY; false: there are none, and it is not added. */
bool cf_elements_clients(struct cf_table *table, const struct cf_plan *plan,
    const struct cf_ruleset_family *family, uint32_t kind, char name_out[CF_TABLE_NAME]);

/* Adds the set of those prefixes that are of the family, though they overlap. */
void cf_elements_prefixes(struct cf_table *table, const char *name,
    const struct cf_ruleset_family *family, const struct cf_prefixes *prefixes);
