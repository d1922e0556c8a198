/* Reading the command line of `curfew monitor`. */

#include "cli/monitor_options.h"

#include "base/instant.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

void monitor_usage(FILE *to)
{
	fputs(
	    "usage: curfew monitor -i INTERFACE [-i INTERFACE]... [options]\n"
	    "       curfew monitor -r FILE [-r FILE]... [options] [FILE]...\n"
	    "       curfew monitor -r FILE... --names\n"
	    "\n"
	    "Finds traffic of the vendor's products, and says which host it is of. Never sends.\n"
	    "\n"
	    "  -i, --interface NAME  listen on NAME\n"
	    "  -r, --read FILE       read FILE: pcap or pcapng, plain, gzip or zstd; '-' is "
	    "stdin\n"
	    "      --names           print every name seen: client, server, port, kind, name\n"
	    "\n"
	    "      --image FILE      the image to go by (what `curfew apply` writes)\n"
	    "      --hits FILE       the hit log; '-' is stdout\n"
	    "      --sensor NAME     the name of this sensor in the log\n"
	    "      --fold TIME       fold repeats within TIME into one line; 0 for none\n"
	    "      --status FILE     keep counters in this file\n"
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
	    "      --user NAME       run as NAME (curfew, or nobody)\n"
	    "      --no-sandbox      keep privileges; for debugging\n"
	    "\n"
	    "  -s, --stats           print counters at the end\n"
	    "  -q, --quiet           no progress\n"
	    "\n"
	    "exit: 0 done, 2 usage, 3 image refused, 4 cannot read or write, 5 ran degraded\n",
	    to);
}

enum letter {
	OPT_NAMES = 256,
	OPT_IMAGE,
	OPT_HITS,
	OPT_SENSOR,
	OPT_FOLD,
	OPT_STATUS,
	OPT_EVIDENCE,
	OPT_RESOLVER,
	OPT_LOCAL,
	OPT_ASN_DB,
	OPT_ENCRYPTED_DNS,
	OPT_WORKERS,
	OPT_BUFFER,
	OPT_PREFILTER,
	OPT_NO_PROMISCUOUS,
	OPT_USER,
	OPT_NO_SANDBOX,
};

static const struct option known[] = {
    {"interface", required_argument, NULL, 'i'},
    {"read", required_argument, NULL, 'r'},
    {"stats", no_argument, NULL, 's'},
    {"quiet", no_argument, NULL, 'q'},
    {"names", no_argument, NULL, OPT_NAMES},
    {"image", required_argument, NULL, OPT_IMAGE},
    {"hits", required_argument, NULL, OPT_HITS},
    {"sensor", required_argument, NULL, OPT_SENSOR},
    {"fold", required_argument, NULL, OPT_FOLD},
    {"status", required_argument, NULL, OPT_STATUS},
    {"evidence", required_argument, NULL, OPT_EVIDENCE},
    {"resolver", required_argument, NULL, OPT_RESOLVER},
    {"local", required_argument, NULL, OPT_LOCAL},
    {"asn-db", required_argument, NULL, OPT_ASN_DB},
    {"encrypted-dns", no_argument, NULL, OPT_ENCRYPTED_DNS},
    {"workers", required_argument, NULL, OPT_WORKERS},
    {"buffer", required_argument, NULL, OPT_BUFFER},
    {"prefilter", no_argument, NULL, OPT_PREFILTER},
    {"no-promiscuous", no_argument, NULL, OPT_NO_PROMISCUOUS},
    {"user", required_argument, NULL, OPT_USER},
    {"no-sandbox", no_argument, NULL, OPT_NO_SANDBOX},
    {NULL, 0, NULL, 0},
};

static bool complain(const char *what, const char *value)
{
	fprintf(stderr, "curfew: %s '%.100s'\n", what, value);
	return false;
}

static bool read_number(const char *text, unsigned most, const char *what, unsigned *number_out)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number < 1 || number > most)
		return complain(what, text);
	*number_out = (unsigned)number;
	return true;
}

static bool add_resolver(struct monitor_options *options, const char *text)
{
	struct cf_locality *locality = &options->locality;

	if (locality->named_count == CF_OPTION_ADDRESSES)
		return complain("too many resolvers, the first too many is", text);
	if (cf_addr_parse(text, &locality->named[locality->named_count]) != CF_OK)
		return complain("not an address of a resolver:", text);
	locality->named_count++;
	return true;
}

