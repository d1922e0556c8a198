/*
 * IP addresses and prefixes as values, without the operating system's socket structures.
 *
 * Pure functions; any thread.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Longest text of an address ("ffff:...:255.255.255.255") or prefix, terminator included. */
#define CF_ADDR_TEXT_BYTES   46
#define CF_PREFIX_TEXT_BYTES 50

enum cf_family { CF_FAMILY_NONE = 0, CF_FAMILY_V4 = 4, CF_FAMILY_V6 = 6 };

/*
 * family says how many of the bytes count: 4 or 16, network order; the rest are zero, so that two
 * equal addresses are equal under memcmp. IPv4-mapped IPv6 addresses (::ffff:a.b.c.d) are never
 * stored as such: cf_addr_v6() turns them into IPv4.
 */
struct cf_addr {
	uint8_t family; /* enum cf_family */
	uint8_t bytes[16];
};

/* bits is at most 32 or 128; host bits of addr are zero in a parsed prefix. */
struct cf_prefix {
	struct cf_addr addr;
	uint8_t bits;
};

/* From 4 bytes in network order. */
struct cf_addr cf_addr_v4(const uint8_t bytes[4]);
/*
 * The same where every query and packet comes by: put in place in whole words, because the address
 * is read as such in a moment, and for smaller stores the processor would wait until they, and all
 * before them, have reached the cache.
 */
static inline void cf_addr_set_v4(struct cf_addr *addr, const uint8_t bytes[4])
{
	uint64_t half = 0;

	memcpy(&half, bytes, 4);
	addr->family = CF_FAMILY_V4;
	memcpy(addr->bytes, &half, 8);
	memset(addr->bytes + 8, 0, 8);
}
/* From 16 bytes in network order; a v4-mapped address becomes IPv4. */
struct cf_addr cf_addr_v6(const uint8_t bytes[16]);

/* Address length in bytes: 4, 16 or 0. */
unsigned cf_addr_length(const struct cf_addr *addr);

static inline bool cf_addr_equal(const struct cf_addr *a, const struct cf_addr *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}
/* Total order: family, then bytes; <0, 0, >0 as memcmp. */
int cf_addr_compare(const struct cf_addr *a, const struct cf_addr *b);

/* Parses "192.0.2.1" or "2001:db8::1" (no zone, no port). CF_EMALFORMED otherwise. */
enum cf_status cf_addr_parse(const char *text, struct cf_addr *addr_out) CF_MUST_CHECK;

/* Writes the RFC 5952 text with terminator and returns text; family none gives "". */
const char *cf_addr_format(const struct cf_addr *addr, char text[CF_ADDR_TEXT_BYTES]);

/*
 * Parses "192.0.2.0/24", "2001:db8::/32" or a bare address (full length). CF_EMALFORMED for bad
 * text, CF_EINVALID when host bits are set (with *prefix_out still untouched).
 */
enum cf_status cf_prefix_parse(const char *text, struct cf_prefix *prefix_out) CF_MUST_CHECK;

const char *cf_prefix_format(const struct cf_prefix *prefix, char text[CF_PREFIX_TEXT_BYTES]);

bool cf_prefix_contains(const struct cf_prefix *prefix, const struct cf_addr *addr);

/* First and last address of the prefix. */
void cf_prefix_range(
    const struct cf_prefix *prefix, struct cf_addr *first_out, struct cf_addr *last_out);
