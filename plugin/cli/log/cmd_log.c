/* curfew log: what was hit, for people. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/log/log_files.h"
#include "cli/log/log_filter.h"
#include "cli/log/log_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How often a followed file is looked at. */
#define FOLLOW_PAUSE_NS 200000000L
/* Looks at a file that was rotated: 2.6 seconds. */
#define LEAVING_LOOKS 13

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
    "  -n, --name NAME      hits on this name and below (*.NAME: below alone), or on an address\n"
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

/* One file that is followed. */
struct followed {
	char *path;
	struct cf_reader *reader; /* NULL: not there for now */
	unsigned leaving;         /* looks left at a file that was rotated; 0: it was not */
};

/*
 * The writer of a file that was rotated needs a second to notice, and writes there until then: the
 * old file is read on for as long, and longer, before the new one is begun.
 */
static void look_at(struct view *view, struct followed *followed)
{
	if (followed->reader == NULL) {
		/* Tried in silence: it will be there again. */
		if (cf_reader_open(followed->path, &followed->reader, NULL) != CF_OK)
			followed->reader = NULL;
		return;
	}
	if (followed->leaving == 0 && cf_reader_is_rotated(followed->reader))
		followed->leaving = LEAVING_LOOKS;
	if (!show_all(view, followed->reader) ||
	    (followed->leaving > 0 && --followed->leaving == 0)) {
		cf_reader_close(followed->reader);
		followed->reader = NULL;
		followed->leaving = 0;
	}
}

/* Goes on for ever, or until nobody reads; each new file of those paths in turn. */
static void follow(struct view *view, struct followed *followed, size_t count)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_PAUSE_NS};

	while (fflush(stdout) == 0 && !ferror(stdout)) {
		for (size_t i = 0; i < count; i++)
			look_at(view, &followed[i]);
		(void)fflush(stdout);          /* whoever reads gets lines as they come */
		(void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
	}
}

/* All files of one set; the last one stays open for following. */
static int show_set(struct view *view, const struct cf_log_set *set, struct followed *followed)
{
	int result = CMD_OK;

	for (size_t i = 0; i < set->count && !ferror(stdout); i++) {
		struct cf_reader *reader = log_open(set->paths[i]);

		if (reader == NULL || !show_all(view, reader))
			result = CMD_IO;
		if (reader != NULL && i + 1 == set->count)
			followed->reader = reader;
		else
			cf_reader_close(reader);
	}
	if (set->count > 0)
		followed->path = set->paths[set->count - 1];
	return result;
}

/* What was asked for and never seen is mistyped, more likely than quiet. */
static void complain_about_nothing(const struct view *view)
{
	if (view->filter.sensor != NULL && !view->filter.sensor_seen)
		fprintf(
		    stderr, "curfew log: no line is of a sensor '%.100s'\n", view->filter.sensor);
	if (view->skipped > 0)
		fprintf(stderr,
		    "curfew log: %llu lines were no records; `curfew log verify` says more\n",
		    (unsigned long long)view->skipped);
}

static int show_files(struct view *view, const struct log_files *files)
{
	struct followed *followed = calloc(files->count + 1, sizeof *followed);
	int result = followed == NULL ? CMD_IO : CMD_OK;

	for (size_t i = 0; i < files->count && followed != NULL; i++)
		if (show_set(view, &files->sets[i], &followed[i]) != CMD_OK)
			result = CMD_IO;
	complain_about_nothing(view);
	if (view->follow && followed != NULL)
		follow(view, followed, files->count);
	for (size_t i = 0; i < files->count && followed != NULL; i++)
		cf_reader_close(followed[i].reader);
	free(followed);
	return result;
}

static bool take_condition(void *place, const struct cli_given *given)
{
	const char *why = "";

	struct log_filter *filter = place;

	if (!log_filter_set(filter, given->letter, given->value, time(NULL), &why)) {
		if (filter->error.status != CF_OK)
			fprintf(stderr, "curfew log: %s\n", filter->error.text);
		else
			fprintf(stderr, "curfew log: '%s' is not %s\n", given->value, why);
		return false;
	}
	if (given->letter == 'n' && filter->form != NULL)
		fprintf(stderr, "curfew log: '%.200s' is %s; this is about what it holds\n",
		    given->value, filter->form);
	return true;
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
