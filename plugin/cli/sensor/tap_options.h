/* The command line of `curfew tap`. */
#pragma once

#include "base/limits.h"
#include "cli/front/paths.h"
#include "monitor/evidence/locality.h"

#include <stdbool.h>
#include <sys/types.h>

struct tap_options {
	struct cli_paths paths;
	const char **files; /* as many as the command line has; freed by tap_options_done() */
	unsigned file_count;
	const char *sockets[CF_TAP_SOCKETS];
	unsigned socket_count;
	const char *image, *hits, *sensor, *status, *user, *key, *seals;
	struct cf_locality locality; /* named: who asks for others */
	int fold_s;                  /* -1: the image's */
	unsigned streams;
	mode_t mode;
	bool has_group;
	gid_t group;
	bool stats, no_sandbox;
};

/*
 * False with the exit code when there is nothing more to do: the command line is wrong (the reason
 * is printed), or asked for help. tap_options_done() in any case.
 */
bool tap_options_read(int argc, char **argv, struct tap_options *options_out, int *exit_out);
void tap_options_done(struct tap_options *options);
