/* Starting, supervising and ending a run. */

#include "tap/live.h"

#include "monitor/image_file.h"
#include "monitor/privileges.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define US_PER_S  INT64_C(1000000)
#define SECOND_MS 1000

struct run {
	const struct cf_tap_live *live;
	struct cf_session_options options;
	struct cf_session session; /* watchlist and log alone */
	struct cf_privileges privileges;
	struct cf_image_file image;
	struct cf_tap_streams *streams;
	int sockets[CF_TAP_SOCKETS];
	struct cf_intake *intake;
	int signals_fd;
	struct cf_tap_result result;
	pthread_mutex_t lock;        /* guards the two below, which the log's thread reads */
	struct cf_tap_counts counts; /* as of the last look */
	struct cf_tap_watch watch;
	char extra[CF_RECORD_BYTES / 2]; /* the log thread's */
};

static int64_t clock_us(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now); /* cannot fail for these clocks */
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static void CF_PRINTF(2, 3) say(struct run *run, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	run->live->say(run->live->arg, text);
}

/* On the log's thread. */
static void on_complaint(void *arg, const char *text)
{
	say(arg, "%s", text);
}

/* On the log's thread. */
static void fill_heartbeat(void *arg, struct cf_heartbeat *heartbeat)
{
	struct run *run = arg;
	struct cf_tap_counts counts;
	struct cf_tap_watch watch;

	pthread_mutex_lock(&run->lock);
	counts = run->counts;
	watch = run->watch;
	run->watch.blind_since_wall_us = 0;
	pthread_mutex_unlock(&run->lock);
	heartbeat->queries = counts.answers > counts.questions ? counts.answers : counts.questions;
	heartbeat->iface_drops = counts.missing;
	heartbeat->decode_failures = counts.malformed + watch.refused;
	heartbeat->evictions = counts.judged.evicted;
	/* Rounded up: what is not nothing must not look like it. */
	heartbeat->dark_s = (watch.dark_us + US_PER_S - 1) / US_PER_S;
	heartbeat->blind_since_wall_us = watch.blind_since_wall_us;
	heartbeat->extra_json = cf_tap_counts_format(&counts, run->extra, sizeof run->extra);
}

/* What is due once a second. */
static void look(struct run *run)
{
	int64_t wall_us = clock_us(CLOCK_REALTIME);
	struct cf_tap_counts counts;
	struct cf_tap_watch watch;

	cf_tap_streams_look(run->streams, run->intake, clock_us(CLOCK_MONOTONIC), wall_us);
	cf_intake_reap(run->intake, wall_us);
	cf_intake_counts(run->intake, &counts);
	cf_tap_streams_watch(run->streams, true, &watch);
	counts.missing = watch.missing;
	pthread_mutex_lock(&run->lock);
	if (run->watch.blind_since_wall_us != 0)
		watch.blind_since_wall_us = run->watch.blind_since_wall_us;
	run->counts = counts;
	run->watch = watch;
	pthread_mutex_unlock(&run->lock);
}

/* Looks for a new image. A bad one is refused once, in one line. */
static void follow_image(struct run *run)
{
	struct cf_watchlist *fresh = NULL;
	const struct cf_image_info *info;
	struct cf_error error;
	enum cf_status status = cf_image_file_look(&run->image, &fresh, &error);

	if (status == CF_EAGAIN)
		return;
	if (status != CF_OK) {
		say(run, "new image refused: %s; %s", error.text,
		    run->session.watchlist == NULL ? "recording nothing"
		                                   : "keeping the one in force");
		return;
	}
	info = cf_image_info(fresh->image);
	cf_intake_swap(run->intake, fresh, clock_us(CLOCK_REALTIME));
	cf_log_configure(run->session.log,
	    run->options.fold_s >= 0 ? (uint32_t)run->options.fold_s : info->fold_s, fresh->digest,
	    info->preset[0] != '\0' ? info->preset : info->policy_file);
	say(run, "image %.12s is in force", fresh->digest);
	cf_watchlist_put(run->session.watchlist);
	run->session.watchlist = fresh;
}

/* False: told to stop. */
static bool take_signals(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals_fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			return false;
	return true;
}

static void supervise(struct run *run)
{
	int64_t looked_us = 0;

	for (;;) {
		int64_t now_us = clock_us(CLOCK_MONOTONIC);

		if (now_us - looked_us >= US_PER_S) {
			looked_us = now_us;
			follow_image(run);
			look(run);
		}
		if (!cf_tap_streams_poll(run->streams, run->intake, run->signals_fd,
		        (int)(SECOND_MS - (now_us - looked_us) / 1000)))
			continue;
		if (!take_signals(run))
			return;
		looked_us = 0; /* SIGHUP */
	}
}

