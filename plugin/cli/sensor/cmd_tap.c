/* `curfew tap`: look-ups as resolvers tell of them. */

#include "cli/front/cmd.h"

#include "cli/sensor/tap_options.h"
#include "tap/replay.h"

#include <stdio.h>
#include <string.h>

/* The longest path of a key: a name in a folder. */
#define KEY_PATH_BYTES (CF_PATH_BYTES + 16)

static void on_line(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "curfew: %s\n", text);
}

static void on_complaint(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "curfew: %s; going on with what was read\n", text);
}

/* Files are read by people, who name a key if they want one; live there is that of the machine's
 * tap. */
static const char *key_of(const struct tap_options *options, char path[KEY_PATH_BYTES])
{
	if (options->key != NULL)
		return strcmp(options->key, "none") == 0 ? NULL : options->key;
	if (options->file_count > 0)
		return NULL;
	(void)snprintf(path, KEY_PATH_BYTES, "%s/tap.key", options->paths.keys);
	return path;
}

static struct cf_session_options session_of(
    const struct tap_options *options, char key_path[KEY_PATH_BYTES])
{
	return (struct cf_session_options){.image_path = options->image,
	    .hits_path = options->hits,
	    .sensor = options->sensor,
	    .status_path = options->status,
	    .key_path = key_of(options, key_path),
	    .send_seals = options->seals == NULL ? options->file_count == 0
	                                         : strcmp(options->seals, "syslog") == 0,
	    .fold_s = options->fold_s,
	    .locality = options->locality};
}

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

static int exit_of(enum cf_status status)
{
	return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
}

static int run_replay(const struct tap_options *options)
{
	char key_path[KEY_PATH_BYTES];
	struct cf_tap_replay replay = {.files = options->files,
	    .file_count = options->file_count,
	    .session = session_of(options, key_path),
	    .sandbox = !options->no_sandbox,
	    .user = options->user,
	    .complain = on_complaint,
	    .say = on_line};
	struct cf_tap_result result = {.degraded = false};
	struct cf_error error = {.status = CF_OK};
	enum cf_status status;

	/* Files are asked about, not watched: results go where the terminal is. */
	if (replay.session.hits_path == NULL)
		replay.session.hits_path = "-";
	status = cf_tap_replay_run(&replay, &result, &error);
	if (status != CF_OK) {
		fprintf(stderr, "curfew: %s\n", error.text);
		return exit_of(status);
	}
	if (options->stats)
		print_stats(&result);
	if (result.log.lost_disk > 0 || result.log.lost_queue > 0 || result.log.degraded) {
		fprintf(
		    stderr, "curfew: not all could be written to '%s'\n", replay.session.hits_path);
		return CMD_IO;
	}
	return result.files_failed > 0 ? CMD_IO : CMD_OK;
}

static int run_live(const struct tap_options *options)
{
	char key_path[KEY_PATH_BYTES];
	struct cf_tap_live live = {.streams = {.paths = options->sockets,
	                               .path_count = options->socket_count,
	                               .streams = options->streams,
	                               .mode = options->mode,
	                               .has_group = options->has_group,
	                               .group = options->group},
	    .session = session_of(options, key_path),
	    .sandbox = !options->no_sandbox,
	    .user = options->user,
	    .say = on_line};
	struct cf_tap_result result = {.degraded = false};
	struct cf_error error = {.status = CF_OK};
	enum cf_status status = cf_tap_live_run(&live, &result, &error);

	if (status != CF_OK)
		fprintf(stderr, "curfew: %s\n", error.text);
	if (options->stats)
		print_stats(&result);
	if (status == CF_EINVALID)
		return CMD_IO; /* of a socket's path */
	if (status != CF_OK)
		return exit_of(status);
	return result.degraded ? CMD_DEGRADED : CMD_OK;
}

int cmd_tap(int argc, char **argv)
{
	struct tap_options options;
	int result;

	if (tap_options_read(argc, argv, &options, &result))
		result = options.file_count > 0 ? run_replay(&options) : run_live(&options);
	tap_options_done(&options);
	return result;
}
