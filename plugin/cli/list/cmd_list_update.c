/* curfew list update: newer packs from publishers whose keys are pinned. */

#include "base/diag.h"
#include "base/instant.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/trusted_key.h"
#include "cli/front/when.h"
#include "cli/list/list_cmd.h"
#include "compile/pack/pack_place.h"
#include "update/pack_update.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: curfew list update --from PLACE --key KEY [options] PACK\n"
    "\n"
    "Fetches the signed bundle of a pack, checks signature, serial, expiry and what it holds, and "
    "puts\n"
    "it in use; `curfew apply` takes it from there. Whatever is wrong with it, the pack in use "
    "stays.\n"
    "\n"
    "  -f, --from PLACE      https://..., file:PATH or a path; PLACE.minisig lies beside it\n"
    "  -k, --key KEY         a publisher's public key: its line, or its .pub file; several while "
    "one\n"
    "                        key follows another\n"
    "      --ca FILE         certificates to trust for https instead of the system's\n"
    "      --folder DIR      of fetched packs\n"
    "      --max-shrink PCT  refuse a pack that lost more of any category (default: 10)\n"
    "  -n, --dry-run         say what would change, change nothing\n"
    "  -j, --json            the outcome as JSON\n"
    "\n"
    "exit: 0 in use or nothing newer, 1 (--dry-run) would change, 2 usage, 3 refused,\n"
    "4 cannot be fetched or written, 5 what is in use has expired and nothing newer is there\n";

struct request {
	const char *from, *ca, *folder;
	struct cf_keyring keyring;
	unsigned most_shrink_percent;
	bool dry_run, as_json;
};

static const struct cli_option options[] = {
    CLI_WORD("from", 'f', struct request, from),
    CLI_VALUE("key", 'k', struct request, keyring, cli_take_trusted_key),
    CLI_WORD("ca", 0, struct request, ca),
    CLI_WORD("folder", 0, struct request, folder),
    CLI_NUMBER("max-shrink", 0, struct request, most_shrink_percent, 100),
    CLI_SWITCH("dry-run", 'n', struct request, dry_run),
    CLI_SWITCH("json", 'j', struct request, as_json),
    CLI_OPTIONS_END,
};

static void ignore(void *context, const struct cf_list_difference *difference)
{
	(void)context;
	(void)difference;
}

/* What the new pack changes, by category; without one before, everything is added. */
static void count_changes(const struct cf_update *update, size_t counts[CF_CHANGES][CF_CATEGORIES])
{
	memset(counts, 0, CF_CHANGES * sizeof counts[0]);
	if (update->before == NULL) {
		for (size_t i = 0; i < update->after->name_count; i++)
			counts[CF_CHANGE_ADDED][update->after->names[i].category]++;
		for (size_t i = 0; i < update->after->network_count; i++)
			counts[CF_CHANGE_ADDED][update->after->networks[i].category]++;
	} else if (cf_list_diff(update->before, update->after, ignore, NULL, counts) != CF_OK) {
		memset(counts, 0, CF_CHANGES * sizeof counts[0]); /* no memory: it is only told */
	}
}

static void print_changes(const struct cf_update *update)
{
	size_t counts[CF_CHANGES][CF_CATEGORIES];

	count_changes(update, counts);
	for (unsigned category = 0; category < CF_CATEGORIES; category++) {
		size_t added = counts[CF_CHANGE_ADDED][category];
		size_t removed = counts[CF_CHANGE_REMOVED][category];
		size_t moved =
		    counts[CF_CHANGE_MOVED][category] + counts[CF_CHANGE_REACH][category];

		if (added + removed + moved > 0)
			printf("  %-16s %5zu added %5zu removed %5zu changed\n",
			    cf_category_text((enum cf_category)category), added, removed, moved);
	}
}

