/* curfew list update: newer packs from publishers whose keys are pinned. */

#include "base/diag.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/trusted_key.h"
#include "cli/front/when.h"
#include "cli/list/list_cmd.h"
#include "cli/list/update_tell.h"
#include "compile/pack/pack_place.h"
#include "compile/policy/policy.h"
#include "update/pack_update.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: curfew list update [options] [PACK]\n"
    "       curfew list update --from PLACE --key KEY [options] PACK\n"
    "\n"
    "Fetches the signed bundle of a pack, checks signature, serial, expiry and what it holds, and "
    "puts\n"
    "it in use; `curfew apply` takes it from there. Whatever is wrong with it, the pack in use "
    "stays.\n"
    "Where from and whose keys: what the policy's section updates says, of all packs there or of "
    "PACK.\n"
    "\n"
    "  -p, --policy FILE     the policy\n"
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

/* Not said: what the policy says, else 10. */
#define SHRINK_UNSAID  101
#define SHRINK_PERCENT 10

struct request {
	const char *policy, *from, *ca, *folder;
	struct cf_keyring keyring;
	unsigned most_shrink_percent;
	bool dry_run, as_json;
	struct cli_json *json; /* while objects are written */
};

static const struct cli_option options[] = {
    CLI_WORD("policy", 'p', struct request, policy),
    CLI_WORD("from", 'f', struct request, from),
    CLI_VALUE("key", 'k', struct request, keyring, cli_take_trusted_key),
    CLI_WORD("ca", 0, struct request, ca),
    CLI_WORD("folder", 0, struct request, folder),
    CLI_NUMBER("max-shrink", 0, struct request, most_shrink_percent, 100),
    CLI_SWITCH("dry-run", 'n', struct request, dry_run),
    CLI_SWITCH("json", 'j', struct request, as_json),
    CLI_OPTIONS_END,
};

static void complain(const char *name, const struct cf_error *error)
{
	fprintf(stderr, "curfew list update: %s: ", name);
	if (error->file[0] != '\0')
		fprintf(stderr, "%s:%u: ", error->file, error->line);
	fprintf(stderr, "%s; the pack in use stays as it is\n", error->text);
}

/* The keys that were given, else those that the policy pins. */
static void pin(
    const struct request *request, const struct cf_policy_update *said, struct cf_keyring *keyring)
{
	struct cf_error error = {0};

	*keyring = request->keyring;
	for (size_t i = 0; request->keyring.count == 0 && said != NULL && i < said->key_count; i++)
		if (cf_keyring_add(keyring, said->keys[i].text, said->keys[i].from_wall_s,
		        said->keys[i].until_wall_s, &error) != CF_OK)
			complain(said->pack, &error); /* one key less to trust */
}

/* What the policy says of the pack, where nothing else was asked for. */
static void follow_policy(const struct request *request, const struct cf_policy_update *said,
    struct cf_update_options *asked)
{
	if (request->from == NULL) {
		asked->places = said->places;
		asked->place_count = said->place_count;
	}
	if (request->ca == NULL && said->ca_file[0] != '\0')
		asked->ca_file = said->ca_file;
	if (request->most_shrink_percent == SHRINK_UNSAID)
		asked->most_shrink_percent = said->most_shrink_percent;
	asked->most_bytes = said->most_bytes;
	asked->timeout_s = said->timeout_s;
}

static int update_pack(
    const struct request *request, const char *name, const struct cf_policy_update *said)
{
	struct cli_update_told told = {.json = request->json, .dry_run = request->dry_run};
	struct cf_update_options asked = {.name = name,
	    .places = &request->from,
	    .place_count = 1,
	    .ca_file = request->ca,
	    .most_shrink_percent = request->most_shrink_percent == SHRINK_UNSAID
	        ? SHRINK_PERCENT
	        : request->most_shrink_percent,
	    .now_wall_s = cli_now_s()};
	struct cf_keyring keyring;
	struct cf_update update;
	struct cli_paths paths;
	struct cf_diags diags;
	struct cf_error error;
	char current[CF_PATH_BYTES];
	enum cf_status status;
	int code;

	cli_paths_default(&paths);
	pin(request, said, &keyring);
	if (said != NULL)
		follow_policy(request, said, &asked);
	asked.keyring = &keyring;
	asked.current = current;
	asked.folder = request->folder != NULL ? request->folder : paths.fetched;
	/* What is in use now: what was fetched before, else what is installed. */
	if (!cf_pack_place(asked.folder, name, current))
		(void)cf_pack_place(paths.lists, name, current); /* none: all of it is new */
	cf_diags_init(&diags);
	status = cf_update_prepare(&asked, &update, &diags, &error);
	if (status == CF_OK && update.fresh == CF_FRESH_NEW && !request->dry_run) {
		status = cf_update_install(&update, &error);
		told.installed = status == CF_OK;
	}
	cf_diags_print(&diags, stderr);
	cf_diags_done(&diags);
	if (status != CF_OK) {
		complain(name, &error);
		cli_update_tell_failure(name, &error, request->json);
	}
	code = status != CF_OK ? cli_exit_for(status) : cli_update_tell(&update, &told);
	cf_update_done(&update);
	return code;
}

