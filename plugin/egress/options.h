/*
 * How the table is asked for, besides the image: hooks, refusals, ways round DNS, whom to leave
 * alone. Plain values: the caller's storage, any thread.
 */
#pragma once

#include "egress/plan.h"

#include <stdbool.h>

/* What is done with questions that go round the site's resolvers. */
enum cf_way {
	CF_WAY_OFF,
	CF_WAY_OBSERVE,  /* recorded, let through */
	CF_WAY_REJECT,   /* recorded, refused */
	CF_WAY_REDIRECT, /* led to the site's resolver; plain DNS only */
};

/* Addresses of one kind at most. */
#define CF_EGRESS_ADDRS 64

struct cf_prefixes {
	struct cf_prefix items[CF_EGRESS_ADDRS];
	unsigned count;
};

/* True when there is one of the family. */
bool cf_prefixes_has(const struct cf_prefixes *prefixes, enum cf_family family);

/* Packets and bytes so far, by fate and by way. */
struct cf_egress_totals {
	uint64_t packets, bytes;
};
enum cf_egress_counter {
	CF_COUNT_STOPPED,
	CF_COUNT_FLAGGED,
	CF_COUNT_ALLOWED,
	CF_COUNT_DNS,
	CF_COUNT_DOT,
	CF_COUNT_DOH,
	CF_COUNT_FALLBACK,
	CF_COUNTERS,
};
/* "stopped" ...: also the name in the kernel. */
const char *cf_egress_counter_text(enum cf_egress_counter counter);

struct cf_egress_options {
	bool forward, output; /* hooks: a router's, a host's own packets */
	bool drop;            /* silently, instead of a reset or an ICMP error */
	bool log;             /* to the NFLOG group */
	uint16_t group;
	unsigned log_per_second; /* packets of one kind logged at most; counters are exact */
	enum cf_way dns, dot, doh, fallback;
	struct cf_prefixes never;     /* clients and addresses that are not looked at */
	struct cf_prefixes resolvers; /* the site's own: they may ask, and may be asked */
	char resolver_user[33];       /* whose packets leave as they are, for output; "" nobody */
	struct cf_egress_totals totals[CF_COUNTERS]; /* to go on from */
};

/* What the table's comment says: the image's digest and that of the options, in hex. */
#define CF_EGRESS_COMMENT_BYTES 128
void cf_egress_comment(const struct cf_plan *plan, const struct cf_egress_options *options,
    char comment[CF_EGRESS_COMMENT_BYTES]);

/*
 * CF_OK, or CF_EINVALID with *error when options contradict themselves: redirect without a
 * resolver, no hook, redirect of what cannot be.
 */
enum cf_status cf_egress_check_options(
    const struct cf_egress_options *options, struct cf_error *error) CF_MUST_CHECK;
