#include "update/pack_review.h"

#include "update/pack_age.h"

void cf_pack_review(const struct cf_compiled *compiled, const char *fetched, int64_t at_wall_s,
    struct cf_diags *diags)
{
	for (size_t i = 0; i < compiled->pack_count; i++) {
		const struct cf_pack *pack = compiled->packs[i];
		struct cf_pack_age age;
		char text[160];

		cf_pack_age_find(fetched, pack->vendor, pack->version, &age);
		if (cf_pack_age_is_bad(&age, at_wall_s))
			cf_diag_add(diags, age.until_wall_s != 0 ? CF_DIAG_WARNING : CF_DIAG_NOTE,
			    pack->dir, 0, "version",
			    "%s %s is %s; `curfew list update` looks for a newer one", pack->vendor,
			    pack->version, cf_pack_age_format(&age, at_wall_s, text, sizeof text));
	}
}
