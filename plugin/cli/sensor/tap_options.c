/* Reading the command line of `curfew tap`. */

#include "cli/sensor/tap_options.h"

#include "cli/front/cmd.h"
#include "cli/front/options.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the socket, when nobody says otherwise: for its owner and its group. */
#define MODE 0660

static const char help[] =
    "usage: curfew tap -u SOCKET [-u SOCKET]... [options]\n"
    "       curfew tap -r FILE [-r FILE]... [options] [FILE]...\n"
    "\n"
    "Finds look-ups of the vendor's names in what resolvers tell by dnstap: for those that cannot\n"
    "load the module (Unbound as it is, BIND, Knot Resolver, dnsdist). Records, and never blocks.\n"
    "\n"
    "  -u, --socket PATH     listen on PATH, where a resolver connects; best one for each\n"
    "  -r, --read FILE       read FILE: a frame stream, plain, gzip or zstd; '-' is stdin\n"
    "\n" SENSOR_HELP_LOG
    "      --key FILE        sign the log's seals with this key, or none (live: its own)\n"
    "      --seals WHERE     send each seal to the system's log: syslog (live), or none\n"
    "      --resolver ADDR   asks for others (dnsdist before Unbound): what it asks is not its "
    "own\n"
    "\n"
    "live:\n"
    "      --streams N       so many streams belong on each socket; fewer is not watched (1)\n"
    "      --group NAME      the sockets' group: who of it may tell of look-ups\n"
    "      --mode MODE       the sockets' mode (0660)\n"
    "\n" SENSOR_HELP_RIGHTS "\n"
    "exit: 0 done, 2 usage, 3 image refused, 4 cannot read or write, 5 ran degraded\n";

static bool take_socket(void *place, const struct cli_given *given)
{
	struct tap_options *options = place;

	if (options->socket_count == CF_TAP_SOCKETS)
		return sensor_complain("too many sockets, the first too many is", given->value);
	for (unsigned i = 0; i < options->socket_count; i++)
		if (strcmp(options->sockets[i], given->value) == 0)
			return sensor_complain("given twice: socket", given->value);
	options->sockets[options->socket_count++] = given->value;
	return true;
}

static bool take_mode(void *place, const struct cli_given *given)
{
	char *end = NULL;
	unsigned long mode = strtoul(given->value, &end, 8);

	if (given->value[0] < '0' || given->value[0] > '7' || *end != '\0' || mode > 0777)
		return sensor_complain("not a mode of three octal digits:", given->value);
	*(mode_t *)place = (mode_t)mode;
	return true;
}

static bool take_group(void *place, const struct cli_given *given)
{
	struct tap_options *options = place;
	const struct group *group = getgrnam(given->value);

	if (group == NULL)
		return sensor_complain("no group", given->value);
	options->has_group = true;
	options->group = group->gr_gid;
	return true;
}

static const struct cli_option table[] = {
    SENSOR_OPTIONS(struct tap_options, sensor),
    CLI_TAKEN("socket", 'u', take_socket),
    CLI_NUMBER("streams", 0, struct tap_options, streams, CF_TAP_STREAMS),
    CLI_VALUE("mode", 0, struct tap_options, mode, take_mode),
    CLI_TAKEN("group", 0, take_group),
    CLI_OPTIONS_END,
};

bool tap_options_read(int argc, char **argv, struct tap_options *options_out, int *exit_out)
{
	struct tap_options *options = options_out;

	*options = (struct tap_options){.streams = 1, .mode = MODE};
	*exit_out = CMD_USAGE;
	if (!sensor_options_init(&options->sensor, "tap.key", argc) ||
	    !cli_options_read(table, "tap", help, options, argc, argv, exit_out))
		return false;
	*exit_out = CMD_USAGE;
	sensor_options_take_rest(&options->sensor, argc, argv);
	if ((options->sensor.file_count == 0) == (options->socket_count == 0)) {
		fputs("curfew: give either files to read (-r) or sockets (-u); `curfew tap --help` "
		      "says more\n",
		    stderr);
		return false;
	}
	return true;
}

void tap_options_done(struct tap_options *options)
{
	sensor_options_done(&options->sensor);
}
