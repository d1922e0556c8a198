/* How a document is delivered: table, JSON, CSV or page; on standard output or into a file. One
 * thread. */
#pragma once

#include "report/doc.h"

#include <stdbool.h>

#define CLI_OUTPUT_LETTERS "jco:"
#define CLI_OUTPUT_OPTIONS \
	{"json", no_argument, NULL, 'j'}, {"csv", no_argument, NULL, 'c'}, \
	    {"html", no_argument, NULL, 300}, {"table", required_argument, NULL, 301}, \
	    {"columns", required_argument, NULL, 302}, \
	{ \
		"output", required_argument, NULL, 'o' \
	}

#define CLI_OUTPUT_HELP \
	"  -j, --json           as JSON\n" \
	"  -c, --csv            one table as CSV\n" \
	"      --table NAME     which (default: the first)\n" \
	"      --html           as one page that needs nothing else\n" \
	"  -o, --output FILE    there instead of standard output\n" \
	"      --columns N      as if the terminal were this wide\n"

struct cli_output {
	const char *what; /* verb, for messages */
	const char *table, *path;
	bool json, csv, html;
	unsigned columns;
};

/* Takes one of the letters above; false for any other. */
bool cli_output_option(struct cli_output *output, int letter, const char *value);

/* Delivers; an exit code. A file that could not be written whole is an error. */
int cli_output_doc(const struct cli_output *output, const struct cf_doc *doc);
