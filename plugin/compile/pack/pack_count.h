/*
 * How much a pack holds: by category, patterns member by member, and what rests on one of its
 * sources. Reads a pack that nobody changes; any thread.
 */
#pragma once

#include "compile/pack/pack.h"

#include <stddef.h>

struct cf_pack_totals {
	/* Entries of names; the names that these stand for; networks. */
	size_t entries[CF_CATEGORIES], names[CF_CATEGORIES], networks[CF_CATEGORIES];
	size_t all_names;
};

void cf_pack_count(const struct cf_pack *pack, struct cf_pack_totals *totals_out);

struct cf_pack_use {
	size_t entries; /* of any table, that name the source */
	size_t alone;   /* of these, that name no other */
};

/* What rests on the source of this id. */
struct cf_pack_use cf_pack_use_of(const struct cf_pack *pack, const char *id);
