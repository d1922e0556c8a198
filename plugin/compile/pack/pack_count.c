#include "compile/pack/pack_count.h"

#include "compile/pack/pattern.h"

#include <string.h>

void cf_pack_count(const struct cf_pack *pack, struct cf_pack_totals *totals_out)
{
	*totals_out = (struct cf_pack_totals){.all_names = 0};
	for (size_t i = 0; i < pack->name_count; i++) {
		const struct cf_pack_name *name = &pack->names[i];
		uint32_t members = 1;

		if (name->pattern &&
		    cf_pattern_check(name->name, name->name_len, &members) != CF_OK)
			members = 0; /* the reader refuses such */
		totals_out->entries[name->category]++;
		totals_out->names[name->category] += members;
		totals_out->all_names += members;
	}
	for (size_t i = 0; i < pack->network_count; i++)
		totals_out->networks[pack->networks[i].category]++;
}

/* True when id is among the comma separated ids; *alone_out when it is the only one. */
static bool rests_on(const char *ids, const char *id, bool *alone_out)
{
	size_t len = strlen(id);

	*alone_out = strcmp(ids, id) == 0;
	for (const char *at = ids; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, id, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

static void count_use(struct cf_pack_use *use, const char *ids, const char *id)
{
	bool alone;

	use->entries += rests_on(ids, id, &alone);
	use->alone += alone;
}

struct cf_pack_use cf_pack_use_of(const struct cf_pack *pack, const char *id)
{
	struct cf_pack_use use = {.entries = 0};

	for (size_t i = 0; i < pack->name_count; i++)
		count_use(&use, pack->names[i].sources, id);
	for (size_t i = 0; i < pack->network_count; i++)
		count_use(&use, pack->networks[i].sources, id);
	for (size_t i = 0; i < pack->asn_count; i++)
		count_use(&use, pack->asns[i].sources, id);
	for (size_t i = 0; i < pack->port_count; i++)
		count_use(&use, pack->ports[i].sources, id);
	for (size_t i = 0; i < pack->signature_count; i++)
		count_use(&use, pack->signatures[i].sources, id);
	for (size_t i = 0; i < pack->resolver_count; i++)
		count_use(&use, pack->resolvers[i].sources, id);
	return use;
}
