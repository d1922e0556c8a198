/*
 * What counts and what names a table, besides how it is asked for (policy/egress_options.h). Plain
 * values: the caller's storage, any thread.
 */
#pragma once

#include "egress/plan/plan.h"
#include "policy/egress_options.h"

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

/* What the table's comment says: the image's digest and that of the options, in hex. */
#define CF_EGRESS_COMMENT_BYTES 128
void cf_egress_comment(const struct cf_plan *plan, const struct cf_egress_options *options,
    char comment[CF_EGRESS_COMMENT_BYTES]);
