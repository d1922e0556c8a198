/* Starting, supervising and ending a live run. */

#include "monitor/live.h"

#include "monitor/bpf_prefilter.h"
#include "monitor/image_file.h"
#include "monitor/sandbox.h"
#include "monitor/worker.h"

#include "base/instant.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define US_PER_S INT64_C(1000000)
/* Lines of single VLANs in one round of heartbeats; more VLANs are in their interface's line. */
#define VLAN_LINES 256

struct run {
	const struct cf_live *live;
	struct cf_session_options options;
	struct cf_session session;
	struct cf_image_file image;
	struct cf_worker *workers; /* interface_count * live->workers */
	unsigned worker_count, started_count;
	struct cf_capture **captures;
	atomic_bool stop;
	struct cf_producer *producer; /* the main thread's */
	int64_t started_wall_us;
	atomic_uint beats; /* heartbeats the log has made */
	unsigned beats_told;
	uint64_t drops_told[CF_INTERFACES];
	bool lost_told[CF_INTERFACES];
	struct cf_live_result result;
	char extra[CF_RECORD_BYTES / 2];
	sigset_t signals;
};

static void say(struct run *run, const char *format, ...) CF_PRINTF(2, 3);

static void say(struct run *run, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	run->live->say(run->live->arg, text);
}

