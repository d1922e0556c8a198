/* curfew list diff: what changed between two packs. */

#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/term.h"
#include "cli/list/list_cmd.h"
#include "compile/list/list_diff.h"

#include <string.h>

static const char help[] =
    "usage: curfew list diff BEFORE AFTER [options]\n"
    "\n"
    "Compares two packs (folders or vendors) entry by entry; numbered patterns member by member.\n"
    "\n"
    "  -s, --summary  only the counts by category\n"
    "  -r, --reworded  also entries whose product, sources, confidence, date or note changed\n"
    "  -j, --json     as JSON\n"
    "\n"
    "exit: 0 the same, 1 they differ, 2 usage, 3 a pack is invalid, 4 it cannot be read\n";

struct output {
	bool summary, reworded, as_json;
	struct cli_json *json; /* NULL for people */
};

static const struct cli_option options[] = {
    CLI_SWITCH("summary", 's', struct output, summary),
    CLI_SWITCH("reworded", 'r', struct output, reworded),
    CLI_SWITCH("json", 'j', struct output, as_json),
    CLI_OPTIONS_END,
};

static void print_json(struct cli_json *json, const struct cf_list_difference *d)
{
	bool before = d->change != CF_CHANGE_ADDED, after = d->change != CF_CHANGE_REMOVED;

	cli_json_open_object(json, NULL);
	cli_json_text(json, "change", cf_list_change_text(d->change));
	cli_json_text(json, "what", d->what);
	cli_json_text(json, "key", d->key);
	cli_json_text(
	    json, "category_before", before ? cf_category_text(d->category_before) : NULL);
	cli_json_text(json, "category_after", after ? cf_category_text(d->category_after) : NULL);
	cli_json_text(json, "reach_before", before ? d->reach_before : NULL);
	cli_json_text(json, "reach_after", after ? d->reach_after : NULL);
	cli_json_number(json, "line_before", d->line_before);
	cli_json_number(json, "line_after", d->line_after);
	cli_json_close_object(json);
}

static void print_one(void *context, const struct cf_list_difference *d)
{
	const struct output *output = context;

	if (output->summary || (d->change == CF_CHANGE_REWORDED && !output->reworded))
		return;
	if (output->json != NULL) {
		print_json(output->json, d);
		return;
	}
	switch (d->change) {
	case CF_CHANGE_ADDED:
		printf("%s+ %s %s %s %s%s\n", cli_term_style(stdout, CLI_GREEN), d->what, d->key,
		    cf_category_text(d->category_after), d->reach_after,
		    cli_term_style(stdout, CLI_PLAIN));
		break;
	case CF_CHANGE_REMOVED:
		printf("%s- %s %s %s %s%s\n", cli_term_style(stdout, CLI_RED), d->what, d->key,
		    cf_category_text(d->category_before), d->reach_before,
		    cli_term_style(stdout, CLI_PLAIN));
		break;
	case CF_CHANGE_MOVED:
		printf("%s~ %s %s %s -> %s%s\n", cli_term_style(stdout, CLI_YELLOW), d->what,
		    d->key, cf_category_text(d->category_before),
		    cf_category_text(d->category_after), cli_term_style(stdout, CLI_PLAIN));
		break;
	case CF_CHANGE_REACH:
		printf("%s~ %s %s %s %s -> %s%s\n", cli_term_style(stdout, CLI_YELLOW), d->what,
		    d->key, cf_category_text(d->category_after), d->reach_before, d->reach_after,
		    cli_term_style(stdout, CLI_PLAIN));
		break;
	case CF_CHANGE_REWORDED:
	case CF_CHANGES:
	default:
		printf(
		    "  %s %s %s reworded\n", d->what, d->key, cf_category_text(d->category_after));
	}
}

/* True when anything counts as a difference. */
static bool print_counts(size_t counts[CF_CHANGES][CF_CATEGORIES], struct cli_json *json)
{
	size_t all = 0;

	if (json != NULL)
		cli_json_open_object(json, "counts");
	else
		printf("%-16s %8s %8s %8s %8s %8s\n", "category", "added", "removed", "moved",
		    "reach", "reworded");
	for (unsigned category = 0; category < CF_CATEGORIES; category++) {
		size_t here = 0;

		for (unsigned change = 0; change < CF_CHANGES; change++)
			here += counts[change][category];
		all += here;
		if (json != NULL) {
			cli_json_open_object(json, cf_category_text(category));
			for (unsigned change = 0; change < CF_CHANGES; change++)
				cli_json_number(json, cf_list_change_text(change),
				    (int64_t)counts[change][category]);
			cli_json_close_object(json);
		} else if (here != 0) {
			printf("%-16s %8zu %8zu %8zu %8zu %8zu\n", cf_category_text(category),
			    counts[CF_CHANGE_ADDED][category], counts[CF_CHANGE_REMOVED][category],
			    counts[CF_CHANGE_MOVED][category], counts[CF_CHANGE_REACH][category],
			    counts[CF_CHANGE_REWORDED][category]);
		}
	}
	if (json != NULL)
		cli_json_close_object(json);
	return all != 0;
}

static int diff(const struct cf_pack *before, const struct cf_pack *after, struct output output)
{
	size_t counts[CF_CHANGES][CF_CATEGORIES];
	struct cli_json json = cli_json_start(stdout);
	enum cf_status status;
	bool differ;

	output.json = output.as_json ? &json : NULL;
	if (output.as_json) {
		cli_json_open_object(&json, NULL);
		cli_json_text(&json, "version_before", before->version);
		cli_json_text(&json, "version_after", after->version);
		cli_json_open_array(&json, "differences");
	}
	status = cf_list_diff(before, after, print_one, &output, counts);
	if (status != CF_OK) {
		fprintf(stderr, "curfew list diff: %s\n", cf_status_text(status));
		return cli_exit_for(status);
	}
	if (output.as_json)
		cli_json_close_array(&json);
	differ = print_counts(counts, output.json);
	if (output.as_json) {
		cli_json_close_object(&json);
		cli_json_end(&json);
	}
	return differ ? CMD_FOUND : CMD_OK;
}

int cmd_list_diff(int argc, char **argv)
{
	struct cf_pack *before = NULL, *after = NULL;
	struct output output = {.json = NULL};
	int code;

	if (!cli_options_read(options, "list diff", help, &output, argc, argv, &code))
		return code;
	if (argc - optind != 2) {
		fputs("usage: curfew list diff BEFORE AFTER [--summary] [--reworded] [--json]\n",
		    stderr);
		return CMD_USAGE;
	}
	code = cli_pack_read("diff", argv[optind], &before);
	if (code == CMD_OK)
		code = cli_pack_read("diff", argv[optind + 1], &after);
	if (code == CMD_OK)
		code = diff(before, after, output);
	cf_pack_free(before);
	cf_pack_free(after);
	return code;
}
