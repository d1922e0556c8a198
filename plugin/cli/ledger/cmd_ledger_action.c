/* curfew ledger name, owner, note, except, merge, split, site, plan, undo, actions: what people
 * say. */

#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "cli/front/when.h"
#include "cli/ledger/ledger_cmd.h"
#include "ledger/upkeep/action_check.h"
#include "ledger/upkeep/action_maker.h"

#include "base/instant.h"
#include "ledger/upkeep/saying.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: curfew ledger name HOST NAME | owner HOST PERSON | note HOST TEXT\n"
    "       curfew ledger except HOST UNTIL WHY\n"
    "       curfew ledger merge HOST HOST | split MAC ADDRESS\n"
    "       curfew ledger plan SENSOR FROM UNTIL WHY\n"
    "       curfew ledger site SENSOR SITE | undo NUMBER | actions [--json|--verify]\n"
    "\n"
    "A HOST is its id, MAC, name, or address (the last who had it; ADDRESS@SITE to be exact).\n"
    "Actions are kept beside the ledger with time and author, sealed, and survive a rebuild.\n"
    "\n"
    "  -l, --ledger FILE   the ledger\n"
    "  -w, --who PERSON    who says so, if not the one logged in\n"
    "  -j, --json          actions as JSON\n"
    "      --verify          actions: only whether they are as they were recorded\n"
    "      --seal FILE       and against what was witnessed of them: lines that --verify printed,\n"
    "                        or a log they were sent to\n"
    "\n"
    "exit: 0 recorded, 1 no such host, sensor or action, 2 usage, 3 the record of actions was "
    "changed, 4 "
    "input/output\n";

struct request {
	struct cli_paths paths;
	const char *ledger, *who, *witness;
	bool json, verify;
	const char *verb;
	char **args;
	int arg_count;
};

static bool parse(struct request *request, int argc, char **argv, int *exit_out)
{
	static const struct cli_option options[] = {
	    CLI_WORD("ledger", 'l', struct request, ledger),
	    CLI_WORD("who", 'w', struct request, who),
	    CLI_SWITCH("json", 'j', struct request, json),
	    CLI_SWITCH("verify", 0, struct request, verify),
	    CLI_WORD("seal", 0, struct request, witness),
	    CLI_OPTIONS_END,
	};

	cli_paths_default(&request->paths);
	request->ledger = request->paths.ledger;
	request->who = cf_action_speaker();
	request->verb = argv[0];
	if (!cli_options_read(options, "ledger", help, request, argc, argv, exit_out))
		return false;
	request->args = argv + optind;
	request->arg_count = argc - optind;
	return true;
}

static void tell_wrong(void *arg, uint32_t seq, enum cf_action_said said)
{
	(void)arg;
	printf("action %u %s\n", seq,
	    said == CF_ACTION_OTHER ? "is not the one that was witnessed: actions were rewritten"
	                            : "was witnessed and is not here: the end was cut off");
}

static int compare_witness(const struct request *request, const struct cf_actions *actions)
{
	struct cf_error error;
	enum cf_status status =
	    cf_actions_check(actions, request->witness, tell_wrong, NULL, &error);

	if (status == CF_OK || status == CF_ECHECKSUM) /* told by now */
		return status == CF_OK ? CMD_OK : CMD_INVALID;
	return cli_ledger_failed("ledger", status, &error);
}

/* That they opened says that each follows from the one before. */
static int verify_actions(const struct request *request, const struct cf_actions *actions)
{
	size_t count = cf_actions_count(actions), nameless = cf_actions_nameless(actions);
	char text[CF_ACTION_WITNESS_BYTES];
	int code = request->witness == NULL ? CMD_OK : compare_witness(request, actions);

	if (code != CMD_OK)
		return code;
	printf("unaltered: %zu actions, each follows from the one before", count);
	if (nameless > 0)
		printf(", %zu of a version that did not record whose process it was", nameless);
	putchar('\n');
	if (request->witness == NULL)
		puts("who can write the file could have made all of it: keep the next line "
		     "elsewhere");
	if (count > 0) {
		cf_action_witness(cf_actions_get(actions, count - 1), text);
		puts(text);
	}
	return CMD_OK;
}

