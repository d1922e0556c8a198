/*
 * What the edge said about a packet that it logged: rules of `curfew egress` give each a prefix of
 * three words, "curfew VERDICT SUBJECT ", which the kernel hands over with the packet (NFLOG).
 *
 * Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cf_edge_verdict {
	CF_EDGE_NONE, /* not logged by such a rule: an ordinary packet */
	CF_EDGE_STOP,
	CF_EDGE_FLAG,
	CF_EDGE_ALLOW, /* by an exception */
	CF_EDGE_LEAD,  /* led to the site's resolver */
};

enum cf_edge_subject {
	CF_EDGE_NETWORK, /* to a listed network */
	CF_EDGE_DNS,     /* ways round the site's resolvers */
	CF_EDGE_DOT,
	CF_EDGE_DOH,
	CF_EDGE_FALLBACK,
	CF_EDGE_SUBJECTS,
};

struct cf_edge {
	uint8_t verdict; /* enum cf_edge_verdict */
	uint8_t subject; /* enum cf_edge_subject */
};

/* "network" "dns" "dot" "doh" "fallback"; static. */
const char *cf_edge_subject_text(enum cf_edge_subject subject);

/* Takes a prefix of len bytes, with or without its NUL; verdict CF_EDGE_NONE: not one of ours. */
struct cf_edge cf_edge_parse(const uint8_t *prefix, size_t len);
