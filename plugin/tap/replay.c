/* Files in, records out. */

#include "tap/replay.h"

#include "base/sha256.h"
#include "monitor/capture/byte_source.h"
#include "monitor/privileges.h"
#include "tap/balance.h"
#include "tap/frames.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_S   INT64_C(1000000)
#define READ_BYTES 65536

struct run {
	const struct cf_tap_replay *replay;
	struct cf_session_options options;
	struct cf_session session; /* watchlist and log alone */
	struct cf_byte_source **sources;
	char input_id[CF_SHA256_TEXT_BYTES];
	struct cf_intake *intake;
	struct cf_balance *balance; /* of the file that is read */
	uint64_t missing;
	int64_t pumped_wall_us, now_wall_us;
	uint8_t buffer[READ_BYTES];
	char extra[CF_RECORD_BYTES / 2];
	struct cf_tap_result result;
};

static void read_counts(const struct run *run, struct cf_tap_counts *counts_out)
{
	cf_intake_counts(run->intake, counts_out);
	counts_out->missing = run->missing;
}

static void fill_heartbeat(void *arg, struct cf_heartbeat *heartbeat)
{
	struct run *run = arg;
	struct cf_tap_counts counts;

	if (run->intake == NULL)
		return;
	read_counts(run, &counts);
	heartbeat->queries = counts.answers > counts.questions ? counts.answers : counts.questions;
	heartbeat->iface_drops = counts.missing;
	heartbeat->decode_failures = counts.malformed;
	heartbeat->evictions = counts.judged.evicted;
	heartbeat->extra_json = cf_tap_counts_format(&counts, run->extra, sizeof run->extra);
}

/* What is due each second of the messages' time; time may also start over with the next file. */
static void each_second(struct run *run)
{
	run->pumped_wall_us = run->now_wall_us;
	cf_intake_reap(run->intake, run->now_wall_us);
	cf_log_pump(run->session.log, run->now_wall_us);
}

static void on_frame(void *arg, const uint8_t *payload, size_t len)
{
	struct run *run = arg;
	int64_t at_wall_us = 0, ahead_us;

	(void)cf_intake_take(
	    run->intake, run->balance, payload, len, run->now_wall_us, &at_wall_us);
	if (at_wall_us == 0)
		return;
	ahead_us = at_wall_us - run->now_wall_us;
	/* Threads of a server take turns: time goes back by less than a second all the while. */
	if (ahead_us > 0 || ahead_us < -CF_TAP_DELAY_S * US_PER_S)
		run->now_wall_us = at_wall_us;
	if (run->now_wall_us - run->pumped_wall_us >= US_PER_S ||
	    run->now_wall_us < run->pumped_wall_us)
		each_second(run);
}

static enum cf_status read_frames(struct run *run, struct cf_byte_source *source,
    struct cf_frames *frames, struct cf_error *error)
{
	enum cf_status status = CF_OK;
	size_t len = 1;

	while (status == CF_OK && len > 0) {
		status = cf_byte_source_read(source, run->buffer, sizeof run->buffer, &len, error);
		if (status == CF_OK)
			status = cf_frames_feed(frames, run->buffer, len, error);
	}
	if (status == CF_OK && (!cf_frames_begun(frames) || !cf_frames_between(frames)))
		return cf_error_set(error, CF_EMALFORMED, "it ends within a frame");
	return status;
}

static enum cf_status read_file(struct run *run, unsigned number, struct cf_error *error)
{
	static const uint8_t key[16] = {'t', 'a', 'p'}; /* the same file, the same records */
	struct cf_frames *frames = NULL;
	struct cf_error why = {.status = CF_OK};
	enum cf_status status = CF_ENOMEM;

	if (run->sources[number] == NULL)
		return CF_EIO; /* said when it was opened */
	if (cf_balance_new(key, &run->balance) == CF_OK &&
	    cf_frames_new(on_frame, run, &frames) == CF_OK)
		status = read_frames(run, run->sources[number], frames, &why);
	if (status != CF_OK)
		(void)cf_error_set(error, status, "cannot read '%s': %s",
		    run->replay->files[number], status == CF_ENOMEM ? "no memory" : why.text);
	if (run->balance != NULL)
		run->missing += cf_balance_missing(run->balance, run->now_wall_us);
	cf_frames_free(frames);
	cf_balance_free(run->balance);
	run->balance = NULL;
	return status;
}

