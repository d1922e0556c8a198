/*
 * Is this file an image? Header, section table and checksum; then names. The tables of networks and
 * policy are checked in verify_tables.c. After this, look-ups need no checks of their own, so each
 * rule here exists for a look-up that would otherwise leave the file. A checksum only finds
 * accidents: who makes an image on purpose computes that too, so the rules hold without it.
 */

#include "image/mapped.h"

#include "base/check.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of one item of each section, and how many there may be. */
static const struct section_rule {
	uint16_t item_bytes;
	uint16_t align;
	uint32_t least, most;
} rules[CF_SECTIONS] = {
    [CF_SECTION_STRINGS] = {1, 1, 1, UINT32_MAX - 1},
    [CF_SECTION_NAMES] = {CF_IMAGE_UNIT_BYTES, 4, 0, UINT32_MAX - 1},
    [CF_SECTION_ATTRS] = {sizeof(struct cf_image_attr_item), 4, 0, UINT32_MAX - 1},
    [CF_SECTION_HOMES] = {sizeof(uint32_t), 4, 0, UINT32_MAX - 1},
    [CF_SECTION_FILTER] = {sizeof(uint64_t), 8, 0, UINT32_MAX - 1},
    [CF_SECTION_NETWORKS] = {sizeof(struct cf_image_network_item), 8, 0, UINT32_MAX - 1},
    [CF_SECTION_NETWORK_V4] = {sizeof(struct cf_image_range_v4), 4, 0, UINT32_MAX - 1},
    [CF_SECTION_NETWORK_V6] = {sizeof(struct cf_image_range_v6), 8, 0, UINT32_MAX - 1},
    [CF_SECTION_NETWORK_V4_BITS] = {sizeof(uint64_t), 8, 0, CF_IMAGE_BITS_WORDS},
    [CF_SECTION_NETWORK_V6_BITS] = {sizeof(uint64_t), 8, 0, CF_IMAGE_BITS_WORDS},
    [CF_SECTION_ASNS] = {sizeof(struct cf_image_asn_item), 4, 0, UINT32_MAX - 1},
    [CF_SECTION_SIGNATURES] = {sizeof(struct cf_image_signature_item), 4, 0, UINT32_MAX - 1},
    [CF_SECTION_PORTS] = {sizeof(struct cf_image_port_item), 4, 0, UINT32_MAX - 1},
    [CF_SECTION_RESOLVERS] = {sizeof(struct cf_image_resolver_item), 4, 0, UINT32_MAX - 1},
    [CF_SECTION_POLICY] = {sizeof(struct cf_image_policy_item), 4, 1, 1},
    [CF_SECTION_PHASES] = {sizeof(struct cf_image_phase_item), 8, 0, CF_PHASES},
    [CF_SECTION_STEPS] = {sizeof(struct cf_image_step_item), 8, 0,
        CF_PHASES *CF_CATEGORIES *CF_SCHEDULES},
    [CF_SECTION_EXCEPTIONS] = {sizeof(struct cf_image_exception_item), 8, 0, CF_EXCEPTIONS},
    [CF_SECTION_BY_CATEGORY] = {sizeof(uint32_t), 4, 0, CF_EXCEPTIONS *CF_CATEGORIES},
    [CF_SECTION_TYPES] = {sizeof(uint16_t), 2, 0, CF_EXCEPTIONS *CF_EXCEPTION_TYPES},
    [CF_SECTION_GROUPS] = {sizeof(uint32_t), 4, 0, CF_GROUPS},
    [CF_SECTION_GROUP_SETS] = {sizeof(struct cf_image_group_set), 8, 1, UINT32_MAX - 1},
    [CF_SECTION_CLIENT_V4] = {sizeof(struct cf_image_range_v4), 4, 0, UINT32_MAX - 1},
    [CF_SECTION_CLIENT_V6] = {sizeof(struct cf_image_range_v6), 8, 0, UINT32_MAX - 1},
    [CF_SECTION_PACKS] = {sizeof(struct cf_image_pack_item), 4, 1, CF_PACKS_MOST},
    [CF_SECTION_SCHEDULES] = {sizeof(struct cf_image_schedule_item), 4, 1, CF_SCHEDULES},
    [CF_SECTION_ROWS] = {sizeof(uint32_t), 4, 1, UINT32_MAX - 1},
    [CF_SECTION_NEAREST] = {sizeof(struct cf_image_near_item), 4, 0, UINT32_MAX - 1},
};

