/*
 * IP payload compression (RFC 3173), as far as it is deflate (RFC 2394): each packet by itself.
 *
 * One object belongs to one decoder; all its memory is allocated when it is made.
 */
#pragma once

#include "base/status.h"
#include "monitor/packet/observer.h"

struct cf_ipcomp;

/* CF_ENOMEM; CF_EUNSUPPORTED without zlib. */
enum cf_status cf_ipcomp_new(struct cf_ipcomp **ipcomp_out) CF_MUST_CHECK;
void cf_ipcomp_free(struct cf_ipcomp *ipcomp);

/*
 * Inflates packed. False when it is not deflate, or too long for an IP packet, or more than
 * CF_IPCOMP_TIMES as long as it and a full packet of Ethernet, or when what was inflated before is
 * still held. Also when there are more such packets than CF_IPCOMP_PER_S at at_wall_us: a packet of
 * 60 bytes may ask for as much work as a thousand others do. *plain_out is held until
 * cf_ipcomp_release().
 */
bool cf_ipcomp_inflate(struct cf_ipcomp *ipcomp, struct cf_slice packed, int64_t at_wall_us,
    struct cf_slice *plain_out);
void cf_ipcomp_release(struct cf_ipcomp *ipcomp);
