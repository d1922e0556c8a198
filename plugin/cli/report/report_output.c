#include "cli/report/report_output.h"

#include "base/file_writer.h"
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

static int complain(const struct cli_output *output, const char *what, const char *why)
{
	fprintf(stderr, "curfew %s: cannot write %s: %s\n", output->what, what, why);
	return CMD_IO;
}

/* Whole or not at all: nobody sees half a report in its place. */
static int write_file(const struct cli_output *output, const struct cf_doc *doc)
{
	struct cf_file_writer writer;
	int code;

	if (cf_file_writer_open_as(&writer, output->path, CF_WRITE_PRIVATE) != CF_OK)
		return complain(output, output->path, cf_file_writer_why(&writer));
	code = print(output, doc, writer.to);
	if (code == CMD_OK && cf_file_writer_commit(&writer) != CF_OK)
		code = complain(output, output->path, cf_file_writer_why(&writer));
	cf_file_writer_abandon(&writer);
	return code;
}

int cli_output_doc(const struct cli_output *output, const struct cf_doc *doc)
{
	int code;

	if (!cf_doc_ok(doc)) {
		fprintf(stderr, "curfew %s: no memory\n", output->what);
		return CMD_IO;
	}
	if (output->path != NULL)
		return write_file(output, doc);
	code = print(output, doc, stdout);
	if ((fflush(stdout) != 0 || ferror(stdout) != 0) && errno != EPIPE)
		return complain(output, "all of it", strerror(errno));
	return code;
}
