/* curfew export: the ledger's answer for other systems. */

#include "cli/front/cmd.h"
#include "cli/ledger/ledger_cmd.h"
#include "cli/ledger/ledger_model.h"
#include "report/metrics.h"
#include "report/report.h"
#include "report/siem.h"

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

struct export_run {
	struct cli_model model;
	unsigned format;
};

static const struct cli_option options[] = {
    CLI_MODEL_OPTIONS(struct export_run, model),
    CLI_CHOICE("ecs", 0, struct export_run, format, ECS),
    CLI_CHOICE("ocsf", 0, struct export_run, format, OCSF),
    CLI_CHOICE("csv", 0, struct export_run, format, CSV),
    CLI_CHOICE("prometheus", 0, struct export_run, format, PROMETHEUS),
    CLI_OPTIONS_END,
};

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
	struct export_run run = {.format = NONE};
	int code;

	cli_model_init(&run.model, "export");
	if (!cli_options_read(options, "export", help, &run, argc, argv, &code))
		return code;
	if (run.format == NONE || argc - optind > (run.format == PROMETHEUS)) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	code = cli_model_load(&run.model);
	if (code == CMD_OK)
		code = export_as(&run.model, (enum format)run.format, argv[optind]);
	cli_model_done(&run.model);
	return code;
}
