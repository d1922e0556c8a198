/* A range of addresses taken apart into prefixes. */

#include "compile/list/client_prefixes.h"

#include "base/array.h"

/* Steps to the address after; false at the end of the family. */
static bool step(struct cf_addr *addr)
{
	for (unsigned i = cf_addr_length(addr); i-- > 0;)
		if (++addr->bytes[i] != 0)
			return true;
	return false;
}

/* The range as prefixes, each the widest that begins where the last one ended. */
enum cf_status cf_client_prefixes_add(
    struct cf_client_prefixes *prefixes, const struct cf_client_range *range)
{
	struct cf_addr first = range->first, begin, end = first;
	bool more = true;

	while (more) {
		struct cf_prefix prefix = {
		    .addr = first, .bits = (uint8_t)(cf_addr_length(&first) * 8)};
		struct cf_export_client *items;

		end = first;
		while (prefix.bits > 0) {
			struct cf_prefix wider = {.addr = first, .bits = prefix.bits - 1};
			struct cf_addr last;

			cf_prefix_range(&wider, &begin, &last);
			if (!cf_addr_equal(&begin, &first) ||
			    cf_addr_compare(&last, &range->last) > 0)
				break;
			prefix = wider;
			end = last;
		}
		items = cf_array_grow(
		    prefixes->items, prefixes->count, 1, &prefixes->room, sizeof *items);
		if (items == NULL)
			return CF_ENOMEM;
		prefixes->items = items;
		items[prefixes->count++] = (struct cf_export_client){.prefix = prefix};
		more = cf_addr_compare(&end, &range->last) < 0 && step(&end);
		first = end;
	}
	return CF_OK;
}
