#include "cli/report_output.h"

#include "cli/cmd.h"
#include "cli/term.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cli_output_option(struct cli_output *output, int letter, const char *value)
{
	switch (letter) {
	case 'j':
		output->json = true;
		return true;
	case 'c':
		output->csv = true;
		return true;
	case 'o':
		output->path = value;
		return true;
	case 300:
		output->html = true;
		return true;
	case 301:
		output->table = value;
		return true;
	case 302:
		output->columns = (unsigned)strtoul(value, NULL, 10);
		return true;
	default:
		return false;
	}
}

static int print(const struct cli_output *output, const struct cf_doc *doc, FILE *to)
{
	if (output->json) {
		cf_doc_json(doc, to);
	} else if (output->csv) {
		if (!cf_doc_csv(doc, output->table, to)) {
			fprintf(stderr, "curfew %s: it has no table '%s'\n", output->what,
			    output->table == NULL ? "" : output->table);
			return CMD_USAGE;
		}
	} else if (output->html) {
		if (cf_doc_html(doc, to) != CF_OK) {
			fprintf(stderr, "curfew %s: no memory\n", output->what);
			return CMD_IO;
		}
	} else {
		cf_doc_print(doc, to, cli_term_has_colour(to), output->columns);
	}
	return CMD_OK;
}

int cli_output_doc(const struct cli_output *output, const struct cf_doc *doc)
{
	FILE *to = output->path == NULL ? stdout : fopen(output->path, "we");

	if (!cf_doc_ok(doc)) {
		fprintf(stderr, "curfew %s: no memory\n", output->what);
		return CMD_IO;
	}
	if (to == NULL) {
		fprintf(stderr, "curfew %s: cannot write '%s': %s\n", output->what, output->path,
		    strerror(errno));
		return CMD_IO;
	}
	int code = print(output, doc, to);
	bool failed = fflush(to) != 0 || ferror(to) != 0;

	if (to != stdout)
		failed = fclose(to) != 0 || failed;
	if (failed && errno != EPIPE) {
		fprintf(stderr, "curfew %s: cannot write all of it: %s\n", output->what,
		    strerror(errno));
		return CMD_IO;
	}
	return code;
}
