/*
 * The bytes of an image, shared by its writer (compile/image/image_writer.h) and its reader
 * (image/image.h); described for people in docs/FORMATS.md, "The image".
 *
 * A header, then sections: arrays of one fixed structure each, 64-byte aligned, found through the
 * header's table. Integers are in the order of the machine that wrote the file, which the header's
 * endian tag tells; every structure is naturally aligned without hidden padding. References between
 * sections are indices or offsets, never addresses, so that the file means the same wherever it is
 * mapped. Unused bytes are zero.
 */
#pragma once

#include "base/limits.h"
#include "base/sha256.h"
#include "image/category.h"

#include <stdint.h>

#define CF_IMAGE_MAGIC   "CURFEWIM"
#define CF_IMAGE_VERSION 4U
#define CF_IMAGE_ENDIAN  0x01020304U
#define CF_IMAGE_ALIGN   64U

/* "Nothing" for an index; also CF_NONE. */
#define CF_IMAGE_NONE UINT32_MAX

enum cf_section_id {
	CF_SECTION_STRINGS = 0,    /* NUL-terminated texts; offset 0 is "" */
	CF_SECTION_NAMES = 1,      /* records of names, below, in the order of the hash */
	CF_SECTION_ATTRS = 2,      /* cf_image_attr_item */
	CF_SECTION_HOMES = 3,      /* uint32_t: where the records of each hash begin, as units */
	CF_SECTION_FILTER = 4,     /* uint64_t: which hashes cannot be in the table */
	CF_SECTION_NETWORKS = 5,   /* cf_image_network_item, sorted by address, then bits */
	CF_SECTION_NETWORK_V4 = 6, /* cf_image_range_v4 -> network */
	CF_SECTION_NETWORK_V6 = 7, /* cf_image_range_v6 -> network */
	CF_SECTION_NETWORK_V4_BITS = 8, /* uint64_t[1024]: /16s that hold a network */
	CF_SECTION_NETWORK_V6_BITS = 9, /* uint64_t[1024]: hashes of /32s that hold a network */
	CF_SECTION_ASNS = 10,           /* cf_image_asn_item, sorted */
	CF_SECTION_SIGNATURES = 11,     /* cf_image_signature_item */
	CF_SECTION_PORTS = 12,          /* cf_image_port_item */
	CF_SECTION_RESOLVERS = 13,      /* cf_image_resolver_item */
	CF_SECTION_POLICY = 14,         /* one cf_image_policy_item */
	CF_SECTION_PHASES = 15,         /* cf_image_phase_item, sorted by instant */
	CF_SECTION_STEPS = 16,          /* cf_image_step_item, by schedule, category, instant */
	CF_SECTION_EXCEPTIONS = 17,     /* cf_image_exception_item */
	CF_SECTION_BY_CATEGORY = 18,    /* uint32_t: exceptions by category */
	CF_SECTION_TYPES = 19,          /* uint16_t: query types of exceptions */
	CF_SECTION_GROUPS = 20,         /* uint32_t: string, name of each group */
	CF_SECTION_GROUP_SETS = 21,     /* cf_image_group_set; 0 is the empty set */
	CF_SECTION_CLIENT_V4 = 22,      /* cf_image_range_v4 -> group set */
	CF_SECTION_CLIENT_V6 = 23,      /* cf_image_range_v6 -> group set */
	CF_SECTION_PACKS = 24,          /* cf_image_pack_item; at least one */
	CF_SECTION_SCHEDULES = 25,      /* cf_image_schedule_item; at least one */
	CF_SECTION_ROWS = 26,    /* uint32_t: the schedule of each pack, row by row; row 0 is for
	                            clients in no group */
	CF_SECTION_NEAREST = 27, /* cf_image_near_item: the groups of each set, nearest first */
	CF_SECTIONS = 28,
};

/* Where a section lies: at from the start of the file, bytes = count x its item. */
struct cf_image_section {
	uint64_t at;
	uint64_t bytes;
	uint64_t count;
};

struct cf_image_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t endian;
	uint64_t file_bytes;
	uint8_t digest[CF_SHA256_BYTES]; /* of the whole file, these bytes taken as zero */
	uint8_t source_digest[CF_SHA256_BYTES];
	int64_t built_wall_s;
	uint64_t hash_key[2]; /* of the name hash, names/hash.h */
	uint32_t home_count;  /* places among the names that a hash can select */
	uint32_t entry_count;
	uint32_t least_labels; /* of a listed name */
	uint32_t most_labels;
	uint32_t section_count;
	uint32_t edge; /* string: how an edge filters (policy/egress_options.h); 0: nothing is said
	                  of it */
	struct cf_image_section sections[CF_SECTIONS];
};

