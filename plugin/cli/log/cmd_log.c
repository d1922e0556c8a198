/* curfew log: what was hit, for people. */

#include "cli/log/cmd_log.h"
#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/log/log_filter.h"
#include "cli/log/log_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How often a followed file is looked at. */
#define FOLLOW_PAUSE_NS 200000000L

static const char help[] =
    "usage: curfew log [FILE...] [options]\n"
    "       curfew log verify [FILE...]\n"
    "       curfew log convert --to ecs|ocsf [FILE...]\n"
    "\n"
    "Prints hits, one a line. FILE is plain, gzip or zstd, - is standard input; without FILE the\n"
    "installed log and all its rotated files are read.\n"
    "\n"
    "  -f, --follow         go on with what is written, across rotation\n"
    "  -r, --rotated        read the rotated files of each FILE before it\n"
    "      --olddir DIR     the same, with those that logrotate put into DIR\n"
    "  -c, --client PREFIX  hits of this address or network\n"
    "  -n, --name NAME      hits on this name and below\n"
    "  -C, --category NAME  hits of this category\n"
    "  -A, --action WORD    block, flag, observe or allow (also --verdict)\n"
    "  -v, --via WORD       by this evidence: qname, cname, sni, dest_ip ...\n"
    "  -S, --sensor NAME    of this sensor\n"
    "  -s, --since TIME     from an instant with offset, or back from now: 24h\n"
    "  -u, --until TIME     before it\n"
    "  -e, --events         also start, stop, heartbeat, lost and identity records\n"
    "  -j, --json           the lines as they are\n"
    "\n"
    "exit: 0 done, 2 usage, 4 a file could not be read\n";

struct view {
	struct log_filter filter;
	struct log_printer printer;
	bool json, follow, rotated;
	const char *olddir;
	uint64_t skipped; /* lines that are no records */
	struct cf_record record;
};

static void show(struct view *view, const struct cf_line *line)
{
	if (!log_filter_match(&view->filter, &view->record))
		return;
	if (view->json) {
		fwrite(line->text, 1, line->len, stdout);
		putchar('\n');
	} else {
		log_printer_print(&view->printer, &view->record);
	}
}

/* To the end of what is there; false when the file cannot be read on. */
static bool show_all(struct view *view, struct cf_reader *reader)
{
	struct cf_line line;
	enum cf_read got;

	while ((got = cf_reader_next(reader, &view->record, &line)) == CF_READ_RECORD ||
	    got == CF_READ_SKIPPED) {
		if (got == CF_READ_RECORD)
			show(view, &line);
		else if (line.fault != CF_LINE_BLANK)
			view->skipped++;
		if (ferror(stdout))
			return true; /* nobody reads any more */
	}
	if (got == CF_READ_FAILED)
		log_complain(reader);
	return got == CF_READ_END;
}

/* Goes on for ever, or until nobody reads; each new file of that path in turn. */
static bool follow(struct view *view, struct cf_reader *reader)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_PAUSE_NS};
	bool good = true;

	while (good && reader != NULL && fflush(stdout) == 0 && !ferror(stdout)) {
		/* Asked before reading on: what the old file still got is then not missed. */
		bool rotated = cf_reader_is_rotated(reader);

		good = show_all(view, reader);
		if (rotated && good) {
			char *path = strdup(cf_reader_path(reader));

			cf_reader_close(reader);
			reader = path == NULL ? NULL : log_open(path);
			free(path);
			continue;
		}
		(void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
	}
	good = good && reader != NULL;
	cf_reader_close(reader);
	return good;
}

static int show_files(struct view *view, const struct log_files *files)
{
	int result = CMD_OK;

	for (size_t i = 0; i < files->count; i++)
		for (size_t j = 0; j < files->sets[i].count && !ferror(stdout); j++) {
			struct cf_reader *reader = log_open(files->sets[i].paths[j]);
			bool last = i + 1 == files->count && j + 1 == files->sets[i].count;

			if (reader == NULL || !show_all(view, reader))
				result = CMD_IO;
			if (reader != NULL && last && view->follow) {
				if (!follow(view, reader))
					result = CMD_IO;
			} else {
				cf_reader_close(reader);
			}
		}
	if (view->skipped > 0)
		fprintf(stderr,
		    "curfew log: %llu lines were no records; `curfew log verify` says more\n",
		    (unsigned long long)view->skipped);
	return result;
}

static bool take_condition(void *place, const struct cli_given *given)
{
	const char *why = "";

	if (log_filter_set(place, given->letter, given->value, time(NULL), &why))
		return true;
	fprintf(stderr, "curfew log: '%s' is not %s\n", given->value, why);
	return false;
}

#define CONDITION(name, letter) CLI_VALUE(name, letter, struct view, filter, take_condition)

static const struct cli_option options[] = {
    CLI_SWITCH("follow", 'f', struct view, follow),
    CLI_SWITCH("rotated", 'r', struct view, rotated),
    CLI_WORD("olddir", 0, struct view, olddir),
    CONDITION("client", 'c'),
    CONDITION("name", 'n'),
    CONDITION("category", 'C'),
    CONDITION("action", 'A'),
    CONDITION("verdict", 'A'),
    CONDITION("via", 'v'),
    CONDITION("sensor", 'S'),
    CONDITION("since", 's'),
    CONDITION("until", 'u'),
    CLI_SWITCH("events", 'e', struct view, filter.events),
    CLI_SWITCH("json", 'j', struct view, json),
    CLI_OPTIONS_END,
};

int cmd_log(int argc, char **argv)
{
	struct view *view;
	struct log_files files;
	int result;

	if (argc > 1 && strcmp(argv[1], "verify") == 0)
		return cmd_log_verify(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "convert") == 0)
		return cmd_log_convert(argc - 1, argv + 1);
	view = calloc(1, sizeof *view);
	if (view == NULL) {
		fputs("curfew log: no memory\n", stderr);
		return CMD_IO;
	}
	view->printer = log_printer_start(stdout);
	if (!cli_options_read(options, "log", help, view, argc, argv, &result)) {
		free(view);
		return result;
	}
	if (!log_files_take(&files, argc - optind, argv + optind, view->rotated, view->olddir)) {
		result = CMD_IO;
	} else {
		if (!view->json && isatty(STDOUT_FILENO))
			log_printer_heading(&view->printer);
		result = show_files(view, &files);
	}
	log_files_done(&files);
	free(view);
	return result;
}
