/* Ranges as pairs of addresses. */

#include "image/ranges.h"

#include "base/check.h"
#include "image/mapped.h"

static void store_be32(uint8_t *bytes, uint32_t number)
{
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

static struct cf_addr addr_v4(uint32_t number)
{
	struct cf_addr addr = {.family = CF_FAMILY_V4};

	store_be32(addr.bytes, number);
	return addr;
}

static struct cf_addr addr_v6(uint64_t high, uint64_t low)
{
	struct cf_addr addr = {.family = CF_FAMILY_V6};

	store_be32(addr.bytes, (uint32_t)(high >> 32));
	store_be32(addr.bytes + 4, (uint32_t)high);
	store_be32(addr.bytes + 8, (uint32_t)(low >> 32));
	store_be32(addr.bytes + 12, (uint32_t)low);
	return addr;
}

uint32_t cf_image_span_count(const struct cf_image *image, enum cf_ranges which)
{
	switch (which) {
	case CF_RANGES_NETWORKS_V4:
		return image->network_v4_count;
	case CF_RANGES_NETWORKS_V6:
		return image->network_v6_count;
	case CF_RANGES_CLIENTS_V4:
		return image->client_v4_count;
	case CF_RANGES_CLIENTS_V6:
		return image->client_v6_count;
	}
	return 0;
}

static void span_v4(
    const struct cf_image_range_v4 *ranges, uint32_t count, uint32_t i, struct cf_image_span *span)
{
	span->first = addr_v4(ranges[i].first);
	span->last = addr_v4(i + 1 < count ? ranges[i + 1].first - 1 : UINT32_MAX);
	span->value = ranges[i].value;
}

static void span_v6(
    const struct cf_image_range_v6 *ranges, uint32_t count, uint32_t i, struct cf_image_span *span)
{
	uint64_t high = UINT64_MAX, low = UINT64_MAX;

	if (i + 1 < count) {
		low = ranges[i + 1].low - 1;
		high = ranges[i + 1].high - (ranges[i + 1].low == 0);
	}
	span->first = addr_v6(ranges[i].high, ranges[i].low);
	span->last = addr_v6(high, low);
	span->value = ranges[i].value;
}

void cf_image_span(
    const struct cf_image *image, enum cf_ranges which, uint32_t i, struct cf_image_span *span_out)
{
	*span_out = (struct cf_image_span){.value = CF_NONE};
	if (!cf_check(i < cf_image_span_count(image, which)))
		return;
	switch (which) {
	case CF_RANGES_NETWORKS_V4:
		span_v4(image->network_v4, image->network_v4_count, i, span_out);
		break;
	case CF_RANGES_NETWORKS_V6:
		span_v6(image->network_v6, image->network_v6_count, i, span_out);
		break;
	case CF_RANGES_CLIENTS_V4:
		span_v4(image->client_v4, image->client_v4_count, i, span_out);
		break;
	case CF_RANGES_CLIENTS_V6:
		span_v6(image->client_v6, image->client_v6_count, i, span_out);
		break;
	}
}

uint32_t cf_image_network_around(const struct cf_image *image, uint32_t network)
{
	return cf_check(network < image->network_count) ? image->networks[network].parent : CF_NONE;
}
