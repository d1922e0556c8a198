/*
 * Packs and groups of clients to sections: what each place in the nesting of the groups' prefixes
 * comes to - which groups, how near each, and which schedule each pack has there.
 */

#include "compile/image/image_builder.h"

#include <stdlib.h>
#include <string.h>

/* What the places come to, each once; there are as many as different nestings of groups: few. */
struct places {
	const struct cf_image_builder *builder;
	uint32_t pack_count;
	struct cf_array sets;    /* cf_image_group_set */
	struct cf_array nearest; /* cf_image_near_item */
	struct cf_array rows;    /* uint32_t: pack_count to a row */
};

/* One place while it is being put together. */
struct place {
	struct cf_image_groups groups;
	struct cf_image_near_item near[CF_GROUPS]; /* longest prefix first */
	uint32_t near_count;
	uint32_t row[CF_PACKS_MOST];
};

/* Appends count items; *at_out is where they begin. */
static enum cf_status append(
    struct cf_array *array, const void *items, size_t count, size_t bytes, uint32_t *at_out)
{
	*at_out = (uint32_t)array->used;
	for (size_t i = 0; i < count; i++) {
		enum cf_status status =
		    cf_image_add_item(array, (const char *)items + i * bytes, bytes);

		if (status != CF_OK)
			return status;
	}
	return CF_OK;
}

static enum cf_status find_row(struct places *places, const uint32_t *row, uint32_t *index_out)
{
	size_t bytes = places->pack_count * sizeof *row;
	const uint32_t *rows = places->rows.items;
	enum cf_status status;
	uint32_t at;

	for (size_t i = 0; i < places->rows.used; i += places->pack_count)
		if (memcmp(rows + i, row, bytes) == 0) {
			*index_out = (uint32_t)(i / places->pack_count);
			return CF_OK;
		}
	status = append(&places->rows, row, places->pack_count, sizeof *row, &at);
	*index_out = at / places->pack_count;
	return status;
}

static bool same_place(const struct places *places, const struct cf_image_group_set *set,
    const struct place *place, uint32_t row)
{
	const struct cf_image_near_item *near = places->nearest.items;

	/* Which groups there are follows from their order of nearness. */
	return set->row == row && set->near_count == place->near_count &&
	    (set->near_count == 0 ||
	        memcmp(near + set->near_at, place->near, set->near_count * sizeof *near) == 0);
}

static enum cf_status find_place(
    struct places *places, const struct place *place, uint32_t *index_out)
{
	const struct cf_image_group_set *sets;
	struct cf_image_group_set set = {.groups = place->groups, .near_count = place->near_count};
	enum cf_status status = find_row(places, place->row, &set.row);

	if (status != CF_OK)
		return status;
	/* Newest first: neighbours in the address space tend to have the same groups. */
	sets = places->sets.items;
	for (size_t i = places->sets.used; i-- > 0;)
		if (same_place(places, &sets[i], place, set.row)) {
			*index_out = (uint32_t)i;
			return CF_OK;
		}
	status = append(
	    &places->nearest, place->near, place->near_count, sizeof *place->near, &set.near_at);
	if (status == CF_OK)
		status = append(&places->sets, &set, 1, sizeof set, index_out);
	return status;
}

static void copy_place(const struct places *places, uint32_t index, struct place *place)
{
	const struct cf_image_group_set *set =
	    (const struct cf_image_group_set *)places->sets.items + index;
	const uint32_t *rows = places->rows.items;

	place->groups = set->groups;
	place->near_count = set->near_count;
	if (set->near_count > 0)
		memcpy(place->near,
		    (const struct cf_image_near_item *)places->nearest.items + set->near_at,
		    set->near_count * sizeof *place->near);
	memcpy(place->row, rows + (size_t)set->row * places->pack_count,
	    places->pack_count * sizeof *rows);
}

