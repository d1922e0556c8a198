/* Starting, supervising and ending a live run. */

#include "monitor/live.h"

#include "monitor/live_run.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static enum cf_status open_captures(struct cf_live_run *run, struct cf_error *error)
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

static enum cf_status attach_prefilter(struct cf_live_run *run, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	if (run->session.watchlist == NULL)
		return cf_error_set(error, CF_ENOTFOUND,
		    "cannot make a prefilter without an image; leave --prefilter out");
	run->prefilter = calloc(1, sizeof *run->prefilter);
	if (run->prefilter == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot make a prefilter: no memory");
	for (unsigned i = 0; i < run->worker_count; i++) {
		if (cf_capture_is_log(run->captures[i]))
			continue; /* rules choose what is logged */
		status = cf_prefilter_build(run->session.watchlist->image,
		    cf_capture_link_type(run->captures[i]), run->prefilter, error);
		if (status == CF_OK)
			status = cf_capture_filter(
			    run->captures[i], run->prefilter->code, run->prefilter->length, error);
		if (status != CF_OK)
			return status;
	}
	return CF_OK;
}

static enum cf_status prepare_workers(struct cf_live_run *run, struct cf_error *error)
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

static enum cf_status start(struct cf_live_run *run, struct cf_error *error)
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
		cf_live_say(run, "%s", trouble.text);
		run->result.degraded = true;
	}
	status = prepare_workers(run, error);
	if (status != CF_OK)
		return status;
	if (run->live->sandbox)
		cf_privileges_give_up_calls(&run->privileges);
	run->result.degraded = run->result.degraded || run->privileges.degraded;
	for (unsigned i = 0; i < run->worker_count; i++)
		if (cf_worker_start(&run->workers[i]) != CF_OK)
			return cf_error_set(
			    error, CF_EIO, "cannot start a worker: %s", strerror(errno));
	return CF_OK;
}

/*
 * The prefilter is locked into the kernel at the start, before the rights to change it are gone. An
 * image that would have another finds its new networks dropped there: that is said, once and in
 * each heartbeat.
 */
static void check_prefilter(struct cf_live_run *run, const struct cf_image *image)
{
	struct cf_prefilter *fresh;
	struct cf_error error;

	if (run->prefilter == NULL || atomic_load(&run->prefilter_stale))
		return;
	fresh = calloc(1, sizeof *fresh);
	if (fresh == NULL || cf_prefilter_build(image, DLT_EN10MB, fresh, &error) != CF_OK ||
	    fresh->length != run->prefilter->length ||
	    memcmp(fresh->code, run->prefilter->code, fresh->length * sizeof fresh->code[0]) != 0) {
		atomic_store(&run->prefilter_stale, true);
		run->result.degraded = true;
		cf_live_say(run,
		    "the prefilter is still that of the image before: networks and ports that are "
		    "new in this one are not seen; restart to have them passed");
	}
	free(fresh);
}

