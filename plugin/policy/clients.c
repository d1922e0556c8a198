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

unsigned cf_exception_nearness(const struct cf_image *image,
    const struct cf_image_exception_item *exception, const struct cf_image_group_set *groups)
{
	const struct cf_image_near_item *near = image->nearest + groups->near_at;
	uint64_t common = 0;

	/* What a legal text exempts holds for those who are under it. */
	if (exception->schedule != CF_NONE &&
	    cf_client_schedule(image, groups, image->schedules[exception->schedule].pack) !=
	        exception->schedule)
		return 0;
	for (unsigned i = 0; i < CF_GROUP_WORDS; i++)
		common |= exception->groups.words[i] & groups->groups.words[i];
	for (uint32_t i = 0; common != 0 && i < groups->near_count; i++)
		if ((exception->groups.words[near[i].group / 64] >> near[i].group % 64 & 1) != 0)
			return near[i].bits + 2;
	return exception->everybody != 0;
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
