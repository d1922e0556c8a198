/* Logs into a rehearsal: one with its rotated files, or a folder of them. One thread. */
#pragma once

#include "rehearse/rehearse.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_rehearsed_logs {
	struct cf_rehearsal *rehearsal;
	void (*notice)(void *arg, const char *text); /* a file that cannot be read */
	void (*progress)(void *arg, uint64_t lines); /* NULL: none */
	void *arg;
	/* Filled. */
	uint64_t lines;
	bool had_failures;
	struct cf_record *record; /* while it runs */
};

/* What cannot be read is told, noted in had_failures, and does not stop the rest. CF_ENOMEM. */
enum cf_status cf_rehearse_log(struct cf_rehearsed_logs *logs, const char *path) CF_MUST_CHECK;
