/* Files in, records out, on one thread. */

#include "monitor/offline.h"

#include "monitor/capture/inputs.h"
#include "monitor/capture/packet_clock.h"
#include "monitor/privileges.h"

#include <stdio.h>
#include <string.h>

#define US_PER_S INT64_C(1000000)
/* Frames whose memory is fetched at the same time: enough to hide the wait, few enough to stay in
 * the first-level cache. */
#define BATCH_FRAMES 8U
/* Batches between two looks at the progress. */
#define PROGRESS_BATCHES 8192U

struct run {
	const struct cf_offline *offline;
	struct cf_session session;
	struct cf_inputs *inputs;
	struct cf_decoder *decoder;
	struct cf_observe *observe;
	struct cf_packet_clock clock;
	int64_t pumped_wall_us, now_wall_us;
	char extra[CF_RECORD_BYTES / 2];
};

static void fill_heartbeat(void *arg, struct cf_heartbeat *heartbeat)
{
	struct run *run = arg;
	struct cf_observe_stats stats;
	const struct cf_decoder_counters *counters;

	if (run->decoder == NULL)
		return;
	counters = cf_decoder_counters_get(run->decoder);
	cf_monitor_stats(run->session.monitor, &stats);
	heartbeat->packets = counters->at[CF_COUNT_FRAMES];
	heartbeat->bytes = counters->at[CF_COUNT_FRAME_BYTES];
	heartbeat->decode_failures = cf_decode_failures(counters);
	heartbeat->evictions = cf_session_evictions(counters, &stats);
	heartbeat->extra_json = cf_counters_format(counters, &stats, run->extra, sizeof run->extra);
}

static void on_trouble(void *arg, const char *text)
{
	struct run *run = arg;

	if (run->offline->say != NULL)
		run->offline->say(run->offline->arg, text);
}

/* What is due each second of packet time; time may also start over with the next file. */
static void each_second(struct run *run, int64_t at_wall_us)
{
	run->pumped_wall_us = at_wall_us;
	cf_decoder_reap(run->decoder, at_wall_us);
	cf_observe_reap(run->observe, at_wall_us);
	cf_log_pump(run->session.log, at_wall_us);
}

static void take_frame(struct run *run, const struct cf_frame *frame, int64_t at_wall_us)
{
	run->now_wall_us = at_wall_us;
	if (at_wall_us - run->pumped_wall_us >= US_PER_S ||
	    at_wall_us < run->pumped_wall_us - US_PER_S)
		each_second(run, at_wall_us);
	cf_decoder_packet(run->decoder, frame->link_type, 0, at_wall_us, frame->data,
	    frame->captured_bytes, frame->wire_bytes);
}

/* Whether all times of the batch are plain, so that nothing has to be weighed. */
static bool are_near(const struct run *run, const struct cf_frame *frames, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!cf_packet_clock_is_near(&run->clock, frames[i].at_wall_us))
			return false;
	return count > 0;
}

static void take_frames(struct run *run, const struct cf_frame *frames, unsigned count)
{
	const bool plain = are_near(run, frames, count);
	int64_t times_us[BATCH_FRAMES];

	if (plain) {
		cf_packet_clock_advance(&run->clock, frames[count - 1].at_wall_us);
	} else {
		for (unsigned i = 0; i < count; i++)
			times_us[i] = frames[i].at_wall_us;
		cf_packet_clock_believe(&run->clock, times_us, count);
	}
	for (unsigned i = 0; i < count; i++)
		take_frame(run, &frames[i], plain ? frames[i].at_wall_us : times_us[i]);
}

static enum cf_status read_file(struct run *run, unsigned number, struct cf_error *error)
{
	const struct cf_offline *offline = run->offline;
	const char *path = offline->files[number];
	struct cf_capture_file *file;
	struct cf_frame frames[BATCH_FRAMES];
	enum cf_status status = cf_inputs_take(run->inputs, number, &file, error);
	unsigned count, batches = 0;

