/* curfew log: what was hit, for people. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/log/log_files.h"
#include "cli/log/log_filter.h"
#include "cli/log/log_print.h"
#include "records/read/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew log [FILE...] [options]\n"
    "       curfew log verify [FILE...]\n"
    "       curfew log seals [FILE...]\n"
    "       curfew log key new|show [WRITER...]\n"
    "       curfew log convert --to ecs|ocsf [FILE...]\n"
    "\n"
    "Prints hits, one a line. FILE is plain, gzip or zstd, - is standard input; without FILE the\n"
    "installed log and all its rotated files are read.\n"
    "\n"
    "  -f, --follow         go on with what is written, across rotation\n"
    "  -r, --rotated        read the rotated files of each FILE before it\n"
    "      --olddir DIR     the same, with those that logrotate put into DIR\n"
    "      --state FILE     remember how far it got, and go on from there\n"
    "  -o, --output FILE    add to FILE; with --state each line once, whatever is killed\n"
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
	const char *olddir, *state_path, *out_path;
	struct cf_walk_out out;
	struct cf_walk_state state;
	struct cf_walk walk;
};

static void show(void *arg, const struct cf_record *record, const struct cf_line *line)
{
	struct view *view = arg;

	if (!cf_record_filter_match(&view->filter.by, record))
		return;
	if (view->json) {
		fwrite(line->text, 1, line->len, view->out.to);
		putc('\n', view->out.to);
	} else {
		log_printer_print(&view->printer, record);
	}
}

/* What was asked for and never seen is mistyped, more likely than quiet. */
static void complain_about_nothing(void *arg)
{
	const struct view *view = arg;

	if (view->filter.by.sensor != NULL && !view->filter.by.sensor_seen)
		fprintf(stderr, "curfew log: no line is of a sensor '%.100s'\n",
		    view->filter.by.sensor);
	if (view->walk.skipped > 0)
		fprintf(stderr,
		    "curfew log: %llu lines were no records; `curfew log verify` says more\n",
		    (unsigned long long)view->walk.skipped);
}

static int show_files(struct view *view, const struct cf_walk_logs *files)
{
	int result = CMD_IO;

	if (cf_walk_state_open(
	        &view->state, view->state_path, view->json ? "json" : "text", log_say) &&
	    cf_walk_out_open(&view->out, view->out_path, &view->state.out, log_say)) {
		view->printer = log_printer_start(view->out.to);
		if (!view->json && view->out_path == NULL && isatty(STDOUT_FILENO))
			log_printer_heading(&view->printer);
		view->walk = (struct cf_walk){.take = show,
		    .arg = view,
		    .out = &view->out,
		    .state = &view->state,
		    .say = log_say,
		    .caught_up = view->follow ? complain_about_nothing : NULL,
		    .follow = view->follow};
		result = cf_walk_run(&view->walk, files) == CF_OK ? CMD_OK : CMD_IO;
		if (!view->follow)
			complain_about_nothing(view);
		cf_walk_out_close(&view->out);
	}
	cf_walk_state_close(&view->state);
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
    CLI_WORD("state", 0, struct view, state_path),
    CLI_WORD("output", 'o', struct view, out_path),
    CONDITION("client", 'c'),
    CONDITION("name", 'n'),
    CONDITION("category", 'C'),
    CONDITION("action", 'A'),
    CONDITION("verdict", 'A'),
    CONDITION("via", 'v'),
    CONDITION("sensor", 'S'),
    CONDITION("since", 's'),
    CONDITION("until", 'u'),
    CLI_SWITCH("events", 'e', struct view, filter.by.events),
    CLI_SWITCH("json", 'j', struct view, json),
    CLI_OPTIONS_END,
};

int cmd_log(int argc, char **argv)
{
	struct view *view;
	struct cf_walk_logs files;
	int result;

	if (argc > 1 && strcmp(argv[1], "verify") == 0)
		return cmd_log_verify(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "convert") == 0)
		return cmd_log_convert(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "key") == 0)
		return cmd_log_key(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "seals") == 0)
		return cmd_log_seals(argc - 1, argv + 1);
	view = calloc(1, sizeof *view);
	if (view == NULL) {
		fputs("curfew log: no memory\n", stderr);
		return CMD_IO;
	}
	if (!cli_options_read(options, "log", help, view, argc, argv, &result)) {
		free(view);
		return result;
	}
	if (!log_files_take(&files, argc - optind, argv + optind, view->rotated, view->olddir)) {
		result = CMD_IO;
	} else if (!log_files_resume(&files, view->state_path)) {
		result = CMD_USAGE;
	} else {
		result = show_files(view, &files);
	}
	log_files_done(&files);
	free(view);
	return result;
}
