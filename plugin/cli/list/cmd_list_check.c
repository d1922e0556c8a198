/* curfew list check: lint for packs. */

#include "base/diag.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/when.h"
#include "cli/list/list_cmd.h"
#include "compile/pack_check.h"

static const char help[] =
    "usage: curfew list check [PACK...] [options]\n"
    "\n"
    "Reads packs (folders or vendors; kaspersky when none is named) and says all that is wrong or "
    "doubtful:\n"
    "bad cells, duplicates, contradictions, entries that add nothing, public suffixes, IDN "
    "labels,\n"
    "missing or unused sources, dates to come, lines out of order, presets that do not read.\n"
    "\n"
    "  -s, --strict  notes count as findings\n"
    "  -j, --json    as JSON\n"
    "\n"
    "exit: 0 clean, 1 warnings, 2 usage, 3 errors, 4 a file cannot be read\n";

struct request {
	bool strict, json;
};

static const struct cli_option options[] = {
    CLI_SWITCH("strict", 's', struct request, strict),
    CLI_SWITCH("json", 'j', struct request, json),
    CLI_OPTIONS_END,
};

static void print_json(struct cli_json *json, const char *path, const struct cf_pack *pack,
    const struct cf_diags *diags)
{
	static const char *const levels[] = {"error", "warning", "note"};

	cli_json_open_object(json, NULL);
	cli_json_text(json, "pack", path);
	cli_json_text(json, "version", pack == NULL ? NULL : pack->version);
	cli_json_number(json, "names", pack == NULL ? 0 : (int64_t)pack->name_count);
	cli_json_number(json, "networks", pack == NULL ? 0 : (int64_t)pack->network_count);
	cli_json_open_array(json, "findings");
	for (size_t i = 0; i < diags->count; i++) {
		const struct cf_diag *diag = &diags->items[i];

		cli_json_open_object(json, NULL);
		cli_json_text(json, "level", levels[diag->level]);
		cli_json_text(json, "file", diag->file);
		cli_json_number(json, "line", diag->line);
		cli_json_text(json, "key", diag->key);
		cli_json_text(json, "text", diag->text);
		cli_json_close_object(json);
	}
	cli_json_close_array(json);
	cli_json_number(json, "left_out", (int64_t)diags->dropped);
	cli_json_close_object(json);
}

/* Checks one pack; json is NULL for people. */
static int check(const char *what, bool strict, struct cli_json *json)
{
	struct cli_paths paths;
	char path[CF_PATH_BYTES];
	struct cf_pack *pack = NULL;
	struct cf_diags diags;
	enum cf_status status;
	int code;

	cf_diags_init(&diags);
	cli_paths_default(&paths);
	status = cf_pack_read(cli_pack_dir(&paths, what, path), &pack, &diags);
	if (status == CF_OK)
		status = cf_pack_check(pack, cli_now_s(), &diags);
	code = cli_exit_for(status);
	if (code == CMD_OK && diags.errors != 0)
		code = CMD_INVALID;
	else if (code == CMD_OK && (diags.warnings != 0 || (strict && diags.count != 0)))
		code = CMD_FOUND;
	if (json != NULL) {
		print_json(json, path, pack, &diags);
	} else {
		cf_diags_print(&diags, stdout);
		if (pack != NULL)
			printf("%s: version %s, %zu names, %zu networks, %zu signatures: %zu "
			       "errors, %zu warnings, "
			       "%zu notes\n",
			    path, pack->version, pack->name_count, pack->network_count,
			    pack->signature_count, diags.errors, diags.warnings,
			    diags.count + diags.dropped - diags.errors - diags.warnings);
	}
	cf_pack_free(pack);
	cf_diags_done(&diags);
	return code;
}

int cmd_list_check(int argc, char **argv)
{
	struct cli_json json = cli_json_start(stdout);
	struct request request = {.strict = false};
	int code;

	if (!cli_options_read(options, "list check", help, &request, argc, argv, &code))
		return code;
	code = CMD_OK;
	if (request.json)
		cli_json_open_array(&json, NULL);
	for (int i = optind; i < argc || i == optind; i++) {
		int one = check(i < argc ? argv[i] : CLI_DEFAULT_PACK, request.strict,
		    request.json ? &json : NULL);

		if (one > code)
			code = one;
	}
	if (request.json) {
		cli_json_close_array(&json);
		cli_json_end(&json);
	}
	return code;
}
