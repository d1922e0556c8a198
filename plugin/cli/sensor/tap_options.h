/* The command line of `curfew tap`. */
#pragma once

#include "base/limits.h"
#include "cli/sensor/sensor_options.h"

#include <stdbool.h>
#include <sys/types.h>

struct tap_options {
	struct sensor_options sensor; /* its locality: who asks for others */
	const char *sockets[CF_TAP_SOCKETS];
	unsigned socket_count;
	unsigned streams;
	mode_t mode;
	bool has_group;
	gid_t group;
};

/*
 * False with the exit code when there is nothing more to do: the command line is wrong (the reason
 * is printed), or asked for help. tap_options_done() in any case.
 */
bool tap_options_read(int argc, char **argv, struct tap_options *options_out, int *exit_out);
void tap_options_done(struct tap_options *options);
