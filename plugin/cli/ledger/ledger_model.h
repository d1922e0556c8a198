/* Options that all reports share, and the model they give. One thread. */
#pragma once

#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "report/source.h"

#include <stdbool.h>

/* Rows for a table of options whose request has a struct cli_model as member. */
/* NOLINTBEGIN(bugprone-macro-parentheses): the name of a member has none */
#define CLI_MODEL_OPTIONS(request, member) \
	CLI_WORD("ledger", 'l', request, member.source.ledger_path), \
	    CLI_VALUE("at", 'a', request, member, cli_model_take_at), \
	    CLI_VALUE( \
	        "window", 'w', request, member.source.options.window_minutes, cli_take_minutes), \
	    CLI_VALUE( \
	        "recent", 0, request, member.source.options.recent_minutes, cli_take_minutes), \
	    CLI_VALUE("alive", 0, request, member.source.options.alive_minutes, cli_take_minutes), \
	    CLI_VALUE("tolerate", 0, request, member.source.options.tolerance_minutes, \
	        cli_take_minutes), \
	    CLI_VALUE("lag", 0, request, member.source.options.lag_minutes, cli_take_minutes), \
	    CLI_NUMBER("unread", 0, request, member.source.options.unread_percent, 100), \
	    CLI_WORD("image", 'i', request, member.source.image_path)

/* NOLINTEND(bugprone-macro-parentheses) */
#define CLI_MODEL_HELP \
	"  -l, --ledger FILE    the ledger\n" \
	"  -a, --at TIME        as of TIME; else of the newest heartbeat\n" \
	"  -w, --window 14d     clean is said after this long\n" \
	"      --recent 3d      quiet for this long: migrating\n" \
	"      --alive 3d       silent for this long: not known to be clean\n" \
	"      --tolerate 5m    a gap in coverage no longer than this is let pass\n" \
	"      --lag 60m        logs may be this late\n" \
	"      --unread 10      per cent of the traffic in tunnels that are not read: not " \
	"watched\n" \
	"  -i, --image FILE     exceptions are read from this image; else from the one in force\n"

struct cli_model {
	const char *what; /* verb, for messages */
	struct cli_paths paths;
	struct cf_report_source source;
};

void cli_model_init(struct cli_model *cli, const char *what);
/* What the rows above take: an instant into a struct cli_model, a length of time in minutes. */
bool cli_model_take_at(void *place, const struct cli_given *given);
bool cli_take_minutes(void *place, const struct cli_given *given);
/* Opens the ledger alone, for who reads it before there is a model beside it; an exit code, CMD_OK
 * when good. */
int cli_model_open(struct cli_model *cli);
/* Opens what is not open yet, and loads; an exit code, CMD_OK when good. */
int cli_model_load(struct cli_model *cli);
void cli_model_done(struct cli_model *cli);
