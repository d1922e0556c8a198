/*
 * The inside of the image builder, shared by the files that make it up: image_add.c,
 * image_add_names.c and image_add_policy.c take things in, image_names.c and image_tables.c turn
 * them into sections (image_clients.c those of clients and packs), image_file.c writes the file.
 */
#pragma once

#include "base/array.h"
#include "compile/image/image_writer.h"
#include "compile/image/intervals.h"
#include "compile/image/strings.h"
#include "image/format.h"

/* One thing said of one name. */
struct cf_added_entry {
	uint32_t name; /* offset in the builder's names; each entry has its own */
	uint32_t attr;
	uint32_t line;
};

struct cf_image_builder {
	struct cf_strings strings;

	/* Names in the order of addition, one after the other, and what is said of each. */
	uint8_t *names;
	size_t names_used, names_room;
	struct cf_array entries; /* cf_added_entry */
	struct cf_array attrs;   /* cf_image_attr_item, each once */
	uint32_t *attr_slots;    /* open addressing over attrs: index + 1, or 0 */
	size_t attr_slot_count;
	uint32_t last_attr; /* most names say the same as the one before */

	struct cf_array networks; /* cf_image_network_item, unsorted, without parents */
	struct cf_array asns, signatures, ports, resolvers, phases, exceptions, types;
	struct cf_array groups;    /* uint32_t: name */
	struct cf_array clients;   /* cf_group_client */
	struct cf_array packs;     /* cf_image_pack_item; empty: one made of the settings */
	struct cf_array schedules; /* cf_image_schedule_item, without steps; never empty */
	bool described;            /* schedule 0 was added by the caller */
	struct cf_array scoped;    /* cf_scoped_schedule */
	struct cf_image_policy_item policy;
	uint8_t source_digest[CF_SHA256_BYTES];
	int64_t built_wall_s;
	uint32_t edge; /* string */
};

/*
 * Adds text to the strings and puts its offset into *at_out. A link of a chain: does nothing once
 * *status is a failure, and stores its own there.
 */
void cf_image_add_string(
    struct cf_image_builder *builder, enum cf_status *status, const char *text, uint32_t *at_out);

/* Appends a copy of the item of bytes at data. CF_ENOMEM; CF_ETOOBIG: more than 32 bits can index.
 */
enum cf_status cf_image_add_item(
    struct cf_array *array, const void *data, size_t bytes) CF_MUST_CHECK;

/* True when prefix has a family, no more bits than that has, and no host bits. */
bool cf_image_prefix_is_valid(const struct cf_prefix *prefix);

/* True for a pack that was added, and for 0 as long as none was. */
bool cf_image_has_pack(const struct cf_image_builder *builder, uint32_t pack);

/* One prefix of one group. */
struct cf_group_client {
	struct cf_prefix prefix;
	uint32_t group;
};

/* The schedule of a pack for the clients of a group. */
struct cf_scoped_schedule {
	uint32_t pack, group, schedule;
};

/* What becomes one section. */
struct cf_image_part {
	const void *data;
	size_t count;
	void *owned; /* freed with the parts; NULL when data lies in the builder */
};

/* All sections and the header but for its places and digest. Lives for one write. */
struct cf_image_parts {
	struct cf_image_header header;
	struct cf_image_policy_item policy;
	struct cf_image_pack_item only_pack; /* when none was added */
	struct cf_image_part parts[CF_SECTIONS];
};

/* Item bytes of each section. */
extern const uint16_t cf_image_item_bytes[CF_SECTIONS];

/* A section of count items that the parts own, zeroed; NULL without memory. count 0 gives
 * something. */
void *cf_image_new_part(struct cf_image_parts *parts, enum cf_section_id id, size_t count);

/* Writes ranges of one family as a section; values maps an interval to what it stands for. */
enum cf_status cf_image_emit_ranges(struct cf_image_parts *parts, enum cf_section_id id, bool v4,
    const struct cf_range *ranges, size_t count, const uint32_t *values) CF_MUST_CHECK;

/* Fill their sections of *parts. CF_ENOMEM, CF_ETOOBIG; whatever is filled then is freed with
 * parts. */
enum cf_status cf_image_build_names(
    const struct cf_image_builder *builder, struct cf_image_parts *parts) CF_MUST_CHECK;
enum cf_status cf_image_build_networks(
    const struct cf_image_builder *builder, struct cf_image_parts *parts) CF_MUST_CHECK;
enum cf_status cf_image_build_clients(
    const struct cf_image_builder *builder, struct cf_image_parts *parts) CF_MUST_CHECK;
enum cf_status cf_image_build_policy(
    const struct cf_image_builder *builder, struct cf_image_parts *parts) CF_MUST_CHECK;