enum cf_status cf_image_verify_header(struct cf_image *image, struct cf_error *error)
{
	struct cf_image_header *header = &image->header;

	if (image->len < sizeof *header)
		return cf_error_set(error, CF_EMALFORMED, "shorter than an image's header");
	memcpy(header, image->data, sizeof *header);
	if (memcmp(header->magic, CF_IMAGE_MAGIC, sizeof header->magic) != 0)
		return cf_error_set(error, CF_EMALFORMED, "not an image");
	if (header->endian != CF_IMAGE_ENDIAN)
		return cf_error_set(
		    error, CF_EVERSION, "made on a machine with another byte order");
	if (header->version != CF_IMAGE_VERSION)
		return cf_error_set(error, CF_EVERSION,
		    "image format %u, but this program reads %u: make it again with 'curfew apply'",
		    header->version, CF_IMAGE_VERSION);
	if (header->file_bytes != image->len)
		return cf_error_set(error, CF_EMALFORMED, "%zu bytes long, but made with %llu",
		    image->len, (unsigned long long)header->file_bytes);
	return CF_OK;
}

/* Bytes hashed between two looks at whether anybody still wants them. */
#define PIECE_BYTES ((size_t)16 << 20)

static enum cf_status check_digest(
    const struct cf_image *image, const atomic_bool *stop, struct cf_error *error)
{
	static const uint8_t zero[CF_SHA256_BYTES];
	size_t at = offsetof(struct cf_image_header, digest), after = at + sizeof zero;
	struct cf_sha256 *sha = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];

	if (sha == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory for the checksum");
	cf_sha256_update(sha, image->data, at);
	cf_sha256_update(sha, zero, sizeof zero);
	for (size_t piece; after < image->len; after += piece) {
		piece = image->len - after < PIECE_BYTES ? image->len - after : PIECE_BYTES;
		if (stop != NULL && atomic_load_explicit(stop, memory_order_relaxed)) {
			cf_sha256_free(sha);
			return cf_error_set(error, CF_EAGAIN, "stopped");
		}
		cf_sha256_update(sha, image->data + after, piece);
	}
	cf_sha256_final(sha, digest);
	cf_sha256_free(sha);
	if (memcmp(digest, image->header.digest, sizeof digest) != 0)
		return cf_error_set(error, CF_ECHECKSUM, "bad checksum");
	return CF_OK;
}

/*
 * Sections follow each other in order with nothing but padding between, so each place follows from
 * the sizes; the table says it all the same, and a file in which it says something else is refused.
 */
static bool sections_are_sound(const struct cf_image *image)
{
	const struct cf_image_header *header = &image->header;
	uint64_t at = sizeof *header;

	if (header->section_count != CF_SECTIONS)
		return false;
	for (unsigned i = 0; i < CF_SECTIONS; i++) {
		const struct cf_image_section *section = &header->sections[i];

		at = (at + CF_IMAGE_ALIGN - 1) & ~(uint64_t)(CF_IMAGE_ALIGN - 1);
		if (section->at != at || at > image->len || section->bytes > image->len - at)
			return false;
		if (section->count < rules[i].least || section->count > rules[i].most ||
		    section->bytes != section->count * rules[i].item_bytes)
			return false;
		at += section->bytes;
	}
	return at == image->len;
}

/* The start of a section; its items are aligned because sections and the map are. */
static const void *section(const struct cf_image *image, enum cf_section_id id)
{
	return image->data + image->header.sections[id].at;
}

static uint32_t count(const struct cf_image *image, enum cf_section_id id)
{
	return (uint32_t)image->header.sections[id].count; /* the rules keep it below 2^32 */
}

