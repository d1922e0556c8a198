/*
 * Blocked, then bypassed: a client whose look-up of a vendor name failed at its own resolver and
 * who then asks the public resolvers that the vendor's products fall back to. The sequence is one
 * finding, written when it has been quiet for a while.
 *
 * One table serves all workers: the caller holds the monitor's lock. Allocates at cf_bypass_new()
 * only; when it is full, the client heard of longest ago is finished early.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/status.h"
#include "names/name.h"

#include <stdbool.h>
#include <stdint.h>

/* How the look-up failed. */
enum cf_bypass_cause {
	CF_BYPASS_NOTHING_SEEN, /* no look-up at an own resolver passed here */
	CF_BYPASS_UNANSWERED,
	CF_BYPASS_NXDOMAIN,
	CF_BYPASS_NODATA,
	CF_BYPASS_REFUSED,
	CF_BYPASS_SERVFAIL,
	CF_BYPASS_SINKHOLED,
	CF_BYPASS_EDE,      /* answered, with an extended error that says blocked */
	CF_BYPASS_ANSWERED, /* it was answered as asked: no block, no bypass */
};

/* Steps of the sequence kept; the vendor documents five resolvers. */
#define CF_BYPASS_STEPS 16

struct cf_bypass_case {
	struct cf_addr client;
	struct cf_addr resolver; /* that failed the client; family none when not seen */
	enum cf_bypass_cause cause;
	uint16_t ede;
	int64_t asked_wall_us, failed_wall_us, first_wall_us, last_wall_us;
	uint8_t name_wire[CF_NAME_WIRE_BYTES]; /* canonical; the first name asked elsewhere */
	struct cf_addr step[CF_BYPASS_STEPS]; /* fallback resolvers in the order asked, repeats left
	                                         out */
	uint32_t step_order[CF_BYPASS_STEPS]; /* place of each in the vendor's order */
	unsigned step_count;
	unsigned question_count; /* asked in all */
	unsigned answered_count; /* of these, answered with addresses: escapes */
	bool used;
};

/* One finished sequence, for whoever writes it down. */
typedef void cf_bypass_found(void *arg, const struct cf_bypass_case *found);

struct cf_bypass;

enum cf_status cf_bypass_new(
    uint64_t seed, cf_bypass_found *found, void *arg, struct cf_bypass **bypass_out) CF_MUST_CHECK;
void cf_bypass_free(struct cf_bypass *bypass);

/* client asks an ordinary resolver for a vendor name. */
void cf_bypass_asked(struct cf_bypass *bypass, const struct cf_addr *client,
    const struct cf_addr *resolver, const struct cf_name *name, int64_t at_wall_us);
/* The answer of an ordinary resolver came, and was this. */
void cf_bypass_answered(struct cf_bypass *bypass, const struct cf_addr *client,
    const struct cf_addr *resolver, enum cf_bypass_cause cause, uint16_t ede, int64_t at_wall_us);
/* client asks a fallback resolver (place order in the vendor's sequence) for a vendor name. */
void cf_bypass_fallback(struct cf_bypass *bypass, const struct cf_addr *client,
    const struct cf_addr *resolver, uint32_t order, const struct cf_name *name, int64_t at_wall_us);
/* A fallback resolver gave client an address. */
void cf_bypass_escaped(struct cf_bypass *bypass, const struct cf_addr *client, int64_t at_wall_us);

/* True when the host at addr has lately asked for a vendor name. */
bool cf_bypass_knows(struct cf_bypass *bypass, const struct cf_addr *addr);

/* Finishes sequences that have been quiet; about once a second. */
void cf_bypass_reap(struct cf_bypass *bypass, int64_t now_wall_us);
/* Finishes all. */
void cf_bypass_flush(struct cf_bypass *bypass);

/* Clients no longer followed to their fallback because there were too many at once. */
uint64_t cf_bypass_evicted(const struct cf_bypass *bypass);

/* "nxdomain" ...; static storage. */
const char *cf_bypass_cause_text(enum cf_bypass_cause cause);
/* True when the steps keep the vendor's order (gaps allowed). */
bool cf_bypass_in_order(const struct cf_bypass_case *found);
