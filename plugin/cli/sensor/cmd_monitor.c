/* `curfew monitor`: the passive sensor. */

#include "cli/front/cmd.h"

#include "cli/sensor/monitor_options.h"
#include "compile/image/mmdb_writer.h"
#include "egress/tally.h"
#include "monitor/capture/nflog.h"
#include "monitor/live.h"
#include "monitor/names.h"
#include "monitor/offline.h"
#include "monitor/sandbox.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static void on_progress(void *arg, const char *path, uint64_t used, uint64_t size)
{
	(void)arg;
	if (size > 0)
		fprintf(stderr, "\r%s: %3u %%", path, (unsigned)(used * 100 / size));
}

/* Progress is for people who wait for it. */
static bool shows_progress(const struct monitor_options *options)
{
	return !options->quiet && isatty(STDERR_FILENO) == 1;
}

static void print_decode(const struct cf_decoder_counters *decode)
{
	static const struct cf_observe_stats nothing = {.flows = 0};
	char text[4096];

	fprintf(stderr, "packets %llu bytes %llu failures %llu\n%s\n",
	    (unsigned long long)decode->at[CF_COUNT_FRAMES],
	    (unsigned long long)decode->at[CF_COUNT_FRAME_BYTES],
	    (unsigned long long)cf_decode_failures(decode),
	    cf_counters_format(decode, &nothing, text, sizeof text));
}

static int run_names(const struct monitor_options *options)
{
	bool progress = shows_progress(options);
	const struct cf_names names = {.files = options->sensor.files,
	    .file_count = options->sensor.file_count,
	    .to = stdout,
	    .sandbox = !options->sensor.no_sandbox,
	    .user = options->sensor.user,
	    .progress = progress ? on_progress : NULL,
	    .complain = sensor_complain_of_file,
	    .say = sensor_say};
	struct cf_names_result result;
	struct cf_error error = {.status = CF_OK};
	enum cf_status status = cf_names_run(&names, &result, &error);

	if (progress)
		fputs("\r\033[K", stderr);
	if (status != CF_OK)
		fprintf(stderr, "curfew: %s\n", error.text);
	if (options->sensor.stats)
		print_decode(&result.decode);
	return status != CF_OK || result.files_failed > 0 ? CMD_IO : CMD_OK;
}

static void print_stats(const struct cf_decoder_counters *decode,
    const struct cf_observe_stats *observe, const struct cf_log_stats *log)
{
	char text[4096];

	fprintf(stderr, "packets %llu bytes %llu hits %llu lines %llu lost %llu failures %llu\n",
	    (unsigned long long)decode->at[CF_COUNT_FRAMES],
	    (unsigned long long)decode->at[CF_COUNT_FRAME_BYTES], (unsigned long long)log->hits,
	    (unsigned long long)log->lines, (unsigned long long)(log->lost_queue + log->lost_disk),
	    (unsigned long long)cf_decode_failures(decode));
	fprintf(stderr, "%s\n", cf_counters_format(decode, observe, text, sizeof text));
	if (log->status_failed + log->folds_failed > 0)
		fprintf(stderr, "not written: status file %llu times, journal of repeats %llu\n",
		    (unsigned long long)log->status_failed, (unsigned long long)log->folds_failed);
}

static struct cf_session_options session_of(
    const struct monitor_options *options, char key_path[SENSOR_KEY_PATH_BYTES])
{
	struct cf_session_options session = sensor_session(&options->sensor, key_path);

	session.asn_path = options->asn_db;
	session.asn_is_pack = options->asn_is_pack;
	session.evidence = options->evidence;
	session.encrypted_dns = options->encrypted_dns;
	return session;
}

static int run_offline(const struct monitor_options *options)
{
	bool progress = shows_progress(options);
	char key_path[SENSOR_KEY_PATH_BYTES];
	struct cf_offline offline = {.files = options->sensor.files,
	    .file_count = options->sensor.file_count,
	    .session = session_of(options, key_path),
	    .sandbox = !options->sensor.no_sandbox,
	    .user = options->sensor.user,
	    .progress = progress ? on_progress : NULL,
	    .complain = sensor_complain_of_file,
	    .say = sensor_say};
	struct cf_offline_result result;
	struct cf_error error = {.status = CF_OK};
	enum cf_status status = cf_offline_run(&offline, &result, &error);

	if (progress)
		fputs("\r\033[K", stderr);
	if (status != CF_OK) {
		fprintf(stderr, "curfew: %s\n", error.text);
		return sensor_exit(status);
	}
	if (options->sensor.stats)
		print_stats(&result.decode, &result.observe, &result.log);
	return sensor_exit_of_files(&result.log, offline.session.hits_path, result.files_failed);
}

/* The exact counters of the rules, when their log is read; without them it goes on. */
static int open_totals(const struct monitor_options *options)
{
	int fd = -1;
#ifdef CF_HAVE_EGRESS
	struct cf_sandbox_user user;
	struct cf_error error;

	if (cf_nflog_is_among(options->interfaces, options->interface_count) &&
	    (cf_sandbox_find_user(options->sensor.user, &user, &error) != CF_OK ||
	        cf_tally_start(user.uid, user.gid, &fd, &error) != CF_OK))
		fprintf(stderr, "curfew: going on without the rules' counters: %s\n", error.text);
#else
	(void)options;
#endif
	return fd;
}

static int run_live(const struct monitor_options *options)
{
	char key_path[SENSOR_KEY_PATH_BYTES];
	struct cf_live live = {.interfaces = options->interfaces,
	    .interface_count = options->interface_count,
	    .workers = options->workers,
	    .buffer_mib = options->buffer_mib,
	    .promiscuous = !options->no_promiscuous,
	    .prefilter = options->prefilter,
	    .sandbox = !options->sensor.no_sandbox,
	    .user = options->sensor.user,
	    .session = session_of(options, key_path),
	    .totals_fd = open_totals(options),
	    .say = sensor_say};
	struct cf_live_result result = {.degraded = false};
	struct cf_error error = {.status = CF_OK};
	enum cf_status status = cf_live_run(&live, &result, &error);

	if (live.totals_fd >= 0)
		close(live.totals_fd);
	if (status != CF_OK)
		fprintf(stderr, "curfew: %s\n", error.text);
	if (options->sensor.stats) {
		print_stats(&result.decode, &result.observe, &result.log);
		fprintf(stderr, "kernel drops %llu interface drops %llu\n",
		    (unsigned long long)result.kernel_drops,
		    (unsigned long long)result.iface_drops);
	}
	if (status != CF_OK)
		return sensor_exit(status);
	return result.degraded || result.interfaces_lost > 0 ? CMD_DEGRADED : CMD_OK;
}

int cmd_monitor(int argc, char **argv)
{
	struct monitor_options options;
	int result, pack_asn = -1;
	char pack_path[CF_MMDB_PATH_BYTES];

	if (!monitor_options_read(argc, argv, &options, &result))
		goto out;
	if (!options.names && options.asn_db == NULL) {
		/* The pack's own AS numbers, when the operator has no larger database. Without
		 * memory the run goes on without. */
		pack_asn = cf_mmdb_memory_file(options.sensor.image, pack_path);
		options.asn_is_pack = pack_asn >= 0;
		options.asn_db = pack_asn >= 0 ? pack_path : NULL;
	}
	if (options.names)
		result = run_names(&options);
	else if (options.sensor.file_count > 0)
		result = run_offline(&options);
	else
		result = run_live(&options);
out:
	if (pack_asn >= 0)
		close(pack_asn);
	monitor_options_done(&options);
	return result;
}
