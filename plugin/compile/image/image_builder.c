/* What every file of the image builder does with its arrays and strings. */

#include "compile/image/image_builder.h"

#include <string.h>

void cf_image_add_string(
    struct cf_image_builder *builder, enum cf_status *status, const char *text, uint32_t *at_out)
{
	if (*status == CF_OK)
		*status = cf_strings_add(&builder->strings, text, at_out);
}

enum cf_status cf_image_add_item(struct cf_array *array, const void *data, size_t bytes)
{
	void *item;

	if (array->used >= UINT32_MAX - 1)
		return CF_ETOOBIG;
	item = cf_array_add(array, bytes);
	if (item == NULL)
		return CF_ENOMEM;
	memcpy(item, data, bytes);
	return CF_OK;
}

bool cf_image_prefix_is_valid(const struct cf_prefix *prefix)
{
	struct cf_addr first, last;
	unsigned length = cf_addr_length(&prefix->addr);

	if (length == 0 || prefix->bits > 8 * length)
		return false;
	cf_prefix_range(prefix, &first, &last);
	return cf_addr_equal(&first, &prefix->addr);
}

bool cf_image_has_pack(const struct cf_image_builder *builder, uint32_t pack)
{
	return pack < (builder->packs.used == 0 ? 1 : builder->packs.used);
}

const uint16_t cf_image_item_bytes[CF_SECTIONS] = {
    [CF_SECTION_STRINGS] = 1,
    [CF_SECTION_NAMES] = CF_IMAGE_UNIT_BYTES,
    [CF_SECTION_ATTRS] = sizeof(struct cf_image_attr_item),
    [CF_SECTION_HOMES] = sizeof(uint32_t),
    [CF_SECTION_FILTER] = sizeof(uint64_t),
    [CF_SECTION_NETWORKS] = sizeof(struct cf_image_network_item),
    [CF_SECTION_NETWORK_V4] = sizeof(struct cf_image_range_v4),
    [CF_SECTION_NETWORK_V6] = sizeof(struct cf_image_range_v6),
    [CF_SECTION_NETWORK_V4_BITS] = sizeof(uint64_t),
    [CF_SECTION_NETWORK_V6_BITS] = sizeof(uint64_t),
    [CF_SECTION_ASNS] = sizeof(struct cf_image_asn_item),
    [CF_SECTION_SIGNATURES] = sizeof(struct cf_image_signature_item),
    [CF_SECTION_PORTS] = sizeof(struct cf_image_port_item),
    [CF_SECTION_RESOLVERS] = sizeof(struct cf_image_resolver_item),
    [CF_SECTION_POLICY] = sizeof(struct cf_image_policy_item),
    [CF_SECTION_PHASES] = sizeof(struct cf_image_phase_item),
    [CF_SECTION_STEPS] = sizeof(struct cf_image_step_item),
    [CF_SECTION_EXCEPTIONS] = sizeof(struct cf_image_exception_item),
    [CF_SECTION_BY_CATEGORY] = sizeof(uint32_t),
    [CF_SECTION_TYPES] = sizeof(uint16_t),
    [CF_SECTION_GROUPS] = sizeof(uint32_t),
    [CF_SECTION_GROUP_SETS] = sizeof(struct cf_image_group_set),
    [CF_SECTION_CLIENT_V4] = sizeof(struct cf_image_range_v4),
    [CF_SECTION_CLIENT_V6] = sizeof(struct cf_image_range_v6),
    [CF_SECTION_PACKS] = sizeof(struct cf_image_pack_item),
    [CF_SECTION_SCHEDULES] = sizeof(struct cf_image_schedule_item),
    [CF_SECTION_ROWS] = sizeof(uint32_t),
    [CF_SECTION_NEAREST] = sizeof(struct cf_image_near_item),
};