static int list_actions(const struct request *request)
{
	struct cf_actions *actions = NULL;
	struct cf_error error = {0};
	enum cf_status status = cf_actions_open(request->ledger, &actions, &error);
	struct cli_json json;

	if (status != CF_OK)
		return cli_ledger_failed("ledger", status, &error);
	if (request->verify || request->witness != NULL) {
		int code = verify_actions(request, actions);

		cf_actions_close(actions);
		return code;
	}
	if (request->json) {
		json = cli_json_start(stdout);
		cli_json_open_array(&json, NULL);
	}
	for (size_t i = 0; i < cf_actions_count(actions); i++) {
		const struct cf_ledger_action *action = cf_actions_get(actions, i);
		char when[CF_INSTANT_TEXT_BYTES];

		if (request->json) {
			cli_json_open_object(&json, NULL);
			cli_json_number(&json, "number", action->seq);
			cli_json_instant(&json, "at", action->at_wall_s);
			cli_json_text(&json, "who", action->who);
			cli_json_text(&json, "by", action->by[0] == '\0' ? NULL : action->by);
			cli_json_text(&json, "action", action->verb);
			cli_json_open_array(&json, "arguments");
			for (int j = 0; j < CF_ACTION_ARGS && action->args[j][0] != '\0'; j++)
				cli_json_text(&json, NULL, action->args[j]);
			cli_json_close_array(&json);
			cli_json_bool(&json, "undone", cf_actions_is_undone(actions, i));
			cli_json_close_object(&json);
			continue;
		}
		printf("%u  %s  ", action->seq, cf_instant_format(action->at_wall_s, when));
		struct cli_json text =
		    cli_json_start(stdout); /* quotes and escapes what people typed */

		cli_json_open_array(&text, NULL);
		cli_json_text(&text, NULL, action->who);
		cli_json_text(&text, NULL, action->verb);
		for (int j = 0; j < CF_ACTION_ARGS && action->args[j][0] != '\0'; j++)
			cli_json_text(&text, NULL, action->args[j]);
		cli_json_close_array(&text);
		fputs(cf_actions_is_undone(actions, i) ? "  undone" : "", stdout);
		cli_json_end(&text);
	}
	if (request->json) {
		cli_json_close_array(&json);
		cli_json_end(&json);
	}
	cf_actions_close(actions);
	return CMD_OK;
}

static int record(const struct request *request, struct cf_ledger_action *action)
{
	struct cf_error error = {0};
	enum cf_status status = cf_ledger_say(request->ledger, cli_now_s(), action, &error);

	if (status == CF_ENOTFOUND) {
		(void)cli_ledger_failed("ledger", status, &error);
		return CMD_FOUND;
	}
	if (status != CF_OK)
		return cli_ledger_failed("ledger", status, &error);
	cf_action_send(action);
	printf("recorded as action %u; `curfew ledger undo %u` takes it back\n", action->seq,
	    action->seq);
	return CMD_OK;
}

int cmd_ledger_action(int argc, char **argv)
{
	struct request request = {0};
	char until[CF_ACTION_UNTIL_BYTES], from[CF_ACTION_UNTIL_BYTES];
	int code;

	if (!parse(&request, argc, argv, &code))
		return code;
	if (strcmp(request.verb, "actions") == 0)
		return list_actions(&request);
	int wanted = strcmp(request.verb, "undo") == 0 ? 1
	    : strcmp(request.verb, "except") == 0      ? 3
	    : strcmp(request.verb, "plan") == 0        ? 4
	                                               : 2;

	if (request.arg_count != wanted) {
		fprintf(stderr,
		    "curfew ledger %s: takes %d arguments; see `curfew ledger name --help`\n",
		    request.verb, wanted);
		return CMD_USAGE;
	}
	char maker[CF_MAKER_BYTES];
	struct cf_ledger_action action = {.at_wall_s = cli_now_s(),
	    .who = request.who,
	    .verb = request.verb,
	    .by = cf_action_maker(maker)};

	for (int i = 0; i < wanted; i++)
		action.args[i] = request.args[i];
	if (strcmp(request.verb, "except") == 0) {
		int64_t until_s;

		if (!cli_parse_at("ledger except", request.args[1], &until_s))
			return CMD_USAGE;
		cf_action_except(&action, request.args[0], until_s, request.args[2], until);
	}
	if (strcmp(request.verb, "plan") == 0) {
		int64_t from_s, until_s;

		if (!cli_parse_at("ledger plan", request.args[1], &from_s) ||
		    !cli_parse_at("ledger plan", request.args[2], &until_s))
			return CMD_USAGE;
		if (until_s <= from_s) {
			fputs("curfew ledger plan: UNTIL is not after FROM\n", stderr);
			return CMD_USAGE;
		}
		(void)snprintf(from, sizeof from, "%lld", (long long)from_s);
		(void)snprintf(until, sizeof until, "%lld", (long long)until_s);
		action.args[1] = from;
		action.args[2] = until;
	}
	return record(&request, &action);
}
