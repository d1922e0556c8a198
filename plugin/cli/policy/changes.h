/*
 * What an image says, and what changes against another: the part of `curfew apply` that people
 * read. One thread.
 */
#pragma once

#include "image/image.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What to compare and how to show it. */
struct cli_changes {
	const struct cf_image *old_image; /* NULL: nothing is in force */
	const struct cf_image *new_image;
	int64_t at_wall_s; /* "now" for verdicts and lapsed exceptions */
	bool verbose;      /* every name that comes or goes */
};

/* What matters for the decision to go on. */
struct cli_change_totals {
	uint64_t old_names, new_names;
	uint64_t old_blocked, new_blocked; /* names whose category is blocked for everybody now */
	uint64_t removed_names;            /* gone, or with another scope or category */
	uint64_t old_networks, removed_networks;
};

/* Prints the comparison on to and sums it up. CF_ENOMEM. */
enum cf_status cli_changes_print(const struct cli_changes *changes, FILE *to,
    struct cli_change_totals *totals_out) CF_MUST_CHECK;

/* The same as one JSON value. */
enum cf_status cli_changes_print_json(const struct cli_changes *changes, FILE *to,
    struct cli_change_totals *totals_out) CF_MUST_CHECK;

/* How much the change takes away, in per cent, rounded up: of the names, of those blocked now, of
 * the networks, whichever is most. */
unsigned cli_changes_shrink(const struct cli_change_totals *totals);

/* The categories of a bit set as "updates, telemetry", or "all"; returns text. */
const char *cli_categories_format(uint32_t categories, char text[256]);
