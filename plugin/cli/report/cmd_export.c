/* curfew export: the ledger's answer for other systems. */

#include "base/file_writer.h"
#include "cli/front/cmd.h"
#include "cli/ledger/ledger_cmd.h"
#include "cli/ledger/ledger_model.h"
#include "cli/report/made_here.h"
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
    "\n" CLI_MODEL_HELP "      --provenance FILE  where all of it comes from, as JSON: none of "
    "these formats has a place "
    "for it\n"
    "\n"
    "exit: 0 done, 2 usage, 3 ledger damaged or of another version, 4 input/output\n";

enum format { NONE, ECS, OCSF, CSV, PROMETHEUS };

struct export_run {
	struct cli_model model;
	unsigned format;
	const char *provenance;
};

static const struct cli_option options[] = {
    CLI_MODEL_OPTIONS(struct export_run, model),
    CLI_CHOICE("ecs", 0, struct export_run, format, ECS),
    CLI_CHOICE("ocsf", 0, struct export_run, format, OCSF),
    CLI_CHOICE("csv", 0, struct export_run, format, CSV),
    CLI_CHOICE("prometheus", 0, struct export_run, format, PROMETHEUS),
    CLI_WORD("provenance", 0, struct export_run, provenance),
    CLI_OPTIONS_END,
};

static int write_metrics(
    struct cli_model *model, const struct cf_provenance *provenance, const char *path)
{
	struct cf_error error = {0};
	enum cf_status status;

	if (path == NULL) {
		cf_metrics_print(model->source.model, provenance, stdout);
		return CMD_OK;
	}
	status = cf_metrics_write(model->source.model, provenance, path, &error);
	return status == CF_OK ? CMD_OK : cli_ledger_failed("export", status, &error);
}

static int write_provenance(const struct cf_provenance *provenance, const char *path)
{
	struct cf_file_writer writer;
	enum cf_status status = cf_file_writer_open_as(&writer, path, CF_WRITE_PRIVATE);

	if (status == CF_OK) {
		status = cf_provenance_json(provenance, writer.to);
		if (status == CF_OK)
			status = cf_file_writer_commit(&writer);
		else
			cf_file_writer_abandon(&writer);
	}
	if (status == CF_OK)
		return CMD_OK;
	fprintf(
	    stderr, "curfew export: cannot write '%s': %s\n", path, cf_file_writer_why(&writer));
	return CMD_IO;
}

static int export_as(struct cli_model *model, const struct cf_provenance *provenance,
    enum format format, const char *path)
{
	struct cf_doc *doc;

	switch (format) {
	case ECS:
		cf_siem_ecs(model->source.model, stdout);
		break;
	case OCSF:
		cf_siem_ocsf(model->source.model, stdout);
		break;
	case PROMETHEUS:
		if (write_metrics(model, provenance, path) != CMD_OK)
			return CMD_IO;
		break;
	case CSV:
		doc = cf_report_hosts(model->source.model);
		if (!cf_doc_ok(doc) || !cf_doc_csv(doc, NULL, stdout))
			fputs("curfew export: no memory\n", stderr);
		cf_doc_free(doc);
		break;
	case NONE:
		break;
	}
	return fflush(stdout) == 0 ? CMD_OK : CMD_IO;
}

static int export_all(struct export_run *run, const char *path)
{
	struct cf_made_from made;
	struct cf_error error = {0};
	enum cf_status status =
	    cli_made_from_here(&made, &run->model, run->provenance != NULL, &error);
	int code = CMD_OK;

	if (status != CF_OK)
		code = cli_ledger_failed("export", status, &error);
	else if (run->provenance != NULL)
		code = write_provenance(&made.provenance, run->provenance);
	if (code == CMD_OK)
		code = export_as(&run->model, &made.provenance, (enum format)run->format, path);
	cf_made_from_done(&made);
	return code;
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
		code = export_all(&run, argv[optind]);
	cli_model_done(&run.model);
	return code;
}