static void find_sections(struct cf_image *image)
{
	image->strings = section(image, CF_SECTION_STRINGS);
	image->strings_bytes = count(image, CF_SECTION_STRINGS);
	image->names = section(image, CF_SECTION_NAMES);
	image->names_units = count(image, CF_SECTION_NAMES);
	image->attrs = section(image, CF_SECTION_ATTRS);
	image->attr_count = count(image, CF_SECTION_ATTRS);
	image->homes = section(image, CF_SECTION_HOMES);
	image->filter = section(image, CF_SECTION_FILTER);
	image->filter_count = count(image, CF_SECTION_FILTER);
	image->networks = section(image, CF_SECTION_NETWORKS);
	image->network_count = count(image, CF_SECTION_NETWORKS);
	image->network_v4 = section(image, CF_SECTION_NETWORK_V4);
	image->network_v4_count = count(image, CF_SECTION_NETWORK_V4);
	image->network_v6 = section(image, CF_SECTION_NETWORK_V6);
	image->network_v6_count = count(image, CF_SECTION_NETWORK_V6);
	if (count(image, CF_SECTION_NETWORK_V4_BITS) != 0)
		image->network_v4_bits = section(image, CF_SECTION_NETWORK_V4_BITS);
	if (count(image, CF_SECTION_NETWORK_V6_BITS) != 0)
		image->network_v6_bits = section(image, CF_SECTION_NETWORK_V6_BITS);
}

static void find_more_sections(struct cf_image *image)
{
	image->asns = section(image, CF_SECTION_ASNS);
	image->asn_count = count(image, CF_SECTION_ASNS);
	image->signatures = section(image, CF_SECTION_SIGNATURES);
	image->signature_count = count(image, CF_SECTION_SIGNATURES);
	image->ports = section(image, CF_SECTION_PORTS);
	image->port_count = count(image, CF_SECTION_PORTS);
	image->resolvers = section(image, CF_SECTION_RESOLVERS);
	image->resolver_count = count(image, CF_SECTION_RESOLVERS);
	image->policy = section(image, CF_SECTION_POLICY);
	image->packs = section(image, CF_SECTION_PACKS);
	image->pack_count = count(image, CF_SECTION_PACKS);
	image->schedules = section(image, CF_SECTION_SCHEDULES);
	image->schedule_count = count(image, CF_SECTION_SCHEDULES);
	image->rows = section(image, CF_SECTION_ROWS);
	image->row_count = count(image, CF_SECTION_ROWS) / image->pack_count;
	image->nearest = section(image, CF_SECTION_NEAREST);
	image->near_count = count(image, CF_SECTION_NEAREST);
	image->phases = section(image, CF_SECTION_PHASES);
	image->phase_count = count(image, CF_SECTION_PHASES);
	image->steps = section(image, CF_SECTION_STEPS);
	image->step_count = count(image, CF_SECTION_STEPS);
	image->exceptions = section(image, CF_SECTION_EXCEPTIONS);
	image->exception_count = count(image, CF_SECTION_EXCEPTIONS);
	image->by_category = section(image, CF_SECTION_BY_CATEGORY);
	image->by_category_count = count(image, CF_SECTION_BY_CATEGORY);
	image->types = section(image, CF_SECTION_TYPES);
	image->type_count = count(image, CF_SECTION_TYPES);
	image->groups = section(image, CF_SECTION_GROUPS);
	image->group_count = count(image, CF_SECTION_GROUPS);
	image->group_sets = section(image, CF_SECTION_GROUP_SETS);
	image->group_set_count = count(image, CF_SECTION_GROUP_SETS);
	image->client_v4 = section(image, CF_SECTION_CLIENT_V4);
	image->client_v4_count = count(image, CF_SECTION_CLIENT_V4);
	image->client_v6 = section(image, CF_SECTION_CLIENT_V6);
	image->client_v6_count = count(image, CF_SECTION_CLIENT_V6);
}

enum cf_status cf_image_verify(
    struct cf_image *image, const atomic_bool *stop, struct cf_error *error)
{
	enum cf_status status = cf_image_verify_header(image, error);
	const char *what = "";

	if (status == CF_OK)
		status = check_digest(image, stop, error);
	if (status != CF_OK)
		return status;
	if (!sections_are_sound(image))
		return cf_error_set(error, CF_EMALFORMED, "its section table does not fit it");
	find_sections(image);
	find_more_sections(image);
	if (image->strings[0] != '\0' || image->strings[image->strings_bytes - 1] != '\0')
		return cf_error_set(error, CF_EMALFORMED, "its strings have no end");
	if (!cf_image_verify_names(image))
		return cf_error_set(error, CF_EMALFORMED, "its names or their index are not sound");
	if (!cf_image_verify_tables(image, &what))
		return cf_error_set(error, CF_EMALFORMED, "its %s are not sound", what);
	return CF_OK;
}