	if (status != CF_OK)
		return status;
	cf_packet_clock_begin(&run->clock);
	while (
	    (status = cf_capture_file_batch(file, frames, BATCH_FRAMES, &count, error)) == CF_OK) {
		for (unsigned i = 0; i < count; i++)
			cf_decoder_expect(run->decoder, frames[i].link_type, frames[i].data,
			    frames[i].captured_bytes);
		take_frames(run, frames, count);
		if (++batches % PROGRESS_BATCHES == 0 && offline->progress != NULL) {
			uint64_t used, size;

			cf_capture_file_progress(file, &used, &size);
			offline->progress(offline->arg, path, used, size);
		}
	}
	cf_capture_file_close(file);
	return status == CF_ENOTFOUND ? CF_OK : status;
}

static enum cf_status prepare(struct run *run, struct cf_error *error)
{
	struct cf_producer *producer = cf_log_producer(run->session.log);
	struct cf_observer observer;

	if (producer == NULL ||
	    cf_observe_new(run->session.monitor, producer, run->session.watchlist, &run->observe) !=
	        CF_OK)
		return cf_error_set(error, CF_ENOMEM, "cannot start the monitor: no memory");
	observer = cf_observe_observer(run->observe);
	if (cf_decoder_new(&observer, run->offline->session.seed, &run->decoder) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "cannot start the decoder: no memory");
	return CF_OK;
}

/* Everything unfinished is said at the time of the last packet. */
static void finish(struct run *run, struct cf_offline_result *result)
{
	char text[160];

	if (run->clock.doubted > 0) {
		snprintf(text, sizeof text,
		    "%llu packets with times a day and more from those around them pass for the "
		    "time of the packet before",
		    (unsigned long long)run->clock.doubted);
		on_trouble(run, text);
	}
	cf_decoder_flush(run->decoder);
	cf_observe_flush(run->observe);
	cf_log_pump(run->session.log, run->now_wall_us);
	cf_log_end(run->session.log); /* its stop record reads the decoder's counters */
	result->decode = *cf_decoder_counters_get(run->decoder);
	cf_monitor_stats(run->session.monitor, &result->observe);
	cf_log_stats(run->session.log, &result->log);
}

/* Image, key, captures and log are open by now: nothing else is needed. */
static enum cf_status give_up_privileges(
    struct run *run, const struct cf_session_options *options, struct cf_error *error)
{
	struct cf_privileges privileges = {.user = run->offline->user,
	    .hits_path = cf_session_hits_path(&run->session, options),
	    .status_path = options->status_path,
	    .say = run->offline->say,
	    .arg = run->offline->arg};
	enum cf_status status = cf_privileges_give_up(&privileges, error);

	if (status == CF_OK)
		cf_privileges_give_up_calls(&privileges);
	return status;
}

enum cf_status cf_offline_run(
    const struct cf_offline *offline, struct cf_offline_result *result_out, struct cf_error *error)
{
	static const char *const no_name[1] = {NULL};
	struct run run = {.offline = offline, .pumped_wall_us = INT64_MIN / 2};
	struct cf_session_options options = offline->session;
	struct cf_offline_result result = {.files_failed = 0};
	enum cf_status status;

	options.offline = true;
	options.heartbeat = fill_heartbeat;
	options.complain = on_trouble;
	options.arg = &run;
	options.interface_names = no_name;
	options.interface_count = 1;
	if (cf_inputs_open(offline->files, offline->file_count, &run.inputs) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "cannot start the monitor: no memory");
	options.input_id = cf_inputs_id(run.inputs);
	status = cf_session_open(&options, &run.session, error);
	if (status != CF_OK) {
		cf_inputs_close(run.inputs);
		return status;
	}
	status = cf_session_open_log(&run.session, &options, error);
	if (status == CF_OK)
		status = prepare(&run, error);
	if (status == CF_OK && offline->sandbox)
		status = give_up_privileges(&run, &options, error);
	if (status != CF_OK)
		goto out;
	for (unsigned i = 0; i < offline->file_count; i++) {
		if (read_file(&run, i, error) == CF_OK)
			continue;
		result.files_failed++;
		if (offline->complain != NULL)
			offline->complain(offline->arg, error->text);
	}
	finish(&run, &result);
	*result_out = result;
out:
	cf_log_close(run.session.log);
	run.session.log = NULL;
	cf_observe_free(run.observe);
	cf_decoder_free(run.decoder);
	cf_session_close(&run.session);
	cf_inputs_close(run.inputs);
	return status;
}
