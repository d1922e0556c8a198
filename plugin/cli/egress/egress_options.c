/* Words to settings. */

#include "cli/egress/egress_options.h"

#include "base/instant.h"
#include "cli/front/cmd.h"
#include "cli/front/options.h"

#include <stdio.h>
#include <string.h>

/* A setting: looked at now, for a clear message, and set when the image's are known. */
static bool take(struct cli_egress *asked, const char *option, const char *key, const char *value)
{
	struct cf_error error;

	if (asked->said_count == CLI_EGRESS_SAID) {
		fputs("curfew egress: too many options\n", stderr);
		return false;
	}
	if (cf_egress_options_set(&asked->options, key, value, &error) != CF_OK) {
		fprintf(stderr, "curfew egress: --%s '%s': %s\n", option, value, error.text);
		return false;
	}
	asked->said[asked->said_count++] = (struct cli_egress_said){key, value};
	return true;
}

#define SETTING(function, option, key) \
	static bool function(void *place, const struct cli_given *given) \
	{ \
		return take(place, option, key, given->value); \
	}
SETTING(take_role, "role", "role")
SETTING(take_hook, "hook", "role")
SETTING(take_refuse, "refuse", "refuse")
SETTING(take_enforce, "enforce", "enforce")
SETTING(take_dns, "dns", "dns")
SETTING(take_dot, "dot", "dot")
SETTING(take_doh, "doh", "doh")
SETTING(take_fallback, "fallback", "fallback")
SETTING(take_resolver, "resolver", "resolver")
SETTING(take_user, "resolver-user", "resolver-user")
SETTING(take_never, "never", "never")
SETTING(take_log, "log", "log")
SETTING(take_rate, "log-rate", "log-rate")

static bool take_confirm(void *place, const struct cli_given *given)
{
	struct cli_egress *asked = place;

	if (cf_duration_parse(given->value, &asked->confirm_s) == CF_OK && asked->confirm_s >= 1 &&
	    asked->confirm_s <= 86400)
		return true;
	fprintf(
	    stderr, "curfew egress: --confirm '%s': expected a time of 1s to 24h\n", given->value);
	return false;
}

static const struct cli_option options[] = {
    CLI_WORD("image", 'i', struct cli_egress, image),
    CLI_TAKEN("role", 0, take_role),
    CLI_TAKEN("hook", 0, take_hook),
    CLI_TAKEN("refuse", 0, take_refuse),
    CLI_TAKEN("enforce", 0, take_enforce),
    CLI_TAKEN("dns", 0, take_dns),
    CLI_TAKEN("dot", 0, take_dot),
    CLI_TAKEN("doh", 0, take_doh),
    CLI_TAKEN("fallback", 0, take_fallback),
    CLI_TAKEN("resolver", 0, take_resolver),
    CLI_TAKEN("resolver-user", 0, take_user),
    CLI_TAKEN("never", 0, take_never),
    CLI_TAKEN("log", 0, take_log),
    CLI_TAKEN("log-rate", 0, take_rate),
    CLI_TAKEN("confirm", 0, take_confirm),
    CLI_SWITCH("dry-run", 'n', struct cli_egress, dry_run),
    CLI_SWITCH("json", 'j', struct cli_egress, as_json),
    CLI_OPTIONS_END,
};

bool cli_egress_options_read(
    struct cli_egress *asked, const char *help, int argc, char **argv, int *exit_out)
{
	memset(asked, 0, sizeof *asked);
	cf_egress_options_default(&asked->options);
	cli_paths_default(&asked->paths);
	asked->image = asked->paths.image;
	if (!cli_options_read(options, "egress", help, asked, argc, argv, exit_out))
		return false;
	if (argc == optind)
		return true;
	fprintf(stderr, "curfew egress: '%s' is too much; `curfew egress --help`\n", argv[optind]);
	*exit_out = CMD_USAGE;
	return false;
}

bool cli_egress_options_settle(
    struct cli_egress *asked, const struct cf_image *image, struct cf_error *error)
{
	if (cf_egress_options_parse(cf_image_info(image)->edge, &asked->options, error) != CF_OK)
		return false;
	for (unsigned i = 0; i < asked->said_count; i++)
		if (cf_egress_options_set(
		        &asked->options, asked->said[i].key, asked->said[i].value, error) != CF_OK)
			return false;
	return cf_egress_options_check(&asked->options, NULL, error) == CF_OK;
}
