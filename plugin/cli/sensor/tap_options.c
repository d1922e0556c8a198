/* Reading the command line of `curfew tap`. */

#include "cli/sensor/tap_options.h"

#include "base/instant.h"
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
    "\n"
    "      --image FILE      the image to go by (what `curfew apply` writes)\n"
    "      --hits FILE       the hit log; '-' is stdout\n"
    "      --sensor NAME     the name of this sensor in the log\n"
    "      --fold TIME       fold repeats within TIME into one line; 0 for none\n"
    "      --status FILE     keep counters in this file\n"
    "      --key FILE        sign the log's seals with this key, or none (live: its own)\n"
    "      --seals WHERE     send each seal to the system's log: syslog (live), or none\n"
    "      --resolver ADDR   asks for others (dnsdist before Unbound): what it asks is not its "
    "own\n"
    "\n"
    "live:\n"
    "      --streams N       so many streams belong on each socket; fewer is not watched (1)\n"
    "      --group NAME      the sockets' group: who of it may tell of look-ups\n"
    "      --mode MODE       the sockets' mode (0660)\n"
    "\n"
    "      --user NAME       run as NAME (curfew, or nobody) when started by root\n"
    "      --no-sandbox      keep privileges; for debugging\n"
    "  -s, --stats           print counters at the end\n"
    "\n"
    "exit: 0 done, 2 usage, 3 image refused, 4 cannot read or write, 5 ran degraded\n";

static bool complain(const char *what, const char *value)
{
	fprintf(stderr, "curfew: %s '%.100s'\n", what, value);
	return false;
}

static bool take_socket(void *place, const struct cli_given *given)
{
	struct tap_options *options = place;

	if (options->socket_count == CF_TAP_SOCKETS)
		return complain("too many sockets, the first too many is", given->value);
	for (unsigned i = 0; i < options->socket_count; i++)
		if (strcmp(options->sockets[i], given->value) == 0)
			return complain("given twice: socket", given->value);
	options->sockets[options->socket_count++] = given->value;
	return true;
}

/* There is room for all words of the command line. */
static bool take_file(void *place, const struct cli_given *given)
{
	struct tap_options *options = place;

	options->files[options->file_count++] = given->value;
	return true;
}

static bool take_resolver(void *place, const struct cli_given *given)
{
	struct cf_locality *locality = place;
	const char *text = given->value;

	if (locality->named_count == CF_OPTION_ADDRESSES)
		return complain("too many resolvers, the first too many is", text);
	if (cf_addr_parse(text, &locality->named[locality->named_count]) != CF_OK)
		return complain("not an address of a resolver:", text);
	locality->named_count++;
	return true;
}

static bool take_seals(void *place, const struct cli_given *given)
{
	if (strcmp(given->value, "syslog") != 0 && strcmp(given->value, "none") != 0)
		return complain("seals go to syslog or none, not", given->value);
	*(const char **)place = given->value;
	return true;
}

static bool take_fold(void *place, const struct cli_given *given)
{
	int64_t fold_s;

	if (cf_duration_parse(given->value, &fold_s) != CF_OK || fold_s > 86400)
		return complain("not a time to fold within (at most 24h):", given->value);
	*(int *)place = (int)fold_s;
	return true;
}

static bool take_mode(void *place, const struct cli_given *given)
{
	char *end = NULL;
	unsigned long mode = strtoul(given->value, &end, 8);

	if (given->value[0] < '0' || given->value[0] > '7' || *end != '\0' || mode > 0777)
		return complain("not a mode of three octal digits:", given->value);
	*(mode_t *)place = (mode_t)mode;
	return true;
}

static bool take_group(void *place, const struct cli_given *given)
{
	struct tap_options *options = place;
	const struct group *group = getgrnam(given->value);

	if (group == NULL)
		return complain("no group", given->value);
	options->has_group = true;
	options->group = group->gr_gid;
	return true;
}

static const struct cli_option table[] = {
    CLI_TAKEN("socket", 'u', take_socket),
    CLI_TAKEN("read", 'r', take_file),
    CLI_SWITCH("stats", 's', struct tap_options, stats),
    CLI_WORD("image", 0, struct tap_options, image),
    CLI_WORD("hits", 0, struct tap_options, hits),
    CLI_WORD("sensor", 0, struct tap_options, sensor),
    CLI_VALUE("fold", 0, struct tap_options, fold_s, take_fold),
    CLI_WORD("status", 0, struct tap_options, status),
    CLI_WORD("key", 0, struct tap_options, key),
    CLI_VALUE("seals", 0, struct tap_options, seals, take_seals),
    CLI_VALUE("resolver", 0, struct tap_options, locality, take_resolver),
    CLI_NUMBER("streams", 0, struct tap_options, streams, CF_TAP_STREAMS),
    CLI_VALUE("mode", 0, struct tap_options, mode, take_mode),
    CLI_TAKEN("group", 0, take_group),
    CLI_WORD("user", 0, struct tap_options, user),
    CLI_SWITCH("no-sandbox", 0, struct tap_options, no_sandbox),
    CLI_OPTIONS_END,
};

bool tap_options_read(int argc, char **argv, struct tap_options *options_out, int *exit_out)
{
	struct tap_options *options = options_out;

	*options = (struct tap_options){.fold_s = -1,
	    .streams = 1,
	    .mode = MODE,
	    .files = calloc((size_t)argc + 1, sizeof *options->files)};
	*exit_out = CMD_USAGE;
	if (options->files == NULL)
		return complain("no memory for", "options");
	cli_paths_default(&options->paths);
	options->image = options->paths.image;
	if (!cli_options_read(table, "tap", help, options, argc, argv, exit_out))
		return false;
	*exit_out = CMD_USAGE;
	while (optind < argc)
		options->files[options->file_count++] = argv[optind++];
	if ((options->file_count == 0) == (options->socket_count == 0)) {
		fputs("curfew: give either files to read (-r) or sockets (-u); `curfew tap --help` "
		      "says more\n",
		    stderr);
		return false;
	}
	return true;
}

void tap_options_done(struct tap_options *options)
{
	free(options->files);
	options->files = NULL;
}
