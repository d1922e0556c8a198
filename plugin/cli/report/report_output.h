/* How a document is delivered: table, JSON, CSV or page; on standard output or into a file. One
 * thread. */
#pragma once

#include "cli/front/options.h"
#include "report/render/doc.h"

#include <stdbool.h>

/* Rows for a table of options whose request has a struct cli_output as member. */
/* NOLINTBEGIN(bugprone-macro-parentheses): the name of a member has none */
#define CLI_OUTPUT_OPTIONS(request, member) \
	CLI_SWITCH("json", 'j', request, member.json), \
	    CLI_SWITCH("csv", 'c', request, member.csv), \
	    CLI_SWITCH("html", 0, request, member.html), \
	    CLI_WORD("table", 0, request, member.table), \
	    CLI_VALUE("columns", 0, request, member.columns, cli_take_columns), \
	    CLI_WORD("output", 'o', request, member.path), \
	    CLI_WORD("provenance", 0, request, member.provenance)

/* NOLINTEND(bugprone-macro-parentheses) */
#define CLI_OUTPUT_HELP \
	"  -j, --json           as JSON\n" \
	"  -c, --csv            one table as CSV\n" \
	"      --table NAME     which (default: the first)\n" \
	"      --html           as one page that needs nothing else\n" \
	"  -o, --output FILE    there instead of standard output\n" \
	"      --provenance FILE  where all of it comes from, as JSON; with --csv -o FILE it is " \
	"at\n" \
	"                       FILE.provenance.json unless said otherwise\n" \
	"      --columns N      as if the terminal were this wide\n"

struct cli_output {
	const char *what; /* verb, for messages */
	const char *table, *path, *provenance;
	bool json, csv, html;
	unsigned columns;
};

/* A width in columns into an unsigned; 0, or no number: that of the terminal. */
bool cli_take_columns(void *place, const struct cli_given *given);

/* Delivers; an exit code. A file that could not be written whole is an error. */
int cli_output_doc(const struct cli_output *output, const struct cf_doc *doc);
