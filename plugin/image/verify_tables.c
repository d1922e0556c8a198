/* Are the tables of networks, clients, policy and the small lists sound? */

#include "image/mapped.h"

#include <string.h>

static bool strings_exist(const struct cf_image *image, const uint32_t *strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strings[i] >= image->strings_bytes)
			return false;
	return true;
}

/* Begins at address 0, rises strictly, and leads to one of value_count things or nothing. */
static bool ranges_v4_are_sound(
    const struct cf_image_range_v4 *ranges, uint32_t count, uint32_t value_count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (ranges[i].value != CF_NONE && ranges[i].value >= value_count)
			return false;
		if (i == 0 ? ranges[i].first != 0 : ranges[i].first <= ranges[i - 1].first)
			return false;
	}
	return true;
}

static bool ranges_v6_are_sound(
    const struct cf_image_range_v6 *ranges, uint32_t count, uint32_t value_count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct cf_image_range_v6 *range = &ranges[i];

		if (range->value != CF_NONE && range->value >= value_count)
			return false;
		if (i == 0 ? (range->high | range->low) != 0
		           : range->high < range[-1].high ||
		            (range->high == range[-1].high && range->low <= range[-1].low))
			return false;
	}
	return true;
}

static bool network_is_sound(const struct cf_image *image, uint32_t i)
{
	static const uint8_t zero[16];
	const struct cf_image_network_item *network = &image->networks[i];
	const uint32_t strings[] = {network->org, network->list, network->source, network->as_of,
	    network->note, network->file};

	if (network->family != CF_FAMILY_V4 && network->family != CF_FAMILY_V6)
		return false;
	if (network->bits > (network->family == CF_FAMILY_V4 ? 32 : 128))
		return false;
	if (network->family == CF_FAMILY_V4 && memcmp(network->addr + 4, zero, 12) != 0)
		return false;
	/* Walks from network to parent end, because indices fall. */
	if (network->parent != CF_NONE && network->parent >= i)
		return false;
	return network->kind <= CF_NETWORK_NAMESERVER && network->category < CF_CATEGORIES &&
	    network->confidence <= CF_CONFIDENCE_DOCUMENTED && network->pack < image->pack_count &&
	    strings_exist(image, strings, 6);
}

static bool networks_are_sound(const struct cf_image *image)
{
	uint32_t v4_bits = (uint32_t)image->header.sections[CF_SECTION_NETWORK_V4_BITS].count;
	uint32_t v6_bits = (uint32_t)image->header.sections[CF_SECTION_NETWORK_V6_BITS].count;

	for (uint32_t i = 0; i < image->network_count; i++)
		if (!network_is_sound(image, i))
			return false;
	/* The bitmaps are whole or not there. */
	if ((v4_bits != 0 && v4_bits != CF_IMAGE_BITS_WORDS) ||
	    (v6_bits != 0 && v6_bits != CF_IMAGE_BITS_WORDS))
		return false;
	return ranges_v4_are_sound(
	           image->network_v4, image->network_v4_count, image->network_count) &&
	    ranges_v6_are_sound(image->network_v6, image->network_v6_count, image->network_count);
}

static bool group_sets_are_sound(const struct cf_image *image)
{
	for (uint32_t i = 0; i < image->near_count; i++)
		if (image->nearest[i].group >= image->group_count || image->nearest[i].bits > 128)
			return false;
	for (uint32_t i = 0; i < image->group_set_count; i++) {
		const struct cf_image_group_set *set = &image->group_sets[i];

		if (set->near_at > image->near_count ||
		    set->near_count > image->near_count - set->near_at ||
		    set->row >= image->row_count)
			return false;
	}
	return true;
}

static bool clients_are_sound(const struct cf_image *image)
{
	return group_sets_are_sound(image) &&
	    strings_exist(image, image->groups, image->group_count) &&
	    ranges_v4_are_sound(image->client_v4, image->client_v4_count, image->group_set_count) &&
	    ranges_v6_are_sound(image->client_v6, image->client_v6_count, image->group_set_count);
}

