/* What changes against the image in force: the part of `curfew apply` that people read. One thread.
 */
#pragma once

#include "policy/changes.h"

#include <stdbool.h>
#include <stdio.h>

/* Compares and prints; verbose: every name that comes or goes. CF_ENOMEM. */
enum cf_status cli_changes_print(struct cf_changes *changes, bool verbose, FILE *to) CF_MUST_CHECK;

/* The same as one JSON value. */
enum cf_status cli_changes_print_json(struct cf_changes *changes, FILE *to) CF_MUST_CHECK;

/* The categories of a bit set as "updates, telemetry", or "all"; returns text. */
const char *cli_categories_format(uint32_t categories, char text[256]);
