/* `curfew hosts`: who the hosts are, from sources that no sensor sees. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "monitor/leases/lease_files.h"
#include "monitor/leases/lease_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct import {
	struct cli_paths paths;
	struct cf_lease_import into;
	enum cf_lease_format format;
};

static const char help[] =
    "usage: curfew hosts import [options] LEASES...\n"
    "\n"
    "Writes who had which address, from a DHCP server's lease file, into a hit log, where\n"
    "the ledger finds it: ISC dhcpd, Kea (memfile CSV), dnsmasq.\n"
    "\n"
    "  -o, --hits FILE      the hit log to write; '-' is stdout\n"
    "  -f, --format FORMAT  isc-dhcpd, kea or dnsmasq, when the file does not show it\n"
    "  -s, --sensor NAME    the name of the source in the log (leases)\n"
    "      --vlan ID        the VLAN the leases are of\n"
    "  -a, --at TIME        as if it were TIME: leases are known to hold until then\n"
    "  -i, --image FILE     the image whose privacy settings are kept to\n"
    "\n"
    "exit: 0 done, 1 some lines were left out, 2 usage, 3 unknown format, 4 cannot read or "
    "write\n";

static int exit_for(enum cf_status status)
{
	return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
}

/* CMD_OK, or CMD_FOUND when lines were left out or nothing was found at all. */
static int tell(const char *path, const struct cf_lease_files *files)
{
	const struct cf_leases_report *report = &files->report;

	fprintf(stderr, "%s: %s, %u leases, %u rows without", path,
	    cf_lease_format_text(report->format), report->leases, report->ignored);
	if (files->siblings > 0)
		fprintf(stderr, ", with %u files that Kea set aside", files->siblings);
	putc('\n', stderr);
	if (report->bad == 0)
		return CMD_OK;
	fprintf(stderr, "curfew: %s:%u: %s; %u such places left out\n", path,
	    report->first_bad_line, report->first_bad_reason, report->bad);
	return CMD_FOUND;
}

/* CMD_OK, CMD_FOUND with lines left out, or trouble, which is printed. */
static int import_file(struct import *import, const char *path)
{
	struct cf_lease_files files;
	struct cf_error error = {0};
	enum cf_status status = cf_lease_files_read(
	    path, import->format, cf_lease_import_take, &import->into, &files, &error);

	if (status == CF_OK)
		return tell(path, &files);
	fprintf(stderr, "curfew: %s\n", error.text);
	return exit_for(status);
}

static bool take_format(void *place, const struct cli_given *given)
{
	enum cf_lease_format *format = place;

	*format = cf_lease_format_parse(given->value);
	if (*format == CF_LEASES_AUTO)
		fprintf(stderr, "curfew: no lease format '%.40s'\n", given->value);
	return *format != CF_LEASES_AUTO;
}

static bool take_vlan(void *place, const struct cli_given *given)
{
	uint16_t *vlan = place;
	char *end = NULL;
	unsigned long number = strtoul(given->value, &end, 10);

	if (*end != '\0' || number == 0 || number > 4094) {
		fprintf(stderr, "curfew: no VLAN '%.40s'\n", given->value);
		return false;
	}
	*vlan = (uint16_t)number;
	return true;
}

static const struct cli_option options[] = {
    CLI_WORD("hits", 'o', struct import, into.log_path),
    CLI_VALUE("format", 'f', struct import, format, take_format),
    CLI_WORD("sensor", 's', struct import, into.sensor),
    CLI_VALUE("vlan", 0, struct import, into.vlan, take_vlan),
    CLI_VALUE("at", 'a', struct import, into.at_wall_s, cli_take_instant),
    CLI_WORD("image", 'i', struct import, into.image_path),
    CLI_OPTIONS_END,
};

static int run_import(struct import *import, char **files)
{
	struct cf_error error = {.status = CF_OK};
	int result = CMD_OK;
	enum cf_status status = cf_lease_import_begin(&import->into, &error);

	if (status != CF_OK) {
		fprintf(stderr, "curfew: %s\n", error.text);
		cf_log_close(import->into.log);
		return exit_for(status);
	}
	for (; *files != NULL; files++) {
		int one = import_file(import, *files);

		if (one > result)
			result = one;
	}
	if (cf_lease_import_end(&import->into, &error) != CF_OK) {
		fprintf(stderr, "curfew: %s\n", error.text);
		return CMD_IO;
	}
	fprintf(stderr, "%u identities written\n", import->into.written);
	return result;
}

int cmd_hosts(int argc, char **argv)
{
	struct import import = {.format = CF_LEASES_AUTO,
	    .into = {.sensor = "leases", .at_wall_s = (int64_t)time(NULL)}};
	int code;

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return CMD_OK;
	}
	if (argc < 2 || strcmp(argv[1], "import") != 0) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	cli_paths_default(&import.paths);
	import.into.image_path = import.paths.image;
	import.into.log_default = import.paths.log;
	if (!cli_options_read(options, "hosts import", help, &import, argc - 1, argv + 1, &code))
		return code;
	if (optind == argc - 1) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	return run_import(&import, argv + 1 + optind);
}
