/* `curfew monitor`: the passive sensor. */

#include "cli/front/cmd.h"

#include "cli/sensor/monitor_options.h"
#include "egress/tally.h"
#include "monitor/capture/inputs.h"
#include "monitor/capture/nflog.h"
#include "monitor/decode/decoder.h"
#include "monitor/live.h"
#include "monitor/names_printer.h"
#include "monitor/offline.h"
#include "monitor/privileges.h"
#include "monitor/sandbox.h"

#include "compile/image/mmdb_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The longest path of a key: a name in a folder. */
#define KEY_PATH_BYTES (CF_PATH_BYTES + 16)
/* Packets between two looks at the progress. */
#define PROGRESS_PACKETS 65536U

static void show_progress(const struct cf_capture_file *file, const char *path)
{
	uint64_t used, size;

	cf_capture_file_progress(file, &used, &size);
	if (size > 0)
		fprintf(stderr, "\r%s: %3u %%", path, (unsigned)(used * 100 / size));
}

/* Reads one file to its end, or as far as it can be read. */
static enum cf_status read_file(struct cf_decoder *decoder, struct cf_inputs *inputs,
    unsigned number, const char *path, bool progress, struct cf_error *error)
{
	struct cf_capture_file *file;
	struct cf_frame frame;
	enum cf_status status = cf_inputs_take(inputs, number, &file, error);

	if (status != CF_OK)
		return status;
	for (unsigned count = 1; (status = cf_capture_file_next(file, &frame, error)) == CF_OK;
	     count++) {
		cf_decoder_packet(decoder, frame.link_type, frame.interface, frame.at_wall_us,
		    frame.data, frame.captured_bytes, frame.wire_bytes);
		if (progress && count % PROGRESS_PACKETS == 0)
			show_progress(file, path);
	}
	if (progress)
		fputs("\r\033[K", stderr);
	cf_capture_file_close(file);
	return status == CF_ENOTFOUND ? CF_OK : status;
}

static void on_line(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "curfew: %s\n", text);
}

