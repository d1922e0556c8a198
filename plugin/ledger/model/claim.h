/*
 * Claims to one place - an address at a site -, and the holdings that they come to: at each minute
 * the place belongs to the strongest claim that covers it; of equally strong ones to that which
 * began last, for it ended the others. owner.h says what lies between them. One thread.
 */
#pragma once

#include "base/status.h"
#include "records/form/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* That node had the place, from and to included. */
struct cf_claim {
	uint32_t from_minute, to_minute, node;
	uint8_t strength;  /* enum cf_identity_strength */
	uint8_t end;       /* enum cf_identity_end */
	uint8_t beginning; /* enum cf_identity_beginning */
};

/* Whether node a has the place rather than b when their claims are equal: not by the order in which
 * they came, so that the order of logs is nothing. */
typedef bool cf_claim_order(const void *context, uint32_t a, uint32_t b);

/*
 * Sorts the claims and makes holdings of them, one behind the other; *holdings_out is the caller's.
 * CF_ENOMEM.
 */
enum cf_status cf_claims_settle(struct cf_claim *claims, size_t count, cf_claim_order *is_before,
    const void *context, struct cf_claim **holdings_out, size_t *count_out) CF_MUST_CHECK;

/* Index of the last holding that begins at or before minute, or -1. */
ptrdiff_t cf_claims_last_from(const struct cf_claim *holdings, size_t count, uint32_t minute);
