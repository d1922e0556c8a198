/* `curfew tap`: look-ups as resolvers tell of them. */

#include "cli/front/cmd.h"

#include "cli/sensor/tap_options.h"
#include "tap/replay.h"

#include <stdio.h>

static void print_stats(const struct cf_tap_result *result)
{
	char text[CF_RECORD_BYTES / 2];

	fprintf(stderr,
	    "questions %llu answers %llu hits %llu lines %llu lost %llu failures %llu\n%s\n",
	    (unsigned long long)result->counts.questions,
	    (unsigned long long)result->counts.answers, (unsigned long long)result->log.hits,
	    (unsigned long long)result->log.lines,
	    (unsigned long long)(result->log.lost_queue + result->log.lost_disk),
	    (unsigned long long)(result->counts.malformed + result->watch.refused),
	    cf_tap_counts_format(&result->counts, text, sizeof text));
}

static int run_replay(const struct tap_options *options)
{
	char key_path[SENSOR_KEY_PATH_BYTES];
	struct cf_tap_replay replay = {.files = options->sensor.files,
	    .file_count = options->sensor.file_count,
	    .session = sensor_session(&options->sensor, key_path),
	    .sandbox = !options->sensor.no_sandbox,
	    .user = options->sensor.user,
	    .complain = sensor_complain_of_file,
	    .say = sensor_say};
	struct cf_tap_result result = {.degraded = false};
	struct cf_error error = {.status = CF_OK};
	enum cf_status status = cf_tap_replay_run(&replay, &result, &error);

	if (status != CF_OK) {
		fprintf(stderr, "curfew: %s\n", error.text);
		return sensor_exit(status);
	}
	if (options->sensor.stats)
		print_stats(&result);
	return sensor_exit_of_files(&result.log, replay.session.hits_path, result.files_failed);
}

static int run_live(const struct tap_options *options)
{
	char key_path[SENSOR_KEY_PATH_BYTES];
	struct cf_tap_live live = {.streams = {.paths = options->sockets,
	                               .path_count = options->socket_count,
	                               .streams = options->streams,
	                               .mode = options->mode,
	                               .has_group = options->has_group,
	                               .group = options->group},
	    .session = sensor_session(&options->sensor, key_path),
	    .sandbox = !options->sensor.no_sandbox,
	    .user = options->sensor.user,
	    .say = sensor_say};
	struct cf_tap_result result = {.degraded = false};
	struct cf_error error = {.status = CF_OK};
	enum cf_status status = cf_tap_live_run(&live, &result, &error);

	if (status != CF_OK)
		fprintf(stderr, "curfew: %s\n", error.text);
	if (options->sensor.stats)
		print_stats(&result);
	if (status == CF_EINVALID)
		return CMD_IO; /* of a socket's path */
	if (status != CF_OK)
		return sensor_exit(status);
	return result.degraded ? CMD_DEGRADED : CMD_OK;
}

int cmd_tap(int argc, char **argv)
{
	struct tap_options options;
	int result;

	if (tap_options_read(argc, argv, &options, &result))
		result = options.sensor.file_count > 0 ? run_replay(&options) : run_live(&options);
	tap_options_done(&options);
	return result;
}
