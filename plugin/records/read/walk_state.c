#include "records/read/walk_state.h"

#include "base/array.h"
#include "base/file_writer.h"
#include "base/input_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC    "curfew-log-state 1"
#define HEX_TEXT "%64[0-9a-f]"

static bool complain(const struct cf_walk_state *state, const char *why)
{
	cf_walk_say(state->say, "state '%s': %s", state->path, why);
	return false;
}

static bool take_digest(const char hex[CF_SHA256_TEXT_BYTES], uint8_t digest[CF_SHA256_BYTES])
{
	for (size_t i = 0; i < CF_SHA256_BYTES; i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		digest[i] = (uint8_t)byte;
	}
	return true;
}

static bool take_log(struct cf_walk_state *state, const char *line)
{
	char hex[CF_SHA256_TEXT_BYTES];
	uint64_t offset;
	int path_at = 0;

	if (sscanf(line, "log " HEX_TEXT " %" SCNu64 " %n", hex, &offset, &path_at) != 2 ||
	    path_at == 0 || line[path_at] == '\0' || strlen(hex) != 2 * CF_SHA256_BYTES)
		return false;
	struct cf_walk_place *place = cf_walk_state_place(state, line + path_at);

	if (place == NULL)
		return false;
	place->is_known = take_digest(hex, place->first_line);
	place->offset = offset;
	return place->is_known;
}

static bool take_line(struct cf_walk_state *state, const char *line)
{
	struct cf_walk_out_place *out = &state->out;

	if (strncmp(line, "out ", 4) == 0)
		return sscanf(line, "out %" SCNu64 " %" SCNu64 " %" SCNu64, &out->dev, &out->ino,
		           &out->bytes) == 3;
	return take_log(state, line);
}

/* Whole lines alone: the file was replaced as a whole, so anything else is not ours. */
static bool take_all(struct cf_walk_state *state, FILE *from)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, from);
	bool good = len > 0 && line[len - 1] == '\n' &&
	    strncmp(line, MAGIC " ", sizeof(MAGIC " ") - 1) == 0;

	if (good) {
		line[len - 1] = '\0';
		if (strcmp(line + sizeof(MAGIC " ") - 1, state->what) != 0) {
			free(line);
			return complain(state, "is of another form of output");
		}
	}
	while (good && (len = getline(&line, &size, from)) > 0) {
		good = line[len - 1] == '\n';
		line[len - 1] = '\0';
		good = good && take_line(state, line);
	}
	free(line);
	return (good && !ferror(from)) ||
	    complain(state, "no state of `curfew log`; remove it to begin anew");
}

bool cf_walk_state_open(
    struct cf_walk_state *state, const char *path, const char *what, cf_walk_say_fn *say)
{
	struct cf_error error;
	FILE *from;

	*state = (struct cf_walk_state){.path = path, .what = what, .say = say};
	if (path == NULL)
		return true;
	if (cf_input_open_stream(path, &from, &error) != CF_OK)
		return errno == ENOENT || complain(state, error.text);
	state->was_there = take_all(state, from);
	(void)fclose(from); /* only read */
	return state->was_there;
}

struct cf_walk_place *cf_walk_state_place(struct cf_walk_state *state, const char *log_path)
{
	struct cf_walk_place *places;

	for (size_t i = 0; i < state->count; i++)
		if (strcmp(state->places[i].path, log_path) == 0)
			return &state->places[i];
	places = realloc(state->places, (state->count + 1) * sizeof *places);
	if (places == NULL)
		return NULL;
	state->places = places;
	places[state->count] = (struct cf_walk_place){.path = strdup(log_path)};
	return places[state->count].path == NULL ? NULL : &places[state->count++];
}

bool cf_walk_place_note(struct cf_walk_place *place, struct cf_reader *reader)
{
	struct cf_file_identity identity;
	uint64_t offset = cf_reader_offset(reader);

	cf_reader_identity(reader, &identity);
	if (!identity.has_first_line || offset == 0 ||
	    (place->is_known && place->offset == offset && cf_walk_place_is(place, &identity)))
		return false;
	place->is_known = true;
	place->offset = offset;
	memcpy(place->first_line, identity.first_line, CF_SHA256_BYTES);
	return true;
}

bool cf_walk_place_is(const struct cf_walk_place *place, const struct cf_file_identity *identity)
{
	return identity->has_first_line &&
	    memcmp(identity->first_line, place->first_line, CF_SHA256_BYTES) == 0;
}

bool cf_walk_state_save(const struct cf_walk_state *state)
{
	struct cf_file_writer writer;
	enum cf_status status =
	    cf_file_writer_open_as(&writer, state->path, CF_WRITE_ONLY_FILES | CF_WRITE_PRIVATE);

	if (status == CF_OK) {
		fprintf(writer.to, MAGIC " %s\n", state->what);
		if (state->out.ino != 0)
			fprintf(writer.to, "out %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			    state->out.dev, state->out.ino, state->out.bytes);
		for (size_t i = 0; i < state->count; i++) {
			char hex[CF_SHA256_TEXT_BYTES];

			if (!state->places[i].is_known)
				continue;
			cf_sha256_format(state->places[i].first_line, hex);
			fprintf(writer.to, "log %s %" PRIu64 " %s\n", hex, state->places[i].offset,
			    state->places[i].path);
		}
		status = cf_file_writer_commit(&writer);
	}
	if (status == CF_OK)
		return true;
	(void)complain(state, cf_file_writer_why(&writer));
	cf_file_writer_abandon(&writer);
	return false;
}

void cf_walk_state_close(struct cf_walk_state *state)
{
	for (size_t i = 0; i < state->count; i++)
		free(state->places[i].path);
	free(state->places);
	*state = (struct cf_walk_state){0};
}
