/* curfew report: who still depends, and how we know. */

#include "cli/front/cmd.h"
#include "cli/ledger/ledger_cmd.h"
#include "cli/ledger/ledger_model.h"
#include "cli/report/made_here.h"
#include "cli/report/report_output.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: curfew report [hosts | host HOST | progress | escapes | coverage | exceptions |\n"
    "                      compliance --regime NAME] [options]\n"
    "\n"
    "hosts (the default) shows who still depends, worst first; host tells one host's whole story.\n"
    "A HOST is its id, MAC, name or address. States: bypassing, dependent, migrating, excepted,\n"
    "unknown, clean. Clean is said only of hosts seen alive while somebody watched.\n"
    "\n" CLI_MODEL_HELP "  -r, --regime NAME    us-commerce-2024, us-federal or au-pspf-002-2025\n"
    "  -s, --state WORDS    only hosts in these states (comma between)\n" CLI_OUTPUT_HELP "\n"
    "exit: 0 done, 1 no such host, 2 usage, 3 ledger damaged or of another version, 4 "
    "input/output\n";

struct report_run {
	struct cli_model model;
	struct cli_output output;
	const char *regime, *states;
};

static const struct cli_option options[] = {
    CLI_MODEL_OPTIONS(struct report_run, model),
    CLI_WORD("regime", 'r', struct report_run, regime),
    CLI_WORD("state", 's', struct report_run, states),
    CLI_OUTPUT_OPTIONS(struct report_run, output),
    CLI_OPTIONS_END,
};

static struct cf_doc *make(struct report_run *run, int argc, char **argv, int *exit_out)
{
	struct cf_model *model = run->model.source.model;
	const char *which = argc > 0 ? argv[0] : "hosts";

	*exit_out = CMD_IO;
	if (strcmp(which, "hosts") == 0)
		return cf_report_hosts(model);
	if (strcmp(which, "progress") == 0)
		return cf_report_progress(model);
	if (strcmp(which, "escapes") == 0)
		return cf_report_escapes(model);
	if (strcmp(which, "coverage") == 0)
		return cf_report_coverage(model, run->model.source.ledger);
	if (strcmp(which, "exceptions") == 0)
		return cf_report_exceptions(model);
	if (strcmp(which, "compliance") == 0)
		return cf_report_compliance(model, run->regime);
	const struct cf_host *host = cf_model_find(model, argv[1]);

	if (host != NULL)
		return cf_report_host(model, host);
	fprintf(stderr, "curfew report: no host '%s' in the ledger as of that time\n", argv[1]);
	*exit_out = CMD_FOUND;
	return NULL;
}

static bool is_usable(const struct report_run *run, int argc, char **argv)
{
	static const char *const names[] = {
	    "hosts", "host", "progress", "escapes", "coverage", "exceptions", "compliance"};
	const char *which = argc > 0 ? argv[0] : "hosts";
	bool known = false;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		known = known || strcmp(names[i], which) == 0;
	if (!known || argc > 1 + (strcmp(which, "host") == 0)) {
		fprintf(stderr,
		    "curfew report: no report '%s'; `curfew report --help` lists them\n",
		    known ? argv[1] : which);
		return false;
	}
	if (strcmp(which, "host") == 0 && argc < 2) {
		fputs("curfew report: host wants an id, MAC, name or address\n", stderr);
		return false;
	}
	if (strcmp(which, "compliance") != 0)
		return true;
	for (const char *const *name = cf_report_regimes(); run->regime != NULL && *name != NULL;
	     name++)
		if (strcmp(*name, run->regime) == 0)
			return true;
	fputs("curfew report: compliance wants --regime us-commerce-2024, us-federal or"
	      " au-pspf-002-2025\n",
	    stderr);
	return false;
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(words, word); at != NULL; at = strstr(at + 1, word))
		if ((at == words || at[-1] == ',') && (at[len] == '\0' || at[len] == ','))
			return true;
	return false;
}

/* The column of states; column_count: none. */
static size_t state_column(const struct cf_doc_table *table)
{
	size_t column = 0;

	while (column < table->column_count && table->columns[column].type != CF_DOC_STATE)
		column++;
	return column;
}

static bool is_wanted(void *arg, const struct cf_doc_table *table, const struct cf_doc_cell *cells)
{
	const char *const *words = arg;

	return has_word(*words, cells[state_column(table)].text);
}

/* --state: rows whose state is not wanted leave every table that has states. */
static void keep_states(struct cf_doc *doc, const char **states)
{
	for (size_t t = 0; t < doc->table_count; t++)
		if (state_column(&doc->tables[t]) < doc->tables[t].column_count)
			cf_doc_keep(doc, &doc->tables[t], is_wanted, states);
}

/* What the report is made from: before there is a model, so that the memory of both is not needed
 * at one time. An exit code. */
static int read_footer(struct cli_model *model, struct cf_made_from *made)
{
	struct cf_error error = {0};
	int code = cli_model_open(model);

	if (code != CMD_OK)
		return code;
	enum cf_status status = cli_made_from_here(made, model, true, &error);

	return status == CF_OK ? CMD_OK : cli_ledger_failed("report", status, &error);
}

int cmd_report(int argc, char **argv)
{
	struct report_run run = {.output = {.what = "report"}};
	struct cf_made_from made = {0};
	int code;

	cli_model_init(&run.model, "report");
	if (!cli_options_read(options, "report", help, &run, argc, argv, &code))
		return code;
	argc -= optind;
	argv += optind;
	if (!is_usable(&run, argc, argv))
		return CMD_USAGE;
	code = read_footer(&run.model, &made);
	if (code == CMD_OK)
		code = cli_model_load(&run.model);
	if (code == CMD_OK) {
		struct cf_doc *doc = make(&run, argc, argv, &code);

		if (cf_doc_ok(doc)) {
			if (run.states != NULL)
				keep_states(doc, &run.states);
			cf_provenance_add(doc, &made.provenance);
			code = cli_output_doc(&run.output, doc);
		} else if (code == CMD_IO) {
			fputs("curfew report: no memory\n", stderr);
		}
		cf_doc_free(doc);
	}
	cf_made_from_done(&made);
	cli_model_done(&run.model);
	return code;
}
