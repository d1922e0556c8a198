/*
 * Our answers: NXDOMAIN and NODATA with an SOA, sinkhole, REFUSED, and the EDE that says why.
 *
 * Everything is allocated in the query's region. Forged replies are marked insecure: the validator
 * then leaves them alone and AD is never set. Worker threads.
 */
#pragma once

#include "resolver/host/unbound.h"

#include "image/image.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A reply of the given kind (not drop) for the question with TTL ttl_s. NULL without memory.
 * A sinkhole without an address of the family asked for is NODATA.
 */
struct reply_info *cf_answer_new(struct regional *region, const struct query_info *question,
    const struct cf_answer_spec *spec, enum cf_answer kind, uint32_t ttl_s);

/* A failure without records, which the host may encode or we rewrite for each recipient. */
struct dns_msg *cf_answer_new_failure(struct regional *region, const struct query_info *question);

/* The same of spec's own kind, as a message for the host to send. */
struct dns_msg *cf_answer_new_msg(struct regional *region, const struct query_info *question,
    const struct cf_answer_spec *spec, uint32_t ttl_s);

/*
 * Writes the head of one reply over another: all but the locks at its end, which in a region's
 * reply_info share their place with the array of record sets. into keeps its own identity.
 */
void cf_answer_overwrite(struct reply_info *into, const void *head);

/*
 * True when rep is surely a region's copy that we may write to; false for an entry of a shared
 * cache, and when it cannot be told (no records). In a region the array of record sets begins where
 * a cached entry has its references.
 */
bool cf_answer_is_private(const struct reply_info *rep);

/*
 * Puts the Extended DNS Error in front of *options. Unbound sends it to clients that speak EDNS.
 * Put in front because the tail is shared with other recipients of the same resolution. False
 * without memory: the answer goes out without it.
 */
bool cf_answer_add_ede(
    struct edns_option **options, struct regional *region, const struct cf_answer_spec *spec);

/*
 * Makes the host send question, EDE and TC=1 with no record in it, where neither the answer nor the
 * decision to answer is ours to change: the reply of a shared cache. question is the one that is
 * encoded.
 */
void cf_answer_withhold(struct query_info *question);

/* Lowers every TTL of a private reply to at most ttl_s. */
void cf_answer_clamp(struct reply_info *rep, uint32_t ttl_s);

/* The response code that the answer shows. */
uint16_t cf_answer_rcode(enum cf_answer kind);
