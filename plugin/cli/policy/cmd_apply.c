/* curfew apply: compile, show what changes, put it in force. */

#include "cli/front/cmd.h"
#include "cli/policy/apply_kept.h"
#include "cli/policy/applying.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: curfew apply [options]\n"
    "       curfew apply --list\n"
    "       curfew apply --back [SHA] [options]\n"
    "       curfew apply --image-file FILE --key KEY [options]\n"
    "\n"
    "Compiles the policy and the packs it names into one image, shows what changes against the "
    "image in\n"
    "force, and replaces that at once; the resolver and the monitor notice by themselves.\n"
    "\n"
    "  -p, --policy FILE   the policy\n"
    "  -l, --lists DIR     the folder of packs\n"
    "  -i, --image FILE    the image to write\n"
    "  -n, --dry-run       show, write nothing\n"
    "  -y, --yes           do not ask, even when much would be taken away\n"
    "  -m, --max-shrink N  per cent of names, blocked names or networks that may be taken away\n"
    "                      without asking (10)\n"
    "  -v, --verbose       show every name that comes or goes\n"
    "  -a, --at TIME       show verdicts as if it were TIME\n"
    "  -j, --json          what changes, as JSON\n"
    "  -K, --keep N        keep the last N images beside the one in force, in images/ (20)\n"
    "\n"
    "  -L, --list          the images that are kept: when, digest, presets and packs\n"
    "  -b, --back [SHA]    put a former one in force: the one before, or that of this digest (8 "
    "digits\n"
    "                      or more)\n"
    "  -f, --image-file FILE   put an image in force that is signed: FILE.minisig beside it "
    "(`curfew\n"
    "                      list sign --image`); a path, file: or https:\n"
    "  -k, --key KEY       the publisher's public key: its line, or its .pub file; may stand "
    "again\n"
    "  -c, --channel NAME  the name that the signed statement must have (stable)\n"
    "\n"
    "exit: 0 done, 1 you said no or nobody could be asked, 2 usage, 3 invalid policy, pack or "
    "image, "
    "4 cannot read or write\n";

static int compile_and_apply(const struct cli_compiling *compiling)
{
	struct cf_new_image new_image = {0};
	int code = cli_compiling_image(compiling, &new_image);

	if (code == CMD_OK)
		code = cli_apply_image(compiling, &new_image);
	else
		fputs("curfew apply: nothing was written; what was in force stays\n", stderr);
	cf_image_close(new_image.image);
	free(new_image.data);
	return code;
}

int cmd_apply(int argc, char **argv)
{
	struct cli_compiling compiling;
	int code;

	if (!cli_compiling_parse(&compiling, argc, argv, "plianymvjLbfkcK", help, &code))
		return code;
	if (compiling.list_kept + compiling.back + (compiling.image_file != NULL) > 1 ||
	    (compiling.image_file == NULL) != (compiling.keyring.count == 0)) {
		fputs("curfew apply: one of --list, --back, and --image-file with --key\n", stderr);
		return CMD_USAGE;
	}
	if (compiling.list_kept)
		return cli_apply_list(&compiling);
	if (compiling.back)
		return cli_apply_back(&compiling);
	if (compiling.image_file != NULL)
		return cli_apply_signed(&compiling);
	return compile_and_apply(&compiling);
}