/* A prefix of group inside the place: the group comes to be the nearest one. */
static void enter_group(
    const struct places *places, struct place *place, uint32_t group, uint32_t bits)
{
	const struct cf_scoped_schedule *scoped = places->builder->scoped.items;
	uint32_t at = 0;

	while (at < place->near_count && place->near[at].group != group)
		at++;
	place->near_count += at == place->near_count;
	memmove(place->near + 1, place->near, at * sizeof *place->near);
	place->near[0] = (struct cf_image_near_item){.group = group, .bits = bits};
	place->groups.words[group / 64] |= UINT64_C(1) << group % 64;
	for (size_t i = 0; i < places->builder->scoped.used; i++)
		if (scoped[i].group == group)
			place->row[scoped[i].pack] = scoped[i].schedule;
}

/* For every sorted interval the place that it makes of the one around it. */
static enum cf_status collect_places(struct places *places, const struct cf_interval *intervals,
    size_t count, const uint32_t *parents, uint32_t *values)
{
	struct place place;

	for (size_t i = 0; i < count; i++) {
		enum cf_status status;

		copy_place(places, parents[i] == UINT32_MAX ? 0 : values[parents[i]], &place);
		enter_group(places, &place, intervals[i].value, intervals[i].bits);
		status = find_place(places, &place, &values[i]);
		if (status != CF_OK)
			return status;
	}
	return CF_OK;
}

static enum cf_status build_family(struct places *places, struct cf_image_parts *parts, bool v4)
{
	const struct cf_group_client *clients = places->builder->clients.items;
	size_t room = places->builder->clients.used, count = 0, range_count = 0;
	struct cf_interval *intervals = calloc(room + 1, sizeof *intervals);
	uint32_t *values = calloc(2 * room + 1, sizeof *values), *parents = values + room;
	struct cf_range *ranges = NULL;
	enum cf_status status = CF_ENOMEM;

	if (intervals == NULL || values == NULL)
		goto out;
	for (size_t i = 0; i < room; i++)
		if ((clients[i].prefix.addr.family == CF_FAMILY_V4) == v4)
			intervals[count++] = cf_interval_of(&clients[i].prefix, clients[i].group);
	cf_intervals_sort(intervals, count);
	status = cf_intervals_cut(intervals, count, v4 ? 32 : 128, parents, &ranges, &range_count);
	if (status == CF_OK)
		status = collect_places(places, intervals, count, parents, values);
	if (status == CF_OK)
		status =
		    cf_image_emit_ranges(parts, v4 ? CF_SECTION_CLIENT_V4 : CF_SECTION_CLIENT_V6,
		        v4, ranges, range_count, values);
out:
	free(intervals);
	free(values);
	free(ranges);
	return status;
}

/* The place of clients in no group: set 0, row 0. */
static enum cf_status add_outside(struct places *places, const struct cf_image_pack_item *packs)
{
	struct place place = {.near_count = 0};
	uint32_t index;

	for (uint32_t i = 0; i < places->pack_count; i++)
		place.row[i] = packs[i].schedule;
	return find_place(places, &place, &index);
}

static void hand_over(struct cf_image_parts *parts, enum cf_section_id id, struct cf_array *array)
{
	parts->parts[id] = (struct cf_image_part){
	    .data = array->items, .count = array->used, .owned = array->items};
}

enum cf_status cf_image_build_clients(
    const struct cf_image_builder *builder, struct cf_image_parts *parts)
{
	struct places places = {.builder = builder, .pack_count = (uint32_t)builder->packs.used};
	const struct cf_image_pack_item *packs = builder->packs.items;
	enum cf_status status;

	if (places.pack_count == 0) {
		parts->only_pack = (struct cf_image_pack_item){
		    .vendor = builder->policy.vendor, .version = builder->policy.pack_version};
		packs = &parts->only_pack;
		places.pack_count = 1;
	}
	parts->parts[CF_SECTION_PACKS] =
	    (struct cf_image_part){.data = packs, .count = places.pack_count};
	parts->parts[CF_SECTION_GROUPS] =
	    (struct cf_image_part){.data = builder->groups.items, .count = builder->groups.used};
	status = add_outside(&places, packs);
	if (status == CF_OK)
		status = build_family(&places, parts, true);
	if (status == CF_OK)
		status = build_family(&places, parts, false);
	hand_over(parts, CF_SECTION_GROUP_SETS, &places.sets);
	hand_over(parts, CF_SECTION_NEAREST, &places.nearest);
	hand_over(parts, CF_SECTION_ROWS, &places.rows);
	return status;
}
