/* Ranges of client addresses as prefixes, for formats that know nothing else. One thread. */
#pragma once

#include "base/status.h"
#include "compile/list/list_export.h"
#include "image/image.h"

#include <stddef.h>

/* Begins as zeros; items are freed with free(). */
struct cf_client_prefixes {
	struct cf_export_client *items;
	size_t count, room;
};

/* Adds the range as the fewest prefixes that hold just its addresses, in order. CF_ENOMEM. */
enum cf_status cf_client_prefixes_add(
    struct cf_client_prefixes *prefixes, const struct cf_client_range *range) CF_MUST_CHECK;
