#include "cli/report/report_output.h"

#include "base/file_writer.h"
#include "base/limits.h"
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
static int write_file(const struct cli_output *output, const struct cf_doc *doc, const char *path)
{
	struct cf_file_writer writer;
	int code;

	if (cf_file_writer_open_as(&writer, path, CF_WRITE_PRIVATE) != CF_OK)
		return complain(output, path, cf_file_writer_why(&writer));
	code = print(output, doc, writer.to);
	if (code == CMD_OK && cf_file_writer_commit(&writer) != CF_OK)
		code = complain(output, path, cf_file_writer_why(&writer));
	cf_file_writer_abandon(&writer);
	return code;
}

/* The footer in a file of its own: CSV has no place for it (RFC 4180 knows no comment). */
static int write_provenance(const struct cli_output *output, const struct cf_doc *doc)
{
	const struct cli_output as_json = {.what = output->what, .json = true};
	char beside[CF_PATH_BYTES];
	const char *path = output->provenance;

	if (doc->footer == NULL)
		return CMD_OK;
	if (path == NULL && output->csv && output->path != NULL) {
		if (snprintf(beside, sizeof beside, "%s.provenance.json", output->path) >=
		    (int)sizeof beside)
			return complain(output, output->path, "its name is too long");
		path = beside;
	}
	return path == NULL ? CMD_OK : write_file(&as_json, doc->footer, path);
}

int cli_output_doc(const struct cli_output *output, const struct cf_doc *doc)
{
	int code;

	if (!cf_doc_ok(doc)) {
		fprintf(stderr, "curfew %s: no memory\n", output->what);
		return CMD_IO;
	}
	code = write_provenance(output, doc);
	if (code != CMD_OK)
		return code;
	if (output->path != NULL)
		return write_file(output, doc, output->path);
	code = print(output, doc, stdout);
	if ((fflush(stdout) != 0 || ferror(stdout) != 0) && errno != EPIPE)
		return complain(output, "all of it", strerror(errno));
	return code;
}