static int64_t now_wall_us(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

/* All workers' counters together; traffic by VLAN of one interface, or none with NULL. */
static void add_counts(struct run *run, unsigned interface, bool all, struct cf_worker_counts *sum)
{
	memset(sum, 0, sizeof *sum);
	for (unsigned i = 0; i < run->worker_count; i++) {
		struct cf_worker *worker = &run->workers[i];

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

static uint64_t iface_drops_of_all(struct run *run, struct cf_worker_counts *scratch)
{
	uint64_t drops = 0;

	for (unsigned i = 0; i < run->live->interface_count; i++) {
		add_counts(run, i, false, scratch);
		drops += scratch->capture.iface_drops;
	}
	return drops;
}

/* On the log's thread. */
static void fill_heartbeat(void *arg, struct cf_heartbeat *heartbeat)
{
	struct run *run = arg;
	struct cf_worker_counts *sum = malloc(sizeof *sum);
	struct cf_observe_stats stats;
	char *extra = run->extra;
	size_t at = 0;

	if (sum == NULL)
		return; /* this heartbeat goes without counters */
	cf_monitor_stats(run->session.monitor, &stats);
	heartbeat->iface_drops = iface_drops_of_all(run, sum);
	add_counts(run, 0, true, sum);
	heartbeat->packets = sum->decode.at[CF_COUNT_FRAMES];
	heartbeat->bytes = sum->decode.at[CF_COUNT_FRAME_BYTES];
	heartbeat->kernel_drops = sum->capture.kernel_drops;
	heartbeat->decode_failures = cf_decode_failures(&sum->decode);
	heartbeat->evictions = cf_decode_evictions(&sum->decode) + stats.flows_evicted;
	if (run->live->prefilter)
		at = (size_t)snprintf(
		    extra, sizeof run->extra, "\"prefilter\":\"%s\",", CF_PREFILTER_BLIND);
	cf_counters_format(&sum->decode, &stats, extra + at, sizeof run->extra - at);
	heartbeat->extra_json = extra;
	free(sum);
	atomic_fetch_add(&run->beats, 1);
}

/* One heartbeat line of an interface, or of one VLAN on it. */
static void tell_part(struct run *run, unsigned interface, unsigned vlan, uint64_t packets,
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

		snprintf(members + at, sizeof members - (size_t)at,
		    ",\"kernel_drops\":%llu,\"iface_drops\":%llu,\"lossy\":%s%s",
		    (unsigned long long)capture->kernel_drops,
		    (unsigned long long)capture->iface_drops,
		    drops != run->drops_told[interface] ? "true" : "false",
		    run->lost_told[interface] ? ",\"gone\":true" : "");
		run->drops_told[interface] = drops;
	}
	/* A full queue drops the line, and the log says that it did. */
	(void)cf_producer_raw(run->producer, CF_EVENT_HEARTBEAT, now_wall_us(), members);
}

/* A round of heartbeats: each interface, then each of its VLANs. */
static void tell_interfaces(struct run *run)
{
	struct cf_worker_counts *sum = malloc(sizeof *sum);

	if (sum == NULL)
		return; /* the sensor's own heartbeat still tells the totals */
	for (unsigned i = 0; i < run->live->interface_count; i++) {
		unsigned lines = 0;

		add_counts(run, i, false, sum);
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

static enum cf_status open_captures(struct run *run, struct cf_error *error)
{
	const struct cf_live *live = run->live;

	for (unsigned i = 0; i < live->interface_count; i++) {
		uint16_t group = 0;

		for (unsigned n = 0; n < live->workers; n++) {
			struct cf_capture_options options = {.interface = live->interfaces[i],
			    .buffer_mib = live->buffer_mib,
			    .promiscuous = live->promiscuous,
			    .fanout_index = n,
			    .fanout_count = live->workers,
			    .fanout_group = &group};
			enum cf_status status =
			    cf_capture_open(&options, &run->captures[i * live->workers + n], error);

			if (status != CF_OK)
				return status;
		}
	}
	return CF_OK;
}

static enum cf_status attach_prefilter(struct run *run, struct cf_error *error)
{
	struct cf_prefilter program;
	enum cf_status status;

	if (run->session.watchlist == NULL)
		return cf_error_set(error, CF_ENOTFOUND,
		    "cannot make a prefilter without an image; leave --prefilter out");
	for (unsigned i = 0; i < run->worker_count; i++) {
		status = cf_prefilter_build(run->session.watchlist->image,
		    cf_capture_link_type(run->captures[i]), &program, error);
		if (status == CF_OK)
			status = cf_capture_filter(
			    run->captures[i], program.code, program.length, error);
		if (status != CF_OK)
			return status;
	}
	return CF_OK;
}

/* dirname() of a copy; "." without a slash. Freed by the caller; NULL without memory. */
static char *folder_of(const char *path)
{
	char *copy = strdup(path), *folder = NULL;

	if (copy != NULL)
		folder = strdup(dirname(copy));
	free(copy);
	return folder;
}

/* The log file must belong to whom we become; a folder that does not stops rotation, and is said.
 */
static void hand_over_log(struct run *run, const char *path, const struct cf_sandbox_user *user)
{
	char *folder = folder_of(path);
	struct stat info;
	int fd;

	if (strcmp(path, "-") == 0 || geteuid() != 0)
		goto out;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || fchown(fd, user->uid, user->gid) != 0)
		say(run, "cannot hand '%s' over to user '%s': %s", path, user->name,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	if (folder != NULL && stat(folder, &info) == 0 && info.st_uid != user->uid &&
	    (info.st_mode & S_IWOTH) == 0)
		say(run,
		    "user '%s' cannot make files in '%s': after rotation the hit log goes on "
		    "in the old file; give it a folder of its own",
		    user->name, folder);
out:
	free(folder);
}

static void restrict_files(struct run *run, const char *hits_path)
{
	char *image_folder = folder_of(run->options.image_path);
	char *hits_folder = folder_of(hits_path);
	char *status_folder =
	    run->options.status_path == NULL ? NULL : folder_of(run->options.status_path);
	/* libpcap reads an interface's drops from /sys; a pseudonym key is read with the image. */
	struct cf_sandbox_paths paths = {
	    .read_only = {"/sys/class/net", "/sys/devices", image_folder, NULL}};
	struct cf_error error;
	unsigned count = 0;

	if (run->session.watchlist != NULL) {
		const char *key = cf_image_info(run->session.watchlist->image)->privacy_key_file;

		if (key[0] != '\0')
			paths.read_only[3] = key;
	}
	if (image_folder == NULL)
		paths.read_only[2] = NULL;
	if (strcmp(hits_path, "-") != 0 && hits_folder != NULL)
		paths.read_write[count++] = hits_folder;
	if (status_folder != NULL)
		paths.read_write[count] = status_folder;
	if (cf_sandbox_files(&paths, &error) != CF_OK) {
		say(run, "%s", error.text);
		run->result.degraded = true;
	}
	free(image_folder);
	free(hits_folder);
	free(status_folder);
}

/* Root and the file system go before the log is opened, so that its thread is born without. */
static enum cf_status give_up_privileges(struct run *run, struct cf_error *error)
{
	const char *hits_path = cf_session_hits_path(&run->session, &run->options);
	struct cf_sandbox_user user;
	enum cf_status status;

	if (!run->live->sandbox) {
		say(run, "running without a sandbox, as asked");
		return CF_OK;
	}
	status = cf_sandbox_find_user(run->live->user, &user, error);
	if (status != CF_OK)
		return status;
	hand_over_log(run, hits_path, &user);
	status = cf_sandbox_drop(&user, error);
	if (status == CF_OK)
		restrict_files(run, hits_path);
	return status;
}

static enum cf_status prepare_workers(struct run *run, struct cf_error *error)
{
	uint64_t seed = 0;

	/* Unpredictable, for the traffic is hostile; a failure leaves a constant, which is only
	 * slower. */
	(void)!getrandom(&seed, sizeof seed, 0);
	for (unsigned i = 0; i < run->worker_count; i++) {
		struct cf_capture *capture = run->captures[i];

		run->captures[i] = NULL;
		run->started_count = i + 1;
		if (cf_worker_init(&run->workers[i], capture, i / run->live->workers, &run->session,
		        seed, &run->stop) != CF_OK)
			return cf_error_set(error, CF_ENOMEM, "cannot start a worker: no memory");
	}
	run->producer = cf_log_producer(run->session.log);
	if (run->producer == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot start the monitor: no memory");
	return CF_OK;
}

static enum cf_status start(struct run *run, struct cf_error *error)
{
	struct cf_error trouble = {.status = CF_OK};
	struct cf_log_stats begun;
	enum cf_status status = cf_session_open_log(&run->session, &run->options, &trouble);

	if (status != CF_OK) {
		*error = trouble;
		return status;
	}
	cf_log_stats(run->session.log, &begun);
	run->started_wall_us = begun.started_wall_us;
	if (trouble.text[0] != '\0') {
		say(run, "%s", trouble.text);
		run->result.degraded = true;
	}
	status = prepare_workers(run, error);
	if (status != CF_OK)
		return status;
	if (run->live->sandbox && cf_sandbox_calls(&trouble) != CF_OK) {
		say(run, "%s", trouble.text);
		run->result.degraded = true;
	}
	for (unsigned i = 0; i < run->worker_count; i++)
		if (cf_worker_start(&run->workers[i]) != CF_OK)
			return cf_error_set(
			    error, CF_EIO, "cannot start a worker: %s", strerror(errno));
	return CF_OK;
}

/* Looks for a new image and hands it to the workers. A bad one is refused once, in one line. */
static void follow_image(struct run *run)
{
	struct cf_watchlist *fresh = NULL;
	const struct cf_image_info *info;
	struct cf_error error;
	enum cf_status status;

	status = cf_image_file_look(&run->image, &fresh, &error);
	if (status == CF_EAGAIN)
		return;
	if (status != CF_OK) {
		say(run, "new image refused: %s; %s", error.text,
		    run->session.watchlist == NULL ? "following hosts only"
		                                   : "keeping the one in force");
		return;
	}
	info = cf_image_info(fresh->image);
	for (unsigned i = 0; i < run->worker_count; i++)
		cf_worker_publish(&run->workers[i], fresh);
	cf_log_configure(run->session.log,
	    run->options.fold_s >= 0 ? (uint32_t)run->options.fold_s : info->fold_s, fresh->digest,
	    info->preset[0] != '\0' ? info->preset : info->policy_file);
	say(run, "image %.12s is in force", fresh->digest);
	cf_watchlist_put(run->session.watchlist);
	run->session.watchlist = fresh;
}

/* Says which interfaces are gone; false when none is left. */
static bool check_workers(struct run *run)
{
	unsigned alive = 0;

	for (unsigned i = 0; i < run->worker_count; i++) {
		struct cf_worker *worker = &run->workers[i];

		if (!atomic_load(&worker->failed)) {
			alive++;
		} else if (!run->lost_told[worker->interface]) {
			run->lost_told[worker->interface] = true;
			run->result.interfaces_lost++;
			say(run, "%s; going on without it", worker->error.text);
		}
	}
	return alive > 0;
}

static enum cf_status supervise(struct run *run, struct cf_error *error)
{
	const struct timespec second = {.tv_sec = 1};

	for (;;) {
		int signal_number = sigtimedwait(&run->signals, NULL, &second);

		if (signal_number == SIGTERM || signal_number == SIGINT)
			return CF_OK;
		follow_image(run);
		if (!check_workers(run))
			return cf_error_set(
			    error, CF_EIO, "no interface is left to listen on; stopping");
		if (atomic_load(&run->beats) != run->beats_told) {
			run->beats_told = atomic_load(&run->beats);
			tell_interfaces(run);
		}
	}
}

/* Workers read their rings empty; then what is unfinished is written, and the log is closed. */
static void finish(struct run *run)
{
	struct cf_worker_counts *sum = malloc(sizeof *sum);

	atomic_store(&run->stop, true);
	for (unsigned i = 0; i < run->started_count; i++)
		cf_worker_join(&run->workers[i]);
	if (run->started_count > 0 && run->workers[0].observe != NULL)
		cf_observe_flush(run->workers[0].observe);
	if (run->producer != NULL)
		tell_interfaces(run);
	if (sum != NULL) {
		run->result.iface_drops = iface_drops_of_all(run, sum);
		add_counts(run, 0, true, sum);
		run->result.decode = sum->decode;
		run->result.kernel_drops = sum->capture.kernel_drops;
	}
	free(sum);
	if (run->session.monitor != NULL)
		cf_monitor_stats(run->session.monitor, &run->result.observe);
	if (run->session.log != NULL)
		cf_log_stats(run->session.log, &run->result.log);
	cf_log_close(run->session.log); /* its last heartbeat reads the workers' counters */
	run->session.log = NULL;
	for (unsigned i = 0; i < run->started_count; i++)
		cf_worker_done(&run->workers[i]);
}

static void block_signals(struct run *run)
{
	sigemptyset(&run->signals);
	sigaddset(&run->signals, SIGTERM);
	sigaddset(&run->signals, SIGINT);
	sigaddset(&run->signals, SIGHUP);
	/* Threads inherit the mask: only the main thread takes these, one at a time. */
	pthread_sigmask(SIG_BLOCK, &run->signals, NULL);
}

static enum cf_status run_live(struct run *run, struct cf_error *error)
{
	struct cf_error trouble = {.status = CF_OK};
	enum cf_status status;

	/* Marks first: an image that is replaced right now is then seen as new. */
	cf_image_file_init(&run->image, run->options.image_path);
	status = cf_session_open(&run->options, &run->session, &trouble);
	if (status == CF_OK && run->session.watchlist == NULL) {
		say(run, "%s; following hosts only until a good image is there", trouble.text);
		run->result.degraded = true;
	}
	if (status != CF_OK) {
		*error = trouble;
		return status;
	}
	status = open_captures(run, error);
	if (status == CF_OK && run->live->prefilter)
		status = attach_prefilter(run, error);
	if (status == CF_OK)
		status = give_up_privileges(run, error);
	if (status == CF_OK)
		status = start(run, error);
	if (status == CF_OK)
		status = supervise(run, error);
	return status;
}

enum cf_status cf_live_run(
    const struct cf_live *live, struct cf_live_result *result_out, struct cf_error *error)
{
	struct run *run = calloc(1, sizeof *run);
	enum cf_status status = CF_ENOMEM;

	if (run == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot start the monitor: no memory");
	run->live = live;
	run->worker_count = live->interface_count * live->workers;
	run->workers = calloc(run->worker_count, sizeof *run->workers);
	run->captures = calloc(run->worker_count, sizeof(struct cf_capture *));
	run->options = live->session;
	run->options.offline = false;
	run->options.heartbeat = fill_heartbeat;
	run->options.arg = run;
	run->options.interface_names = live->interfaces;
	run->options.interface_count = live->interface_count;
	block_signals(run);
	if (run->workers == NULL || run->captures == NULL)
		(void)cf_error_set(error, status, "cannot start the monitor: no memory");
	else
		status = run_live(run, error);
	finish(run);
	for (unsigned i = 0; run->captures != NULL && i < run->worker_count; i++)
		cf_capture_close(run->captures[i]);
	cf_session_close(&run->session);
	*result_out = run->result;
	free(run->workers);
	free(run->captures);
	free(run);
	return status;
}
