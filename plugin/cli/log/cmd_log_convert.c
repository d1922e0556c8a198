/* curfew log convert: hits in another schema. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/log/log_files.h"
#include "records/convert/convert.h"

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
    "\n"
    "exit: 0 done, 2 usage, 4 a file could not be read\n";

typedef size_t convert_fn(const struct cf_record *record, char *line, size_t size);

struct work {
	convert_fn *convert;
	struct cf_record record;
	char line[CF_CONVERT_BYTES];
};

struct request {
	convert_fn *convert;
	bool rotated;
	const char *olddir;
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
    CLI_OPTIONS_END,
};

static bool convert_file(struct work *work, const char *path)
{
	struct cf_reader *reader = log_open(path);
	struct cf_line line;
	enum cf_read got = CF_READ_END;

	if (reader == NULL)
		return false;
	while (!ferror(stdout) &&
	    ((got = cf_reader_next(reader, &work->record, &line)) == CF_READ_RECORD ||
	        got == CF_READ_SKIPPED))
		if (got == CF_READ_RECORD)
			fwrite(work->line, 1,
			    work->convert(&work->record, work->line, sizeof work->line), stdout);
	if (!ferror(stdout) && got == CF_READ_FAILED) {
		log_complain(reader);
		cf_reader_close(reader);
		return false;
	}
	cf_reader_close(reader);
	return true;
}

static bool is_file(int fd)
{
	struct stat about;

	return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

static int convert_files(convert_fn *convert, const struct log_files *files)
{
	struct work *work = calloc(1, sizeof *work);
	int result = CMD_OK;

	if (work == NULL) {
		fputs("curfew log: no memory\n", stderr);
		return CMD_IO;
	}
	work->convert = convert;
	/* Whoever waits at the other end of a pipe gets each line as it comes. */
	if (!is_file(STDOUT_FILENO))
		(void)setvbuf(stdout, NULL, _IOLBF, CF_CONVERT_BYTES);
	for (size_t i = 0; i < files->count; i++)
		for (size_t j = 0; j < files->sets[i].count; j++)
			if (!convert_file(work, files->sets[i].paths[j]))
				result = CMD_IO;
	free(work);
	return result;
}

int cmd_log_convert(int argc, char **argv)
{
	struct request request = {.convert = NULL};
	struct log_files files;
	int result;

	if (!cli_options_read(options, "log convert", help, &request, argc, argv, &result))
		return result;
	if (request.convert == NULL) {
		fputs("curfew log: convert needs --to ecs or --to ocsf\n", stderr);
		return CMD_USAGE;
	}
	result = CMD_IO;
	if (log_files_take(&files, argc - optind, argv + optind, request.rotated, request.olddir))
		result = convert_files(request.convert, &files);
	log_files_done(&files);
	return result;
}
