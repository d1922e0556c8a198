/*
 * The monitor on live interfaces: captures are opened, privileges given up, and then worker threads
 * read packets until the process is told to stop.
 *
 *   main thread: signals, image reload, heartbeats of interfaces
 *   worker n:    capture -> decoder -> observe -> its own queue
 *   log thread:  queues -> hits.jsonl
 *
 * A new image is published to each worker, which takes it between two batches of packets; the old
 * one is closed when the last flow that was judged by it has ended. SIGTERM and SIGINT end the run
 * after what the rings hold is read; SIGHUP looks for a new image at once.
 */
#pragma once

#include "monitor/session.h"

#include <stdbool.h>

struct cf_live {
	const char *const *interfaces;
	unsigned interface_count;
	unsigned workers;    /* on each interface */
	unsigned buffer_mib; /* of each worker's ring */
	bool promiscuous;
	bool prefilter;
	bool sandbox;
	const char *user;                  /* NULL: curfew or nobody */
	struct cf_session_options session; /* heartbeat and interfaces are set by the run */
	/* Lines to be told in heartbeats, members of the object `edge`, from a process that may
	 * read the edge's counters; not blocking. -1: none. */
	int totals_fd;
	/* A line for the service's own log; any of the run's threads. */
	void (*say)(void *arg, const char *text);
	void *arg;
};

struct cf_live_result {
	struct cf_decoder_counters decode;
	struct cf_observe_stats observe;
	struct cf_log_stats log;
	uint64_t kernel_drops, iface_drops;
	unsigned interfaces_lost; /* gone before the end */
	bool degraded;            /* some protection or the log was missing */
};

/*
 * Runs until told to stop. CF_EIO: an interface cannot be opened, privileges cannot be dropped, or
 * the last interface is gone; also what cf_session_open() returns. *result_out is filled when the
 * run had begun.
 */
enum cf_status cf_live_run(const struct cf_live *live, struct cf_live_result *result_out,
    struct cf_error *error) CF_MUST_CHECK;
