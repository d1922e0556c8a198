/* curfew list: packs and other people's lists. */

#include "cli/list/list_cmd.h"

#include <string.h>

static const char help[] =
    "usage: curfew list VERB [options]\n"
    "\n"
    "  show     what a pack holds, and what it rests on\n"
    "  presets  the legal texts that a pack knows\n"
    "  check    lint a pack\n"
    "  diff     what changed between two packs, by category\n"
    "  import   read hosts, plain, dnsmasq, adblock, RPZ or v2fly lists into a pack\n"
    "  export   write what is in force for other programs: RPZ, Unbound, dnsmasq, hosts,\n"
    "           adblock, plain, nftables, Suricata, Zeek\n"
    "  resolve  ask what the names resolve to from here, into a dated overlay\n"
    "  update   fetch a newer pack that its publisher signed\n"
    "  bundle   for publishers: a pack as one file\n"
    "  sign     for publishers: a statement about a bundle, and the keys for it\n"
    "\n"
    "`curfew list VERB --help` and `man curfew-list` say more.\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
    {"bundle", cmd_list_bundle},
    {"check", cmd_list_check},
    {"diff", cmd_list_diff},
    {"export", cmd_list_export},
    {"import", cmd_list_import},
    {"presets", cmd_list_presets},
    {"resolve", cmd_list_resolve},
    {"show", cmd_list_show},
    {"sign", cmd_list_sign},
    {"update", cmd_list_update},
};

int cmd_list(int argc, char **argv)
{
	if (argc < 2) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(help, stdout);
		return CMD_OK;
	}
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	fprintf(stderr, "curfew list: no verb '%s'; `curfew list --help` lists them\n", argv[1]);
	return CMD_USAGE;
}
