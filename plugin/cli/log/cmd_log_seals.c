/* curfew log seals: the seals of a log in the form that is kept elsewhere. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/log/log_files.h"
#include "records/anchor/time_stamp.h"
#include "records/files/chain.h"

#include "base/file_writer.h"
#include "base/instant.h"
#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "usage: curfew log seals [FILE...] [options]\n"
    "\n"
    "Prints the seals of a log, one a line: append them to a file where who writes the log\n"
    "cannot, and `curfew log verify --seal` holds the log against it. Seals that were printed\n"
    "before do no harm there. Whether the log is in order is not looked at.\n"
    "\n"
    "  -r, --rotated     also the rotated files of each FILE, before it\n"
    "      --olddir DIR  the same, with those that logrotate put into DIR\n"
    "  -l, --last        only the newest one of each writer\n"
    "  -s, --since TIME  from an instant with offset, or back from now: 24h\n"
    "      --tsq FILE    also write a query for a time stamp (RFC 3161) over what is printed,\n"
    "                    for an authority such as `openssl ts -reply` is one\n"
    "\n"
    "exit: 0 done, 1 there is no seal, 2 usage, 4 a file could not be read or written\n";

struct request {
	bool rotated, last;
	const char *olddir, *query;
	int64_t since_wall_us;
	FILE *to; /* memory: what is printed is what is stamped */
	char *text;
	size_t len;
	uint64_t count;
	/* --last: the newest seal's text of each writer */
	struct cf_map *writers;
	char **newest;
	uint32_t newest_count;
	bool failed;
};

static bool take_since(void *place, const struct cli_given *given)
{
	int64_t wall_s, back_s;

	if (cf_duration_parse(given->value, &back_s) == CF_OK)
		wall_s = (int64_t)time(NULL) - back_s;
	else if (cf_instant_parse(given->value, &wall_s) != CF_OK) {
		fprintf(stderr, "curfew log seals: '%.100s' is no instant with offset, nor 24h\n",
		    given->value);
		return false;
	}
	*(int64_t *)place = wall_s * 1000000;
	return true;
}

static const struct cli_option options[] = {
    CLI_SWITCH("rotated", 'r', struct request, rotated),
    CLI_WORD("olddir", 0, struct request, olddir),
    CLI_SWITCH("last", 'l', struct request, last),
    CLI_VALUE("since", 's', struct request, since_wall_us, take_since),
    CLI_WORD("tsq", 0, struct request, query),
    CLI_OPTIONS_END,
};

/* Takes the place of the writer's seal before. */
static void keep_newest(struct request *request, const struct cf_seal_text *seal, const char *text)
{
	char name[CF_SEAL_SENSOR_BYTES + CF_SEAL_SOURCE_BYTES];
	int len = snprintf(name, sizeof name, "%s\n%s", seal->sensor, seal->source);
	char *copy = strdup(text);
	uint32_t at = 0;
	bool added = false;

	if (copy == NULL ||
	    cf_map_add(request->writers, name, (size_t)len, request->newest_count, &at, &added) !=
	        CF_OK) {
		free(copy);
		request->failed = true;
		return;
	}
	if (added) {
		char **newest =
		    reallocarray(request->newest, request->newest_count + 1u, sizeof *newest);

		if (newest == NULL) {
			free(copy);
			request->failed = true;
			return;
		}
		request->newest = newest;
		newest[request->newest_count++] = NULL;
	}
	free(request->newest[at]);
	request->newest[at] = copy;
}

static void take_seal(
    struct request *request, const struct cf_record *record, const struct cf_line *line)
{
	struct cf_seal_text seal;
	char text[CF_SEAL_TEXT_BYTES];

	if (record->seal.sha256.len == 0 || record->at_wall_us < request->since_wall_us ||
	    !cf_chain_ends(line->text, line->len, &record->seal) ||
	    !cf_chain_seal_text(record, &seal))
		return;
	(void)cf_seal_text_format(&seal, text); /* its length is not needed */
	request->count++;
	if (request->last)
		keep_newest(request, &seal, text);
	else
		fprintf(request->to, "%s\n", text);
}

