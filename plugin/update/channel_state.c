/* A small file of keys and values. */

#include "update/channel_state.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "base/instant.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key, an instant and a refusal. */
#define LINE_BYTES (CF_REFUSAL_BYTES + 128)

const char *cf_channel_state_path(const char *folder, char path[CF_PATH_BYTES])
{
	if (snprintf(path, CF_PATH_BYTES, "%s/channel.tsv", folder) >= CF_PATH_BYTES)
		path[0] = '\0';
	return path;
}

static bool take_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static bool take_text(const char *text, char *to, size_t size)
{
	size_t len = strlen(text);

	if (len >= size)
		return false;
	memcpy(to, text, len + 1);
	return true;
}

/* "INSTANT<tab>TEXT". */
static bool take_refusal(char *text, struct cf_channel_state *state)
{
	char *tab = strchr(text, '\t');

	if (tab == NULL)
		return false;
	*tab = '\0';
	return cf_instant_parse(text, &state->refused_wall_s) == CF_OK &&
	    take_text(tab + 1, state->refusal, sizeof state->refusal);
}

static bool is_digest(const char *text)
{
	return strlen(text) == CF_SHA256_TEXT_BYTES - 1 &&
	    strspn(text, "0123456789abcdef") == CF_SHA256_TEXT_BYTES - 1;
}

static bool take(const char *key, char *value, struct cf_channel_state *state)
{
	if (strcmp(key, "channel") == 0)
		return cf_statement_name_ok(value) &&
		    take_text(value, state->channel, sizeof state->channel);
	if (strcmp(key, "serial") == 0)
		return take_number(value, &state->serial);
	if (strcmp(key, "sha256") == 0)
		return is_digest(value) && take_text(value, state->sha256, sizeof state->sha256);
	if (strcmp(key, "until") == 0)
		return cf_instant_parse(value, &state->until_wall_s) == CF_OK;
	if (strcmp(key, "taken") == 0)
		return cf_instant_parse(value, &state->taken_wall_s) == CF_OK;
	if (strcmp(key, "asked") == 0)
		return cf_instant_parse(value, &state->asked_wall_s) == CF_OK;
	if (strcmp(key, "refused") == 0)
		return take_number(value, &state->refused);
	if (strcmp(key, "refusal") == 0)
		return take_refusal(value, state);
	return true; /* of a later version */
}

static bool take_line(char *line, struct cf_channel_state *state)
{
	char *tab, *end = strchr(line, '\n');

	if (end == NULL) /* longer than any of ours */
		return false;
	*end = '\0';
	if (line[0] == '#')
		return true;
	tab = strchr(line, '\t');
	if (tab == NULL)
		return false;
	*tab = '\0';
	return take(line, tab + 1, state);
}

enum cf_status cf_channel_state_read(
    const char *folder, struct cf_channel_state *state_out, struct cf_error *error)
{
	char path[CF_PATH_BYTES], line[LINE_BYTES];
	struct cf_channel_state state = {.serial = 0};
	FILE *file = NULL;
	enum cf_status status =
	    cf_input_open_stream(cf_channel_state_path(folder, path), &file, error);

	*state_out = state;
	if (status != CF_OK)
		return errno == ENOENT ? CF_OK : status;
	for (unsigned number = 1; status == CF_OK && fgets(line, sizeof line, file) != NULL;
	     number++)
		if (!take_line(line, &state))
			status = cf_error_set_at(error, CF_EMALFORMED, path, number,
			    "no line of what a channel's state is; remove the file, and the next "
			    "`curfew fetch` makes it anew");
	if (status == CF_OK && ferror(file) != 0)
		status = cf_error_set(error, CF_EIO, "cannot read '%s'", path);
	(void)fclose(file); /* only read */
	if (status == CF_OK)
		*state_out = state;
	return status;
}

static void write_instant(FILE *to, const char *key, int64_t at_wall_s)
{
	char text[CF_INSTANT_TEXT_BYTES];

	if (at_wall_s != 0)
		(void)fprintf(to, "%s\t%s\n", key, cf_instant_format(at_wall_s, text));
}

static void write_state(FILE *to, const struct cf_channel_state *state)
{
	char text[CF_INSTANT_TEXT_BYTES];

	(void)fputs("# curfew fetch\n", to); /* the end sees every failure */
	if (state->channel[0] != '\0')
		(void)fprintf(to, "channel\t%s\n", state->channel);
	(void)fprintf(to, "serial\t%llu\n", (unsigned long long)state->serial);
	if (state->sha256[0] != '\0')
		(void)fprintf(to, "sha256\t%s\n", state->sha256);
	write_instant(to, "until", state->until_wall_s);
	write_instant(to, "taken", state->taken_wall_s);
	write_instant(to, "asked", state->asked_wall_s);
	(void)fprintf(to, "refused\t%llu\n", (unsigned long long)state->refused);
	if (state->refusal[0] != '\0')
		(void)fprintf(to, "refusal\t%s\t%s\n",
		    cf_instant_format(state->refused_wall_s, text), state->refusal);
}

enum cf_status cf_channel_state_write(
    const char *folder, const struct cf_channel_state *state, struct cf_error *error)
{
	char path[CF_PATH_BYTES];
	struct cf_file_writer writer;
	enum cf_status status = cf_file_writer_open(&writer, cf_channel_state_path(folder, path));

	if (status == CF_OK)
		write_state(writer.to, state);
	return cf_file_writer_end(&writer, path, status, error);
}

void cf_channel_state_refuse(struct cf_channel_state *state, int64_t at_wall_s, const char *why)
{
	size_t i = 0;

	for (; why[i] != '\0' && i < sizeof state->refusal - 1; i++)
		state->refusal[i] = why[i] >= ' ' && why[i] <= '~' ? why[i] : '?';
	state->refusal[i] = '\0';
	state->refused_wall_s = at_wall_s;
	state->refused++;
}
