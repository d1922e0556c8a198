/* curfew log convert: hits in another schema. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/log/log_files.h"
#include "records/convert/convert.h"
#include "records/read/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew log convert --to ecs|ocsf [FILE...] [options]\n"
    "\n"
    "Writes every hit as one line of JSON in the Elastic Common Schema or in OCSF.\n"
    "\n"
    "  -t, --to SCHEMA   ecs (8.11) or ocsf (1.4)\n"
    "  -r, --rotated     read the rotated files of each FILE before it\n"
    "      --olddir DIR  the same, with those that logrotate put into DIR\n"
    "  -f, --follow      go on with what is written, across rotation\n"
    "      --state FILE  remember how far it got, and go on from there\n"
    "  -o, --output FILE add to FILE; with --state each line once, whatever is killed\n"
    "\n"
    "exit: 0 done, 2 usage, 4 a file could not be read\n";

typedef size_t convert_fn(const struct cf_record *record, char *line, size_t size);

struct request {
	convert_fn *convert;
	bool rotated, follow;
	const char *olddir, *state_path, *out_path;
	struct cf_walk_out out;
	struct cf_walk_state state;
	struct cf_walk walk;
	char line[CF_CONVERT_BYTES];
};

static bool take_schema(void *place, const struct cli_given *given)
{
	convert_fn **convert = place;

	*convert = NULL;
	if (strcmp(given->value, "ecs") == 0)
		*convert = cf_convert_ecs;
	else if (strcmp(given->value, "ocsf") == 0)
		*convert = cf_convert_ocsf;
	else
		fprintf(
		    stderr, "curfew log: no schema '%s'; there are ecs and ocsf\n", given->value);
	return *convert != NULL;
}

static const struct cli_option options[] = {
    CLI_VALUE("to", 't', struct request, convert, take_schema),
    CLI_SWITCH("rotated", 'r', struct request, rotated),
    CLI_WORD("olddir", 0, struct request, olddir),
    CLI_SWITCH("follow", 'f', struct request, follow),
    CLI_WORD("state", 0, struct request, state_path),
    CLI_WORD("output", 'o', struct request, out_path),
    CLI_OPTIONS_END,
};

static void convert(void *arg, const struct cf_record *record, const struct cf_line *line)
{
	struct request *request = arg;

	(void)line;
	fwrite(request->line, 1, request->convert(record, request->line, sizeof request->line),
	    request->out.to);
}

static bool is_file(int fd)
{
	struct stat about;

	return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

static int convert_files(struct request *request, const struct cf_walk_logs *files)
{
	const char *schema = request->convert == cf_convert_ecs ? "ecs" : "ocsf";
	int result = CMD_IO;

	/* Whoever waits at the other end of a pipe gets each line as it comes. */
	if (!is_file(STDOUT_FILENO))
		(void)setvbuf(stdout, NULL, _IOLBF, CF_CONVERT_BYTES);
	if (cf_walk_state_open(&request->state, request->state_path, schema, log_say) &&
	    cf_walk_out_open(&request->out, request->out_path, &request->state.out, log_say)) {
		request->walk = (struct cf_walk){.take = convert,
		    .arg = request,
		    .out = &request->out,
		    .state = &request->state,
		    .say = log_say,
		    .follow = request->follow};
		result = cf_walk_run(&request->walk, files) == CF_OK ? CMD_OK : CMD_IO;
		cf_walk_out_close(&request->out);
	}
	cf_walk_state_close(&request->state);
	return result;
}

int cmd_log_convert(int argc, char **argv)
{
	struct request *request = calloc(1, sizeof *request);
	struct cf_walk_logs files = {.sets = NULL};
	int result = CMD_IO;

	if (request == NULL) {
		fputs("curfew log: no memory\n", stderr);
		return CMD_IO;
	}
	if (!cli_options_read(options, "log convert", help, request, argc, argv, &result)) {
		free(request);
		return result;
	}
	result = CMD_IO;
	if (request->convert == NULL) {
		fputs("curfew log: convert needs --to ecs or --to ocsf\n", stderr);
		result = CMD_USAGE;
	} else if (log_files_take(
	               &files, argc - optind, argv + optind, request->rotated, request->olddir)) {
		result = log_files_resume(&files, request->state_path)
		    ? convert_files(request, &files)
		    : CMD_USAGE;
	}
	log_files_done(&files);
	free(request);
	return result;
}
