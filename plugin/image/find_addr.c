/*
 * From an address to the network around it: disjoint sorted ranges, each with the longest prefix
 * that covers it, searched by halving. In front stands a bitmap of 65,536 bits that sends most
 * addresses away after one cached word.
 */

#include "image/mapped.h"

uint32_t cf_ranges_find_v4(const struct cf_image_range_v4 *ranges, uint32_t count, uint32_t addr)
{
	const struct cf_image_range_v4 *at = ranges;

	if (count == 0)
		return CF_NONE;
	/* ranges[0].first is 0, so the last range that begins at or before addr exists. */
	while (count > 1) {
		uint32_t half = count / 2;

		at += at[half].first <= addr ? half : 0;
		count -= half;
	}
	return at->value;
}

uint32_t cf_ranges_find_v6(
    const struct cf_image_range_v6 *ranges, uint32_t count, uint64_t high, uint64_t low)
{
	const struct cf_image_range_v6 *at = ranges;

	if (count == 0)
		return CF_NONE;
	while (count > 1) {
		uint32_t half = count / 2;
		const struct cf_image_range_v6 *middle = at + half;

		if (middle->high < high || (middle->high == high && middle->low <= low))
			at = middle;
		count -= half;
	}
	return at->value;
}

uint32_t cf_image_find_addr(const struct cf_image *image, const struct cf_addr *addr)
{
	uint32_t top = cf_load_be32(addr->bytes), bit;

	if (addr->family == CF_FAMILY_V4) {
		bit = top >> 16;
		if (image->network_v4_bits == NULL ||
		    (image->network_v4_bits[bit / 64] >> (bit % 64) & 1) == 0)
			return CF_NONE;
		return cf_ranges_find_v4(image->network_v4, image->network_v4_count, top);
	}
	if (addr->family != CF_FAMILY_V6)
		return CF_NONE;
	bit = cf_image_v6_bit(top);
	if (image->network_v6_bits == NULL ||
	    (image->network_v6_bits[bit / 64] >> (bit % 64) & 1) == 0)
		return CF_NONE;
	return cf_ranges_find_v6(image->network_v6, image->network_v6_count,
	    cf_load_be64(addr->bytes), cf_load_be64(addr->bytes + 8));
}
