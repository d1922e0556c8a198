/* Reading keys, witnesses and time stamps. */

#include "cli/log/log_vouch.h"

#include "base/input_file.h"
#include "cli/front/cmd.h"
#include "cli/front/when.h"
#include "records/anchor/time_stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_BYTES 16384
/* A stamped file of seals is read whole: a year of a writer has 160 MiB. */
#define STAMPED_BYTES ((size_t)1 << 30)
#define SECOND_US     INT64_C(1000000)

char *log_read_whole(const char *verb, const char *path, size_t most, size_t *len_out)
{
	struct cf_error error;
	char *text = NULL;

	if (cf_input_read_whole(path, most, &text, len_out, &error) != CF_OK)
		fprintf(stderr, "curfew %s: %s\n", verb, error.text);
	return text;
}

/* A file's name, rather than the key's line itself. */
static bool is_file(const char *value)
{
	struct stat about;

	return strlen(value) != CF_PUBLIC_KEY_TEXT_BYTES - 1 || stat(value, &about) == 0;
}

bool log_vouch_take_key(void *place, const struct cli_given *given)
{
	struct log_vouch *vouch = place;
	struct cf_error error;
	enum cf_status status;
	size_t len = strlen(given->value);
	char *text = NULL;

	if (is_file(given->value)) {
		text = log_read_whole(given->verb, given->value, KEY_BYTES, &len);
		if (text == NULL)
			return false;
	}
	status = cf_public_keys_pin(&vouch->keys, text != NULL ? text : given->value, len, &error);
	free(text);
	if (status != CF_OK)
		fprintf(
		    stderr, "curfew %s: --key '%s': %s\n", given->verb, given->value, error.text);
	return status == CF_OK;
}

bool log_vouch_take_seal(void *place, const struct cli_given *given)
{
	struct log_vouch *vouch = place;

	if (vouch->witness_count == LOG_WITNESS_FILES) {
		fprintf(stderr, "curfew %s: more than %d witnesses; join them into one file\n",
		    given->verb, LOG_WITNESS_FILES);
		return false;
	}
	vouch->witnesses[vouch->witness_count++].path = given->value;
	return true;
}

bool log_vouch_take_reply(void *place, const struct cli_given *given)
{
	struct log_vouch *vouch = place;

	if (vouch->witness_count == 0 || vouch->witnesses[vouch->witness_count - 1].reply != NULL) {
		fprintf(stderr,
		    "curfew %s: --tsr stands behind the --seal whose bytes it is about\n",
		    given->verb);
		return false;
	}
	vouch->witnesses[vouch->witness_count - 1].reply = given->value;
	return true;
}

/* Whose log it is to be: SENSOR, or SENSOR/SOURCE. */
static bool take_sensor(struct log_vouch *vouch, struct cf_verify_with *with)
{
	const char *slash = strrchr(vouch->sensor, '/');
	size_t len = slash == NULL ? strlen(vouch->sensor) : (size_t)(slash - vouch->sensor);

	if (len == 0 || len >= sizeof vouch->sensor_name ||
	    (slash != NULL && strlen(slash + 1) >= sizeof vouch->source_name))
		return false;
	memcpy(vouch->sensor_name, vouch->sensor, len);
	with->sensor = vouch->sensor_name;
	if (slash != NULL) {
		memcpy(vouch->source_name, slash + 1, strlen(slash + 1) + 1);
		with->source = vouch->source_name;
	}
	return true;
}

static bool take_times(struct log_vouch *vouch, struct cf_verify_with *with)
{
	int64_t from_wall_s = INT64_MIN, to_wall_s = cli_now_s();

	with->now_wall_us = to_wall_s * SECOND_US;
	if ((vouch->from != NULL && !cli_parse_at("log verify", vouch->from, &from_wall_s)) ||
	    (vouch->to != NULL && !cli_parse_at("log verify", vouch->to, &to_wall_s)))
		return false;
	with->from_wall_us =
	    from_wall_s > INT64_MIN / SECOND_US ? from_wall_s * SECOND_US : INT64_MIN;
	with->to_wall_us = to_wall_s * SECOND_US;
	return true;
}