/* Opens all; what a run over capture files is known by (capture/inputs.h), of these. */
static enum cf_status open_files(struct run *run)
{
	const struct cf_tap_replay *replay = run->replay;
	struct cf_sha256 *sum = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];
	struct cf_error error;

	run->sources = calloc(replay->file_count, sizeof(struct cf_byte_source *));
	if (run->sources == NULL || sum == NULL) {
		cf_sha256_free(sum);
		return CF_ENOMEM;
	}
	for (unsigned i = 0; i < replay->file_count; i++) {
		uint8_t head[CF_SHA256_BYTES] = {0}, size_bytes[8];
		uint64_t size = 0;

		if (cf_byte_source_open(replay->files[i], &run->sources[i], &error) == CF_OK)
			cf_byte_source_identity(run->sources[i], head, &size);
		else
			replay->complain(replay->arg, error.text);
		for (unsigned n = 0; n < sizeof size_bytes; n++)
			size_bytes[n] = (uint8_t)(size >> (8 * n));
		cf_sha256_update(sum, head, sizeof head);
		cf_sha256_update(sum, size_bytes, sizeof size_bytes);
	}
	cf_sha256_final(sum, digest);
	cf_sha256_free(sum);
	cf_sha256_format(digest, run->input_id);
	return CF_OK;
}

static enum cf_status prepare(struct run *run, struct cf_error *error)
{
	struct cf_intake_options options = {.locality = &run->options.locality, .offline = true};

	options.producer = cf_log_producer(run->session.log);
	if (options.producer == NULL || cf_intake_new(&options, &run->intake) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "cannot start the tap: no memory");
	cf_intake_swap(run->intake, run->session.watchlist, 0);
	return CF_OK;
}

/* Files, key and log are open by now: nothing else is needed. */
static enum cf_status give_up_privileges(struct run *run, struct cf_error *error)
{
	struct cf_privileges privileges = {.user = run->replay->user,
	    .hits_path = cf_session_hits_path(&run->session, &run->options),
	    .status_path = run->options.status_path,
	    .say = run->replay->say,
	    .arg = run->replay->arg};
	enum cf_status status = cf_privileges_give_up(&privileges, error);

	if (status == CF_OK)
		cf_privileges_give_up_calls(&privileges);
	return status;
}

static void read_all(struct run *run, struct cf_error *error)
{
	for (unsigned i = 0; i < run->replay->file_count; i++) {
		if (read_file(run, i, error) == CF_OK)
			continue;
		run->result.files_failed++;
		if (run->sources[i] != NULL)
			run->replay->complain(run->replay->arg, error->text);
	}
	cf_intake_flush(run->intake, run->now_wall_us);
	cf_log_pump(run->session.log, run->now_wall_us);
	cf_log_end(run->session.log); /* its stop record reads the counters */
	read_counts(run, &run->result.counts);
	cf_log_stats(run->session.log, &run->result.log);
}

static enum cf_status run_replay(struct run *run, struct cf_error *error)
{
	enum cf_status status = open_files(run);

	if (status != CF_OK)
		return cf_error_set(error, status, "cannot start the tap: no memory");
	cf_session_read_key(&run->session, &run->options);
	status = cf_watchlist_open(run->options.image_path, &run->session.watchlist, error);
	if (status == CF_OK)
		status = cf_session_open_log(&run->session, &run->options, error);
	if (status == CF_OK)
		status = prepare(run, error);
	if (status == CF_OK && run->replay->sandbox)
		status = give_up_privileges(run, error);
	if (status == CF_OK)
		read_all(run, error);
	return status;
}

enum cf_status cf_tap_replay_run(
    const struct cf_tap_replay *replay, struct cf_tap_result *result_out, struct cf_error *error)
{
	struct run *run = calloc(1, sizeof *run);
	enum cf_status status;

	if (run == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot start the tap: no memory");
	run->replay = replay;
	run->options = replay->session;
	run->options.source = "tap";
	run->options.offline = true;
	run->options.input_id = run->input_id;
	run->options.heartbeat = fill_heartbeat;
	run->options.arg = run;
	run->pumped_wall_us = INT64_MIN / 2;
	status = run_replay(run, error);
	*result_out = run->result;
	cf_log_close(run->session.log);
	cf_sensor_key_free(run->session.key);
	cf_intake_free(run->intake);
	cf_watchlist_put(run->session.watchlist);
	for (unsigned i = 0; run->sources != NULL && i < replay->file_count; i++)
		cf_byte_source_close(run->sources[i]);
	free(run->sources);
	free(run);
	return status;
}
