/*
 * The monitor over capture files: the same observers as live, with time taken from the packets, so
 * that the same files always give the same records.
 */
#pragma once

#include "monitor/session.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_offline {
	const char *const *files; /* in this order; "-" is standard input */
	unsigned file_count;
	struct cf_session_options
	    session;      /* offline, heartbeat and interfaces are set by the run */
	bool sandbox;     /* gives up what a live run does, before the first packet */
	const char *user; /* whom to become when run by root; NULL: curfew or nobody */
	/* Called now and then with what was read of which file (size 0: unknown); may be NULL. */
	void (*progress)(void *arg, const char *path, uint64_t used, uint64_t size);
	/* A file could not be read (to its end): what was read counts, and the run goes on. */
	void (*complain)(void *arg, const char *text);
	/* Some protection is missing; may be NULL. */
	void (*say)(void *arg, const char *text);
	void *arg;
};

struct cf_offline_result {
	struct cf_decoder_counters decode;
	struct cf_observe_stats observe;
	struct cf_log_stats log;
	unsigned files_failed;
};

/* Runs to the end of the last file. Errors as cf_session_open(); *result_out is filled on CF_OK. */
enum cf_status cf_offline_run(const struct cf_offline *offline,
    struct cf_offline_result *result_out, struct cf_error *error) CF_MUST_CHECK;