static enum cf_status catch_signals(struct run *run, struct cf_error *error)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	/* Threads inherit the mask: only the main thread takes these, where it reads them. */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	run->signals_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (run->signals_fd < 0)
		return cf_error_set(error, CF_EIO, "cannot take signals: %s", strerror(errno));
	return CF_OK;
}

static enum cf_status open_image(struct run *run, struct cf_error *error)
{
	struct cf_error trouble;
	enum cf_status status;

	cf_session_read_key(&run->session, &run->options);
	/* Marks first: an image that is replaced right now is then seen as new. */
	cf_image_file_init(&run->image, run->options.image_path);
	status = cf_watchlist_open(run->options.image_path, &run->session.watchlist, &trouble);
	if (status == CF_ENOMEM)
		return cf_error_set(error, status, "%s", trouble.text);
	if (status != CF_OK) {
		say(run, "%s; recording nothing until a good image is there", trouble.text);
		run->result.degraded = true;
	}
	return CF_OK;
}

static enum cf_status open_streams(struct run *run, struct cf_error *error)
{
	struct cf_tap_streams_options options = run->live->streams;
	enum cf_status status;

	options.say = run->live->say;
	options.arg = run->live->arg;
	status = cf_tap_streams_open(&options, &run->streams, error);
	if (status == CF_OK)
		cf_tap_streams_sockets(run->streams, run->sockets);
	return status;
}

/* Root and the file system go before the log is opened, so that its thread is born without. */
static enum cf_status give_up_privileges(struct run *run, struct cf_error *error)
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
	    .socket_count = run->live->streams.path_count,
	    .listening = true,
	    .say = run->live->say,
	    .arg = run->live->arg};
	if (run->live->sandbox)
		return cf_privileges_give_up(&run->privileges, error);
	say(run, "running without a sandbox, as asked");
	return CF_OK;
}

static enum cf_status start(struct run *run, struct cf_error *error)
{
	struct cf_intake_options options = {.locality = &run->options.locality};
	struct cf_error trouble = {.status = CF_OK};
	enum cf_status status = cf_session_open_log(&run->session, &run->options, &trouble);

	if (status != CF_OK) {
		*error = trouble;
		return status;
	}
	if (trouble.text[0] != '\0') {
		say(run, "%s", trouble.text);
		run->result.degraded = true;
	}
	/* Unpredictable, for clients choose what is hashed; a failure leaves a constant, which is
	 * only slower. */
	(void)!getrandom(&options.seed, sizeof options.seed, 0);
	options.producer = cf_log_producer(run->session.log);
	if (options.producer == NULL || cf_intake_new(&options, &run->intake) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "cannot start the tap: no memory");
	cf_intake_swap(run->intake, run->session.watchlist, clock_us(CLOCK_REALTIME));
	if (run->live->sandbox)
		cf_privileges_give_up_calls(&run->privileges);
	run->result.degraded = run->result.degraded || run->privileges.degraded;
	return CF_OK;
}

/* What waits is told; then the log is closed. */
static void finish(struct run *run)
{
	if (run->intake != NULL) {
		cf_intake_flush(run->intake, clock_us(CLOCK_REALTIME));
		look(run);
	}
	if (run->session.log != NULL) {
		cf_log_end(run->session.log); /* its stop record reads the counters */
		cf_log_stats(run->session.log, &run->result.log);
	}
	cf_log_close(run->session.log);
	cf_sensor_key_free(run->session.key);
	run->result.counts = run->counts;
	run->result.watch = run->watch;
	cf_intake_free(run->intake);
	cf_tap_streams_close(run->streams);
	cf_watchlist_put(run->session.watchlist);
	if (run->signals_fd >= 0)
		close(run->signals_fd);
}

enum cf_status cf_tap_live_run(
    const struct cf_tap_live *live, struct cf_tap_result *result_out, struct cf_error *error)
{
	struct run run = {.live = live, .options = live->session, .signals_fd = -1};
	enum cf_status status;

	run.options.source = "tap";
	run.options.offline = false;
	run.options.heartbeat = fill_heartbeat;
	run.options.complain = on_complaint;
	run.options.arg = &run;
	pthread_mutex_init(&run.lock, NULL);
	status = catch_signals(&run, error);
	if (status == CF_OK)
		status = open_image(&run, error);
	if (status == CF_OK)
		status = open_streams(&run, error);
	if (status == CF_OK)
		status = give_up_privileges(&run, error);
	if (status == CF_OK)
		status = start(&run, error);
	if (status == CF_OK)
		supervise(&run);
	finish(&run);
	pthread_mutex_destroy(&run.lock);
	*result_out = run.result;
	return status;
}