static bool asns_are_sound(const struct cf_image *image)
{
	for (uint32_t i = 0; i < image->asn_count; i++) {
		if (image->asns[i].org >= image->strings_bytes ||
		    image->asns[i].pack >= image->pack_count)
			return false;
		if (i > 0 && image->asns[i].asn <= image->asns[i - 1].asn)
			return false;
	}
	return true;
}

static bool signatures_are_sound(const struct cf_image *image)
{
	for (uint32_t i = 0; i < image->signature_count; i++) {
		const struct cf_image_signature_item *item = &image->signatures[i];
		const uint32_t strings[] = {item->kind, item->match, item->value, item->product,
		    item->source, item->note, item->file};

		if (item->category >= CF_CATEGORIES ||
		    item->confidence > CF_CONFIDENCE_DOCUMENTED ||
		    item->pack >= image->pack_count || !strings_exist(image, strings, 7))
			return false;
	}
	return true;
}

static bool ports_are_sound(const struct cf_image *image)
{
	for (uint32_t i = 0; i < image->port_count; i++) {
		const struct cf_image_port_item *item = &image->ports[i];
		const uint32_t strings[] = {
		    item->role, item->direction, item->product, item->source, item->file};

		if (item->category >= CF_CATEGORIES ||
		    item->confidence > CF_CONFIDENCE_DOCUMENTED || item->first > item->last ||
		    item->pack >= image->pack_count || !strings_exist(image, strings, 5))
			return false;
	}
	return true;
}

static bool resolvers_are_sound(const struct cf_image *image)
{
	for (uint32_t i = 0; i < image->resolver_count; i++) {
		const struct cf_image_resolver_item *item = &image->resolvers[i];
		const uint32_t strings[] = {item->role, item->operator_name, item->name};

		if ((item->family != CF_FAMILY_V4 && item->family != CF_FAMILY_V6) ||
		    !strings_exist(image, strings, 3))
			return false;
	}
	return true;
}

static bool phases_are_sound(const struct cf_image *image)
{
	for (uint32_t i = 0; i < image->phase_count; i++) {
		const struct cf_image_phase_item *item = &image->phases[i];
		const uint32_t strings[] = {item->name, item->citation, item->file};

		if (item->verdict > CF_VERDICT_BLOCK || item->categories >> CF_CATEGORIES != 0 ||
		    (image->schedule_count < 64 && item->schedules >> image->schedule_count != 0) ||
		    !strings_exist(image, strings, 3))
			return false;
	}
	return true;
}

static bool packs_are_sound(const struct cf_image *image)
{
	if (image->header.sections[CF_SECTION_ROWS].count !=
	    (uint64_t)image->row_count * image->pack_count)
		return false;
	for (uint32_t i = 0; i < image->pack_count; i++) {
		const struct cf_image_pack_item *item = &image->packs[i];
		const uint32_t strings[] = {item->vendor, item->version};

		/* The first row is everybody's. */
		if (item->schedule != image->rows[i] || item->nodata > 1 ||
		    !strings_exist(image, strings, 2))
			return false;
	}
	for (uint32_t i = 0; i < image->row_count * image->pack_count; i++)
		if (image->rows[i] >= image->schedule_count)
			return false;
	return true;
}

/* at[] cuts the items from begin to before end into one stretch for each category. */
static bool cuts_are_sound(const uint32_t at[CF_CATEGORIES + 1], uint32_t begin, uint32_t end)
{
	for (unsigned i = 0; i < CF_CATEGORIES; i++)
		if (at[i] > at[i + 1])
			return false;
	return at[0] == begin && at[CF_CATEGORIES] == end;
}

