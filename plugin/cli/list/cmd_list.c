/* curfew list: packs and other people's lists. */

#include "cli/list/cmd_list.h"

#include "base/instant.h"
#include "cli/policy/compiling.h"
#include "compile/pack/pack_place.h"

#include <string.h>
#include <unistd.h>

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

const char *cli_pack_dir(const struct cli_paths *paths, const char *what, char path[CF_PATH_BYTES])
{
	char about[CF_PATH_BYTES + 16];
	int len;

	(void)snprintf(about, sizeof about, "%s/pack.yaml", what); /* cut: then it is not there */
	if (strchr(what, '/') == NULL && access(about, F_OK) != 0) {
		(void)cf_pack_place(paths->lists, what, path); /* not there: the reader says so */
		return path;
	}
	len = snprintf(path, CF_PATH_BYTES, "%s", what);
	if (len < 0 || len >= CF_PATH_BYTES)
		path[0] = '\0'; /* nothing is there, and the reader says so */
	return path;
}

int cli_exit_for(enum cf_status status)
{
	switch (status) {
	case CF_OK:
		return CMD_OK;
	case CF_EIO:
	case CF_ENOMEM:
		return CMD_IO;
	case CF_EMALFORMED:
	case CF_ETOOBIG:
	case CF_EINVALID:
	case CF_ENOTFOUND:
	case CF_EVERSION:
	case CF_ECHECKSUM:
	case CF_EUNSUPPORTED:
	case CF_EAGAIN:
	case CF_EINTERNAL:
	default:
		return CMD_INVALID;
	}
}

int cli_pack_read(const char *verb, const char *what, struct cf_pack **pack_out)
{
	struct cli_paths paths;
	char path[CF_PATH_BYTES];
	struct cf_diags diags;
	enum cf_status status;

	cf_diags_init(&diags);
	cli_paths_default(&paths);
	status = cf_pack_read(cli_pack_dir(&paths, what, path), pack_out, &diags);
	cf_diags_print(&diags, stderr);
	cf_diags_done(&diags);
	if (status != CF_OK)
		fprintf(
		    stderr, "curfew list %s: cannot use pack '%s'; nothing is done\n", verb, path);
	return cli_exit_for(status);
}

const char *cli_today(char text[11])
{
	char instant[CF_INSTANT_TEXT_BYTES];

	cf_instant_format(cli_now_s(), instant);
	memcpy(text, instant, 10);
	text[10] = '\0';
	return text;
}

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
