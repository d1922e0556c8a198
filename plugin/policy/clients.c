/* Clients, groups and what exceptions ask of them. */

#include "policy/clients.h"

const struct cf_image_group_set *cf_client_groups(
    const struct cf_image *image, const struct cf_addr *client)
{
	uint32_t set = CF_NONE;

	if (client != NULL && client->family == CF_FAMILY_V4)
		set = cf_ranges_find_v4(
		    image->client_v4, image->client_v4_count, cf_load_be32(client->bytes));
	else if (client != NULL && client->family == CF_FAMILY_V6)
		set = cf_ranges_find_v6(image->client_v6, image->client_v6_count,
		    cf_load_be64(client->bytes), cf_load_be64(client->bytes + 8));
	return &image->group_sets[set == CF_NONE ? 0 : set];
}

bool cf_exception_is_for(
    const struct cf_image_exception_item *exception, const struct cf_image_group_set *groups)
{
	uint64_t common = 0;

	if (exception->everybody != 0)
		return true;
	for (unsigned i = 0; i < CF_GROUP_WORDS; i++)
		common |= exception->groups.words[i] & groups->words[i];
	return common != 0;
}

bool cf_exception_has_type(
    const struct cf_image *image, const struct cf_image_exception_item *exception, uint16_t qtype)
{
	if (exception->type_count == 0)
		return true;
	for (uint32_t i = 0; qtype != 0 && i < exception->type_count; i++)
		if (image->types[exception->types_at + i] == qtype)
			return true;
	return false;
}