static bool steps_of_are_sound(const struct cf_image *image, const uint32_t *at)
{
	for (unsigned category = 0; category < CF_CATEGORIES; category++)
		for (uint32_t i = at[category]; i < at[category + 1]; i++) {
			const struct cf_image_step_item *step = &image->steps[i];

			if (step->phase >= image->phase_count || step->verdict > CF_VERDICT_BLOCK ||
			    (i > at[category] && step->from_wall_s <= step[-1].from_wall_s))
				return false;
		}
	return true;
}

/* The stretches of the schedules follow each other. */
static bool schedules_are_sound(const struct cf_image *image)
{
	uint32_t begin = 0;

	for (uint32_t i = 0; i < image->schedule_count; i++) {
		const struct cf_image_schedule_item *item = &image->schedules[i];
		const uint32_t strings[] = {item->preset, item->citation, item->clients};
		uint32_t end = item->steps_at[CF_CATEGORIES];

		for (unsigned k = 0; k < CF_CATEGORIES; k++)
			if (item->baseline[k] > CF_VERDICT_BLOCK)
				return false;
		if (item->pack >= image->pack_count || !strings_exist(image, strings, 3) ||
		    end > image->step_count || !cuts_are_sound(item->steps_at, begin, end) ||
		    !steps_of_are_sound(image, item->steps_at))
			return false;
		begin = end;
	}
	return begin == image->step_count;
}

static bool exceptions_are_sound(const struct cf_image *image)
{
	if (!cuts_are_sound(image->policy->by_category_at, 0, image->by_category_count))
		return false;
	for (uint32_t i = 0; i < image->by_category_count; i++)
		if (image->by_category[i] >= image->exception_count)
			return false;
	for (uint32_t i = 0; i < image->exception_count; i++) {
		const struct cf_image_exception_item *item = &image->exceptions[i];
		const uint32_t strings[] = {item->owner, item->reason, item->clients, item->file};

		if (item->verdict > CF_VERDICT_BLOCK || item->everybody > 1 ||
		    item->pack >= image->pack_count ||
		    (item->schedule != CF_NONE && item->schedule >= image->schedule_count) ||
		    item->categories >> CF_CATEGORIES != 0 || !strings_exist(image, strings, 4))
			return false;
		if (item->types_at > image->type_count ||
		    item->type_count > image->type_count - item->types_at)
			return false;
	}
	return true;
}

static bool policy_is_sound(const struct cf_image *image)
{
	const struct cf_image_policy_item *policy = image->policy;
	const uint32_t strings[] = {policy->vendor, policy->pack_version, policy->preset,
	    policy->citation, policy->policy_file, policy->log_path, policy->privacy,
	    policy->privacy_key_file, policy->sensor, policy->ede_text};

	if (policy->answer_kind > CF_ANSWER_DROP || !strings_exist(image, strings, 10) ||
	    !strings_exist(image, &image->header.edge, 1))
		return false;
	/* Who sends the text has a buffer for it. */
	return strnlen(image->strings + policy->ede_text, CF_EDE_TEXT_BYTES) < CF_EDE_TEXT_BYTES;
}

bool cf_image_verify_tables(const struct cf_image *image, const char **what_out)
{
	static const struct {
		bool (*is_sound)(const struct cf_image *image);
		const char *what;
	} checks[] = {
	    {policy_is_sound, "settings"},
	    {packs_are_sound, "packs"},
	    {networks_are_sound, "networks"},
	    {clients_are_sound, "client groups"},
	    {asns_are_sound, "AS numbers"},
	    {signatures_are_sound, "signatures"},
	    {ports_are_sound, "ports"},
	    {resolvers_are_sound, "resolvers"},
	    {phases_are_sound, "phases"},
	    {schedules_are_sound, "phases"},
	    {exceptions_are_sound, "exceptions"},
	};

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (!checks[i].is_sound(image)) {
			*what_out = checks[i].what;
			return false;
		}
	return true;
}
