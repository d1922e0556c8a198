/* curfew list presets: the legal texts that a pack knows. */

#include "base/diag.h"
#include "base/instant.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/list/list_cmd.h"
#include "compile/policy/preset.h"

#include <stdlib.h>

static const char help[] =
    "usage: curfew list presets [PACK] [--json]\n"
    "\n"
    "The legal texts of a pack, for 'preset' in the policy: what each cites, and its phases.\n"
    "\n"
    "  -j, --json   as JSON, one array\n"
    "\n"
    "exit: 0 done, 2 usage, 3 the pack or a preset is invalid, 4 it cannot be read\n";

struct request {
	bool json;
};

static void print_preset(const struct cf_preset *preset)
{
	char from[CF_INSTANT_TEXT_BYTES];

	printf("%s: %s (%s)\n", preset->name, preset->title, preset->citation);
	for (size_t i = 0; i < preset->phase_count; i++)
		printf("  %-20s %-5s from %s\n", preset->phases[i].name,
		    cf_verdict_text(preset->phases[i].verdict),
		    cf_instant_format(preset->phases[i].from_wall_s, from));
}

static void put_preset(struct cli_json *json, const struct cf_preset *preset)
{
	cli_json_open_object(json, NULL);
	cli_json_text(json, "preset", preset->name);
	cli_json_text(json, "title", preset->title);
	cli_json_text(json, "citation", preset->citation);
	cli_json_text(json, "summary", preset->summary);
	cli_json_open_array(json, "phases");
	for (size_t i = 0; i < preset->phase_count; i++) {
		cli_json_open_object(json, NULL);
		cli_json_text(json, "name", preset->phases[i].name);
		cli_json_text(json, "verdict", cf_verdict_text(preset->phases[i].verdict));
		cli_json_instant(json, "from", preset->phases[i].from_wall_s);
		cli_json_close_object(json);
	}
	cli_json_close_array(json);
	cli_json_close_object(json);
}

/* Reads each file of the folder; what is wrong with one does not hide the others. */
static int show(const struct cf_pack *pack, bool as_json)
{
	struct cli_json json = {.to = NULL};
	char **names = NULL;
	size_t count = cf_preset_names(pack->dir, &names);
	int code = CMD_OK;

	if (as_json) {
		json = cli_json_start(stdout);
		cli_json_open_array(&json, NULL);
	}
	for (size_t i = 0; i < count; i++) {
		struct cf_preset *preset = NULL;
		struct cf_diags diags;

		cf_diags_init(&diags);
		if (cf_preset_read(pack->dir, names[i], &preset, &diags) != CF_OK)
			code = CMD_INVALID;
		else if (as_json)
			put_preset(&json, preset);
		else
			print_preset(preset);
		cf_diags_print(&diags, stderr);
		cf_diags_done(&diags);
		cf_preset_free(preset);
		free(names[i]);
	}
	free(names);
	if (as_json) {
		cli_json_close_array(&json);
		cli_json_end(&json);
	}
	return code;
}

static const struct cli_option options[] = {
    CLI_SWITCH("json", 'j', struct request, json),
    CLI_OPTIONS_END,
};

int cmd_list_presets(int argc, char **argv)
{
	struct request request = {.json = false};
	struct cf_pack *pack = NULL;
	int code;

	if (!cli_options_read(options, "list presets", help, &request, argc, argv, &code))
		return code;
	if (argc - optind > 1) {
		fputs("usage: curfew list presets [PACK] [--json]\n", stderr);
		return CMD_USAGE;
	}
	code = cli_pack_read("presets", optind < argc ? argv[optind] : CLI_DEFAULT_PACK, &pack);
	if (code == CMD_OK)
		code = show(pack, request.json);
	cf_pack_free(pack);
	return code;
}
