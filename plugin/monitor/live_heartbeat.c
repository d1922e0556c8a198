/* What a live run tells of itself: all workers' counters, by interface and VLAN. */

#include "monitor/live_run.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US_PER_S INT64_C(1000000)
/* Of the edge's counters, so that a heartbeat has room for others. */
#define EDGE_BYTES 300
/* Lines of single VLANs in one round of heartbeats; more VLANs are in their interface's line. */
#define VLAN_LINES 256

static int64_t clock_us(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now); /* cannot fail for these clocks */
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static int64_t now_wall_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

static int64_t now_mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* All workers' counters together; traffic by VLAN of one interface, or none with NULL. */
void cf_live_add_counts(
    struct cf_live_run *run, unsigned interface, bool all, struct cf_worker_counts *sum)
{
	memset(sum, 0, sizeof *sum);
	for (unsigned i = 0; i < run->worker_count; i++) {
		struct cf_capture_worker *worker = &run->workers[i];

		if (!all && worker->interface != interface)
			continue;
		pthread_mutex_lock(&worker->lock);
		for (unsigned n = 0; n < CF_COUNT_MAX; n++)
			sum->decode.at[n] += worker->counts.decode.at[n];
		sum->capture.kernel_drops += worker->counts.capture.kernel_drops;
		/* Each capture of one interface reads the same count. */
		if (worker->counts.capture.iface_drops > sum->capture.iface_drops)
			sum->capture.iface_drops = worker->counts.capture.iface_drops;
		for (unsigned vlan = 0; !all && vlan < CF_VLANS; vlan++) {
			sum->traffic[vlan].packets += worker->counts.traffic[vlan].packets;
			sum->traffic[vlan].bytes += worker->counts.traffic[vlan].bytes;
		}
		pthread_mutex_unlock(&worker->lock);
	}
}

uint64_t cf_live_iface_drops(struct cf_live_run *run, struct cf_worker_counts *scratch)
{
	uint64_t drops = 0;

	for (unsigned i = 0; i < run->live->interface_count; i++) {
		cf_live_add_counts(run, i, false, scratch);
		drops += scratch->capture.iface_drops;
	}
	return drops;
}

/* Packets of one interface so far. */
static uint64_t packets_of(struct cf_live_run *run, unsigned interface)
{
	uint64_t packets = 0;

	for (unsigned i = 0; i < run->live->workers; i++) {
		struct cf_capture_worker *worker =
		    &run->workers[interface * run->live->workers + i];

		pthread_mutex_lock(&worker->lock);
		packets += worker->counts.decode.at[CF_COUNT_FRAMES];
		pthread_mutex_unlock(&worker->lock);
	}
	return packets;
}

/* The earlier of two instants of which 0 is none. */
static int64_t earlier(int64_t a_wall_us, int64_t b_wall_us)
{
	if (a_wall_us == 0 || (b_wall_us != 0 && b_wall_us < a_wall_us))
		return b_wall_us;
	return a_wall_us;
}

static void say_link(struct cf_live_run *run, unsigned interface, enum cf_link link, bool silent)
{
	const char *name = run->live->interfaces[interface];

	if (link != CF_LINK_UP)
		cf_live_say(run, "'%s' is %s: nothing can be seen there", name,
		    link == CF_LINK_NO_CARRIER ? "without carrier" : cf_link_text(link));
	else if (silent)
		cf_live_say(run, "no packets on '%s', where there always were some", name);
	else
		cf_live_say(run, "'%s' is seen again", name);
}

void cf_live_look_at_links(struct cf_live_run *run)
{
	int64_t wall_us = now_wall_us(), mono_us = now_mono_us();

	for (unsigned i = 0; i < run->live->interface_count; i++) {
		const struct cf_capture_worker *worker = &run->workers[i * run->live->workers];
		struct cf_link_watch *watch = &run->links[i];
		enum cf_link before = watch->link, link = cf_capture_link(worker->capture);
		uint64_t packets = packets_of(run, i);
		bool silent = watch->silent;

		if (atomic_load(&worker->failed))
			link = CF_LINK_GONE;
		pthread_mutex_lock(&run->links_lock);
		/* Behind a filter in the kernel, few packets are no sign of anything. */
		cf_link_watch_look(watch, mono_us, wall_us, link, packets,
		    run->prefilter == NULL && !cf_capture_is_log(worker->capture));
		run->blind_since_wall_us =
		    earlier(run->blind_since_wall_us, watch->blind_since_wall_us);
		run->part_blind_since_wall_us[i] =
		    earlier(run->part_blind_since_wall_us[i], watch->blind_since_wall_us);
		watch->blind_since_wall_us = 0;
		pthread_mutex_unlock(&run->links_lock);
		if (link != before || silent != watch->silent)
			say_link(run, i, link, watch->silent);
	}
}

static void fill_blindness(struct cf_live_run *run, struct cf_heartbeat *heartbeat)
{
	uint64_t dark_us = 0, silent_us = 0;

	pthread_mutex_lock(&run->links_lock);
	for (unsigned i = 0; i < run->live->interface_count; i++) {
		dark_us += run->links[i].dark_us;
		silent_us += run->links[i].silent_us;
	}
	heartbeat->blind_since_wall_us = run->blind_since_wall_us;
	run->blind_since_wall_us = 0;
	pthread_mutex_unlock(&run->links_lock);
	/* Rounded up: what is not nothing must not look like it. */
	heartbeat->dark_s = (dark_us + US_PER_S - 1) / US_PER_S;
	heartbeat->silent_s = (silent_us + US_PER_S - 1) / US_PER_S;
}

