/* Spans of the image, joined by kind, cut into prefixes. */

#include "egress/table/elements.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Heads are worth their room up to so many, and some for each network. */
#define HEADS             16384U
#define HEADS_PER_NETWORK 4U

/* An address as a number, of 32 or 128 bits. */
struct wide {
	uint64_t high, low;
};

static struct wide wide_of(const struct cf_addr *addr)
{
	struct wide wide = {0, 0};
	unsigned len = cf_addr_length(addr);

	for (unsigned i = 0; i < len; i++) {
		wide.high = wide.high << 8 | wide.low >> 56;
		wide.low = wide.low << 8 | addr->bytes[i];
	}
	return wide;
}

static void put_key(struct wide wide, size_t len, uint8_t *key)
{
	while (len-- > 0) {
		key[len] = (uint8_t)wide.low;
		wide.low = wide.low >> 8 | wide.high << 56;
		wide.high >>= 8;
	}
}

/* The lowest bits of a number. */
static struct wide ones(unsigned bits)
{
	if (bits == 0)
		return (struct wide){0, 0};
	if (bits <= 64)
		return (struct wide){0, UINT64_MAX >> (64 - bits)};
	return (struct wide){UINT64_MAX >> (128 - bits), UINT64_MAX};
}

static bool is_above(struct wide a, struct wide b)
{
	return a.high != b.high ? a.high > b.high : a.low > b.low;
}

static struct wide after(struct wide wide)
{
	wide.low++;
	wide.high += wide.low == 0;
	return wide;
}

/* Ranges of one kind, neighbours joined, in order. */
struct joined {
	const struct cf_plan *plan;
	enum cf_ranges which;
	uint32_t wanted; /* kind of clients, or CF_NONE: all kinds of networks */
	uint32_t at, count;
	struct cf_addr first, last;
	uint32_t kind;
};

static struct joined join(const struct cf_plan *plan, enum cf_ranges which, uint32_t wanted)
{
	return (struct joined){.plan = plan,
	    .which = which,
	    .wanted = wanted,
	    .count = cf_image_span_count(plan->image, which)};
}

static uint32_t kind_of(const struct joined *joined, uint32_t value)
{
	if (joined->wanted == CF_NONE)
		return cf_plan_network_kind(joined->plan, value);
	return cf_plan_client_kind(joined->plan, value) == joined->wanted ? joined->wanted
	                                                                  : CF_NONE;
}

static bool next(struct joined *joined)
{
	joined->kind = CF_NONE;
	for (; joined->at < joined->count; joined->at++) {
		struct cf_image_span span;
		uint32_t kind;

		cf_image_span(joined->plan->image, joined->which, joined->at, &span);
		kind = kind_of(joined, span.value);
		if (joined->kind != CF_NONE && kind != joined->kind)
			return true;
		if (joined->kind == CF_NONE)
			joined->first = span.first;
		joined->kind = kind;
		joined->last = span.last;
	}
	return joined->kind != CF_NONE;
}

/* ---- networks */

void cf_elements_map_name(
    const struct cf_ruleset_family *family, unsigned length, char name[CF_TABLE_NAME])
{
	(void)snprintf(name, CF_TABLE_NAME, "d%s_%u", family->suffix, length); /* fits */
}

/* Host bits of the largest prefix that begins at first and does not go past last. */
static unsigned host_bits(struct wide first, struct wide last, unsigned width)
{
	struct wide other = {first.high ^ last.high, first.low ^ last.low};
	unsigned bits = other.high != 0 ? 128 - (unsigned)__builtin_clzll(other.high)
	    : other.low != 0            ? 64 - (unsigned)__builtin_clzll(other.low)
	                                : 0;

	/* Mostly the range is a prefix; else the largest lies further below. */
	for (; bits > 0; bits--) {
		struct wide low = ones(bits);
		struct wide end = {first.high | low.high, first.low | low.low};

		if (bits <= width && (first.high & low.high) == 0 && (first.low & low.low) == 0 &&
		    !is_above(end, last))
			return bits;
	}
	return 0;
}

struct networks {
	struct cf_table *table;
	const struct cf_ruleset_family *family;
	unsigned width;
	uint32_t set_of[129]; /* index + 1 of the map of each length, or 0 */
};

static void add_prefix(struct networks *networks, struct wide first, unsigned length, uint32_t kind)
{
	struct cf_table *table = networks->table;
	char name[CF_TABLE_NAME];
	uint8_t key[16];

	if (networks->set_of[length] == 0) {
		cf_elements_map_name(networks->family, length, name);
		if (cf_table_add_set(table, name, networks->family->set_type, false, true) == NULL)
			return;
		networks->set_of[length] = table->set_count;
	}
	put_key(first, networks->width / 8, key);
	cf_table_add_key(table, &table->sets[networks->set_of[length] - 1], key, kind);
}

static uint32_t add_range(struct networks *networks, const struct joined *range)
{
	struct wide first = wide_of(&range->first), last = wide_of(&range->last);
	uint32_t count = 0;

	for (;;) {
		unsigned bits = host_bits(first, last, networks->width);
		struct wide low = ones(bits), end = {first.high | low.high, first.low | low.low};

		add_prefix(networks, first, networks->width - bits, range->kind);
		count++;
		if (!is_above(last, end))
			return count;
		first = after(end);
	}
}

/* ---- heads */

/* The first bits of an address, at most 64. */
static uint64_t head_of(struct wide wide, unsigned width, unsigned bits)
{
	return width == 32 ? wide.low >> (32 - bits) : wide.high >> (64 - bits);
}

