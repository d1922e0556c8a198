/* The command line of `curfew monitor`. */
#pragma once

#include "base/limits.h"
#include "cli/front/paths.h"
#include "monitor/observe/observe.h"

#include <stdbool.h>
#include <stdint.h>

struct monitor_options {
	struct cli_paths paths;
	const char **files; /* as many as the command line has; freed by monitor_options_done() */
	unsigned file_count;
	const char *interfaces[CF_INTERFACES];
	unsigned interface_count;
	const char *image, *hits, *key, *seals, *asn_db, *sensor, *status, *user;
	struct cf_locality locality;
	uint32_t evidence;
	int fold_s; /* -1: the image's */
	unsigned workers, buffer_mib;
	bool names, quiet, stats, encrypted_dns, prefilter, asn_is_pack, no_sandbox, no_promiscuous;
};

/*
 * False with the exit code when there is nothing more to do: the command line is wrong (the reason
 * is printed), or asked for help. monitor_options_done() in any case.
 */
bool monitor_options_read(
    int argc, char **argv, struct monitor_options *options_out, int *exit_out);
void monitor_options_done(struct monitor_options *options);
