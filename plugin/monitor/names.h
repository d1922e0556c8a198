/* The names in capture files, printed: `curfew monitor --names`. No image, no log. One thread. */
#pragma once

#include "base/status.h"
#include "monitor/packet/counters.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cf_names {
	const char *const *files; /* in this order; "-" is standard input */
	unsigned file_count;
	FILE *to;
	bool sandbox;     /* gives up what a live run does, before the first packet */
	const char *user; /* whom to become when run by root; NULL: curfew or nobody */
	/* Called now and then with what was read of which file (size 0: unknown); may be NULL. */
	void (*progress)(void *arg, const char *path, uint64_t used, uint64_t size);
	/* A file could not be read (to its end): what was read counts, and the run goes on. */
	void (*complain)(void *arg, const char *text);
	void (*say)(void *arg, const char *text); /* some protection is missing */
	void *arg;
};

struct cf_names_result {
	struct cf_decoder_counters decode;
	unsigned files_failed;
};

/*
 * Runs to the end of the last file. CF_EIO: the names could not all be written, or privileges not
 * be dropped; CF_ENOMEM. *result_out is filled in any case.
 */
enum cf_status cf_names_run(const struct cf_names *names, struct cf_names_result *result_out,
    struct cf_error *error) CF_MUST_CHECK;