/* The captures are open by now, and names go to standard output: nothing else is needed. */
static enum cf_status give_up_privileges(
    const struct monitor_options *options, struct cf_error *error)
{
	struct cf_privileges privileges = {.user = options->user, .say = on_line};
	enum cf_status status = CF_OK;

	if (options->no_sandbox)
		return CF_OK;
	status = cf_privileges_give_up(&privileges, error);
	if (status == CF_OK)
		cf_privileges_give_up_calls(&privileges);
	return status;
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

static int read_names(const struct monitor_options *options, struct cf_inputs *inputs,
    struct cf_decoder *decoder, struct cf_names_printer *printer)
{
	bool progress = !options->quiet && isatty(STDERR_FILENO) == 1;
	struct cf_error error = {.status = CF_OK};
	int result = CMD_OK;

	if (give_up_privileges(options, &error) != CF_OK) {
		fprintf(stderr, "curfew: %s\n", error.text);
		return CMD_IO;
	}
	for (unsigned i = 0; i < options->file_count; i++)
		if (read_file(decoder, inputs, i, options->files[i], progress, &error) != CF_OK) {
			fprintf(stderr, "curfew: %s; going on with what was read\n", error.text);
			result = CMD_IO;
		}
	cf_decoder_flush(decoder);
	if (fflush(stdout) != 0 || cf_names_printer_status(printer) != CF_OK) {
		fputs("curfew: cannot write the names\n", stderr);
		result = CMD_IO;
	}
	if (options->stats)
		print_decode(cf_decoder_counters_get(decoder));
	return result;
}

static int run_names(const struct monitor_options *options)
{
	struct cf_names_printer *printer = NULL;
	struct cf_decoder *decoder = NULL;
	struct cf_inputs *inputs = NULL;
	struct cf_observer observer;
	int result = CMD_IO;

	if (cf_names_printer_new(stdout, &printer) == CF_OK) {
		observer = cf_names_printer_observer(printer);
		if (cf_decoder_new(&observer, 0, &decoder) == CF_OK &&
		    cf_inputs_open(options->files, options->file_count, &inputs) == CF_OK)
			result = read_names(options, inputs, decoder, printer);
	}
	if (inputs == NULL)
		fputs("curfew: no memory\n", stderr);
	cf_inputs_close(inputs);
	cf_decoder_free(decoder);
	cf_names_printer_free(printer);
	return result;
}

static void on_progress(void *arg, const char *path, uint64_t used, uint64_t size)
{
	(void)arg;
	if (size > 0)
		fprintf(stderr, "\r%s: %3u %%", path, (unsigned)(used * 100 / size));
}

static void on_complaint(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "curfew: %s; going on with what was read\n", text);
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

/* Files are read by people, who name a key if they want one; live there is one of the machine's. */
static const char *key_of(const struct monitor_options *options, char path[KEY_PATH_BYTES])
{
	if (options->key != NULL)
		return strcmp(options->key, "none") == 0 ? NULL : options->key;
	if (options->file_count > 0)
		return NULL;
	(void)snprintf(path, KEY_PATH_BYTES, "%s/monitor.key", options->paths.keys);
	return path;
}

static struct cf_session_options session_of(
    const struct monitor_options *options, char key_path[KEY_PATH_BYTES])
{
	return (struct cf_session_options){.image_path = options->image,
	    .hits_path = options->hits,
	    .sensor = options->sensor,
	    .asn_path = options->asn_db,
	    .asn_is_pack = options->asn_is_pack,
	    .status_path = options->status,
	    .key_path = key_of(options, key_path),
	    .send_seals = options->seals == NULL ? options->file_count == 0
	                                         : strcmp(options->seals, "syslog") == 0,
	    .evidence = options->evidence,
	    .encrypted_dns = options->encrypted_dns,
	    .fold_s = options->fold_s,
	    .locality = options->locality};
}

/*
 * The pack's own AS numbers, when the operator has no larger database: a file in memory that
 * libmaxminddb opens by its path. Without memory the run goes on without.
 */
static int open_pack_asn(const char *image_path, char path[32])
{
	struct cf_image *image;
	struct cf_error error;
	uint8_t *data = NULL;
	size_t len = 0, at = 0;
	int fd = -1;

	if (cf_image_open(image_path, &image, &error) != CF_OK)
		return -1; /* the run itself will say so */
	if (cf_mmdb_build(image, &data, &len) == CF_OK)
		fd = memfd_create("curfew-asn", MFD_CLOEXEC);
	while (fd >= 0 && at < len) {
		ssize_t written = write(fd, data + at, len - at);

		if (written <= 0) {
			close(fd);
			fd = -1;
		}
		at += written > 0 ? (size_t)written : 0;
	}
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	free(data);
	cf_image_close(image);
	return fd;
}

static int exit_of(enum cf_status status)
{
	return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
}

static int run_offline(const struct monitor_options *options)
{
	bool progress = !options->quiet && isatty(STDERR_FILENO) == 1;
	char key_path[KEY_PATH_BYTES];
	struct cf_offline offline = {.files = options->files,
	    .file_count = options->file_count,
	    .session = session_of(options, key_path),
	    .sandbox = !options->no_sandbox,
	    .user = options->user,
	    .progress = progress ? on_progress : NULL,
	    .complain = on_complaint,
	    .say = on_line};
	struct cf_offline_result result;
	struct cf_error error = {.status = CF_OK};
	enum cf_status status;

	/* Files are asked about, not watched: results go where the terminal is. */
	if (offline.session.hits_path == NULL)
		offline.session.hits_path = "-";
	status = cf_offline_run(&offline, &result, &error);
	if (progress)
		fputs("\r\033[K", stderr);
	if (status != CF_OK) {
		fprintf(stderr, "curfew: %s\n", error.text);
		return exit_of(status);
	}
	if (options->stats)
		print_stats(&result.decode, &result.observe, &result.log);
	if (result.log.lost_disk > 0 || result.log.lost_queue > 0 || result.log.degraded) {
		fprintf(stderr, "curfew: not all could be written to '%s'\n",
		    offline.session.hits_path);
		return CMD_IO;
	}
	if (result.log.status_failed > 0) /* said by now */
		return CMD_IO;
	return result.files_failed > 0 ? CMD_IO : CMD_OK;
}

/* The exact counters of the rules, when their log is read; without them it goes on. */
static int open_totals(const struct monitor_options *options)
{
	int fd = -1;
#ifdef CF_HAVE_EGRESS
	bool wanted = false;
	struct cf_sandbox_user user;
	struct cf_error error;

	for (unsigned i = 0; i < options->interface_count; i++)
		wanted = wanted || cf_nflog_is_name(options->interfaces[i]);
	if (wanted &&
	    (cf_sandbox_find_user(options->user, &user, &error) != CF_OK ||
	        cf_tally_start(user.uid, user.gid, &fd, &error) != CF_OK))
		fprintf(stderr, "curfew: going on without the rules' counters: %s\n", error.text);
#else
	(void)options;
#endif
	return fd;
}

static int run_live(const struct monitor_options *options)
{
	char key_path[KEY_PATH_BYTES];
	struct cf_live live = {.interfaces = options->interfaces,
	    .interface_count = options->interface_count,
	    .workers = options->workers,
	    .buffer_mib = options->buffer_mib,
	    .promiscuous = !options->no_promiscuous,
	    .prefilter = options->prefilter,
	    .sandbox = !options->no_sandbox,
	    .user = options->user,
	    .session = session_of(options, key_path),
	    .totals_fd = open_totals(options),
	    .say = on_line};
	struct cf_live_result result = {.degraded = false};
	struct cf_error error = {.status = CF_OK};
	enum cf_status status;

	status = cf_live_run(&live, &result, &error);
	if (live.totals_fd >= 0)
		close(live.totals_fd);
	if (status != CF_OK)
		fprintf(stderr, "curfew: %s\n", error.text);
	if (options->stats) {
		print_stats(&result.decode, &result.observe, &result.log);
		fprintf(stderr, "kernel drops %llu interface drops %llu\n",
		    (unsigned long long)result.kernel_drops,
		    (unsigned long long)result.iface_drops);
	}
	if (status != CF_OK)
		return exit_of(status);
	return result.degraded || result.interfaces_lost > 0 ? CMD_DEGRADED : CMD_OK;
}

int cmd_monitor(int argc, char **argv)
{
	struct monitor_options options;
	int result, pack_asn = -1;
	char pack_path[32];

	if (!monitor_options_read(argc, argv, &options, &result))
		goto out;
	if (!options.names && options.asn_db == NULL) {
		pack_asn = open_pack_asn(options.image, pack_path);
		options.asn_is_pack = pack_asn >= 0;
		options.asn_db = pack_asn >= 0 ? pack_path : NULL;
	}
	if (options.names)
		result = run_names(&options);
	else if (options.file_count > 0)
		result = run_offline(&options);
	else
		result = run_live(&options);
out:
	if (pack_asn >= 0)
		close(pack_asn);
	monitor_options_done(&options);
	return result;
}
