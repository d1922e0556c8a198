/*
 * Asks what names resolve to from where this runs, through libunbound: asynchronous, validating, at
 * a bounded rate. For `curfew list resolve`; nothing else in curfew asks the network anything.
 *
 * One thread calls; libunbound keeps one of its own inside.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cf_found {
	CF_FOUND_ADDRESSES,
	CF_FOUND_NOTHING,  /* the name exists and has no address */
	CF_FOUND_GONE,     /* NXDOMAIN: the name does not exist */
	CF_FOUND_BOGUS,    /* the answer fails validation: not used */
	CF_FOUND_FAILURE,  /* no answer: servers silent, refusing or broken */
	CF_FOUND_FILTERED, /* only addresses that lead nowhere: somebody answers in the servers'
	                       place */
	CF_FOUNDS,
};

/* "addresses", "no address", "gone", "bogus", "failed", "filtered" */
const char *cf_found_text(enum cf_found found);

/* A name to ask about, and what came back. name is the caller's; the rest is filled and owned here.
 */
struct cf_resolved {
	const char *name;
	enum cf_found found;
	bool secure;           /* validated for both types */
	char *chain_end;       /* last name of the CNAME chain, NULL when it is the name itself */
	char *why;             /* of a bogus answer, NULL */
	struct cf_addr *addrs; /* without those that lead nowhere */
	size_t addr_count;
};

struct cf_resolving {
	const char *const
	    *forwards; /* "192.0.2.1" or "192.0.2.1@5353"; none: the system's resolvers */
	size_t forward_count;
	const char *trust_anchor; /* file; NULL: the system's root key when there is one */
	unsigned rate_per_s, in_flight;
	unsigned stall_s; /* give up on what is left when nothing came back for so long */
	void (*progress)(void *context, size_t done); /* may be NULL */
	void *context;
};

/*
 * Asks A and AAAA of every name and fills in what came back. CF_EINVALID, CF_ENOMEM, CF_EIO with
 * *error when libunbound cannot begin; failing names are no error. Free the results in any case.
 */
enum cf_status cf_resolve(const struct cf_resolving *how, struct cf_resolved *names,
    size_t name_count, struct cf_error *error) CF_MUST_CHECK;

/* Frees what was filled in, not names itself. */
void cf_resolved_free(struct cf_resolved *names, size_t name_count);

/* What all answers together say. */
enum cf_resolution {
	CF_RESOLUTION_GOOD,
	CF_RESOLUTION_GAPS,     /* names are gone, bogus or filtered */
	CF_RESOLUTION_FILTERED, /* more than half are gone or filtered: it is the resolver, rather
	                         */
	CF_RESOLUTION_NOTHING,  /* no name has an address: nothing to be written */
};
/* founds_out: how many names came to what. */
enum cf_resolution cf_resolution_judge(
    const struct cf_resolved *names, size_t count, size_t founds_out[CF_FOUNDS]);
