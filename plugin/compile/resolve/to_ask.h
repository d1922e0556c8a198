/* The names of a pack that can be asked about, one by one, and of what category each is. */
#pragma once

#include "compile/pack/pack.h"
#include "compile/resolve/resolving.h"

#include <stdbool.h>
#include <stddef.h>

struct cf_to_ask {
	struct cf_resolved *names; /* filled in by cf_resolve() */
	enum cf_category *categories;
	size_t count, capacity;
};

/*
 * Collects them: of a subtree its top, of what lies below nothing is known. Lookalikes (malware)
 * are left alone unless all. CF_ENOMEM. Free in any case.
 */
enum cf_status cf_to_ask_collect(
    struct cf_to_ask *ask, const struct cf_pack *pack, bool all) CF_MUST_CHECK;
void cf_to_ask_done(struct cf_to_ask *ask);