static void print_json(const struct cf_update *update, bool installed)
{
	struct cli_json json = cli_json_start(stdout);
	char id[CF_MINISIGN_ID_TEXT_BYTES], until[CF_INSTANT_TEXT_BYTES];
	size_t counts[CF_CHANGES][CF_CATEGORIES];

	cf_minisign_id_format(update->key_id, id);
	cli_json_open_object(&json, NULL);
	cli_json_text(&json, "pack", update->options->name);
	cli_json_text(&json, "outcome", cf_fresh_text(update->fresh));
	cli_json_bool(&json, "installed", installed);
	cli_json_number(&json, "serial", (int64_t)update->statement.serial);
	cli_json_text(&json, "until", cf_instant_format(update->statement.until_wall_s, until));
	cli_json_text(&json, "key", id);
	if (update->after != NULL) {
		count_changes(update, counts);
		for (unsigned change = 0; change < CF_CHANGES; change++) {
			size_t all = 0;

			for (unsigned category = 0; category < CF_CATEGORIES; category++)
				all += counts[change][category];
			cli_json_number(
			    &json, cf_list_change_text((enum cf_list_change)change), (int64_t)all);
		}
	}
	cli_json_close_object(&json);
	cli_json_end(&json);
}

/* Says what became of it; the exit code. */
static int tell(const struct request *request, const struct cf_update *update, bool installed)
{
	char until[CF_INSTANT_TEXT_BYTES];
	bool expired = update->statement.until_wall_s <= update->options->now_wall_s;

	(void)cf_instant_format(update->statement.until_wall_s, until);
	if (request->as_json)
		print_json(update, installed);
	else
		printf("%s: serial %llu, good until %s: %s%s\n", update->options->name,
		    (unsigned long long)update->statement.serial, until,
		    cf_fresh_text(update->fresh),
		    installed              ? "; put in use, `curfew apply` compiles it"
		        : request->dry_run ? "; dry run, nothing is changed"
		                           : "");
	if (update->fresh == CF_FRESH_NEW && !request->as_json)
		print_changes(update);
	switch (update->fresh) {
	case CF_FRESH_NEW:
		return installed ? CMD_OK : CMD_FOUND;
	case CF_FRESH_EARLY:
		return CMD_OK;
	case CF_FRESH_SAME:
		if (expired)
			fprintf(stderr,
			    "curfew list update: the pack in use has expired and nothing newer is "
			    "at "
			    "'%s'; it goes on being enforced\n",
			    update->options->place);
		return expired ? CMD_DEGRADED : CMD_OK;
	case CF_FRESH_OLD:
	case CF_FRESH_EXPIRED:
	case CF_FRESH_FORKED:
	case CF_FRESH_OTHER:
	case CF_FRESH_FUTURE:
		break;
	}
	return CMD_INVALID;
}

static void complain(const char *name, const struct cf_error *error)
{
	fprintf(stderr, "curfew list update: %s: ", name);
	if (error->file[0] != '\0')
		fprintf(stderr, "%s:%u: ", error->file, error->line);
	fprintf(stderr, "%s; the pack in use stays as it is\n", error->text);
}

static int update_pack(const struct request *request, const char *name)
{
	struct cli_paths paths;
	char current[CF_PATH_BYTES];
	struct cf_update_options asked = {.name = name,
	    .place = request->from,
	    .ca_file = request->ca,
	    .keyring = &request->keyring,
	    .current = current,
	    .most_shrink_percent = request->most_shrink_percent,
	    .now_wall_s = cli_now_s()};
	struct cf_update update;
	struct cf_diags diags;
	struct cf_error error;
	enum cf_status status;
	bool installed = false;
	int code;

	cli_paths_default(&paths);
	asked.folder = request->folder != NULL ? request->folder : paths.fetched;
	/* What is in use now: what was fetched before, else what is installed. */
	if (!cf_pack_place(asked.folder, name, current))
		(void)cf_pack_place(paths.lists, name, current); /* none: all of it is new */
	cf_diags_init(&diags);
	status = cf_update_prepare(&asked, &update, &diags, &error);
	if (status == CF_OK && update.fresh == CF_FRESH_NEW && !request->dry_run) {
		status = cf_update_install(&update, &error);
		installed = status == CF_OK;
	}
	cf_diags_print(&diags, stderr);
	cf_diags_done(&diags);
	if (status != CF_OK)
		complain(name, &error);
	code = status != CF_OK ? cli_exit_for(status) : tell(request, &update, installed);
	cf_update_done(&update);
	return code;
}

int cmd_list_update(int argc, char **argv)
{
	struct request request = {.most_shrink_percent = 10};
	int code;

	if (!cli_options_read(options, "list update", help, &request, argc, argv, &code))
		return code;
	if (argc - optind != 1 || request.from == NULL || request.keyring.count == 0) {
		fputs("usage: curfew list update --from PLACE --key KEY [options] PACK\n", stderr);
		return CMD_USAGE;
	}
	return update_pack(&request, argv[optind]);
}
