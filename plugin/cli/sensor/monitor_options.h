/* The command line of `curfew monitor`. */
#pragma once

#include "base/limits.h"
#include "cli/sensor/sensor_options.h"

#include <stdbool.h>
#include <stdint.h>

struct monitor_options {
	struct sensor_options sensor;
	const char *interfaces[CF_INTERFACES];
	unsigned interface_count;
	const char *asn_db;
	uint32_t evidence;
	unsigned workers, buffer_mib;
	bool names, quiet, encrypted_dns, prefilter, asn_is_pack, no_promiscuous;
};

/*
 * False with the exit code when there is nothing more to do: the command line is wrong (the reason
 * is printed), or asked for help. monitor_options_done() in any case.
 */
bool monitor_options_read(
    int argc, char **argv, struct monitor_options *options_out, int *exit_out);
void monitor_options_done(struct monitor_options *options);
