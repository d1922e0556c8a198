/* Networks and policy to sections. */

#include "compile/image/image_builder.h"

#include <stdlib.h>
#include <string.h>

void *cf_image_new_part(struct cf_image_parts *parts, enum cf_section_id id, size_t count)
{
	struct cf_image_part *part = &parts->parts[id];

	part->owned = calloc(count == 0 ? 1 : count, cf_image_item_bytes[id]);
	part->data = part->owned;
	part->count = part->owned == NULL ? 0 : count;
	return part->owned;
}

enum cf_status cf_image_emit_ranges(struct cf_image_parts *parts, enum cf_section_id id, bool v4,
    const struct cf_range *ranges, size_t count, const uint32_t *values)
{
	void *items = cf_image_new_part(parts, id, count);
	struct cf_image_range_v4 *items_v4 = items;
	struct cf_image_range_v6 *items_v6 = items;

	if (items == NULL)
		return CF_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		uint32_t inner = ranges[i].inner;
		uint32_t value = inner == UINT32_MAX ? CF_IMAGE_NONE : values[inner];

		if (v4)
			items_v4[i] = (struct cf_image_range_v4){
			    .first = (uint32_t)ranges[i].first.low, .value = value};
		else
			items_v6[i] = (struct cf_image_range_v6){.high = ranges[i].first.high,
			    .low = ranges[i].first.low,
			    .value = value};
	}
	return CF_OK;
}

static void mark(uint64_t *bits, uint32_t bit)
{
	bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* The bitmap in front of the ranges: all that the intervals touch. */
static enum cf_status emit_bits(
    struct cf_image_parts *parts, bool v4, const struct cf_interval *intervals, size_t count)
{
	uint64_t *bits;

	if (count == 0)
		return CF_OK;
	bits = cf_image_new_part(parts,
	    v4 ? CF_SECTION_NETWORK_V4_BITS : CF_SECTION_NETWORK_V6_BITS, CF_IMAGE_BITS_WORDS);
	if (bits == NULL)
		return CF_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		uint64_t from = v4 ? intervals[i].first.low >> 16 : intervals[i].first.high >> 32;
		uint64_t to = v4 ? intervals[i].last.low >> 16 : intervals[i].last.high >> 32;

		if (to - from >= UINT64_C(64) * CF_IMAGE_BITS_WORDS) {
			memset(bits, 0xff, CF_IMAGE_BITS_WORDS * sizeof *bits);
			break;
		}
		for (uint64_t at = from; at <= to; at++)
			mark(bits, v4 ? (uint32_t)at : cf_image_v6_bit((uint32_t)at));
	}
	return CF_OK;
}

/* The networks of one family behind those already in items, their ranges and bitmap. */
static enum cf_status build_network_family(
    const struct cf_image_builder *builder, struct cf_image_parts *parts, bool v4, uint32_t *placed)
{
	const struct cf_image_network_item *networks = builder->networks.items;
	struct cf_image_network_item *items = parts->parts[CF_SECTION_NETWORKS].owned;
	size_t room = builder->networks.used, count = 0, range_count = 0;
	struct cf_interval *intervals = calloc(room + 1, sizeof *intervals);
	uint32_t *numbers = calloc(2 * room + 1, sizeof *numbers), *parents = numbers + room;
	struct cf_range *ranges = NULL;
	enum cf_status status = CF_ENOMEM;
	uint32_t before = *placed;

	if (intervals == NULL || numbers == NULL)
		goto out;
	for (uint32_t i = 0; i < room; i++) {
		struct cf_prefix prefix = {
		    .addr = {.family = networks[i].family}, .bits = networks[i].bits};

		if ((networks[i].family == CF_FAMILY_V4) != v4)
			continue;
		memcpy(prefix.addr.bytes, networks[i].addr, sizeof networks[i].addr);
		intervals[count++] = cf_interval_of(&prefix, i);
	}
	cf_intervals_sort(intervals, count);
	status = cf_intervals_cut(intervals, count, v4 ? 32 : 128, parents, &ranges, &range_count);
	if (status != CF_OK)
		goto out;
	for (uint32_t i = 0; i < count; i++) {
		numbers[i] = before + i;
		items[before + i] = networks[intervals[i].value];
		items[before + i].parent =
		    parents[i] == UINT32_MAX ? CF_IMAGE_NONE : before + parents[i];
	}
	*placed = before + (uint32_t)count;
	status = cf_image_emit_ranges(parts, v4 ? CF_SECTION_NETWORK_V4 : CF_SECTION_NETWORK_V6, v4,
	    ranges, range_count, numbers);
	if (status == CF_OK)
		status = emit_bits(parts, v4, intervals, count);
out:
	free(intervals);
	free(numbers);
	free(ranges);
	return status;
}

enum cf_status cf_image_build_networks(
    const struct cf_image_builder *builder, struct cf_image_parts *parts)
{
	uint32_t placed = 0;
	enum cf_status status;

	if (cf_image_new_part(parts, CF_SECTION_NETWORKS, builder->networks.used) == NULL)
		return CF_ENOMEM;
	status = build_network_family(builder, parts, true, &placed);
	return status == CF_OK ? build_network_family(builder, parts, false, &placed) : status;
}

struct order {
	int64_t from_wall_s;
	uint32_t index;
};