/* The stamped bytes are those that are read: no second look at the file. */
static int read_stamped(struct log_vouch *vouch, const char *path, const char *reply_path)
{
	size_t len = 0, reply_len = 0;
	char *text = log_read_whole("log verify", path, STAMPED_BYTES, &len);
	char *reply = log_read_whole("log verify", reply_path, CF_STAMP_BYTES, &reply_len);
	int64_t at_wall_us = 0;
	struct cf_error error = {.status = CF_OK};
	FILE *file = NULL;
	int result = CMD_IO;

	if (text == NULL || reply == NULL)
		goto out;
	if (cf_stamp_verify((const uint8_t *)reply, reply_len, text, len, vouch->ca_file,
	        &at_wall_us, &error) != CF_OK) {
		fprintf(stderr, "curfew log verify: '%s' over '%s': %s\n", reply_path, path,
		    error.text);
		result = CMD_INVALID;
		goto out;
	}
	file = fmemopen(text, len, "r");
	if (file == NULL ||
	    cf_witness_read_stream(vouch->witness, file, path, at_wall_us, NULL, &error) != CF_OK)
		fprintf(stderr, "curfew log verify: %s\n",
		    file == NULL ? "no memory, or an empty witness" : error.text);
	else
		result = CMD_OK;
	if (file != NULL)
		(void)fclose(file); /* memory */
out:
	free(text);
	free(reply);
	return result;
}

static int read_witness(struct log_vouch *vouch, const char *path)
{
	struct cf_error error;
	uint64_t damaged = 0;
	enum cf_status status = cf_witness_read(vouch->witness, path, INT64_MAX, &damaged, &error);

	if (damaged > 0)
		fprintf(stderr,
		    "curfew log verify: '%s': %llu lines begin like a seal and are none; left "
		    "out\n",
		    path, (unsigned long long)damaged);
	if (status == CF_OK)
		return CMD_OK;
	fprintf(stderr, "curfew log verify: %s\n", error.text);
	return status == CF_ENOTFOUND ? CMD_INVALID : CMD_IO;
}

static int read_witnesses(struct log_vouch *vouch)
{
	int result = CMD_OK;

	if (vouch->witness_count == 0)
		return CMD_OK;
	vouch->witness = cf_witness_new();
	if (vouch->witness == NULL) {
		fputs("curfew log verify: no memory\n", stderr);
		return CMD_IO;
	}
	for (unsigned i = 0; i < vouch->witness_count && result == CMD_OK; i++) {
		const char *path = vouch->witnesses[i].path, *reply = vouch->witnesses[i].reply;

		if (reply != NULL && vouch->ca_file == NULL) {
			fputs("curfew log verify: --tsr needs --tsa, the certificates of the time "
			      "stamp authority\n",
			    stderr);
			return CMD_USAGE;
		}
		result =
		    reply == NULL ? read_witness(vouch, path) : read_stamped(vouch, path, reply);
	}
	return result;
}

bool log_vouch_open(struct log_vouch *vouch, struct cf_verify_with *with, int *exit_out)
{
	*with = (struct cf_verify_with){.keys = vouch->keys.count > 0 ? &vouch->keys : NULL};
	*exit_out = CMD_USAGE;
	if (!take_times(vouch, with))
		return false;
	if (vouch->sensor != NULL && !take_sensor(vouch, with)) {
		fprintf(stderr, "curfew log verify: '%.100s' is not SENSOR or SENSOR/SOURCE\n",
		    vouch->sensor);
		return false;
	}
	*exit_out = read_witnesses(vouch);
	if (*exit_out != CMD_OK)
		return false;
	with->witness = vouch->witness;
	with->is_strict = with->keys != NULL || with->witness != NULL || vouch->from != NULL ||
	    vouch->to != NULL || vouch->sensor != NULL;
	return true;
}

void log_vouch_done(struct log_vouch *vouch)
{
	cf_witness_free(vouch->witness);
	vouch->witness = NULL;
}
