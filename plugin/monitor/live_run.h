/*
 * A live run as its parts see it: live_loop.c starts, supervises and ends it, live_heartbeat.c
 * tells how it goes.
 *
 * Private to these files. The main thread's, but for what cf_live_fill_heartbeat() reads.
 */
#pragma once

#include "monitor/capture/bpf_prefilter.h"
#include "monitor/image_file.h"
#include "monitor/link_watch.h"
#include "monitor/live.h"
#include "monitor/privileges.h"
#include "monitor/worker.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cf_live_run {
	const struct cf_live *live;
	struct cf_session_options options;
	struct cf_session session;
	struct cf_privileges privileges;
	struct cf_image_file image;
	struct cf_capture_worker *workers; /* interface_count * live->workers */
	unsigned worker_count, started_count;
	struct cf_capture **captures;
	int *sockets;                   /* of all captures */
	struct cf_prefilter *prefilter; /* as the kernel has it; NULL: none */
	atomic_bool prefilter_stale;    /* and an image came that would have another */
	atomic_bool stop;
	struct cf_producer *producer; /* the main thread's */
	int64_t started_wall_us;
	atomic_uint beats; /* heartbeats the log has made */
	unsigned beats_told;
	uint64_t drops_told[CF_INTERFACES];
	bool lost_told[CF_INTERFACES];
	pthread_mutex_t links_lock; /* guards the three below, which the log's thread reads */
	struct cf_link_watch links[CF_INTERFACES];
	int64_t blind_since_wall_us; /* not told yet in the sensor's own heartbeat; 0: never */
	int64_t part_blind_since_wall_us[CF_INTERFACES]; /* nor in those of its interfaces */
	char edge[512]; /* members about the edge's counters as they came last; under links_lock */
	struct cf_live_result result;
	char extra[CF_RECORD_BYTES / 2];
	sigset_t signals;
};

/* Tells the operator one line, as printf(). */
void cf_live_say(struct cf_live_run *run, const char *format, ...) CF_PRINTF(2, 3);

/*
 * The counters of all workers together, or with all false of one interface's, then with traffic by
 * VLAN.
 */
void cf_live_add_counts(
    struct cf_live_run *run, unsigned interface, bool all, struct cf_worker_counts *sum);
/* What the cards lost; scratch is overwritten. */
uint64_t cf_live_iface_drops(struct cf_live_run *run, struct cf_worker_counts *scratch);
/* Looks whether anything could be seen, once a second. */
void cf_live_look_at_links(struct cf_live_run *run);
/* Takes what live->totals_fd has, once a second. */
void cf_live_take_totals(struct cf_live_run *run);
/* The log's callback (arg is the run), on the log's thread. */
void cf_live_fill_heartbeat(void *arg, struct cf_heartbeat *heartbeat);
/* A round of heartbeats: each interface, then each of its VLANs. */
void cf_live_tell_interfaces(struct cf_live_run *run);
