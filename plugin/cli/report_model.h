/* Options that all reports share, and the model they give. One thread. */
#pragma once

#include "cli/paths.h"
#include "image/image.h"
#include "ledger/model.h"

#include <stdbool.h>

/* Letters for getopt_long, and its options; verbs add their own before the end. */
#define CLI_MODEL_LETTERS "l:a:w:i:"
#define CLI_MODEL_OPTIONS \
	{"ledger", required_argument, NULL, 'l'}, {"at", required_argument, NULL, 'a'}, \
	    {"window", required_argument, NULL, 'w'}, {"recent", required_argument, NULL, 256}, \
	    {"alive", required_argument, NULL, 257}, {"tolerate", required_argument, NULL, 258}, \
	    {"lag", required_argument, NULL, 259}, \
	{ \
		"image", required_argument, NULL, 'i' \
	}

#define CLI_MODEL_HELP \
	"  -l, --ledger FILE    the ledger\n" \
	"  -a, --at TIME        as of TIME; else of the newest heartbeat\n" \
	"  -w, --window 14d     clean is said after this long\n" \
	"      --recent 3d      quiet for this long: migrating\n" \
	"      --alive 3d       silent for this long: not known to be clean\n" \
	"      --tolerate 5m    a gap in coverage no longer than this is let pass\n" \
	"      --lag 60m        logs may be this late\n" \
	"  -i, --image FILE     exceptions are read from this image; else from the one in force\n"

struct cli_model {
	const char *what; /* verb, for messages */
	struct cli_paths paths;
	const char *ledger_path, *image_path;
	bool has_at;
	struct cf_model_options options;
	struct cf_ledger *ledger;
	struct cf_model *model;
	struct cf_image *image;
	struct cf_model_exception *exceptions;
};

void cli_model_init(struct cli_model *cli, const char *what);
/* Takes one of the letters above. False after a message. */
bool cli_model_option(struct cli_model *cli, int letter, const char *value);
/* Opens and loads; an exit code, CMD_OK when good. */
int cli_model_load(struct cli_model *cli);
void cli_model_done(struct cli_model *cli);