/* Adds the heads to set, unless it is NULL; their number, or most + 1 when there are more. */
static uint64_t put_heads(struct cf_table *table, struct cf_table_set *set, struct joined joined,
    unsigned width, unsigned bits, uint64_t most)
{
	uint64_t count = 0, from = 0; /* heads below from are in it, or empty */

	while (next(&joined)) {
		uint64_t first = head_of(wide_of(&joined.first), width, bits);
		uint64_t last = head_of(wide_of(&joined.last), width, bits);

		first = first < from ? from : first;
		if (last < first)
			continue;
		if (last - first >= most - count)
			return most + 1;
		for (uint64_t head = first; set != NULL && head <= last; head++) {
			struct wide key = width == 32 ? (struct wide){0, head << (32 - bits)}
			                              : (struct wide){head << (64 - bits), 0};
			uint8_t bytes[16];

			put_key(key, width / 8, bytes);
			cf_table_add_key(table, set, bytes, 0);
		}
		count += last - first + 1;
		from = last + 1;
	}
	return count;
}

/* Bits of the longest heads that are not too many; 0: even the shortest are. */
static uint8_t choose_heads(const struct joined *joined, unsigned width, uint64_t most)
{
	static const uint8_t tried[2][5] = {{24, 20, 16, 12, 8}, {48, 40, 32, 24, 16}};
	const uint8_t *bits = tried[width == 128];

	for (unsigned i = 0; i < 5; i++)
		if (put_heads(NULL, NULL, *joined, width, bits[i], most) <= most)
			return bits[i];
	return 0;
}

static void add_heads(
    struct networks *networks, const struct joined *joined, uint64_t most, uint8_t *bits_out)
{
	char name[CF_TABLE_NAME];
	struct cf_table_set *set;

	*bits_out = choose_heads(joined, networks->width, most);
	if (*bits_out == 0)
		return;
	(void)snprintf(name, sizeof name, "h%s", networks->family->suffix); /* fits */
	set = cf_table_add_set(networks->table, name, networks->family->set_type, false, false);
	(void)put_heads(
	    networks->table, set, *joined, networks->width, *bits_out, most); /* counted before */
}

void cf_elements_networks(struct cf_table *table, const struct cf_plan *plan,
    const struct cf_ruleset_family *family, struct cf_lookup *lookup_out)
{
	struct networks networks = {
	    .table = table, .family = family, .width = family->family == CF_FAMILY_V4 ? 32 : 128};
	struct joined all = join(plan, family->networks, CF_NONE), joined = all;
	uint64_t count = 0;

	*lookup_out = (struct cf_lookup){.length_count = 0};
	while (next(&joined))
		count += add_range(&networks, &joined);
	for (unsigned length = networks.width + 1; length-- > 0;)
		if (networks.set_of[length] != 0)
			lookup_out->lengths[lookup_out->length_count++] = (uint8_t)length;
	/* One map is as good as heads. */
	if (lookup_out->length_count > 1)
		add_heads(
		    &networks, &all, HEADS + HEADS_PER_NETWORK * count, &lookup_out->head_bits);
}

/* ---- sets of ranges */

static void add_pair(
    struct cf_table *table, struct cf_table_set *set, const uint8_t *first, const uint8_t *last)
{
	uint8_t pair[32];
	size_t len = set == NULL ? 0 : cf_set_key_bytes(set->type);

	memcpy(pair, first, len);
	memcpy(pair + len, last, len);
	cf_table_add_key(table, set, pair, 0);
}

bool cf_elements_clients(struct cf_table *table, const struct cf_plan *plan,
    const struct cf_ruleset_family *family, uint32_t kind, char name_out[CF_TABLE_NAME])
{
	struct joined joined = join(plan, family->clients, kind);
	struct cf_table_set *set;

	(void)snprintf(name_out, CF_TABLE_NAME, "k%" PRIu32 "v%s", kind, family->suffix); /* fits */
	if (!next(&joined))
		return false;
	set = cf_table_add_set(table, name_out, family->set_type, true, false);
	do
		add_pair(table, set, joined.first.bytes, joined.last.bytes);
	while (next(&joined));
	return true;
}

struct range {
	struct wide first, last;
};

static int by_first(const void *a, const void *b)
{
	const struct range *left = a, *right = b;

	return is_above(left->first, right->first) - is_above(right->first, left->first);
}

void cf_elements_prefixes(struct cf_table *table, const char *name,
    const struct cf_ruleset_family *family, const struct cf_prefixes *prefixes)
{
	struct cf_table_set *set = cf_table_add_set(table, name, family->set_type, true, false);
	struct range ranges[CF_EGRESS_ADDRS];
	unsigned count = 0, width = family->family == CF_FAMILY_V4 ? 32 : 128;

	for (unsigned i = 0; i < prefixes->count; i++) {
		const struct cf_prefix *prefix = &prefixes->items[i];
		struct wide first, low;

		if (prefix->addr.family != family->family)
			continue;
		first = wide_of(&prefix->addr);
		low = ones(width - prefix->bits);
		ranges[count++] =
		    (struct range){first, {first.high | low.high, first.low | low.low}};
	}
	qsort(ranges, count, sizeof *ranges, by_first);
	for (unsigned i = 0; i < count; i++) {
		struct range range = ranges[i];
		uint8_t first[16], last[16];

		/* Neighbours join, and the narrower lie within. */
		while (i + 1 < count &&
		    !(is_above(ranges[i + 1].first, range.last) &&
		        is_above(ranges[i + 1].first, after(range.last)))) {
			i++;
			if (is_above(ranges[i].last, range.last))
				range.last = ranges[i].last;
		}
		put_key(range.first, width / 8, first);
		put_key(range.last, width / 8, last);
		add_pair(table, set, first, last);
	}
}
