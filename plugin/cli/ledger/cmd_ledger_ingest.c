/* curfew ledger ingest: logs into the ledger. */

#include "cli/front/cmd.h"
#include "cli/ledger/ingesting.h"
#include "cli/ledger/ledger_cmd.h"

#include <stdio.h>

static const char ingest_help[] =
    "usage: curfew ledger ingest [options] LOG|DIR...\n"
    "\n"
    "Takes logs into the ledger. A LOG brings its rotated files along (.1, .2.gz, -20240930.zst), "
    "a\n"
    "DIR every log in it. Each line counts once: across rotation, renaming, compression, repeated\n"
    "runs and kills. Lines that are no records are counted with their reason.\n"
    "\n"
    "  -l, --ledger FILE     the ledger; made when it is not there\n"
    "  -f, --follow          go on reading as the logs grow, until interrupted\n"
    "  -s, --site SITE       the sensors of new logs stand at this site\n"
    "      --alone           a LOG without its rotated files\n"
    "      --no-wait         give up at once when another curfew is writing\n"
    "      --keep DAYS       forget what is older than this before the newest day\n"
    "      --keep-size MIB   forget the oldest days until the ledger is no larger\n"
    "  -j, --json            the counts as JSON\n"
    "  -q, --quiet           only trouble\n"
    "\n"
    "exit: 0 done, 1 a log is not what was read of it before, 2 usage, 4 a log or the ledger could "
    "not be read or written\n";

int cmd_ledger_ingest(int argc, char **argv)
{
	struct cli_ingesting run = {.what = "ledger ingest"};
	struct cf_ingest_counts counts = {0};
	struct cf_ledger *ledger = NULL;
	struct cf_error error = {0};
	bool set_aside;
	int code;

	if (!cli_ingesting_parse(&run, argc, argv, ingest_help, &code))
		return code;
	if (run.taking.log_count == 0) {
		fputs("curfew ledger ingest: no log given\n", stderr);
		return CMD_USAGE;
	}
	cli_ingesting_begin(&run);
	enum cf_status status = cli_ledger_open_to_write(
	    run.what, run.taking.ledger_path, run.no_wait, &ledger, &set_aside, &error);

	if (status != CF_OK)
		return cli_ledger_failed(run.what, status, &error);
	status = cf_taking_run(&run.taking, ledger, &counts, &error);
	cf_ledger_close(ledger);
	return cli_ingesting_finish(&run, status, &counts, &error);
}
