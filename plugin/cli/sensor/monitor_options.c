/* Reading the command line of `curfew monitor`. */

#include "cli/sensor/monitor_options.h"

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "monitor/capture/nflog.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: curfew monitor -i INTERFACE [-i INTERFACE]... [options]\n"
    "       curfew monitor -r FILE [-r FILE]... [options] [FILE]...\n"
    "       curfew monitor -r FILE... --names\n"
    "\n"
    "Finds traffic of the vendor's products, and says which host it is of. Never sends.\n"
    "\n"
    "  -i, --interface NAME  listen on NAME; nflog:GROUP reads what `curfew egress --log GROUP`\n"
    "                        has the kernel log\n"
    "  -r, --read FILE       read FILE: pcap or pcapng, plain, gzip or zstd; '-' is "
    "stdin\n"
    "      --names           print every name seen: client, server, port, kind, name\n"
    "\n" SENSOR_HELP_LOG
    "      --key FILE        sign the log's seals with this key, or none (live: the one that\n"
    "                        `curfew log key new monitor` made)\n"
    "      --seals WHERE     send each seal to the system's log: syslog (live), or none\n"
    "\n"
    "      --evidence LIST   kinds of evidence: 'sni,dest_ip', or '-ja4,-http_uri'\n"
    "      --resolver ADDR   a resolver of this site; naming one makes the list complete\n"
    "      --local PREFIX    addresses of this site besides private ones\n"
    "      --asn-db FILE     AS numbers (GeoLite2-ASN, DB-IP ASN Lite)\n"
    "      --encrypted-dns   also record DoT and DoH to known resolvers\n"
    "\n"
    "live:\n"
    "      --workers N       threads on each interface (1)\n"
    "      --buffer MIB      ring of each thread (64)\n"
    "      --prefilter       drop in the kernel what cannot matter; see the manual\n"
    "      --no-promiscuous  only what is addressed to this machine\n"
    "\n" SENSOR_HELP_RIGHTS "  -q, --quiet           no progress\n"
    "\n"
    "exit: 0 done, 2 usage, 3 image refused, 4 cannot read or write, 5 ran degraded\n";

/* A group has one reader, and libpcap takes several at once, or a name that is no number, for one.
 */
static bool check_group(const char *name)
{
	const char *group = strchr(name, ':');
	size_t digits = group == NULL ? 0 : strspn(group + 1, "0123456789");

	if (digits > 0 && digits <= 5 && group[1 + digits] == '\0' &&
	    strtoul(group + 1, NULL, 10) <= 65535)
		return true;
	return sensor_complain("expected nflog:GROUP with one number to 65535, not", name);
}

static bool take_interface(void *place, const struct cli_given *given)
{
	struct monitor_options *options = place;
	char *name = (char *)(uintptr_t)given->value; /* a word of argv, which is ours to change */

	if (options->interface_count == CF_INTERFACES)
		return sensor_complain("too many interfaces, the first too many is", given->value);
	/* systemd hands curfew-monitor@br-lan over as "br/lan". No interface has a slash in its
	 * name. */
	for (char *at = strchr(name, '/'); at != NULL; at = strchr(at, '/'))
		*at = '-';
	options->interfaces[options->interface_count++] = given->value;
	return cf_nflog_is_name(name) ? check_group(name) : true;
}

static bool take_local(void *place, const struct cli_given *given)
{
	struct cf_locality *locality = place;
	const char *text = given->value;

	if (locality->prefix_count == CF_OPTION_ADDRESSES)
		return sensor_complain("too many local prefixes, the first too many is", text);
	if (cf_prefix_parse(text, &locality->prefix[locality->prefix_count]) != CF_OK)
		return sensor_complain("not a prefix (or bits set behind its length):", text);
	locality->prefix_count++;
	return true;
}

static bool take_evidence(void *place, const struct cli_given *given)
{
	struct cf_error error;

	if (cf_evidence_parse(given->value, place, &error) == CF_OK)
		return true;
	fprintf(stderr, "curfew: %s; kinds are", error.text);
	for (unsigned i = 0; i < CF_VIA_COUNT; i++)
		fprintf(stderr, " %s", cf_via_text((enum cf_via)i));
	fputs("\n", stderr);
	return false;
}

static const struct cli_option table[] = {
    SENSOR_OPTIONS(struct monitor_options, sensor),
    CLI_TAKEN("interface", 'i', take_interface),
    CLI_SWITCH("quiet", 'q', struct monitor_options, quiet),
    CLI_SWITCH("names", 0, struct monitor_options, names),
    CLI_VALUE("evidence", 0, struct monitor_options, evidence, take_evidence),
    CLI_VALUE("local", 0, struct monitor_options, sensor.locality, take_local),
    CLI_WORD("asn-db", 0, struct monitor_options, asn_db),
    CLI_SWITCH("encrypted-dns", 0, struct monitor_options, encrypted_dns),
    CLI_NUMBER("workers", 0, struct monitor_options, workers, CF_WORKERS),
    CLI_NUMBER("buffer", 0, struct monitor_options, buffer_mib, 4096),
    CLI_SWITCH("prefilter", 0, struct monitor_options, prefilter),
    CLI_SWITCH("no-promiscuous", 0, struct monitor_options, no_promiscuous),
    CLI_OPTIONS_END,
};

bool monitor_options_read(int argc, char **argv, struct monitor_options *options_out, int *exit_out)
{
	struct monitor_options *options = options_out;

	*options =
	    (struct monitor_options){.evidence = CF_EVIDENCE_ALL, .workers = 1, .buffer_mib = 64};
	*exit_out = CMD_USAGE;
	if (!sensor_options_init(&options->sensor, "monitor.key", argc) ||
	    !cli_options_read(table, "monitor", help, options, argc, argv, exit_out))
		return false;
	*exit_out = CMD_USAGE;
	sensor_options_take_rest(&options->sensor, argc, argv);
	if ((options->sensor.file_count == 0) == (options->interface_count == 0) ||
	    (options->names && options->sensor.file_count == 0)) {
		fputs("curfew: give either files to read (-r) or interfaces (-i); "
		      "`curfew monitor --help` says more\n",
		    stderr);
		return false;
	}
	for (unsigned i = 0; options->workers > 1 && i < options->interface_count; i++)
		if (cf_nflog_is_name(options->interfaces[i]))
			return sensor_complain("--workers must be 1 with", options->interfaces[i]);
	return true;
}

void monitor_options_done(struct monitor_options *options)
{
	sensor_options_done(&options->sensor);
}
