#include "cli/report/report_output.h"

#include "cli/front/cmd.h"
#include "cli/front/term.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cli_take_columns(void *place, const struct cli_given *given)
{
	unsigned *columns = place;

	*columns = (unsigned)strtoul(given->value, NULL, 10);
	return true;
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