static bool add_local(struct monitor_options *options, const char *text)
{
	struct cf_locality *locality = &options->locality;

	if (locality->prefix_count == CF_OPTION_ADDRESSES)
		return complain("too many local prefixes, the first too many is", text);
	if (cf_prefix_parse(text, &locality->prefix[locality->prefix_count]) != CF_OK)
		return complain("not a prefix (or bits set behind its length):", text);
	locality->prefix_count++;
	return true;
}

static bool set_fold(struct monitor_options *options, const char *text)
{
	int64_t fold_s;

	if (cf_duration_parse(text, &fold_s) != CF_OK || fold_s > 86400)
		return complain("not a time to fold within (at most 24h):", text);
	options->fold_s = (int)fold_s;
	return true;
}

static bool set_evidence(struct monitor_options *options, const char *text)
{
	struct cf_error error;

	if (cf_evidence_parse(text, &options->evidence, &error) == CF_OK)
		return true;
	fprintf(stderr, "curfew: %s; kinds are", error.text);
	for (unsigned i = 0; i < CF_VIA_COUNT; i++)
		fprintf(stderr, " %s", cf_via_text((enum cf_via)i));
	fputs("\n", stderr);
	return false;
}

/* Options with a value that is kept as it is. */
static const char **text_of(struct monitor_options *options, int letter)
{
	switch (letter) {
	case OPT_IMAGE:
		return &options->image;
	case OPT_HITS:
		return &options->hits;
	case OPT_SENSOR:
		return &options->sensor;
	case OPT_STATUS:
		return &options->status;
	case OPT_ASN_DB:
		return &options->asn_db;
	case OPT_USER:
		return &options->user;
	default:
		return NULL;
	}
}

/* Options without a value. */
static bool *flag_of(struct monitor_options *options, int letter)
{
	switch (letter) {
	case 's':
		return &options->stats;
	case 'q':
		return &options->quiet;
	case OPT_NAMES:
		return &options->names;
	case OPT_ENCRYPTED_DNS:
		return &options->encrypted_dns;
	case OPT_PREFILTER:
		return &options->prefilter;
	case OPT_NO_PROMISCUOUS:
		return &options->no_promiscuous;
	case OPT_NO_SANDBOX:
		return &options->no_sandbox;
	default:
		return NULL;
	}
}

static bool take_option(struct monitor_options *options, int letter, const char *value)
{
	const char **text = text_of(options, letter);
	bool *flag = flag_of(options, letter);

	if (text != NULL) {
		*text = value;
		return true;
	}
	if (flag != NULL) {
		*flag = true;
		return true;
	}
	switch (letter) {
	case 'i':
		if (options->interface_count == CF_INTERFACES)
			return complain("too many interfaces, the first too many is", value);
		options->interfaces[options->interface_count++] = value;
		return true;
	case 'r':
		options->files[options->file_count++] = value;
		return true;
	case OPT_FOLD:
		return set_fold(options, value);
	case OPT_EVIDENCE:
		return set_evidence(options, value);
	case OPT_RESOLVER:
		return add_resolver(options, value);
	case OPT_LOCAL:
		return add_local(options, value);
	case OPT_WORKERS:
		return read_number(
		    value, CF_WORKERS, "not a number of workers (1 to 64):", &options->workers);
	case OPT_BUFFER:
		return read_number(
		    value, 4096, "not a buffer size in MiB (1 to 4096):", &options->buffer_mib);
	default:
		fputs("curfew: `curfew monitor --help` lists the options\n", stderr);
		return false;
	}
}

bool monitor_options_read(int argc, char **argv, struct monitor_options *options_out)
{
	struct monitor_options *options = options_out;
	int letter;

	*options = (struct monitor_options){.evidence = CF_EVIDENCE_ALL,
	    .fold_s = -1,
	    .workers = 1,
	    .buffer_mib = 64,
	    .files = calloc((size_t)argc + 1, sizeof *options->files)};
	if (options->files == NULL)
		return complain("no memory for", "options");
	cli_paths_default(&options->paths);
	options->image = options->paths.image;
	optind = 1;
	while ((letter = getopt_long(argc, argv, "i:r:sq", known, NULL)) != -1)
		if (!take_option(options, letter, optarg))
			return false;
	while (optind < argc)
		options->files[options->file_count++] = argv[optind++];
	if ((options->file_count == 0) == (options->interface_count == 0) ||
	    (options->names && options->file_count == 0)) {
		fputs("curfew: give either files to read (-r) or interfaces (-i); "
		      "`curfew monitor --help` says more\n",
		    stderr);
		return false;
	}
	return true;
}

void monitor_options_done(struct monitor_options *options)
{
	free(options->files);
	options->files = NULL;
}
