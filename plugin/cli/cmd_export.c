/* curfew export: the ledger's answer for other systems. */

#include "cli/cmd.h"
#include "cli/ledger_cmd.h"
#include "cli/report_model.h"
#include "report/metrics.h"
#include "report/report.h"
#include "report/siem.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: curfew export --ecs | --ocsf | --csv | --prometheus [FILE] [options]\n"
    "\n"
    "The hosts of the ledger for a SIEM (one JSON object a line) or a spreadsheet, or its numbers "
    "for\n"
    "Prometheus' textfile collector (FILE is replaced by rename; without FILE: standard output).\n"
    "Single hits are converted by `curfew log convert`.\n"
    "\n" CLI_MODEL_HELP "\n"
    "exit: 0 done, 2 usage, 3 ledger damaged or of another version, 4 input/output\n";

enum format { NONE, ECS, OCSF, CSV, PROMETHEUS };

static int export_as(struct cli_model *model, enum format format, const char *path)
{
	struct cf_error error = {0};
	struct cf_doc *doc;

	switch (format) {
	case ECS:
		cf_siem_ecs(model->model, stdout);
		break;
	case OCSF:
		cf_siem_ocsf(model->model, stdout);
		break;
	case PROMETHEUS:
		if (path != NULL) {
			enum cf_status status = cf_metrics_write(model->model, path, &error);

			return status == CF_OK ? CMD_OK
			                       : cli_ledger_failed("export", status, &error);
		}
		cf_metrics_print(model->model, stdout);
		break;
	case CSV:
		doc = cf_report_hosts(model->model);
		if (!cf_doc_ok(doc) || !cf_doc_csv(doc, NULL, stdout))
			fputs("curfew export: no memory\n", stderr);
		cf_doc_free(doc);
		break;
	case NONE:
		break;
	}
	return fflush(stdout) == 0 ? CMD_OK : CMD_IO;
}

int cmd_export(int argc, char **argv)
{
	static const struct option options[] = {CLI_MODEL_OPTIONS, {"ecs", no_argument, NULL, 1},
	    {"ocsf", no_argument, NULL, 2}, {"csv", no_argument, NULL, 3},
	    {"prometheus", no_argument, NULL, 4}, {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0}};
	struct cli_model model;
	enum format format = NONE;
	int letter;

	cli_model_init(&model, "export");
	while ((letter = getopt_long(argc, argv, CLI_MODEL_LETTERS "h", options, NULL)) != -1) {
		if (letter == 'h') {
			fputs(help, stdout);
			return CMD_OK;
		}
		if (letter >= 1 && letter <= 4)
			format = (enum format)letter;
		else if (!cli_model_option(&model, letter, optarg))
			return CMD_USAGE;
	}
	if (format == NONE || argc - optind > (format == PROMETHEUS)) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	int code = cli_model_load(&model);

	if (code == CMD_OK)
		code = export_as(&model, format, argv[optind]);
	cli_model_done(&model);
	return code;
}
