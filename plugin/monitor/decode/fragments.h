/*
 * IP datagrams put together from fragments (RFC 791 3.2, RFC 8200 4.5), in any order.
 *
 * A fixed table of CF_FRAGMENT_DATAGRAMS datagrams, the oldest dropped when another begins; the
 * first copy of a byte wins. One table belongs to one decoder.
 */
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "monitor/packet/counters.h"
#include "monitor/packet/observer.h"

struct cf_fragments;

/* One fragment: which datagram it belongs to, and where in it. */
struct cf_fragment {
	struct cf_addr src;
	struct cf_addr dst;
	uint32_t id;
	uint8_t ip_proto;
	bool last;     /* no more fragments behind this one */
	size_t offset; /* in bytes, behind the IP headers */
	struct cf_slice bytes;
};

/* CF_ENOMEM. The memory is reserved, not touched, until fragments come. */
enum cf_status cf_fragments_new(struct cf_fragments **fragments_out) CF_MUST_CHECK;
void cf_fragments_free(struct cf_fragments *fragments);

/*
 * Adds a fragment seen at at_wall_us. True when its datagram is whole: *whole_out then holds it,
 * until it is given back with cf_fragments_release(); a datagram may itself carry fragments, so
 * that several are held at once. Evictions and refusals are counted in *counters.
 */
bool cf_fragments_add(struct cf_fragments *fragments, const struct cf_fragment *fragment,
    int64_t at_wall_us, struct cf_decoder_counters *counters, struct cf_slice *whole_out);
void cf_fragments_release(struct cf_fragments *fragments, struct cf_slice whole);
