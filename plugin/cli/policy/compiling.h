/*
 * What `apply` and `check` have in common: their options, compiling, and showing what was found.
 * One thread.
 */
#pragma once

#include "cli/front/paths.h"
#include "compile/compile.h"
#include "trust/keyring.h"
#include "update/image_force.h"

#include <stdbool.h>
#include <stdint.h>

struct cli_compiling {
	struct cli_paths paths;
	const char *policy, *lists, *image; /* point into paths until an option says otherwise */
	int64_t at_wall_s;                  /* now, or the instant of --at */
	unsigned max_shrink;                /* per cent that may be taken away without asking */
	bool dry_run, yes, verbose, json, strict;
	/* Of `apply`: images that were in force, or come from elsewhere. */
	bool list_kept, back;
	const char *back_to;    /* digits of the one to go back to; NULL: the one before */
	const char *image_file; /* a signed image to put in force */
	const char *channel;    /* the name that its statement must have */
	struct cf_keyring keyring;
	unsigned keep; /* former images that are kept */
};

/*
 * Reads the options of a verb. True to go on; false with the exit code in *exit_out when there is
 * nothing more to do (--help, bad usage). letters names the options that the verb takes; with
 * --back among them, one argument is what to go back to.
 */
bool cli_compiling_parse(struct cli_compiling *compiling, int argc, char **argv,
    const char *letters, const char *help, int *exit_out);

/* Compiles, prints everything found on stderr, time's doings included, and returns the exit code;
 * CMD_OK with *compiled_out. *warnings_out counts warnings. */
int cli_compiling_run(
    const struct cli_compiling *compiling, struct cf_compiled **compiled_out, size_t *warnings_out);

/*
 * Compiles into memory and verifies as any reader would; warnings and errors are printed. CMD_OK
 * with new_image, whose data and image are the caller's to free; the exit code otherwise, and
 * nothing is left behind.
 */
int cli_compiling_image(const struct cli_compiling *compiling, struct cf_new_image *new_image);