/* Of several codes the one that matters most. */
static int worse(int a, int b)
{
	static const int order[] = {CMD_OK, CMD_FOUND, CMD_DEGRADED, CMD_IO, CMD_INVALID};
	size_t count = sizeof order / sizeof order[0], at_a = 0, at_b = 0;

	while (at_a < count && order[at_a] != a)
		at_a++;
	while (at_b < count && order[at_b] != b)
		at_b++;
	return at_a > at_b ? a : b;
}

static int update_all(struct request *request, const struct cf_policy *policy)
{
	struct cli_json json = cli_json_start(stdout);
	int code = CMD_OK;

	if (policy->update_count == 0) {
		fprintf(stderr,
		    "curfew list update: '%s' says nothing under updates: no place, no key; "
		    "curfew.yaml(5)\n",
		    policy->file);
		return CMD_USAGE;
	}
	if (request->as_json) {
		request->json = &json;
		cli_json_open_object(&json, NULL);
		cli_json_open_array(&json, "packs");
	}
	for (size_t i = 0; i < policy->update_count; i++)
		code =
		    worse(code, update_pack(request, policy->updates[i].pack, &policy->updates[i]));
	if (request->as_json) {
		cli_json_close_array(&json);
		cli_json_close_object(&json);
		cli_json_end(&json);
		request->json = NULL;
	}
	return code;
}

static int update_one(struct request *request, const char *name, const struct cf_policy *policy)
{
	const struct cf_policy_update *said = NULL;
	struct cli_json json = cli_json_start(stdout);
	int code;

	for (size_t i = 0; policy != NULL && i < policy->update_count; i++)
		if (strcmp(policy->updates[i].pack, name) == 0)
			said = &policy->updates[i];
	if (said == NULL && (request->from == NULL || request->keyring.count == 0)) {
		fprintf(stderr,
		    "curfew list update: where does '%s' come from, and whose key signs it? give "
		    "--from and --key, or say it under updates in the policy\n",
		    name);
		return CMD_USAGE;
	}
	if (request->as_json)
		request->json = &json;
	code = update_pack(request, name, said);
	if (request->as_json)
		cli_json_end(&json);
	request->json = NULL;
	return code;
}

/* The policy is read only for what was not given. */
static int read_policy(const struct request *request, struct cf_policy **policy)
{
	struct cf_diags diags;
	struct cli_paths paths;
	enum cf_status status;

	cli_paths_default(&paths);
	cf_diags_init(&diags);
	status = cf_policy_read(
	    request->policy != NULL ? request->policy : paths.policy, policy, &diags);
	if (status != CF_OK)
		cf_diags_print(&diags, stderr);
	cf_diags_done(&diags);
	return status == CF_OK ? CMD_OK : cli_exit_for(status);
}

int cmd_list_update(int argc, char **argv)
{
	struct request request = {.most_shrink_percent = SHRINK_UNSAID};
	struct cf_policy *policy = NULL;
	int code;

	if (!cli_options_read(options, "list update", help, &request, argc, argv, &code))
		return code;
	if (argc - optind > 1 ||
	    (argc == optind && (request.from != NULL || request.keyring.count > 0))) {
		fputs("usage: curfew list update [--from PLACE --key KEY] [options] [PACK]\n",
		    stderr);
		return CMD_USAGE;
	}
	code = CMD_OK;
	if (request.from == NULL || request.keyring.count == 0 || request.policy != NULL)
		code = read_policy(&request, &policy);
	if (code == CMD_OK)
		code = argc == optind ? update_all(&request, policy)
		                      : update_one(&request, argv[optind], policy);
	cf_policy_free(policy);
	return code;
}
