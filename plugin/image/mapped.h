/*
 * An opened image as image/ and policy/ see it: typed pointers to verified sections. Nobody else
 * includes this; the accessors of image/image.h are for all others.
 */
#pragma once

#include "image/format.h"
#include "image/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_image {
	const uint8_t *data;
	size_t len;
	bool mapped; /* by us, so unmapped at close */
	struct cf_image_header header;

	const char *strings;
	size_t strings_bytes;
	const uint32_t *names; /* by units */
	uint32_t names_units;
	const struct cf_image_attr_item *attrs;
	uint32_t attr_count;
	const uint32_t *homes; /* one more than header.home_count; NULL without names */
	const uint64_t *filter;
	uint32_t filter_count;
	const struct cf_image_network_item *networks;
	uint32_t network_count;
	const struct cf_image_range_v4 *network_v4;
	uint32_t network_v4_count;
	const struct cf_image_range_v6 *network_v6;
	uint32_t network_v6_count;
	const uint64_t *network_v4_bits; /* NULL when no IPv4 network is listed */
	const uint64_t *network_v6_bits;
	const struct cf_image_asn_item *asns;
	uint32_t asn_count;
	const struct cf_image_signature_item *signatures;
	uint32_t signature_count;
	const struct cf_image_port_item *ports;
	uint32_t port_count;
	const struct cf_image_resolver_item *resolvers;
	uint32_t resolver_count;
	const struct cf_image_policy_item *policy;
	const struct cf_image_pack_item *packs;
	uint32_t pack_count;
	const struct cf_image_schedule_item *schedules;
	uint32_t schedule_count;
	const uint32_t *rows; /* pack_count schedules to a row */
	uint32_t row_count;
	const struct cf_image_phase_item *phases;
	uint32_t phase_count;
	const struct cf_image_step_item *steps;
	uint32_t step_count;
	const struct cf_image_exception_item *exceptions;
	uint32_t exception_count;
	const uint32_t *by_category;
	uint32_t by_category_count;
	const uint16_t *types;
	uint32_t type_count;
	const uint32_t *groups;
	uint32_t group_count;
	const struct cf_image_group_set *group_sets;
	uint32_t group_set_count;
	const struct cf_image_near_item *nearest;
	uint32_t near_count;
	const struct cf_image_range_v4 *client_v4;
	uint32_t client_v4_count;
	const struct cf_image_range_v6 *client_v6;
	uint32_t client_v6_count;

	/* Derived once at open. */
	struct cf_image_info info;
	struct cf_answer_spec answer;
	struct cf_answer_spec nodata_answer; /* of packs that say nodata */
	/* By pack: categories that a baseline, a phase or an exception ever blocks for anybody. */
	uint32_t may_block[CF_PACKS_MOST];
};

/*
 * Fills the section pointers of *image from data and len and checks everything that look-ups rely
 * on, checksum included. On success the image may be trusted. Errors as cf_image_open().
 */
enum cf_status cf_image_verify(
    struct cf_image *image, const atomic_bool *stop, struct cf_error *error) CF_MUST_CHECK;
/* Its first part: the header alone, at data, of a file of len bytes. */
enum cf_status cf_image_verify_header(struct cf_image *image, struct cf_error *error) CF_MUST_CHECK;

/* Second half of cf_image_verify(): names, and the table that finds them. True when sound. */
bool cf_image_verify_names(const struct cf_image *image);
/* The same for networks, clients, policy and the small lists. *what_out names what is not sound. */
bool cf_image_verify_tables(const struct cf_image *image, const char **what_out);

/* All that is said of one suffix of a name: entries first to before end, in steps of
 * CF_IMAGE_ENTRY_UNITS. */
struct cf_name_run {
	uint32_t first, end;
	uint32_t label_count;
};

/* What is said by an entry that a look-up gave. */
static inline const struct cf_image_attr_item *cf_entry_attr(
    const struct cf_image *image, uint32_t entry)
{
	return &image->attrs[image->names[entry] & ~CF_IMAGE_MORE];
}

/* The end of the entries that begin at first. */
static inline uint32_t cf_entries_end(const struct cf_image *image, uint32_t first)
{
	while ((image->names[first] & CF_IMAGE_MORE) != 0)
		first += CF_IMAGE_ENTRY_UNITS;
	return first + CF_IMAGE_ENTRY_UNITS;
}

/*
 * The listed suffixes of a name, most specific first. Begun, the walk knows which suffixes may be
 * listed, by the filter; each step then looks one of them up. Few go on to the last: a level with
 * an entry of a pack decides. hashes and levels are filled as far as passed says.
 */
struct cf_name_walk {
	const struct cf_image *image;
	const struct cf_name *name;
	unsigned passed, next;
	uint8_t levels[CF_NAME_LABELS + 1];
	uint64_t hashes[CF_NAME_LABELS + 1];
};

/* Borrows image and name for the walk. No limit is involved: every suffix is looked at. */
void cf_image_walk_begin(
    struct cf_name_walk *walk, const struct cf_image *image, const struct cf_name *name);
/* False when there is no further one. */
bool cf_image_walk_next(struct cf_name_walk *walk, struct cf_name_run *run_out);

/* True when an entry of scope on a suffix of label_count labels covers a name of name_labels. */
static inline bool cf_scope_covers(uint8_t scope, unsigned label_count, unsigned name_labels)
{
	return label_count == name_labels ? scope != CF_SCOPE_BELOW : scope != CF_SCOPE_EXACT;
}

/* The value of addr in sorted ranges of its family, or CF_NONE; ranges may be empty. */
uint32_t cf_ranges_find_v4(const struct cf_image_range_v4 *ranges, uint32_t count, uint32_t addr);
uint32_t cf_ranges_find_v6(
    const struct cf_image_range_v6 *ranges, uint32_t count, uint64_t high, uint64_t low);

/* Bytes in network order as a number. */
static inline uint32_t cf_load_be32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	    bytes[3];
}

static inline uint64_t cf_load_be64(const uint8_t *bytes)
{
	return (uint64_t)cf_load_be32(bytes) << 32 | cf_load_be32(bytes + 4);
}
