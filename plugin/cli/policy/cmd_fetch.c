/* curfew fetch: the newest image of a channel, put in force. */

#include "base/instant.h"
#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "cli/front/when.h"
#include "compile/policy/channel.h"
#include "update/channel_follow.h"
#include "update/image_kept.h"

#include <stdio.h>

static const char help[] =
    "usage: curfew fetch [options]\n"
    "\n"
    "For a sensor whose policy is made elsewhere (`curfew publish`): fetches the channel's newest\n"
    "image, checks signature, channel, serial, expiry, and that this very program can read it, "
    "and\n"
    "puts it in force. Whatever is wrong with it, what is in force stays. The channel, its places\n"
    "and its keys stand in channel.yaml; curfew-fetch.timer runs this.\n"
    "\n"
    "  -c, --channel-file FILE  where they stand\n"
    "  -i, --image FILE    the image in force\n"
    "  -a, --again         put the channel's image in force though another was put in force here\n"
    "  -K, --keep N        keep the last N images beside the one in force, in images/ (20)\n"
    "  -n, --dry-run       say what would happen, change nothing\n"
    "  -j, --json          the outcome as JSON\n"
    "\n"
    "exit: 0 the channel's newest is in force, 1 (--dry-run) it would be put in force, 2 usage,\n"
    "3 refused, or the file is invalid, 4 nothing could be fetched or written, 5 what is in force\n"
    "has expired, or is not the channel's\n";

struct request {
	const char *channel_file, *image;
	unsigned keep;
	bool again, dry_run, as_json;
};

static const struct cli_option options[] = {
    CLI_WORD("channel-file", 'c', struct request, channel_file),
    CLI_WORD("image", 'i', struct request, image),
    CLI_NUMBER("keep", 'K', struct request, keep, CF_IMAGES_KEPT_MOST),
    CLI_SWITCH("again", 'a', struct request, again),
    CLI_SWITCH("dry-run", 'n', struct request, dry_run),
    CLI_SWITCH("json", 'j', struct request, as_json),
    CLI_OPTIONS_END,
};

static void passed_over(void *context, const char *place, enum cf_status status, const char *why)
{
	(void)context;
	fprintf(
	    stderr, "curfew fetch: %s%s: %s\n", status == CF_EIO ? "" : "refused: ", place, why);
}

static bool pin(const struct cf_channel *channel, struct cf_keyring *keyring)
{
	struct cf_error error;

	*keyring = (struct cf_keyring){.count = 0};
	for (size_t i = 0; i < channel->source.key_count; i++) {
		const struct cf_policy_key *key = &channel->source.keys[i];

		if (cf_keyring_add(
		        keyring, key->text, key->from_wall_s, key->until_wall_s, &error) == CF_OK)
			continue;
		fprintf(stderr, "curfew fetch: %s: keys[%zu]: %s\n", channel->file, i, error.text);
		return false;
	}
	return true;
}

static bool is_expired(const struct cf_followed *followed, int64_t now_wall_s)
{
	return followed->state.serial != 0 && followed->state.until_wall_s <= now_wall_s;
}

static const char *outcome_text(enum cf_follow_outcome outcome)
{
	switch (outcome) {
	case CF_FOLLOW_TAKEN:
		return "put in force";
	case CF_FOLLOW_SAME:
		return "in force already";
	case CF_FOLLOW_MENDED:
		return "put in force again: the image was gone or damaged";
	case CF_FOLLOW_EARLY:
		return "kept until its time comes";
	case CF_FOLLOW_LOCAL:
		return "not in force: another image was put in force here; --again goes back to "
		       "the "
		       "channel's";
	case CF_FOLLOW_NOTHING:
		break;
	}
	return "nothing to take; what is in force stays";
}

static void print_json(
    const struct cf_channel *channel, const struct cf_followed *followed, int64_t now_wall_s)
{
	struct cli_json json = cli_json_start(stdout);
	const struct cf_channel_state *state = &followed->state;

	cli_json_open_object(&json, NULL);
	cli_json_text(&json, "channel", channel->source.pack);
	cli_json_text(&json, "outcome", outcome_text(followed->outcome));
	cli_json_number(&json, "serial", (int64_t)followed->statement.serial);
	cli_json_text(&json, "image", followed->digest[0] == '\0' ? NULL : followed->digest);
	cli_json_number(&json, "refused", followed->refused);
	cli_json_number(&json, "unreachable", followed->unreachable);
	cli_json_open_object(&json, "in_force");
	cli_json_number(&json, "serial", (int64_t)state->serial);
	cli_json_instant(
	    &json, "taken", state->taken_wall_s == 0 ? INT64_MIN : state->taken_wall_s);
	cli_json_instant(
	    &json, "until", state->until_wall_s == 0 ? INT64_MIN : state->until_wall_s);
	cli_json_bool(&json, "expired", is_expired(followed, now_wall_s));
	cli_json_number(&json, "refused", (int64_t)state->refused);
	cli_json_close_object(&json);
	cli_json_close_object(&json);
	cli_json_end(&json);
}

