/*
 * Which addresses belong to this site, and which of its hosts are resolvers.
 *
 * Private, link-local and shared (RFC 6598) space is local, and so are the prefixes given on the
 * command line. A resolver is own when it was named, when it is local, or when DHCP or a router
 * advertisement told hosts to use it; every other one is foreign. Naming any makes the list
 * complete: then nothing else is own. The caller holds the monitor's lock when learning.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_locality {
	unsigned prefix_count, named_count, told_count, answering_count;
	struct cf_prefix prefix[CF_OPTION_ADDRESSES];
	struct cf_addr named[CF_OPTION_ADDRESSES];     /* own resolvers given by the operator */
	struct cf_addr told[CF_OPTION_ADDRESSES];      /* learned from DHCP and advertisements */
	unsigned answering_next;                       /* place of the next one, in turn */
	struct cf_addr answering[CF_OPTION_ADDRESSES]; /* local hosts that answered DNS lately */
};

/* Private, link-local, shared or loopback address space; independent of any option. */
bool cf_addr_is_private(const struct cf_addr *addr);
/* Multicast, or the IPv4 broadcast address. */
bool cf_addr_is_group(const struct cf_addr *addr);

bool cf_locality_is_local(const struct cf_locality *locality, const struct cf_addr *addr);

/* A host was told to use resolver; beyond CF_OPTION_ADDRESSES, later ones are not learned. */
void cf_locality_told(struct cf_locality *locality, const struct cf_addr *resolver);
/* server answered a DNS question here: it serves others, and forwards what they ask. */
void cf_locality_answered(struct cf_locality *locality, const struct cf_addr *server);

bool cf_locality_is_own_resolver(const struct cf_locality *locality, const struct cf_addr *addr);
/* True when the host at addr resolves for others, so that its questions are not its own. */
bool cf_locality_resolves_for_others(
    const struct cf_locality *locality, const struct cf_addr *addr);
