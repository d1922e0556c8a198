/*
 * IPv4 addresses inside IPv6 ones: where a packet to the one really goes.
 *
 *   64:ff9b::/96      NAT64, the well-known prefix (RFC 6052 2.1)
 *   64:ff9b:1::/48    NAT64, for local use (RFC 8215), at any place that RFC 6052 2.2 allows in it
 *   2002::/16         6to4 (RFC 3056 2)
 *   2001::/32         Teredo: the client, its bits inverted (RFC 4380 4)
 *
 * A site's own NAT64 prefix only its resolver knows: cf_prefix_embedded(). Pure; any thread.
 */
#pragma once

#include "base/addr.h"

/* The places of RFC 6052 within 64:ff9b:1::/48: at bits 48, 56, 64 and 96. */
#define CF_EMBEDDED_MOST 4

/* Fills in what addr holds by its own form, returns how many; 0 for IPv4 and nearly all of IPv6. */
unsigned cf_addr_embedded(const struct cf_addr *addr, struct cf_addr out[CF_EMBEDDED_MOST]);

/* What addr holds behind a NAT64 prefix of 32, 40, 48, 56, 64 or 96 bits; false: nothing. */
bool cf_prefix_embedded(
    const struct cf_prefix *prefix, const struct cf_addr *addr, struct cf_addr *out);