static bool take_file(struct request *request, const char *path, struct cf_record *record)
{
	struct cf_reader *reader = log_open(path);
	struct cf_line line;
	enum cf_read got;

	if (reader == NULL)
		return false;
	while ((got = cf_reader_next(reader, record, &line)) == CF_READ_RECORD ||
	    got == CF_READ_SKIPPED)
		if (got == CF_READ_RECORD)
			take_seal(request, record, &line);
	if (got != CF_READ_END)
		log_complain(reader);
	cf_reader_close(reader);
	return got == CF_READ_END;
}

static bool take_files(struct request *request, const struct cf_walk_logs *files)
{
	struct cf_record *record = calloc(1, sizeof *record);
	bool good = record != NULL;

	for (size_t i = 0; i < files->count && record != NULL; i++)
		for (size_t j = 0; j < files->sets[i].count; j++)
			good = take_file(request, files->sets[i].paths[j], record) && good;
	free(record);
	for (uint32_t i = 0; i < request->newest_count; i++)
		fprintf(request->to, "%s\n", request->newest[i]);
	return good && !request->failed;
}

static int write_query(const struct request *request)
{
	struct cf_file_writer writer;
	struct cf_error error;
	uint8_t *query = NULL;
	size_t len = 0;
	bool good;

	if (cf_stamp_query(request->text, request->len, &query, &len, &error) != CF_OK) {
		fprintf(stderr, "curfew log seals: %s\n", error.text);
		return CMD_IO;
	}
	good = cf_file_writer_open(&writer, request->query) == CF_OK;
	if (good) {
		(void)fwrite(query, 1, len, writer.to); /* the commit sees a failure */
		good = cf_file_writer_commit(&writer) == CF_OK;
	}
	free(query);
	if (!good)
		fprintf(stderr, "curfew log seals: cannot write '%s': %s\n", request->query,
		    cf_file_writer_why(&writer));
	return good ? CMD_OK : CMD_IO;
}

/* The query first: what is printed may be on its way already when it fails. */
static int print(struct request *request)
{
	if (request->count == 0) {
		fputs("curfew log seals: there is no seal\n", stderr);
		return CMD_FOUND;
	}
	if (request->query != NULL && write_query(request) != CMD_OK)
		return CMD_IO;
	(void)fwrite(request->text, 1, request->len, stdout);
	return fflush(stdout) == 0 ? CMD_OK : CMD_IO;
}

static int run(struct request *request, const struct cf_walk_logs *files)
{
	bool good = take_files(request, files);
	int result;

	if (fclose(request->to) != 0) {
		request->to = NULL;
		fputs("curfew log seals: no memory\n", stderr);
		return CMD_IO;
	}
	request->to = NULL;
	result = print(request);
	return good ? result : CMD_IO;
}

int cmd_log_seals(int argc, char **argv)
{
	struct request request = {.since_wall_us = INT64_MIN};
	struct cf_walk_logs files = {.count = 0};
	int result = CMD_IO;

	if (!cli_options_read(options, "log seals", help, &request, argc, argv, &result))
		return result;
	result = CMD_IO;
	request.writers = cf_map_new();
	request.to = open_memstream(&request.text, &request.len);
	if (request.writers == NULL || request.to == NULL)
		fputs("curfew log seals: no memory\n", stderr);
	else if (log_files_take(
	             &files, argc - optind, argv + optind, request.rotated, request.olddir))
		result = run(&request, &files);
	if (request.to != NULL)
		(void)fclose(request.to); /* nothing was taken */
	log_files_done(&files);
	for (uint32_t i = 0; i < request.newest_count; i++)
		free(request.newest[i]);
	free(request.newest);
	free(request.text);
	cf_map_free(request.writers);
	return result;
}
