/* curfew check: everything that apply would refuse, without writing anything. */

#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/policy/compiling.h"
#include "update/pack_age.h"

#include <stdio.h>

static const char help[] =
    "usage: curfew check [options]\n"
    "\n"
    "Reads the policy, the packs and the preset as `curfew apply` would, reports everything that "
    "is\n"
    "wrong with them and what time has made of the exceptions, and writes nothing.\n"
    "\n"
    "  -p, --policy FILE   the policy\n"
    "  -l, --lists DIR     the folder of packs\n"
    "  -a, --at TIME       as if it were TIME, to see which exceptions will have lapsed\n"
    "  -s, --strict        exit 1 on warnings\n"
    "  -j, --json          the result as JSON\n"
    "\n"
    "exit: 0 good, 1 warnings with --strict, 2 usage, 3 invalid, 4 unreadable\n";

/* The age of each pack, as of the instant that was asked for. */
static void print_ages(const struct cli_compiling *compiling, const struct cf_compiled *compiled)
{
	for (size_t i = 0; i < compiled->pack_count; i++) {
		const struct cf_pack *pack = compiled->packs[i];
		struct cf_pack_age age;
		char text[160];

		cf_pack_age_find(compiling->paths.fetched, pack->vendor, pack->version, &age);
		printf("  %s %s: %s\n", pack->vendor, pack->version,
		    cf_pack_age_format(&age, compiling->at_wall_s, text, sizeof text));
	}
}

static void add_ages(const struct cli_compiling *compiling, const struct cf_compiled *compiled,
    struct cli_json *json)
{
	cli_json_open_array(json, "packs");
	for (size_t i = 0; i < compiled->pack_count; i++) {
		const struct cf_pack *pack = compiled->packs[i];
		struct cf_pack_age age;

		cf_pack_age_find(compiling->paths.fetched, pack->vendor, pack->version, &age);
		cli_json_open_object(json, NULL);
		cli_json_text(json, "pack", pack->vendor);
		cli_json_text(json, "version", pack->version);
		cli_json_instant(
		    json, "as_of", age.as_of_wall_s == 0 ? INT64_MIN : age.as_of_wall_s);
		cli_json_instant(
		    json, "until", age.until_wall_s == 0 ? INT64_MIN : age.until_wall_s);
		cli_json_close_object(json);
	}
	cli_json_close_array(json);
}

static void print_text(const struct cf_compiled *compiled, size_t warnings)
{
	size_t names = 0;

	for (size_t i = 0; i < compiled->pack_count; i++)
		names += compiled->packs[i]->name_count;
	printf("good: %s %s, preset %s, %zu list entries, %zu exceptions, %zu warnings\n",
	    compiled->vendor, compiled->pack_version,
	    compiled->preset[0] == '\0' ? "none" : compiled->preset, names,
	    compiled->policy->exception_count, warnings);
}

int cmd_check(int argc, char **argv)
{
	struct cli_compiling compiling;
	struct cf_compiled *compiled = NULL;
	size_t warnings = 0;
	int code;

	if (!cli_compiling_parse(&compiling, argc, argv, "plasj", help, &code))
		return code;
	code = cli_compiling_run(&compiling, &compiled, &warnings);
	if (compiling.json) {
		struct cli_json json = cli_json_start(stdout);

		cli_json_open_object(&json, NULL);
		cli_json_bool(&json, "valid", code == CMD_OK);
		cli_json_text(&json, "policy", compiling.policy);
		cli_json_text(&json, "vendor", code == CMD_OK ? compiled->vendor : NULL);
		cli_json_number(&json, "warnings", (int64_t)warnings);
		if (code == CMD_OK)
			add_ages(&compiling, compiled, &json);
		cli_json_close_object(&json);
		cli_json_end(&json);
	} else if (code == CMD_OK) {
		print_text(compiled, warnings);
		print_ages(&compiling, compiled);
	}
	cf_compiled_free(compiled);
	return code == CMD_OK && compiling.strict && warnings > 0 ? CMD_FOUND : code;
}
