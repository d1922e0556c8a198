/*
 * How an edge is asked to filter, besides what the image lists: where, how it refuses, ways round
 * DNS, whom to leave alone. The words are the same in the section `egress` of curfew.yaml, in the
 * image, which carries them as one line, and as options of `curfew egress`, which come last.
 *
 * Plain values: the caller's storage, any thread.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct cf_egress_options {
	bool forward, output; /* hooks: a router's, a host's own packets */
	bool drop;            /* silently, instead of a reset or an ICMP error */
	bool all_enforced;    /* shared and inferred networks are stopped too, not only recorded */
	bool log;             /* to the NFLOG group */
	uint16_t group;
	unsigned log_per_second; /* packets of one kind logged at most; counters are exact */
	enum cf_way dns, dot, doh, fallback;
	struct cf_prefixes never;     /* clients and addresses that are not looked at */
	struct cf_prefixes resolvers; /* the site's own: they may ask, and may be asked */
	char resolver_user[33];       /* whose packets leave as they are, for output; "" nobody */
};

/* A router that stops the vendor's own networks, and nothing else. */
void cf_egress_options_default(struct cf_egress_options *options_out);

/*
 * Sets what key says, a word of curfew.yaml: role, refuse, enforce, dns, dot, doh, fallback,
 * resolver, resolver-user, never, log, log-rate. resolver and never add to what there is.
 * CF_EINVALID with *error: the value is none; text says what is expected. CF_ENOTFOUND: there is no
 * such key.
 */
enum cf_status cf_egress_options_set(struct cf_egress_options *options, const char *key,
    const char *value, struct cf_error *error) CF_MUST_CHECK;

/*
 * CF_OK, or CF_EINVALID with *error when options contradict themselves: redirect without a
 * resolver, redirect of what cannot be. *key_out (may be NULL) is the key that is to blame, static.
 */
enum cf_status cf_egress_options_check(const struct cf_egress_options *options,
    const char **key_out, struct cf_error *error) CF_MUST_CHECK;

/* All of it as one line, "role=router refuse=reject ..."; the same for the same options. */
#define CF_EGRESS_OPTIONS_BYTES 8192
void cf_egress_options_format(
    const struct cf_egress_options *options, char text[CF_EGRESS_OPTIONS_BYTES]);
/* The other way; "" gives the default. CF_EMALFORMED with *error: not such a line. */
enum cf_status cf_egress_options_parse(
    const char *text, struct cf_egress_options *options_out, struct cf_error *error) CF_MUST_CHECK;
