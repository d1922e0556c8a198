#include "cli/sensor/sensor_options.h"

#include "base/instant.h"
#include "cli/front/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sensor_options_init(struct sensor_options *options, const char *own_key, int argc)
{
	*options = (struct sensor_options){.own_key = own_key,
	    .fold_s = -1,
	    .files = calloc((size_t)argc + 1, sizeof *options->files)};
	if (options->files == NULL)
		return sensor_complain("no memory for", "options");
	cli_paths_default(&options->paths);
	options->image = options->paths.image;
	return true;
}

void sensor_options_done(struct sensor_options *options)
{
	free(options->files);
	options->files = NULL;
}

void sensor_options_take_rest(struct sensor_options *options, int argc, char **argv)
{
	while (optind < argc)
		options->files[options->file_count++] = argv[optind++];
}

bool sensor_complain(const char *what, const char *value)
{
	fprintf(stderr, "curfew: %s '%.100s'\n", what, value);
	return false;
}

/* There is room for all words of the command line. */
bool sensor_take_file(void *place, const struct cli_given *given)
{
	struct sensor_options *options = place;

	options->files[options->file_count++] = given->value;
	return true;
}

bool sensor_take_fold(void *place, const struct cli_given *given)
{
	int64_t fold_s;

	if (cf_duration_parse(given->value, &fold_s) != CF_OK || fold_s > 86400)
		return sensor_complain("not a time to fold within (at most 24h):", given->value);
	*(int *)place = (int)fold_s;
	return true;
}

bool sensor_take_seals(void *place, const struct cli_given *given)
{
	if (strcmp(given->value, "syslog") != 0 && strcmp(given->value, "none") != 0)
		return sensor_complain("seals go to syslog or none, not", given->value);
	*(const char **)place = given->value;
	return true;
}

bool sensor_take_resolver(void *place, const struct cli_given *given)
{
	struct cf_locality *locality = place;
	const char *text = given->value;

	if (locality->named_count == CF_OPTION_ADDRESSES)
		return sensor_complain("too many resolvers, the first too many is", text);
	if (cf_addr_parse(text, &locality->named[locality->named_count]) != CF_OK)
		return sensor_complain("not an address of a resolver:", text);
	locality->named_count++;
	return true;
}

static const char *key_of(const struct sensor_options *options, char path[SENSOR_KEY_PATH_BYTES])
{
	if (options->key != NULL)
		return strcmp(options->key, "none") == 0 ? NULL : options->key;
	if (options->file_count > 0)
		return NULL;
	(void)snprintf(path, SENSOR_KEY_PATH_BYTES, "%s/%s", options->paths.keys, options->own_key);
	return path;
}

struct cf_session_options sensor_session(
    const struct sensor_options *options, char key_path[SENSOR_KEY_PATH_BYTES])
{
	bool is_live = options->file_count == 0;

	return (struct cf_session_options){.image_path = options->image,
	    .hits_path = options->hits == NULL && !is_live ? "-" : options->hits,
	    .sensor = options->sensor,
	    .status_path = options->status,
	    .key_path = key_of(options, key_path),
	    .send_seals = options->seals == NULL ? is_live : strcmp(options->seals, "syslog") == 0,
	    .fold_s = options->fold_s,
	    .locality = options->locality};
}

void sensor_say(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "curfew: %s\n", text);
}

void sensor_complain_of_file(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "curfew: %s; going on with what was read\n", text);
}

int sensor_exit(enum cf_status status)
{
	return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
}

int sensor_exit_of_files(
    const struct cf_log_stats *log, const char *hits_path, unsigned files_failed)
{
	if (log->lost_disk > 0 || log->lost_queue > 0 || log->degraded) {
		fprintf(stderr, "curfew: not all could be written to '%s'\n", hits_path);
		return CMD_IO;
	}
	if (log->status_failed > 0) /* said by now */
		return CMD_IO;
	return files_failed > 0 ? CMD_IO : CMD_OK;
}
