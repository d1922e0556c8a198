/*
 * A tap over files of frames, as fstrm_capture, Knot DNS or dnstap-output write them, plain or
 * compressed: the same records as live, with time taken from the messages, so that the same files
 * always give the same records. One thread.
 */
#pragma once

#include "tap/live.h"

struct cf_tap_replay {
	const char *const *files; /* in this order; "-" is standard input */
	unsigned file_count;
	struct cf_session_options session; /* offline, source and heartbeat are set by the run */
	bool sandbox;
	const char *user;
	/* A file could not be read (to its end): what was read counts, and the run goes on. */
	void (*complain)(void *arg, const char *text);
	/* Some protection is missing. */
	void (*say)(void *arg, const char *text);
	void *arg;
};

/* Runs to the end of the last file. Errors as cf_tap_live_run(), and those of the image. */
enum cf_status cf_tap_replay_run(const struct cf_tap_replay *replay,
    struct cf_tap_result *result_out, struct cf_error *error) CF_MUST_CHECK;