/*
 * A record of NAMES: all that is said of one name, and the name, together so that a look-up touches
 * one place. Units of four bytes: first the entries - exact, subtree, below - of two units each,
 * attribute (bit 31 set when another entry follows) and line; then one byte, the length of the wire
 * name, the canonical wire name, and zeros to a whole unit. An entry is known by the unit it lies
 * at, which is also how the rest of curfew names it.
 */
#define CF_IMAGE_UNIT_BYTES  4
#define CF_IMAGE_ENTRY_UNITS 2
#define CF_IMAGE_MORE        (UINT32_C(1) << 31)

/* Units of a record of so many entries and bytes of name. */
static inline uint32_t cf_image_record_units(uint32_t entries, uint32_t wire_len)
{
	return entries * CF_IMAGE_ENTRY_UNITS +
	    (1 + wire_len + CF_IMAGE_UNIT_BYTES - 1) / CF_IMAGE_UNIT_BYTES;
}

struct cf_image_attr_item {
	uint8_t scope;
	uint8_t category;
	uint8_t confidence;
	uint8_t pack;
	uint32_t exception; /* or none */
	uint32_t list, product, source, as_of, note, file;
};

/*
 * The home of a hash among count homes or filter words: the top half, scaled. HOMES has the unit at
 * which the records of each home begin, and the end of the last one; they have as many homes as
 * there are names.
 */
static inline uint32_t cf_image_home(uint64_t hash, uint32_t count)
{
	return (uint32_t)((hash >> 32) * count >> 32);
}

/* Names to a filter word: four bits each among 64 let 2 of 100 other names through. */
#define CF_IMAGE_FILTER_NAMES 6

/* The bits that a hash must find set in its filter word: four of 64, from its low 24 bits. */
static inline uint64_t cf_image_filter_bits(uint64_t hash)
{
	return UINT64_C(1) << (hash & 63) | UINT64_C(1) << (hash >> 6 & 63) |
	    UINT64_C(1) << (hash >> 12 & 63) | UINT64_C(1) << (hash >> 18 & 63);
}

struct cf_image_network_item {
	uint8_t addr[16];
	uint8_t family;
	uint8_t bits;
	uint8_t kind;
	uint8_t category;
	uint8_t confidence;
	uint8_t pack;
	uint8_t reserved[2];
	uint32_t
	    parent; /* the next wider (or equal) network around this one; always a lower index */
	uint32_t asn;
	uint32_t org, list, source, as_of, note, file;
	uint32_t line;
	uint32_t reserved2;
	int64_t until_wall_s;
};

/* The addresses from first to just before the next range's first have value (or none). */
struct cf_image_range_v4 {
	uint32_t first; /* as a number */
	uint32_t value;
};

struct cf_image_range_v6 {
	uint64_t high, low; /* as numbers */
	uint32_t value;
	uint32_t reserved;
};

/* 65,536 bits that spare most addresses the search of the ranges. */
#define CF_IMAGE_BITS_WORDS 1024U

/* The bit of an IPv6 address: its /32 multiplied into 16 bits (Knuth 6.4, 2^32 / golden ratio). */
static inline uint32_t cf_image_v6_bit(uint32_t top)
{
	return (uint32_t)(top * 0x9e3779b1U) >> 16;
}

struct cf_image_asn_item {
	uint32_t asn;
	uint32_t org;
	uint32_t pack;
};

struct cf_image_signature_item {
	uint32_t kind, match, value, product, source, note, file;
	uint32_t line;
	uint8_t category;
	uint8_t confidence;
	uint8_t pack;
	uint8_t reserved;
};

struct cf_image_port_item {
	uint32_t role, direction, product, source, file;
	uint32_t line;
	uint16_t first, last;
	uint8_t proto;
	uint8_t category;
	uint8_t confidence;
	uint8_t pack;
};

struct cf_image_resolver_item {
	uint8_t addr[16];
	uint8_t family;
	uint8_t reserved[3];
	uint32_t order;
	uint32_t role, operator_name, name;
};

