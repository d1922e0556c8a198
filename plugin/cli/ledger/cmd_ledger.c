/* curfew ledger: takes its word and gives the rest to whoever knows it. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/ledger/ledger_cmd.h"
#include "ledger/origin.h"
#include "ledger/store/seen_seals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: curfew ledger COMMAND [options]\n"
    "\n"
    "  ingest LOG|DIR...        take logs in; each line counts once, whatever happens\n"
    "  rebuild [LOG|DIR...]     make the ledger anew from the logs\n"
    "  name HOST NAME           call a host something\n"
    "  owner HOST PERSON        say who answers for it\n"
    "  note HOST TEXT           say something about it\n"
    "  except HOST UNTIL WHY    accept its dependence until an instant\n"
    "  merge HOST HOST          these are one host\n"
    "  split MAC ADDRESS        this address is another host, though the MAC is the same\n"
    "  site SENSOR SITE         where a sensor stands: private addresses of two sites differ\n"
    "  undo NUMBER              take an action back\n"
    "  actions                  what people said, when, and who\n"
    "  ptr                      ask what addresses without a name are called\n"
    "  dump                     the content as text, sorted\n"
    "  digest                   SHA-256 of the content\n"
    "  seals                    the seals it remembers, as `curfew log verify --seal` takes them\n"
    "\n"
    "  -l, --ledger FILE        the ledger\n"
    "\n"
    "`curfew ledger COMMAND --help` says more. exit: 0 done, 1 found something, 2 usage,\n"
    "3 refused, 4 input/output\n";

static void print_line(void *arg, const char *line, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)line[i];

		if ((byte < ' ' && byte != '\t') || byte >= 0x7f)
			printf("\\x%02x", byte);
		else
			putchar(byte);
	}
	putchar('\n');
}

static void print_seal(void *arg, const struct cf_seal_text *seal)
{
	char text[CF_SEAL_TEXT_BYTES];
	size_t *count = arg;

	(void)cf_seal_text_format(seal, text); /* always fits */
	puts(text);
	++*count;
}

enum what { WHAT_DUMP, WHAT_DIGEST, WHAT_SEALS };

/* *count_out: seals that were printed. */
static enum cf_status print_what(
    struct cf_ledger *ledger, enum what what, size_t *count_out, struct cf_error *error)
{
	char digest[CF_SHA256_TEXT_BYTES];
	enum cf_status status;

	if (what == WHAT_DUMP)
		return cf_ledger_dump(ledger, print_line, NULL, error);
	if (what == WHAT_SEALS)
		return cf_seen_seals_each(ledger, print_seal, count_out, error);
	status = cf_ledger_digest(ledger, digest, error);
	if (status == CF_OK)
		puts(digest);
	return status;
}

static int print(int argc, char **argv, enum what what)
{
	static const struct cli_option options[] = {
	    CLI_WORD("ledger", 'l', struct cf_ledger_options, path), CLI_OPTIONS_END};
	struct cli_paths paths;
	struct cf_ledger_options open_options = {.mode = CF_LEDGER_READ};
	struct cf_ledger *ledger = NULL;
	struct cf_error error = {0};
	size_t seals = 0;
	int code;

	cli_paths_default(&paths);
	open_options.path = paths.ledger;
	if (!cli_options_read(options, "ledger", help, &open_options, argc, argv, &code))
		return code;
	enum cf_status status = cf_ledger_open(&open_options, &ledger, NULL, &error);

	if (status == CF_OK)
		status = print_what(ledger, what, &seals, &error);
	cf_ledger_close(ledger);
	if (status == CF_OK && what == WHAT_SEALS && seals == 0) {
		fputs("curfew ledger: no seal is remembered\n", stderr);
		return CMD_FOUND;
	}
	return status == CF_OK ? CMD_OK : cli_ledger_failed("ledger", status, &error);
}

int cmd_ledger(int argc, char **argv)
{
	static const char *const prints[] = {
	    [WHAT_DUMP] = "dump", [WHAT_DIGEST] = "digest", [WHAT_SEALS] = "seals"};
	static const char *const actions[] = {
	    "name", "owner", "note", "except", "merge", "split", "site", "plan", "undo", "actions"};

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(help, argc < 2 ? stderr : stdout);
		return argc < 2 ? CMD_USAGE : CMD_OK;
	}
	if (strcmp(argv[1], "ingest") == 0)
		return cmd_ledger_ingest(argc - 1, argv + 1);
	if (strcmp(argv[1], "rebuild") == 0)
		return cmd_ledger_rebuild(argc - 1, argv + 1);
	if (strcmp(argv[1], "ptr") == 0)
		return cmd_ledger_ptr(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof prints / sizeof prints[0]; i++)
		if (strcmp(argv[1], prints[i]) == 0)
			return print(argc - 1, argv + 1, (enum what)i);
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (strcmp(argv[1], actions[i]) == 0)
			return cmd_ledger_action(argc - 1, argv + 1);
	fprintf(
	    stderr, "curfew ledger: no command '%s'; `curfew ledger --help` lists them\n", argv[1]);
	return CMD_USAGE;
}
