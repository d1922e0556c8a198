/* curfew ledger ptr: asks what addresses are called, for hosts that have no name. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/term.h"
#include "cli/ledger/ledger_cmd.h"
#include "cli/ledger/ledger_model.h"

#include "ledger/upkeep/ptr_asking.h"

#include <stdio.h>
#include <time.h>

static const char help[] =
    "usage: curfew ledger ptr [options]\n"
    "\n"
    "Asks the network (PTR) what the addresses of hosts without a name are called, and keeps the\n"
    "answers beside the ledger; reports show them. Asks nothing again before a week has passed.\n"
    "\n"
    "  -l, --ledger FILE    the ledger\n"
    "  -F, --forward ADDR   ask this resolver (ADDR or ADDR@PORT); may be given again; else the "
    "system's\n"
    "  -s, --site SITE      hosts of this site, whose names these resolvers know; else those "
    "without\n"
    "  -r, --rate N         questions a second (50)\n"
    "  -m, --most N         hosts asked about at most (10000)\n"
    "      --age DAYS       ask again after so many days (7)\n"
    "\n"
    "exit: 0 done, 2 usage, 4 input/output\n";

#define FORWARDS 16

struct ptr_run {
	struct cli_model model;
	struct cf_ptr_asking asking;
	const char *forwards[FORWARDS];
	struct cli_progress progress;
};

static void show_progress(void *arg, size_t answered)
{
	struct ptr_run *run = arg;

	cli_progress_update(&run->progress, answered);
}

static int run_all(struct ptr_run *run)
{
	struct cf_ptr_asking *asking = &run->asking;
	struct cf_error error = {0};
	enum cf_status status;
	int code = cli_model_load(&run->model);

	if (code != CMD_OK)
		return code;
	asking->model = run->model.source.model;
	asking->ledger_path = run->model.source.ledger_path;
	asking->forwards = run->forwards;
	asking->progress = show_progress;
	asking->arg = run;
	run->progress = cli_progress_start("asking", 0);
	status = cf_ptr_ask(asking, &error);
	cli_progress_end(&run->progress);
	if (status == CF_EINVALID) {
		fprintf(stderr, "curfew ledger ptr: %s\n", error.text);
		return CMD_USAGE;
	}
	if (status != CF_OK)
		return cli_ledger_failed("ledger ptr", status, &error);
	printf("%zu asked, %zu answered, %zu have a name\n", asking->asked, asking->answered,
	    asking->named);
	if (!asking->complete)
		fputs(
		    "curfew ledger ptr: no more answers come; the rest is left for another time\n",
		    stderr);
	return CMD_OK;
}

static bool take_forward(void *place, const struct cli_given *given)
{
	struct ptr_run *run = place;

	if (run->asking.forward_count == FORWARDS) {
		fprintf(stderr, "curfew ledger ptr: more than %d forwarders\n", FORWARDS);
		return false;
	}
	run->forwards[run->asking.forward_count++] = given->value;
	return true;
}

static const struct cli_option options[] = {
    CLI_WORD("ledger", 'l', struct ptr_run, model.source.ledger_path),
    CLI_TAKEN("forward", 'F', take_forward),
    CLI_WORD("site", 's', struct ptr_run, asking.site),
    CLI_NUMBER("rate", 'r', struct ptr_run, asking.rate, 1000000),
    CLI_NUMBER("most", 'm', struct ptr_run, asking.most, 1000000),
    CLI_NUMBER("age", 0, struct ptr_run, asking.age_days, 1000000),
    CLI_OPTIONS_END,
};

int cmd_ledger_ptr(int argc, char **argv)
{
	struct ptr_run run = {
	    .asking = {.site = "", .rate = 50, .most = 10000, .age_days = 7, .now_s = time(NULL)}};
	int code;

	cli_model_init(&run.model, "ledger ptr");
	if (!cli_options_read(options, "ledger ptr", help, &run, argc, argv, &code))
		return code;
	code = run_all(&run);
	cli_model_done(&run.model);
	return code;
}