/* Looks for a new image and hands it to the workers. A bad one is refused once, in one line. */
static void follow_image(struct cf_live_run *run)
{
	struct cf_watchlist *fresh = NULL;
	const struct cf_image_info *info;
	struct cf_error error;
	enum cf_status status;

	status = cf_image_file_look(&run->image, &fresh, &error);
	if (status == CF_EAGAIN)
		return;
	if (status != CF_OK) {
		cf_live_say(run, "new image refused: %s; %s", error.text,
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
	cf_live_say(run, "image %.12s is in force", fresh->digest);
	check_prefilter(run, fresh->image);
	cf_watchlist_put(run->session.watchlist);
	run->session.watchlist = fresh;
}

/* Says which interfaces are gone; false when none is left. */
static bool check_workers(struct cf_live_run *run)
{
	unsigned alive = 0;

	for (unsigned i = 0; i < run->worker_count; i++) {
		struct cf_capture_worker *worker = &run->workers[i];

		if (!atomic_load(&worker->failed)) {
			alive++;
			if (run->lost_told[worker->interface])
				cf_live_say(run, "listening on '%s' again",
				    run->live->interfaces[worker->interface]);
			run->lost_told[worker->interface] = false;
		} else if (!run->lost_told[worker->interface]) {
			run->lost_told[worker->interface] = true;
			run->result.interfaces_lost++;
			cf_live_say(run, "%s; going on without it", worker->error.text);
		}
	}
	return alive > 0;
}

static enum cf_status supervise(struct cf_live_run *run, struct cf_error *error)
{
	const struct timespec second = {.tv_sec = 1};

	for (;;) {
		int signal_number = sigtimedwait(&run->signals, NULL, &second);

		if (signal_number == SIGTERM || signal_number == SIGINT)
			return CF_OK;
		follow_image(run);
		cf_live_take_totals(run);
		cf_live_look_at_links(run);
		if (!check_workers(run))
			return cf_error_set(
			    error, CF_EIO, "no interface is left to listen on; stopping");
		if (atomic_load(&run->beats) != run->beats_told) {
			run->beats_told = atomic_load(&run->beats);
			cf_live_tell_interfaces(run);
		}
	}
}

/* Workers read their rings empty; then what is unfinished is written, and the log is closed. */
static void finish(struct cf_live_run *run)
{
	struct cf_worker_counts *sum = malloc(sizeof *sum);

	atomic_store(&run->stop, true);
	for (unsigned i = 0; i < run->started_count; i++)
		cf_worker_join(&run->workers[i]);
	if (run->started_count > 0 && run->workers[0].observe != NULL)
		cf_observe_flush(run->workers[0].observe);
	if (run->producer != NULL) {
		cf_live_take_totals(run);
		cf_live_look_at_links(run);
		cf_live_tell_interfaces(run);
	}
	if (sum != NULL) {
		run->result.iface_drops = cf_live_iface_drops(run, sum);
		cf_live_add_counts(run, 0, true, sum);
		run->result.decode = sum->decode;
		run->result.kernel_drops = sum->capture.kernel_drops;
	}
	free(sum);
	if (run->session.monitor != NULL)
		cf_monitor_stats(run->session.monitor, &run->result.observe);
	if (run->session.log != NULL) {
		cf_log_end(run->session.log); /* its stop record reads the workers' counters */
		cf_log_stats(run->session.log, &run->result.log);
	}
	cf_log_close(run->session.log);
	run->session.log = NULL;
	for (unsigned i = 0; i < run->started_count; i++)
		cf_worker_done(&run->workers[i]);
}

static void block_signals(struct cf_live_run *run)
{
	sigemptyset(&run->signals);
	sigaddset(&run->signals, SIGTERM);
	sigaddset(&run->signals, SIGINT);
	sigaddset(&run->signals, SIGHUP);
	/* Threads inherit the mask: only the main thread takes these, one at a time. */
	pthread_sigmask(SIG_BLOCK, &run->signals, NULL);
}

/* Root and the file system go before the log is opened, so that its thread is born without. */
static enum cf_status give_up_privileges(struct cf_live_run *run, struct cf_error *error)
{
	const struct cf_watchlist *watchlist = run->session.watchlist;

	run->privileges = (struct cf_privileges){.user = run->live->user,
	    .image_path = run->options.image_path,
	    .key_path = watchlist == NULL ? "" : cf_image_info(watchlist->image)->privacy_key_file,
	    .sensor_key_path = run->options.key_path,
	    .hits_path = cf_session_hits_path(&run->session, &run->options),
	    .status_path = run->options.status_path,
	    .hand_over_log = true,
	    .sockets = run->sockets,
	    .socket_count = run->worker_count,
	    .say = run->live->say,
	    .arg = run->live->arg};
	for (unsigned i = 0; i < run->worker_count; i++)
		run->sockets[i] = cf_capture_fd(run->captures[i]);
	if (run->live->sandbox)
		return cf_privileges_give_up(&run->privileges, error);
	cf_live_say(run, "running without a sandbox, as asked");
	return CF_OK;
}

static void on_complaint(void *arg, const char *text)
{
	cf_live_say(arg, "%s", text);
}

static enum cf_status run_live(struct cf_live_run *run, struct cf_error *error)
{
	struct cf_error trouble = {.status = CF_OK};
	enum cf_status status;

	/* Marks first: an image that is replaced right now is then seen as new. */
	cf_image_file_init(&run->image, run->options.image_path);
	status = cf_session_open(&run->options, &run->session, &trouble);
	if (status == CF_OK && run->session.watchlist == NULL) {
		cf_live_say(
		    run, "%s; following hosts only until a good image is there", trouble.text);
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
	struct cf_live_run *run = calloc(1, sizeof *run);
	enum cf_status status = CF_ENOMEM;

	if (run == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot start the monitor: no memory");
	run->live = live;
	run->worker_count = live->interface_count * live->workers;
	run->workers = calloc(run->worker_count, sizeof *run->workers);
	run->captures = calloc(run->worker_count, sizeof(struct cf_capture *));
	run->sockets = calloc(run->worker_count, sizeof *run->sockets);
	run->options = live->session;
	run->options.offline = false;
	run->options.heartbeat = cf_live_fill_heartbeat;
	run->options.complain = on_complaint;
	run->options.arg = run;
	run->options.interface_names = live->interfaces;
	run->options.interface_count = live->interface_count;
	pthread_mutex_init(&run->links_lock, NULL);
	block_signals(run);
	if (run->workers == NULL || run->captures == NULL || run->sockets == NULL)
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
	free(run->sockets);
	free(run->prefilter);
	pthread_mutex_destroy(&run->links_lock);
	free(run);
	return status;
}