static int compare_order(const void *left, const void *right)
{
	const struct order *a = left, *b = right;

	if (a->from_wall_s != b->from_wall_s)
		return a->from_wall_s < b->from_wall_s ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static enum cf_status build_phases(
    const struct cf_image_builder *builder, struct cf_image_parts *parts)
{
	const struct cf_image_phase_item *phases = builder->phases.items;
	size_t count = builder->phases.used;
	struct cf_image_phase_item *items = cf_image_new_part(parts, CF_SECTION_PHASES, count);
	struct order order[CF_PHASES];

	if (items == NULL)
		return CF_ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		order[i] = (struct order){.from_wall_s = phases[i].from_wall_s, .index = i};
	qsort(order, count, sizeof *order, compare_order);
	for (size_t i = 0; i < count; i++)
		items[i] = phases[order[i].index];
	return CF_OK;
}

/* The steps of each category of a schedule, out of the sorted phases; of two at one instant the
 * later stands. *used counts those of all schedules. */
static void build_steps_of(const struct cf_image_part *phase_part, unsigned schedule,
    uint32_t at[CF_CATEGORIES + 1], struct cf_image_step_item *steps, uint32_t *used)
{
	const struct cf_image_phase_item *phases = phase_part->owned;

	for (unsigned category = 0; category < CF_CATEGORIES; category++) {
		at[category] = *used;
		for (uint32_t i = 0; i < phase_part->count; i++) {
			if ((phases[i].categories >> category & 1) == 0 ||
			    (phases[i].schedules >> schedule & 1) == 0)
				continue;
			if (*used > at[category] &&
			    steps[*used - 1].from_wall_s == phases[i].from_wall_s)
				(*used)--;
			steps[(*used)++] =
			    (struct cf_image_step_item){.from_wall_s = phases[i].from_wall_s,
			        .phase = i,
			        .verdict = phases[i].verdict};
		}
	}
	at[CF_CATEGORIES] = *used;
}

static enum cf_status build_schedules(
    const struct cf_image_builder *builder, struct cf_image_parts *parts)
{
	const struct cf_image_part *phases = &parts->parts[CF_SECTION_PHASES];
	uint32_t count = (uint32_t)builder->schedules.used, used = 0;
	struct cf_image_schedule_item *schedules =
	    cf_image_new_part(parts, CF_SECTION_SCHEDULES, count);
	struct cf_image_step_item *steps =
	    cf_image_new_part(parts, CF_SECTION_STEPS, phases->count * CF_CATEGORIES * count);

	if (schedules == NULL || steps == NULL)
		return CF_ENOMEM;
	memcpy(schedules, builder->schedules.items, count * sizeof *schedules);
	for (uint32_t i = 0; i < count; i++)
		build_steps_of(phases, i, schedules[i].steps_at, steps, &used);
	parts->parts[CF_SECTION_STEPS].count = used;
	return CF_OK;
}

static enum cf_status build_by_category(
    const struct cf_image_builder *builder, struct cf_image_parts *parts)
{
	const struct cf_image_exception_item *exceptions = builder->exceptions.items;
	uint32_t *at = parts->policy.by_category_at, used = 0;
	uint32_t *items = cf_image_new_part(
	    parts, CF_SECTION_BY_CATEGORY, builder->exceptions.used * CF_CATEGORIES);

	if (items == NULL)
		return CF_ENOMEM;
	for (unsigned category = 0; category < CF_CATEGORIES; category++) {
		at[category] = used;
		for (uint32_t i = 0; i < builder->exceptions.used; i++)
			if ((exceptions[i].categories >> category & 1) != 0)
				items[used++] = i;
	}
	at[CF_CATEGORIES] = used;
	parts->parts[CF_SECTION_BY_CATEGORY].count = used;
	return CF_OK;
}

static int compare_asns(const void *left, const void *right)
{
	const struct cf_image_asn_item *a = left, *b = right;

	return a->asn < b->asn ? -1 : a->asn > b->asn;
}

static enum cf_status build_asns(
    const struct cf_image_builder *builder, struct cf_image_parts *parts)
{
	struct cf_image_asn_item *asns =
	    cf_image_new_part(parts, CF_SECTION_ASNS, builder->asns.used);

	if (asns == NULL)
		return CF_ENOMEM;
	if (builder->asns.used > 0)
		memcpy(asns, builder->asns.items, builder->asns.used * sizeof *asns);
	qsort(asns, builder->asns.used, sizeof *asns, compare_asns);
	return CF_OK;
}

static void use_array(
    struct cf_image_parts *parts, enum cf_section_id id, const struct cf_array *array)
{
	parts->parts[id] = (struct cf_image_part){.data = array->items, .count = array->used};
}

enum cf_status cf_image_build_policy(
    const struct cf_image_builder *builder, struct cf_image_parts *parts)
{
	enum cf_status status;

	parts->policy = builder->policy;
	use_array(parts, CF_SECTION_SIGNATURES, &builder->signatures);
	use_array(parts, CF_SECTION_PORTS, &builder->ports);
	use_array(parts, CF_SECTION_RESOLVERS, &builder->resolvers);
	use_array(parts, CF_SECTION_EXCEPTIONS, &builder->exceptions);
	use_array(parts, CF_SECTION_TYPES, &builder->types);
	parts->parts[CF_SECTION_STRINGS] =
	    (struct cf_image_part){.data = builder->strings.bytes, .count = builder->strings.used};
	status = build_asns(builder, parts);
	if (status == CF_OK)
		status = build_phases(builder, parts);
	if (status == CF_OK)
		status = build_schedules(builder, parts);
	if (status == CF_OK)
		status = build_by_category(builder, parts);
	parts->parts[CF_SECTION_POLICY] =
	    (struct cf_image_part){.data = &parts->policy, .count = 1};
	return status;
}
