/* curfew rehearse: logs through another policy, or at another instant. */

#include "cli/front/cmd.h"
#include "cli/front/term.h"
#include "cli/front/when.h"
#include "cli/ledger/ledger_cmd.h"
#include "cli/ledger/ledger_model.h"
#include "cli/policy/compiling.h"
#include "cli/report/report_output.h"
#include "rehearse/rehearse_files.h"
#include "rehearse/rehearse_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew rehearse --at TIME [--policy FILE | --image FILE] [options] [LOG|DIR...]\n"
    "\n"
    "Decides every logged hit again, as if it were TIME or the policy were another one: who would\n"
    "break, who would work again, and what each exception would let pass. Nothing is changed.\n"
    "Without LOG the log of the image is read, with its rotated files.\n"
    "\n"
    "  -a, --at TIME        the instant, such as 2024-09-29T00:00:00-04:00; else now\n"
    "  -p, --policy FILE    a policy, compiled for this\n"
    "  -L, --lists DIR      the packs it names\n"
    "  -i, --image FILE     an image; else the one in force\n"
    "  -l, --ledger FILE    names hosts from this ledger; else from the usual one, if it is "
    "there\n" CLI_OUTPUT_HELP "\n"
    "exit: 0 nobody would break, 1 somebody would, 2 usage, 3 invalid policy or image, 4 "
    "input/output\n";

struct rehearse_run {
	struct cli_compiling compiling; /* paths, policy, lists, image, instant */
	struct cli_output output;
	const char *policy, *ledger;
	struct cli_model model; /* of the ledger: who had which address */
	struct cf_rehearsal_names *names;
	void *image_data; /* of a compiled policy */
	struct cf_image *image;
	struct cf_rehearsal *rehearsal;
	struct cli_progress progress;
	struct cf_rehearsed_logs logs;
};

static const struct cli_option options[] = {
    CLI_VALUE("at", 'a', struct rehearse_run, compiling.at_wall_s, cli_take_instant),
    CLI_WORD("policy", 'p', struct rehearse_run, policy),
    CLI_WORD("lists", 'L', struct rehearse_run, compiling.lists),
    CLI_WORD("image", 'i', struct rehearse_run, compiling.image),
    CLI_WORD("ledger", 'l', struct rehearse_run, ledger),
    CLI_OUTPUT_OPTIONS(struct rehearse_run, output),
    CLI_OPTIONS_END,
};

static bool parse(struct rehearse_run *run, int argc, char **argv, int *exit_out)
{
	struct cli_compiling *compiling = &run->compiling;

	cli_paths_default(&compiling->paths);
	compiling->lists = compiling->paths.lists;
	compiling->image = compiling->paths.image;
	compiling->at_wall_s = cli_now_s();
	if (!cli_options_read(options, "rehearse", help, run, argc, argv, exit_out))
		return false;
	compiling->policy = run->policy;
	return true;
}

/* The image in force, the one given, or one made of the given policy, in memory only. */
static int get_image(struct rehearse_run *run)
{
	struct cf_compiled *compiled = NULL;
	struct cf_error error = {0};
	size_t len = 0, warnings;

	if (run->policy == NULL) {
		enum cf_status status = cf_image_open(run->compiling.image, &run->image, &error);

		if (status == CF_OK)
			return CMD_OK;
		fprintf(stderr, "curfew rehearse: %s\n", error.text);
		return status == CF_EIO ? CMD_IO : CMD_INVALID;
	}
	int code = cli_compiling_run(&run->compiling, &compiled, &warnings);

	if (code == CMD_OK &&
	    (cf_image_builder_to_memory(compiled->builder, &run->image_data, &len, &error) !=
	            CF_OK ||
	        cf_image_from_memory(run->image_data, len, &run->image, &error) != CF_OK)) {
		fprintf(stderr, "curfew rehearse: cannot build the image: %s\n", error.text);
		code = CMD_INVALID;
	}
	cf_compiled_free(compiled);
	return code;
}

/* Names are a help, not a must; those of a ledger that was given must be there. */
static int load_names(struct rehearse_run *run)
{
	cli_model_init(&run->model, "rehearse");
	if (run->ledger != NULL)
		run->model.source.ledger_path = run->ledger;
	else if (access(run->model.source.ledger_path, R_OK) != 0)
		return CMD_OK;
	int code = cli_model_load(&run->model);

	if (code != CMD_OK)
		return run->ledger == NULL ? CMD_OK : code;
	return cf_rehearsal_names_new(run->model.source.model, &run->names) == CF_OK ? CMD_OK
	                                                                             : CMD_IO;
}

static void tell_notice(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "curfew rehearse: %s\n", text);
}

static void show_progress(void *arg, uint64_t lines)
{
	struct rehearse_run *run = arg;

	cli_progress_update(&run->progress, lines);
}

static enum cf_status take_logs(struct rehearse_run *run, char **logs, int count)
{
	const char *own = cf_image_info(run->image)->log_path;
	enum cf_status status = CF_OK;

	run->logs = (struct cf_rehearsed_logs){.rehearsal = run->rehearsal,
	    .notice = tell_notice,
	    .progress = show_progress,
	    .arg = run};
	if (count == 0)
		return cf_rehearse_log(&run->logs, own[0] == '\0' ? run->compiling.paths.log : own);
	for (int i = 0; i < count && status == CF_OK; i++)
		status = cf_rehearse_log(&run->logs, logs[i]);
	return status;
}

static int rehearse(struct rehearse_run *run, char **logs, int count)
{
	int code = get_image(run);

	if (code == CMD_OK)
		code = load_names(run);
	if (code != CMD_OK)
		return code;
	enum cf_status status =
	    cf_rehearsal_new(run->image, run->compiling.at_wall_s, &run->rehearsal);

	run->progress = cli_progress_start("lines", 0);
	if (status == CF_OK)
		status = take_logs(run, logs, count);
	cli_progress_end(&run->progress);
	struct cf_doc *doc =
	    status == CF_OK ? cf_rehearsal_report(run->rehearsal, run->names) : NULL;

	if (doc != NULL)
		cf_rehearsal_footer(run->rehearsal, doc, cli_now_s(), CF_VERSION);
	code = cli_output_doc(&run->output, doc);
	if (code == CMD_OK && run->logs.had_failures)
		code = CMD_IO;
	if (code == CMD_OK && cf_rehearsal_breaks(run->rehearsal))
		code = CMD_FOUND;
	cf_doc_free(doc);
	return code;
}

int cmd_rehearse(int argc, char **argv)
{
	struct rehearse_run run = {.output = {.what = "rehearse"}};
	int code;

	if (!parse(&run, argc, argv, &code))
		return code;
	code = rehearse(&run, argv + optind, argc - optind);
	cf_rehearsal_free(run.rehearsal);
	cf_rehearsal_names_free(run.names);
	cli_model_done(&run.model);
	cf_image_close(run.image);
	free(run.image_data);
	return code;
}
