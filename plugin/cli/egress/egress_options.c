/* Words to settings. */

#include "cli/egress/egress_options.h"

#include "base/instant.h"
#include "cli/front/cmd.h"
#include "cli/front/options.h"

#include <stdlib.h>
#include <string.h>

static bool refuse(const struct cli_given *given, const char *expected)
{
	fprintf(stderr, "curfew egress: '%s': expected %s\n", given->value, expected);
	return false;
}

static bool take_hook(void *place, const struct cli_given *given)
{
	struct cli_egress *asked = place;
	bool both = strcmp(given->value, "both") == 0;

	asked->options.forward = both || strcmp(given->value, "forward") == 0;
	asked->options.output = both || strcmp(given->value, "output") == 0;
	return asked->options.forward || asked->options.output ||
	    refuse(given, "forward, output or both");
}

static bool take_refuse(void *place, const struct cli_given *given)
{
	struct cli_egress *asked = place;

	asked->options.drop = strcmp(given->value, "drop") == 0;
	return asked->options.drop || strcmp(given->value, "reject") == 0 ||
	    refuse(given, "reject or drop");
}

static bool take_enforce(void *place, const struct cli_given *given)
{
	struct cli_egress *asked = place;

	asked->all_enforced = strcmp(given->value, "all") == 0;
	return asked->all_enforced || strcmp(given->value, "dedicated") == 0 ||
	    refuse(given, "dedicated or all");
}

static bool take_way(void *place, const struct cli_given *given)
{
	static const char *const words[] = {"off", "observe", "reject", "redirect"};

	for (unsigned i = 0; i < 4; i++) {
		if (strcmp(given->value, words[i]) == 0) {
			*(enum cf_way *)place = (enum cf_way)i;
			return true;
		}
	}
	return refuse(given, "off, observe, reject or redirect");
}

/* A prefix, or an address as a prefix of one. */
static bool take_prefix(struct cf_prefixes *prefixes, const struct cli_given *given)
{
	struct cf_prefix prefix;

	if (prefixes->count == CF_EGRESS_ADDRS)
		return refuse(given, "no more than 64 of them");
	if (cf_prefix_parse(given->value, &prefix) != CF_OK)
		return refuse(given, "an address or prefix, without host bits");
	prefixes->items[prefixes->count++] = prefix;
	return true;
}

static bool take_never(void *place, const struct cli_given *given)
{
	struct cli_egress *asked = place;

	return take_prefix(&asked->options.never, given);
}

static bool take_resolver(void *place, const struct cli_given *given)
{
	struct cli_egress *asked = place;

	return take_prefix(&asked->options.resolvers, given);
}

static bool take_user(void *place, const struct cli_given *given)
{
	struct cli_egress *asked = place;
	size_t len = strspn(given->value, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	if (len == 0 || len >= sizeof asked->options.resolver_user || given->value[len] != '\0')
		return refuse(given, "the name of a user");
	memcpy(asked->options.resolver_user, given->value, len + 1);
	return true;
}

static bool take_group(void *place, const struct cli_given *given)
{
	struct cli_egress *asked = place;
	char *end;
	unsigned long group = strtoul(given->value, &end, 10);

	if (given->value[0] < '0' || given->value[0] > '9' || *end != '\0' || group > 65535)
		return refuse(given, "a number to 65535");
	asked->options.log = true;
	asked->options.group = (uint16_t)group;
	return true;
}

static bool take_confirm(void *place, const struct cli_given *given)
{
	struct cli_egress *asked = place;

	return (cf_duration_parse(given->value, &asked->confirm_s) == CF_OK &&
	           asked->confirm_s >= 1 && asked->confirm_s <= 86400) ||
	    refuse(given, "a time of 1s to 24h");
}

static const struct cli_option options[] = {
    CLI_WORD("image", 'i', struct cli_egress, image),
    CLI_TAKEN("hook", 0, take_hook),
    CLI_TAKEN("refuse", 0, take_refuse),
    CLI_TAKEN("enforce", 0, take_enforce),
    CLI_VALUE("dns", 0, struct cli_egress, options.dns, take_way),
    CLI_VALUE("dot", 0, struct cli_egress, options.dot, take_way),
    CLI_VALUE("doh", 0, struct cli_egress, options.doh, take_way),
    CLI_VALUE("fallback", 0, struct cli_egress, options.fallback, take_way),
    CLI_TAKEN("resolver", 0, take_resolver),
    CLI_TAKEN("resolver-user", 0, take_user),
    CLI_TAKEN("never", 0, take_never),
    CLI_TAKEN("log", 0, take_group),
    CLI_NUMBER("log-rate", 0, struct cli_egress, options.log_per_second, 100000),
    CLI_TAKEN("confirm", 0, take_confirm),
    CLI_SWITCH("dry-run", 'n', struct cli_egress, dry_run),
    CLI_SWITCH("json", 'j', struct cli_egress, as_json),
    CLI_OPTIONS_END,
};

bool cli_egress_options_read(
    struct cli_egress *asked, const char *help, int argc, char **argv, int *exit_out)
{
	memset(asked, 0, sizeof *asked); /* padding too: the options are digested */
	asked->options.forward = true;
	asked->options.log_per_second = 100;
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
