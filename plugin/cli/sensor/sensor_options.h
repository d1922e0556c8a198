/* The options that `curfew monitor` and `curfew tap` have in common: what is read, by which image,
 * and where it is told. One thread. */
#pragma once

#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "monitor/session.h"

#include <stdbool.h>

/* The longest path of a key: a name in a folder. */
#define SENSOR_KEY_PATH_BYTES (CF_PATH_BYTES + 16)

struct sensor_options {
	const char *own_key; /* the name of the key that packages make for it */
	struct cli_paths paths;
	const char **files; /* as many as the command line has */
	unsigned file_count;
	const char *image, *hits, *sensor, *status, *user, *key, *seals;
	struct cf_locality locality;
	int fold_s; /* -1: the image's */
	bool stats, no_sandbox;
};

/* Rows for a table of options whose request has a struct sensor_options as member. */
/* NOLINTBEGIN(bugprone-macro-parentheses): the name of a member has none */
#define SENSOR_OPTIONS(request, member) \
	CLI_VALUE("read", 'r', request, member, sensor_take_file), \
	    CLI_SWITCH("stats", 's', request, member.stats), \
	    CLI_WORD("image", 0, request, member.image), \
	    CLI_WORD("hits", 0, request, member.hits), \
	    CLI_WORD("sensor", 0, request, member.sensor), \
	    CLI_VALUE("fold", 0, request, member.fold_s, sensor_take_fold), \
	    CLI_WORD("status", 0, request, member.status), \
	    CLI_WORD("key", 0, request, member.key), \
	    CLI_VALUE("seals", 0, request, member.seals, sensor_take_seals), \
	    CLI_VALUE("resolver", 0, request, member.locality, sensor_take_resolver), \
	    CLI_WORD("user", 0, request, member.user), \
	    CLI_SWITCH("no-sandbox", 0, request, member.no_sandbox)

/* NOLINTEND(bugprone-macro-parentheses) */
/* What to read and write, in the help of both; the key and what is live differ. */
#define SENSOR_HELP_LOG \
	"      --image FILE      the image to go by (what `curfew apply` writes)\n" \
	"      --hits FILE       the hit log; '-' is stdout\n" \
	"      --sensor NAME     the name of this sensor in the log\n" \
	"      --fold TIME       fold repeats within TIME into one line; 0 for none\n" \
	"      --status FILE     keep counters in this file\n"
#define SENSOR_HELP_RIGHTS \
	"      --user NAME       run as NAME (curfew, or nobody) when started by root\n" \
	"      --no-sandbox      keep privileges; for debugging\n" \
	"  -s, --stats           print counters at the end\n"

/* Defaults, with room for the words of a command line of argc; false without memory, after a
 * message. sensor_options_done() in any case. */
bool sensor_options_init(struct sensor_options *options, const char *own_key, int argc);
void sensor_options_done(struct sensor_options *options);
/* What is left of the command line is files. */
void sensor_options_take_rest(struct sensor_options *options, int argc, char **argv);

/* Prints "curfew: WHAT 'value'"; false, for those that take a value. */
bool sensor_complain(const char *what, const char *value);
bool sensor_take_file(void *place, const struct cli_given *given);
bool sensor_take_fold(void *place, const struct cli_given *given);
bool sensor_take_seals(void *place, const struct cli_given *given);
bool sensor_take_resolver(void *place, const struct cli_given *given);

/*
 * A session as these options want it; key_path holds a path that it refers to. Files are read by
 * people, who name a key if they want one, and are asked about rather than watched: results go
 * where the terminal is. Live the key is the one that packages make for the sensor.
 */
struct cf_session_options sensor_session(
    const struct sensor_options *options, char key_path[SENSOR_KEY_PATH_BYTES]);

/* For runs: a line on standard error; one about a file that could not be read to its end. */
void sensor_say(void *arg, const char *text);
void sensor_complain_of_file(void *arg, const char *text);
/* The exit code of a run that ended with status. */
int sensor_exit(enum cf_status status);
/* The exit code of a run over files, which was good: was all of it read and written? Says what was
 * not. */
int sensor_exit_of_files(
    const struct cf_log_stats *log, const char *hits_path, unsigned files_failed);
