/* Options, compiling and its complaints. */

#include "cli/policy/compiling.h"

#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/trusted_key.h"
#include "cli/front/when.h"
#include "update/image_force.h"
#include "update/image_kept.h"
#include "update/pack_review.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of all verbs; each takes some. */
static const struct cli_option all_options[] = {
    CLI_WORD("policy", 'p', struct cli_compiling, policy),
    CLI_WORD("lists", 'l', struct cli_compiling, lists),
    CLI_WORD("image", 'i', struct cli_compiling, image),
    CLI_VALUE("at", 'a', struct cli_compiling, at_wall_s, cli_take_instant),
    CLI_SWITCH("dry-run", 'n', struct cli_compiling, dry_run),
    CLI_NUMBER("max-shrink", 'm', struct cli_compiling, max_shrink, 100),
    CLI_SWITCH("yes", 'y', struct cli_compiling, yes),
    CLI_SWITCH("verbose", 'v', struct cli_compiling, verbose),
    CLI_SWITCH("json", 'j', struct cli_compiling, json),
    CLI_SWITCH("strict", 's', struct cli_compiling, strict),
    CLI_SWITCH("list", 'L', struct cli_compiling, list_kept),
    CLI_SWITCH("back", 'b', struct cli_compiling, back),
    CLI_WORD("image-file", 'f', struct cli_compiling, image_file),
    CLI_VALUE("key", 'k', struct cli_compiling, keyring, cli_take_trusted_key),
    CLI_WORD("channel", 'c', struct cli_compiling, channel),
    CLI_NUMBER("keep", 'K', struct cli_compiling, keep, CF_IMAGES_KEPT_MOST),
};
#define ALL_OPTIONS (sizeof all_options / sizeof all_options[0])

bool cli_compiling_parse(struct cli_compiling *compiling, int argc, char **argv,
    const char *letters, const char *help, int *exit_out)
{
	struct cli_option options[ALL_OPTIONS + 1] = {{.name = NULL}};
	size_t count = 0;

	for (size_t i = 0; i < ALL_OPTIONS; i++)
		if (strchr(letters, all_options[i].letter) != NULL)
			options[count++] = all_options[i];

	*compiling = (struct cli_compiling){.at_wall_s = cli_now_s(),
	    .max_shrink = CF_FORCE_SHRINK,
	    .channel = "stable",
	    .keep = CF_IMAGES_KEPT};
	cli_paths_default(&compiling->paths);
	compiling->policy = compiling->paths.policy;
	compiling->lists = compiling->paths.lists;
	compiling->image = compiling->paths.image;
	if (!cli_options_read(options, argv[0], help, compiling, argc, argv, exit_out))
		return false;
	*exit_out = CMD_USAGE;
	if (compiling->back && optind < argc)
		compiling->back_to = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "curfew %s: takes options only, not '%s'\n", argv[0], argv[optind]);
		return false;
	}
	return true;
}

static int exit_for(enum cf_status status)
{
	return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
}

int cli_compiling_run(
    const struct cli_compiling *compiling, struct cf_compiled **compiled_out, size_t *warnings_out)
{
	const struct cf_compile_options options = {
	    .policy_path = compiling->policy,
	    .lists_dir = compiling->lists,
	    .default_log_path = compiling->paths.log,
	};
	struct cf_diags diags;
	enum cf_status status;

	cf_diags_init(&diags);
	status = cf_compile(&options, compiled_out, &diags);
	if (status == CF_OK)
		cf_policy_review((*compiled_out)->policy, compiling->at_wall_s, &diags);
	if (status == CF_OK)
		cf_pack_review(
		    *compiled_out, compiling->paths.fetched, compiling->at_wall_s, &diags);
	cf_diags_print(&diags, stderr);
	if (status != CF_OK && diags.errors == 0)
		fprintf(stderr, "curfew: cannot compile '%s': %s\n", compiling->policy,
		    cf_status_text(status));
	*warnings_out = diags.warnings;
	cf_diags_done(&diags);
	return status == CF_OK ? CMD_OK : exit_for(status);
}

int cli_compiling_image(const struct cli_compiling *compiling, struct cf_new_image *new_image)
{
	struct cf_compiled *compiled = NULL;
	struct cf_error error = {.text = ""};
	size_t warnings;
	int code = cli_compiling_run(compiling, &compiled, &warnings);
	enum cf_status status;

	if (code != CMD_OK)
		return code;
	status = cf_image_builder_to_memory(
	    compiled->builder, &new_image->data, &new_image->len, &error);
	if (status == CF_OK)
		status = cf_image_from_memory(
		    new_image->data, new_image->len, &new_image->image, &error);
	cf_compiled_free(compiled);
	if (status == CF_OK)
		return CMD_OK;
	free(new_image->data);
	*new_image = (struct cf_new_image){0};
	fprintf(stderr, "curfew: cannot build the image: %s\n", error.text);
	return CMD_IO;
}
