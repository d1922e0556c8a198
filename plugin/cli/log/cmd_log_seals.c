/* curfew log seals: the seals of a log in the form that is kept elsewhere. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/log/log_files.h"
#include "records/anchor/time_stamp.h"
#include "records/read/seal_pick.h"

#include "base/file_writer.h"
#include "base/instant.h"

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
	bool rotated;
	const char *olddir, *query;
	struct cf_seal_pick pick; /* into memory: what is printed is what is stamped */
	char *text;
	size_t len;
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
    CLI_SWITCH("last", 'l', struct request, pick.last),
    CLI_VALUE("since", 's', struct request, pick.since_wall_us, take_since),
    CLI_WORD("tsq", 0, struct request, query),
    CLI_OPTIONS_END,
};

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
			cf_seal_pick_take(&request->pick, record, &line);
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
	return cf_seal_pick_end(&request->pick) == CF_OK && good;
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
	if (request->pick.count == 0) {
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

	if (fclose(request->pick.to) != 0) {
		request->pick.to = NULL;
		fputs("curfew log seals: no memory\n", stderr);
		return CMD_IO;
	}
	request->pick.to = NULL;
	result = print(request);
	return good ? result : CMD_IO;
}

int cmd_log_seals(int argc, char **argv)
{
	struct request request = {.pick = {.since_wall_us = INT64_MIN}};
	struct cf_walk_logs files = {.count = 0};
	int result = CMD_IO;

	if (!cli_options_read(options, "log seals", help, &request, argc, argv, &result))
		return result;
	result = CMD_IO;
	request.pick.writers = cf_map_new();
	request.pick.to = open_memstream(&request.text, &request.len);
	if (request.pick.writers == NULL || request.pick.to == NULL)
		fputs("curfew log seals: no memory\n", stderr);
	else if (log_files_take(
	             &files, argc - optind, argv + optind, request.rotated, request.olddir))
		result = run(&request, &files);
	if (request.pick.to != NULL)
		(void)fclose(request.pick.to); /* nothing was taken */
	log_files_done(&files);
	free(request.text);
	cf_seal_pick_done(&request.pick);
	return result;
}