static void print_text(
    const struct cf_channel *channel, const struct cf_followed *followed, int64_t now_wall_s)
{
	char until[CF_INSTANT_TEXT_BYTES];

	printf("%s", channel->source.pack);
	if (followed->statement.serial != 0)
		printf(" serial %llu", (unsigned long long)followed->statement.serial);
	if (followed->digest[0] != '\0')
		printf(", image %.12s", followed->digest);
	printf(": %s\n", outcome_text(followed->outcome));
	if (is_expired(followed, now_wall_s))
		fprintf(stderr,
		    "curfew fetch: serial %llu, in force here, was good until %s; it goes on being "
		    "enforced, and its publisher should have sent a newer one\n",
		    (unsigned long long)followed->state.serial,
		    cf_instant_format(followed->state.until_wall_s, until));
	if (followed->note[0] != '\0')
		fprintf(stderr, "curfew fetch: %s\n", followed->note);
}

static int exit_for(
    const struct request *request, const struct cf_followed *followed, int64_t now_wall_s)
{
	bool taken = followed->outcome == CF_FOLLOW_TAKEN || followed->outcome == CF_FOLLOW_MENDED;

	if (taken)
		return request->dry_run ? CMD_FOUND : CMD_OK;
	if (is_expired(followed, now_wall_s) || followed->outcome == CF_FOLLOW_LOCAL)
		return CMD_DEGRADED;
	if (followed->outcome != CF_FOLLOW_NOTHING)
		return CMD_OK;
	return followed->refused > 0 ? CMD_INVALID : CMD_IO;
}

static int fetch(const struct request *request, const char *image, const struct cf_channel *channel)
{
	struct cf_keyring keyring;
	const struct cf_follow_options asked = {.channel = channel->source.pack,
	    .places = channel->source.places,
	    .place_count = channel->source.place_count,
	    .ca_file = channel->source.ca_file[0] == '\0' ? NULL : channel->source.ca_file,
	    .most_bytes = channel->source.most_bytes,
	    .timeout_s = channel->source.timeout_s,
	    .keyring = &keyring,
	    .most_shrink_percent = channel->source.most_shrink_percent,
	    .image = image,
	    .keep = request->keep,
	    .again = request->again,
	    .dry_run = request->dry_run,
	    .now_wall_s = cli_now_s(),
	    .passed_over = passed_over};
	struct cf_followed followed;
	struct cf_error error;
	enum cf_status status;

	if (!pin(channel, &keyring))
		return CMD_INVALID;
	status = cf_channel_follow(&asked, &followed, &error);
	if (status != CF_OK) {
		fprintf(stderr, "curfew fetch: %s%s%s; what was in force stays\n", error.file,
		    error.file[0] == '\0' ? "" : ": ", error.text);
		return status == CF_EMALFORMED || status == CF_EINVALID ? CMD_INVALID : CMD_IO;
	}
	if (request->as_json)
		print_json(channel, &followed, asked.now_wall_s);
	else
		print_text(channel, &followed, asked.now_wall_s);
	return exit_for(request, &followed, asked.now_wall_s);
}

int cmd_fetch(int argc, char **argv)
{
	struct request request = {.keep = CF_IMAGES_KEPT};
	struct cf_channel *channel = NULL;
	struct cli_paths paths;
	struct cf_diags diags;
	enum cf_status status;
	int code;

	cli_paths_default(&paths);
	request.channel_file = paths.channel;
	request.image = paths.image;
	if (!cli_options_read(options, "fetch", help, &request, argc, argv, &code))
		return code;
	if (optind < argc) {
		fprintf(stderr, "curfew fetch: takes options only, not '%s'\n", argv[optind]);
		return CMD_USAGE;
	}
	cf_diags_init(&diags);
	status = cf_channel_read(request.channel_file, &channel, &diags);
	cf_diags_print(&diags, stderr);
	cf_diags_done(&diags);
	if (status != CF_OK)
		return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
	code = fetch(&request, request.image, channel);
	cf_channel_free(channel);
	return code;
}