/* Settings and answer; and where the exceptions of each category begin. */
struct cf_image_policy_item {
	uint32_t vendor, pack_version, preset, citation, policy_file;
	uint32_t log_path, privacy, privacy_key_file, sensor;
	uint32_t fold_s;
	uint8_t syslog;
	uint8_t block_addresses;
	uint8_t answer_kind;
	uint8_t block_services;
	uint16_t ede_code;
	uint16_t alive_s;
	uint32_t ttl_s;
	uint32_t ede_text;
	uint8_t sinkhole_v4_set, sinkhole_v6_set;
	uint8_t reserved3[2];
	uint8_t sinkhole_v4[4];
	uint8_t sinkhole_v6[16];
	uint32_t by_category_at[CF_CATEGORIES + 1];
};

/* Where entries come from: a vendor's folder, or the policy's own names. */
struct cf_image_pack_item {
	uint32_t vendor, version;
	uint32_t schedule; /* for everybody who is in no group with another */
	uint32_t nodata; /* 1: what it blocks is answered NODATA without EDE, else as POLICY says */
};

/*
 * What a legal text, or the policy alone, says of each category: the verdict before any phase, and
 * where the steps of each category begin. A client's row in ROWS tells which schedule each pack
 * has for it.
 */
struct cf_image_schedule_item {
	uint32_t preset, citation, clients;
	uint32_t pack; /* the first that follows it */
	uint8_t baseline[CF_CATEGORIES];
	uint32_t steps_at[CF_CATEGORIES + 1];
};

struct cf_image_phase_item {
	int64_t from_wall_s;
	uint64_t schedules; /* bit 1 << index of those that it belongs to */
	uint32_t name, citation, file;
	uint32_t line;
	uint32_t categories;
	uint8_t verdict;
	uint8_t reserved[3];
};

/* From from_wall_s on, the category has verdict, by phase. Strictly rising within a category. */
struct cf_image_step_item {
	int64_t from_wall_s;
	uint32_t phase;
	uint32_t verdict;
};

/* Groups of clients, as bits. */
#define CF_GROUP_WORDS (CF_GROUPS / 64)
struct cf_image_groups {
	uint64_t words[CF_GROUP_WORDS];
};

/* A group that a client belongs to, and the length of its longest prefix around the client. */
struct cf_image_near_item {
	uint32_t group;
	uint32_t bits;
};

/* What a client's place among the groups comes to. */
struct cf_image_group_set {
	struct cf_image_groups groups;
	uint32_t near_at, near_count; /* in NEAREST: its groups, longest prefix first */
	uint32_t row;                 /* in ROWS */
	uint32_t reserved;
};

struct cf_image_exception_item {
	int64_t from_wall_s;
	int64_t until_wall_s;
	struct cf_image_groups groups;
	uint32_t categories;
	uint32_t types_at; /* index in TYPES */
	uint32_t type_count;
	uint32_t owner, reason, clients, file;
	uint32_t line;
	uint32_t schedule; /* or none: for those alone who are under this one */
	uint8_t verdict;
	uint8_t everybody;
	uint8_t pack; /* whose text or policy it stands in */
	uint8_t reserved;
};

_Static_assert(sizeof(struct cf_image_section) == 24, "format");
_Static_assert(sizeof(struct cf_image_header) == 136 + 24 * CF_SECTIONS, "format");
_Static_assert(sizeof(struct cf_image_attr_item) == 32, "format");
_Static_assert(sizeof(struct cf_image_network_item) == 72, "format");
_Static_assert(sizeof(struct cf_image_range_v4) == 8, "format");
_Static_assert(sizeof(struct cf_image_range_v6) == 24, "format");
_Static_assert(sizeof(struct cf_image_asn_item) == 12, "format");
_Static_assert(sizeof(struct cf_image_signature_item) == 36, "format");
_Static_assert(sizeof(struct cf_image_port_item) == 32, "format");
_Static_assert(sizeof(struct cf_image_resolver_item) == 36, "format");
_Static_assert(sizeof(struct cf_image_policy_item) == 132, "format");
_Static_assert(sizeof(struct cf_image_pack_item) == 16, "format");
_Static_assert(sizeof(struct cf_image_schedule_item) == 80, "format");
_Static_assert(sizeof(struct cf_image_phase_item) == 40, "format");
_Static_assert(sizeof(struct cf_image_step_item) == 16, "format");
_Static_assert(sizeof(struct cf_image_groups) == 32, "format");
_Static_assert(sizeof(struct cf_image_near_item) == 8, "format");
_Static_assert(sizeof(struct cf_image_group_set) == 48, "format");
_Static_assert(sizeof(struct cf_image_exception_item) == 88, "format");
