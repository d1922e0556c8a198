/* curfew fleet: a line a sensor. */

#include "cli/front/cmd.h"
#include "cli/front/paths.h"
#include "cli/front/when.h"
#include "cli/ledger/ledger_cmd.h"
#include "cli/ledger/ledger_model.h"
#include "cli/report/report_output.h"
#include "report/fleet.h"

#include <stdio.h>

static const char help[] =
    "usage: curfew fleet [options]\n"
    "\n"
    "A line a sensor of the ledger: when it was last heard of, which image decides there and "
    "since\n"
    "when, what it lost, whether it ships and how far, whether another chain came under its name,\n"
    "and its clock.\n"
    "\n"
    "  -l, --ledger FILE    the ledger\n"
    "  -a, --at TIME        as of TIME; else of now\n"
    "      --silent 15m     not heard of for longer: silent\n"
    "  -p, --prometheus     as series for Prometheus\n" CLI_OUTPUT_HELP "\n"
    "exit: 0 all is well, 1 a sensor has trouble, 2 usage, 3 ledger damaged or of another "
    "version,\n"
    "4 input/output\n";

struct request {
	const char *ledger;
	int64_t at_wall_s;
	uint32_t silent_minutes;
	bool prometheus;
	struct cli_output output;
};

static const struct cli_option options[] = {
    CLI_WORD("ledger", 'l', struct request, ledger),
    CLI_VALUE("at", 'a', struct request, at_wall_s, cli_take_instant),
    CLI_VALUE("silent", 0, struct request, silent_minutes, cli_take_minutes),
    CLI_SWITCH("prometheus", 'p', struct request, prometheus),
    CLI_OUTPUT_OPTIONS(struct request, output),
    CLI_OPTIONS_END,
};

static int print(const struct request *request, const struct cf_fleet *fleet)
{
	struct cf_doc *doc;
	int code = CMD_OK;

	if (request->prometheus) {
		cf_fleet_metrics(fleet, stdout);
	} else {
		doc = cf_fleet_doc(fleet);
		if (cf_doc_ok(doc)) {
			code = cli_output_doc(&request->output, doc);
		} else {
			fputs("curfew fleet: no memory\n", stderr);
			code = CMD_IO;
		}
		cf_doc_free(doc);
	}
	return code == CMD_OK && cf_fleet_troubled(fleet) > 0 ? CMD_FOUND : code;
}

static int look(const struct request *request)
{
	const struct cf_ledger_options how = {
	    .path = request->ledger, .mode = CF_LEDGER_READ, .now_wall_s = cli_now_s()};
	const struct cf_fleet_options asked = {.at_wall_s = request->at_wall_s,
	    .silent_s = request->silent_minutes * 60,
	    .lost_days = CF_FLEET_LOST_DAYS,
	    .clock_s = CF_FLEET_CLOCK_S};
	struct cf_ledger *ledger = NULL;
	struct cf_fleet *fleet = NULL;
	struct cf_error error = {0};
	enum cf_status status = cf_ledger_open(&how, &ledger, NULL, &error);
	int code;

	if (status == CF_OK)
		status = cf_fleet_read(ledger, &asked, &fleet, &error);
	code = status == CF_OK ? print(request, fleet) : cli_ledger_failed("fleet", status, &error);
	cf_fleet_free(fleet);
	cf_ledger_close(ledger);
	return code;
}

int cmd_fleet(int argc, char **argv)
{
	struct request request = {.at_wall_s = cli_now_s(),
	    .silent_minutes = CF_FLEET_SILENT_S / 60,
	    .output = {.what = "fleet"}};
	struct cli_paths paths;
	int code;

	cli_paths_default(&paths);
	request.ledger = paths.ledger;
	if (!cli_options_read(options, "fleet", help, &request, argc, argv, &code))
		return code;
	if (optind < argc) {
		fprintf(stderr, "curfew fleet: takes options only, not '%s'\n", argv[optind]);
		return CMD_USAGE;
	}
	return look(&request);
}