static size_t add_edge(struct cf_live_run *run, size_t at)
{
	pthread_mutex_lock(&run->links_lock);
	if (run->edge[0] != '\0' && strlen(run->edge) < EDGE_BYTES)
		at += (size_t)snprintf(
		    run->extra + at, sizeof run->extra - at, "\"edge\":{%s},", run->edge);
	pthread_mutex_unlock(&run->links_lock);
	return at;
}

/* On the log's thread. */
void cf_live_fill_heartbeat(void *arg, struct cf_heartbeat *heartbeat)
{
	struct cf_live_run *run = arg;
	struct cf_worker_counts *sum = malloc(sizeof *sum);
	struct cf_observe_stats stats;
	char *extra = run->extra;
	size_t at = 0;

	if (sum == NULL)
		return; /* this heartbeat goes without counters */
	cf_monitor_stats(run->session.monitor, &stats);
	heartbeat->iface_drops = cf_live_iface_drops(run, sum);
	cf_live_add_counts(run, 0, true, sum);
	heartbeat->packets = sum->decode.at[CF_COUNT_FRAMES];
	heartbeat->bytes = sum->decode.at[CF_COUNT_FRAME_BYTES];
	heartbeat->kernel_drops = sum->capture.kernel_drops;
	heartbeat->decode_failures = cf_decode_failures(&sum->decode);
	heartbeat->evictions = cf_session_evictions(&sum->decode, &stats);
	fill_blindness(run, heartbeat);
	if (run->live->prefilter)
		at = (size_t)snprintf(extra, sizeof run->extra, "\"prefilter\":\"%s%s\",",
		    CF_PREFILTER_BLIND,
		    atomic_load(&run->prefilter_stale) ? ", what is new in the image" : "");
	at = add_edge(run, at);
	cf_counters_format(&sum->decode, &stats, extra + at, sizeof run->extra - at);
	heartbeat->extra_json = extra;
	free(sum);
	atomic_fetch_add(&run->beats, 1);
}

/* Members about what could be seen on an interface. The main thread alone writes what is read. */
static void put_link(struct cf_live_run *run, unsigned interface, char *members, size_t size)
{
	const struct cf_link_watch *watch = &run->links[interface];
	char since[CF_INSTANT_TEXT_BYTES];
	int at = snprintf(members, size, ",\"link\":\"%s\",\"dark_s\":%llu,\"silent_s\":%llu",
	    cf_link_text(watch->link),
	    (unsigned long long)(watch->dark_us + US_PER_S - 1) / US_PER_S,
	    (unsigned long long)(watch->silent_us + US_PER_S - 1) / US_PER_S);

	if (run->part_blind_since_wall_us[interface] != 0)
		(void)snprintf(members + at, size - (size_t)at, ",\"blind_since\":\"%s\"",
		    cf_instant_format_us(run->part_blind_since_wall_us[interface], since));
	run->part_blind_since_wall_us[interface] = 0;
}

/* One heartbeat line of an interface, or of one VLAN on it. */
static void tell_part(struct cf_live_run *run, unsigned interface, unsigned vlan, uint64_t packets,
    uint64_t bytes, const struct cf_capture_stats *capture)
{
	char members[CF_RECORD_BYTES / 2], started[CF_INSTANT_TEXT_BYTES];
	int at = snprintf(members, sizeof members, "\"started\":\"%s\",\"in_iface\":\"%.32s\"",
	    cf_instant_format_us(run->started_wall_us, started), run->live->interfaces[interface]);

	if (vlan != 0)
		at += snprintf(members + at, sizeof members - (size_t)at, ",\"vlan\":%u", vlan);
	at +=
	    snprintf(members + at, sizeof members - (size_t)at, ",\"packets\":%llu,\"bytes\":%llu",
	        (unsigned long long)packets, (unsigned long long)bytes);
	if (capture != NULL) {
		uint64_t drops = capture->kernel_drops + capture->iface_drops;

		at += snprintf(members + at, sizeof members - (size_t)at,
		    ",\"kernel_drops\":%llu,\"iface_drops\":%llu,\"lossy\":%s%s",
		    (unsigned long long)capture->kernel_drops,
		    (unsigned long long)capture->iface_drops,
		    drops != run->drops_told[interface] ? "true" : "false",
		    run->lost_told[interface] ? ",\"gone\":true" : "");
		run->drops_told[interface] = drops;
		put_link(run, interface, members + at, sizeof members - (size_t)at);
	}
	/* A full queue drops the line, and the log says that it did. */
	(void)cf_producer_raw(run->producer, CF_EVENT_HEARTBEAT, now_wall_us(), members);
}

void cf_live_tell_interfaces(struct cf_live_run *run)
{
	struct cf_worker_counts *sum = malloc(sizeof *sum);

	if (sum == NULL)
		return; /* the sensor's own heartbeat still tells the totals */
	for (unsigned i = 0; i < run->live->interface_count; i++) {
		unsigned lines = 0;

		cf_live_add_counts(run, i, false, sum);
		tell_part(run, i, 0, sum->decode.at[CF_COUNT_FRAMES],
		    sum->decode.at[CF_COUNT_FRAME_BYTES], &sum->capture);
		for (unsigned vlan = 1; vlan < CF_VLANS && lines < VLAN_LINES; vlan++) {
			if (sum->traffic[vlan].packets == 0)
				continue;
			tell_part(run, i, vlan, sum->traffic[vlan].packets,
			    sum->traffic[vlan].bytes, NULL);
			lines++;
		}
	}
	free(sum);
}
