/*
 * Putting a table in force: what is there already stays, what differs is sent, and what is there
 * but unknown is replaced whole. One thread; several processes wait for each other.
 */
#pragma once

#include "egress/kernel/kernel.h"
#include "egress/plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_force {
	const char *image; /* its path; what is remembered lies beside it */
	const struct cf_plan *plan;
	const struct cf_egress_options *options;
	int64_t
	    confirm_s; /* the former state comes back after so many, unless confirmed; 0: never */
	bool dry_run;  /* the kernel looks at it and nothing changes */
};

enum cf_forced_how {
	CF_FORCED_ALREADY,  /* nothing was sent */
	CF_FORCED_CHANGED,  /* what differed was sent */
	CF_FORCED_REPLACED, /* all of it was sent */
};

struct cf_forced {
	enum cf_forced_how how;
	uint32_t messages; /* to the kernel */
	char comment[CF_EGRESS_COMMENT_BYTES];
	struct cf_error remembered; /* status CF_OK, or why it could not be: it counts as changed */
};

/*
 * As told above. CF_EIO, CF_EINVALID with *error: what was in force stays. awaited (may be NULL) is
 * called when the former state will come back, before anything is sent.
 */
enum cf_status cf_egress_force(struct cf_kernel *kernel, const struct cf_force *force,
    void (*awaited)(const struct cf_force *force), struct cf_forced *forced_out,
    struct cf_error *error) CF_MUST_CHECK;
