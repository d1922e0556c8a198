/* curfew ledger rebuild: the ledger anew from its logs. */

#include "cli/front/cmd.h"
#include "cli/ledger/ingesting.h"
#include "cli/ledger/ledger_cmd.h"
#include "ledger/upkeep/rebuild.h"

static const char rebuild_help[] =
    "usage: curfew ledger rebuild [options] [LOG|DIR...]\n"
    "\n"
    "Makes the ledger anew: from the given logs, or from the folders of those it was made from. "
    "The\n"
    "old ledger stays until the new one is complete. When logs that are in the old one are gone, "
    "the\n"
    "old one stays in force, unless --force says to lose them. What people said about hosts is "
    "kept.\n"
    "\n"
    "  -l, --ledger FILE     the ledger\n"
    "      --force           even if logs are gone\n"
    "      --alone, --no-wait, --keep, --keep-size, --json, --quiet   as for ingest\n"
    "\n"
    "exit: 0 done, 2 usage, 3 refused: logs are gone, 4 input/output\n";

int cmd_ledger_rebuild(int argc, char **argv)
{
	struct cli_ingesting run = {.what = "ledger rebuild"};
	struct cf_ingest_counts counts = {0};
	struct cf_ledger *old = NULL;
	struct cf_error error = {0};
	bool set_aside;
	int code;

	if (!cli_ingesting_parse(&run, argc, argv, rebuild_help, &code))
		return code;
	cli_ingesting_begin(&run);
	enum cf_status status = cli_ledger_open_to_write(
	    run.what, run.taking.ledger_path, run.no_wait, &old, &set_aside, &error);

	if (status != CF_OK)
		return cli_ledger_failed(run.what, status, &error);
	status = cf_ledger_rebuild(old, &run.taking, run.force, &counts, &error);
	cf_ledger_close(old);
	return cli_ingesting_finish(&run, status, &counts, &error);
}
