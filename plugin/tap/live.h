/*
 * A tap that runs: sockets are opened, privileges given up as the monitor's are, and then frames
 * are read until the process is told to stop.
 *
 *   main thread: signals, image reload, streams -> intake -> queue
 *   log thread:  queue -> hits.jsonl
 *
 * SIGTERM and SIGINT end the run; SIGHUP looks for a new image at once, as happens once a second
 * anyway. Whatever happens here, a resolver goes on: it drops what nobody reads.
 */
#pragma once

#include "monitor/session.h"
#include "tap/streams.h"

#include <stdbool.h>

struct cf_tap_live {
	struct cf_tap_streams_options streams; /* say and arg are set by the run */
	struct cf_session_options session;     /* heartbeat and source are set by the run */
	bool sandbox;
	const char *user; /* whom to become when run by root; NULL: curfew or nobody */
	/* A line for the service's own log; the main thread and the log's. */
	void (*say)(void *arg, const char *text);
	void *arg;
};

struct cf_tap_result {
	struct cf_tap_counts counts;
	struct cf_tap_watch watch; /* of a live run */
	struct cf_log_stats log;
	unsigned files_failed; /* of a replay */
	bool degraded;         /* some protection, the image or the log was missing */
};

/*
 * Runs until told to stop. CF_EIO, CF_EINVALID: a socket cannot be made, or privileges not be
 * dropped; also what cf_session_open_log() returns. *result_out is filled in any case.
 */
enum cf_status cf_tap_live_run(const struct cf_tap_live *live, struct cf_tap_result *result_out,
    struct cf_error *error) CF_MUST_CHECK;
