/*
 * What the monitor looks for, derived from one image: fast tests that a packet fails in a few
 * nanoseconds when nothing about it is listed, and the sorted signatures.
 *
 * Immutable once made and shared by all workers. Reference-counted, because a flow keeps the
 * watchlist that it was judged by until it ends: cf_watchlist_get() and _put() may be called by any
 * thread. The last _put() closes the image.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"
#include "image/image.h"
#include "monitor/evidence/signature.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_watchlist {
	const struct cf_image *image;
	struct cf_signatures signatures;
	struct cf_addr sinkhole[2];       /* our own sinkhole addresses; family none when not set */
	uint64_t v4_interest[65536 / 64]; /* bit of the first 16 bits of an IPv4 address */
	uint64_t v6_interest[4096 / 64];  /* bit of a hash of the first 32 bits */
	uint64_t resolver_interest[4096 / 64]; /* bit of a hash of a public resolver's address */
	bool v6_all;                           /* a listed prefix is shorter than /32 */
	uint64_t lan_tcp[65536 / 64];          /* bit of a port of the products' own LAN services */
	uint64_t lan_udp[65536 / 64];
	char digest[CF_SHA256_TEXT_BYTES];
};

/* Takes over image, also on failure (then it is closed). CF_ENOMEM. One reference is the caller's.
 */
enum cf_status cf_watchlist_new(
    struct cf_image *image, struct cf_watchlist **watchlist_out) CF_MUST_CHECK;
/* Opens the image at path and makes its watchlist; errors as cf_image_open(). */
enum cf_status cf_watchlist_open(
    const char *path, struct cf_watchlist **watchlist_out, struct cf_error *error) CF_MUST_CHECK;
struct cf_watchlist *cf_watchlist_get(struct cf_watchlist *watchlist);
void cf_watchlist_put(struct cf_watchlist *watchlist);

static inline unsigned cf_watchlist_v6_slot(const uint8_t bytes[16])
{
	uint32_t head = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	    (uint32_t)bytes[2] << 8 | bytes[3];

	return (head * 0x9e3779b1U) >> 20;
}

/* False: the address is certainly not listed. True: ask the image. */
static inline bool cf_watchlist_maybe(const struct cf_watchlist *list, const struct cf_addr *addr)
{
	unsigned slot;

	if (addr->family == CF_FAMILY_V4) {
		slot = (unsigned)addr->bytes[0] << 8 | addr->bytes[1];
		return (list->v4_interest[slot / 64] >> (slot % 64) & 1) != 0;
	}
	slot = cf_watchlist_v6_slot(addr->bytes);
	return list->v6_all || (list->v6_interest[slot / 64] >> (slot % 64) & 1) != 0;
}

/* Is this a port of a LAN service? */
static inline bool cf_watchlist_lan(
    const struct cf_watchlist *list, uint8_t ip_proto, uint16_t port)
{
	const uint64_t *bits = ip_proto == CF_PROTO_UDP ? list->lan_udp : list->lan_tcp;

	return (bits[port / 64] >> (port % 64) & 1) != 0;
}

static inline unsigned cf_watchlist_resolver_slot(const struct cf_addr *addr)
{
	uint32_t head = (uint32_t)addr->bytes[0] << 24 | (uint32_t)addr->bytes[1] << 16 |
	    (uint32_t)addr->bytes[2] << 8 | addr->bytes[3];

	return ((head ^ addr->bytes[15]) * 0x9e3779b1U) >> 20;
}

/* False: the address is certainly no known public resolver's. */
static inline bool cf_watchlist_maybe_resolver(
    const struct cf_watchlist *list, const struct cf_addr *addr)
{
	unsigned slot = cf_watchlist_resolver_slot(addr);

	return (list->resolver_interest[slot / 64] >> (slot % 64) & 1) != 0;
}

/* The network of addr at that time, or CF_NONE; expired evidence does not count. */
uint32_t cf_watchlist_network(const struct cf_watchlist *list, const struct cf_addr *addr,
    int64_t at_wall_s, struct cf_network *network_out);

bool cf_watchlist_is_sinkhole(const struct cf_watchlist *list, const struct cf_addr *addr);

/* The public resolver at addr with role ("fallback", "dot", "doh"), or false. */
bool cf_watchlist_resolver(const struct cf_watchlist *list, const struct cf_addr *addr,
    const char *role, struct cf_resolver *resolver_out);
