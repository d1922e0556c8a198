/* Reading the command line of `curfew monitor`. */

#include "cli/sensor/monitor_options.h"

#include "base/instant.h"
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
    "\n"
    "      --image FILE      the image to go by (what `curfew apply` writes)\n"
    "      --hits FILE       the hit log; '-' is stdout\n"
    "      --sensor NAME     the name of this sensor in the log\n"
    "      --fold TIME       fold repeats within TIME into one line; 0 for none\n"
    "      --status FILE     keep counters in this file\n"
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
    "\n"
    "      --user NAME       run as NAME (curfew, or nobody) when started by root\n"
    "      --no-sandbox      keep privileges; for debugging\n"
    "  -s, --stats           print counters at the end\n"
    "  -q, --quiet           no progress\n"
    "\n"
    "exit: 0 done, 2 usage, 3 image refused, 4 cannot read or write, 5 ran degraded\n";

static bool complain(const char *what, const char *value)
{
	fprintf(stderr, "curfew: %s '%.100s'\n", what, value);
	return false;
}

/* A group has one reader, and libpcap takes several at once, or a name that is no number, for one.
 */
static bool check_group(const char *name)
{
	const char *group = strchr(name, ':');
	size_t digits = group == NULL ? 0 : strspn(group + 1, "0123456789");

	if (digits > 0 && digits <= 5 && group[1 + digits] == '\0' &&
	    strtoul(group + 1, NULL, 10) <= 65535)
		return true;
	return complain("expected nflog:GROUP with one number to 65535, not", name);
}

static bool take_interface(void *place, const struct cli_given *given)
{
	struct monitor_options *options = place;
	char *name = (char *)(uintptr_t)given->value; /* a word of argv, which is ours to change */

	if (options->interface_count == CF_INTERFACES)
		return complain("too many interfaces, the first too many is", given->value);
	/* systemd hands curfew-monitor@br-lan over as "br/lan". No interface has a slash in its
	 * name. */
	for (char *at = strchr(name, '/'); at != NULL; at = strchr(at, '/'))
		*at = '-';
	options->interfaces[options->interface_count++] = given->value;
	return cf_nflog_is_name(name) ? check_group(name) : true;
}

/* There is room for all words of the command line. */
static bool take_file(void *place, const struct cli_given *given)
{
	struct monitor_options *options = place;

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

static bool take_local(void *place, const struct cli_given *given)
{
	struct cf_locality *locality = place;
	const char *text = given->value;

	if (locality->prefix_count == CF_OPTION_ADDRESSES)
		return complain("too many local prefixes, the first too many is", text);
	if (cf_prefix_parse(text, &locality->prefix[locality->prefix_count]) != CF_OK)
		return complain("not a prefix (or bits set behind its length):", text);
	locality->prefix_count++;
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
    CLI_TAKEN("interface", 'i', take_interface),
    CLI_TAKEN("read", 'r', take_file),
    CLI_SWITCH("stats", 's', struct monitor_options, stats),
    CLI_SWITCH("quiet", 'q', struct monitor_options, quiet),
    CLI_SWITCH("names", 0, struct monitor_options, names),
    CLI_WORD("image", 0, struct monitor_options, image),
    CLI_WORD("hits", 0, struct monitor_options, hits),
    CLI_WORD("sensor", 0, struct monitor_options, sensor),
    CLI_VALUE("fold", 0, struct monitor_options, fold_s, take_fold),
    CLI_WORD("status", 0, struct monitor_options, status),
    CLI_WORD("key", 0, struct monitor_options, key),
    CLI_VALUE("seals", 0, struct monitor_options, seals, take_seals),
    CLI_VALUE("evidence", 0, struct monitor_options, evidence, take_evidence),
    CLI_VALUE("resolver", 0, struct monitor_options, locality, take_resolver),
    CLI_VALUE("local", 0, struct monitor_options, locality, take_local),
    CLI_WORD("asn-db", 0, struct monitor_options, asn_db),
    CLI_SWITCH("encrypted-dns", 0, struct monitor_options, encrypted_dns),
    CLI_NUMBER("workers", 0, struct monitor_options, workers, CF_WORKERS),
    CLI_NUMBER("buffer", 0, struct monitor_options, buffer_mib, 4096),
    CLI_SWITCH("prefilter", 0, struct monitor_options, prefilter),
    CLI_SWITCH("no-promiscuous", 0, struct monitor_options, no_promiscuous),
    CLI_WORD("user", 0, struct monitor_options, user),
    CLI_SWITCH("no-sandbox", 0, struct monitor_options, no_sandbox),
    CLI_OPTIONS_END,
};

bool monitor_options_read(int argc, char **argv, struct monitor_options *options_out, int *exit_out)
{
	struct monitor_options *options = options_out;

	*options = (struct monitor_options){.evidence = CF_EVIDENCE_ALL,
	    .fold_s = -1,
	    .workers = 1,
	    .buffer_mib = 64,
	    .files = calloc((size_t)argc + 1, sizeof *options->files)};
	*exit_out = CMD_USAGE;
	if (options->files == NULL)
		return complain("no memory for", "options");
	cli_paths_default(&options->paths);
	options->image = options->paths.image;
	if (!cli_options_read(table, "monitor", help, options, argc, argv, exit_out))
		return false;
	*exit_out = CMD_USAGE;
	while (optind < argc)
		options->files[options->file_count++] = argv[optind++];
	if ((options->file_count == 0) == (options->interface_count == 0) ||
	    (options->names && options->file_count == 0)) {
		fputs("curfew: give either files to read (-r) or interfaces (-i); "
		      "`curfew monitor --help` says more\n",
		    stderr);
		return false;
	}
	for (unsigned i = 0; options->workers > 1 && i < options->interface_count; i++)
		if (cf_nflog_is_name(options->interfaces[i]))
			return complain("--workers must be 1 with", options->interfaces[i]);
	return true;
}

void monitor_options_done(struct monitor_options *options)
{
	free(options->files);
	options->files = NULL;
}
