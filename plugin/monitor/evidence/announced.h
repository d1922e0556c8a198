/*
 * Which addresses in vendor space DNS has announced to which client: the difference between a
 * resolved and a hard-coded address.
 *
 * Remembers only answers inside listed networks, so it is small and bounded; the oldest of four
 * gives way to a newer one, and then a miss is called unknown rather than hard-coded. Whether a
 * client's DNS passes this sensor at all is remembered apart. One table serves all workers and
 * interfaces: the caller holds the monitor's lock. Allocates at cf_announced_new() only.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/status.h"
#include "names/name.h"
#include "records/form/record.h"

#include <stdint.h>

struct cf_announced;

struct cf_announcement {
	struct cf_addr client, addr;
	int64_t at_wall_us;                    /* when the answer passed */
	int64_t live_wall_us;                  /* until when its TTL lets it live */
	uint8_t name_wire[CF_NAME_WIRE_BYTES]; /* canonical question */
};

/* CF_ENOMEM. */
enum cf_status cf_announced_new(uint64_t seed, struct cf_announced **announced_out) CF_MUST_CHECK;
void cf_announced_free(struct cf_announced *announced);

/* An answer to client said that name has addr. ttl_s is the smallest along the chain. */
void cf_announced_add(struct cf_announced *announced, const struct cf_addr *client,
    const struct cf_addr *addr, const struct cf_name *name, int64_t at_wall_us, uint32_t ttl_s);

/* Some DNS answer to client passed here in clear ... */
void cf_announced_visible(
    struct cf_announced *announced, const struct cf_addr *client, int64_t at_wall_us);
/* ... or client spoke with an encrypted resolver, whose answers nobody sees. */
void cf_announced_hidden(
    struct cf_announced *announced, const struct cf_addr *client, int64_t at_wall_us);

/*
 * Whether addr was announced to client: CF_DNS_RESOLVED (*announcement_out, if not NULL, points at
 * it until the next call), CF_DNS_HARDCODED (its DNS is visible and said nothing), or
 * CF_DNS_UNKNOWN.
 */
enum cf_dns_seen cf_announced_find(struct cf_announced *announced, const struct cf_addr *client,
    const struct cf_addr *addr, int64_t at_wall_us,
    const struct cf_announcement **announcement_out);

/* Announcements, and clients whose DNS was seen or hidden lately, dropped for newer ones. */
uint64_t cf_announced_evicted(const struct cf_announced *announced);
