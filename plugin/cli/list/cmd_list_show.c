/* curfew list show: what a pack holds. */

#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/list/list_cmd.h"
#include "compile/pack/pack_count.h"

#include <string.h>

static const char help[] =
    "usage: curfew list show [PACK] [options]\n"
    "\n"
    "Without --category: how much of what the pack holds. With it: the entries.\n"
    "\n"
    "  -c, --category CATEGORY  the names and networks of this category ('all' for all)\n"
    "  -s, --sources            where the entries come from: licence, date, and how many entries\n"
    "                           rest on each, how many on it alone\n"
    "  -j, --json               as JSON, one object\n"
    "\n"
    "exit: 0 done, 2 usage, 3 the pack is invalid, 4 it cannot be read\n";

struct request {
	bool json, entries, sources;
	int category; /* -1: all */
};

/* What a wrong entry would do, of categories that have any. */
static void print_costs(const struct cf_pack_totals *totals)
{
	puts("if an entry were wrong and blocked:");
	for (unsigned i = 0; i < CF_CATEGORIES; i++)
		if (totals->entries[i] + totals->networks[i] > 0)
			printf("  %-16s %s\n", cf_category_text(i), cf_category_cost(i));
	putchar('\n');
}

static void print_summary(const struct cf_pack *pack)
{
	struct cf_pack_totals totals;

	cf_pack_count(pack, &totals);
	printf("%s, version %s: %s\n", pack->title, pack->version, pack->dir);
	printf("default preset %s; %zu sources\n\n",
	    pack->default_preset[0] != '\0' ? pack->default_preset : "none", pack->source_count);
	printf("%-16s %8s %8s %9s\n", "category", "entries", "names", "networks");
	for (unsigned i = 0; i < CF_CATEGORIES; i++)
		printf("%-16s %8zu %8zu %9zu\n", cf_category_text(i), totals.entries[i],
		    totals.names[i], totals.networks[i]);
	printf("%-16s %8zu %8zu %9zu\n\n", "all", pack->name_count, totals.all_names,
	    pack->network_count);
	print_costs(&totals);
	printf("%zu AS numbers, %zu ports, %zu signatures, %zu resolvers\n", pack->asn_count,
	    pack->port_count, pack->signature_count, pack->resolver_count);
}

static bool wanted(int category, unsigned have)
{
	return category < 0 || (unsigned)category == have;
}

static void print_entries(const struct cf_pack *pack, int category)
{
	char text[CF_PREFIX_TEXT_BYTES];

	for (size_t i = 0; i < pack->name_count; i++) {
		const struct cf_pack_name *n = &pack->names[i];

		if (wanted(category, n->category))
			printf("%-44s %-9s %-15s %-10s %s:%u %s\n", n->name,
			    cf_scope_text((enum cf_scope)n->scope),
			    cf_category_text((enum cf_category)n->category), n->as_of, n->file,
			    n->line, n->note);
	}
	for (size_t i = 0; i < pack->network_count; i++) {
		const struct cf_pack_network *n = &pack->networks[i];

		if (wanted(category, n->category))
			printf("%-44s %-9s %-15s %-10s %s:%u %s\n",
			    cf_prefix_format(&n->prefix, text), cf_network_kind_text(n->kind),
			    cf_category_text(n->category), n->as_of, n->file, n->line, n->note);
	}
}

static void print_name_json(struct cli_json *json, const struct cf_pack_name *n)
{
	cli_json_open_object(json, NULL);
	cli_json_text(json, "name", n->name);
	cli_json_text(json, "scope", cf_scope_text((enum cf_scope)n->scope));
	cli_json_text(json, "category", cf_category_text((enum cf_category)n->category));
	cli_json_text(json, "product", n->product);
	cli_json_text(json, "sources", n->sources);
	cli_json_text(json, "confidence", cf_confidence_text((enum cf_confidence)n->confidence));
	cli_json_text(json, "as_of", n->as_of);
	cli_json_text(json, "note", n->note);
	cli_json_text(json, "file", n->file);
	cli_json_number(json, "line", n->line);
	cli_json_close_object(json);
}

static void print_json(const struct cf_pack *pack, int category)
{
	struct cli_json json = cli_json_start(stdout);
	struct cf_pack_totals totals;
	char text[CF_PREFIX_TEXT_BYTES];

	cf_pack_count(pack, &totals);
	cli_json_open_object(&json, NULL);
	cli_json_text(&json, "vendor", pack->vendor);
	cli_json_text(&json, "version", pack->version);
	cli_json_text(&json, "default_preset", pack->default_preset);
	cli_json_open_object(&json, "names_by_category");
	for (unsigned i = 0; i < CF_CATEGORIES; i++)
		cli_json_number(&json, cf_category_text(i), (int64_t)totals.names[i]);
	cli_json_close_object(&json);
	cli_json_open_object(&json, "cost_of_a_wrong_block");
	for (unsigned i = 0; i < CF_CATEGORIES; i++)
		cli_json_text(&json, cf_category_text(i), cf_category_cost(i));
	cli_json_close_object(&json);
	cli_json_open_array(&json, "names");
	for (size_t i = 0; i < pack->name_count; i++)
		if (wanted(category, pack->names[i].category))
			print_name_json(&json, &pack->names[i]);
	cli_json_close_array(&json);
	cli_json_open_array(&json, "networks");
	for (size_t i = 0; i < pack->network_count; i++) {
		const struct cf_pack_network *n = &pack->networks[i];

		if (!wanted(category, n->category))
			continue;
		cli_json_open_object(&json, NULL);
		cli_json_text(&json, "prefix", cf_prefix_format(&n->prefix, text));
		cli_json_text(&json, "kind", cf_network_kind_text(n->kind));
		cli_json_text(&json, "category", cf_category_text(n->category));
		cli_json_number(&json, "asn", n->asn);
		cli_json_text(&json, "sources", n->sources);
		cli_json_text(&json, "as_of", n->as_of);
		cli_json_instant(&json, "until", n->until_wall_s);
		cli_json_text(&json, "note", n->note);
		cli_json_close_object(&json);
	}
	cli_json_close_array(&json);
	cli_json_close_object(&json);
	cli_json_end(&json);
}

static void print_sources(const struct cf_pack *pack)
{
	printf("%-20s %8s %8s %-24s %-10s %s\n", "source", "entries", "alone", "licence", "as-of",
	    "title");
	for (size_t i = 0; i < pack->source_count; i++) {
		const struct cf_pack_source *s = &pack->sources[i];
		struct cf_pack_use use = cf_pack_use_of(pack, s->id);

		printf("%-20s %8zu %8zu %-24s %-10s %s\n", s->id, use.entries, use.alone,
		    s->licence, s->as_of, s->title);
	}
}

static void print_sources_json(const struct cf_pack *pack)
{
	struct cli_json json = cli_json_start(stdout);

	cli_json_open_array(&json, NULL);
	for (size_t i = 0; i < pack->source_count; i++) {
		const struct cf_pack_source *s = &pack->sources[i];
		struct cf_pack_use use = cf_pack_use_of(pack, s->id);

		cli_json_open_object(&json, NULL);
		cli_json_text(&json, "source", s->id);
		cli_json_text(&json, "title", s->title);
		cli_json_text(&json, "licence", s->licence);
		cli_json_text(&json, "as_of", s->as_of);
		cli_json_number(&json, "entries", (int64_t)use.entries);
		cli_json_number(&json, "alone", (int64_t)use.alone);
		cli_json_close_object(&json);
	}
	cli_json_close_array(&json);
	cli_json_end(&json);
}

/* A category, or "all". */
static bool take_category(void *place, const struct cli_given *given)
{
	struct request *request = place;
	enum cf_category category;

	request->entries = true;
	request->category = -1;
	if (strcmp(given->value, "all") == 0)
		return true;
	if (!cf_category_parse(given->value, strlen(given->value), &category)) {
		fprintf(stderr, "curfew list show: '%s' is no category\n", given->value);
		return false;
	}
	request->category = (int)category;
	return true;
}

static const struct cli_option options[] = {
    CLI_TAKEN("category", 'c', take_category),
    CLI_SWITCH("sources", 's', struct request, sources),
    CLI_SWITCH("json", 'j', struct request, json),
    CLI_OPTIONS_END,
};

int cmd_list_show(int argc, char **argv)
{
	struct cf_pack *pack = NULL;
	struct request request = {.category = -1};
	int code;

	if (!cli_options_read(options, "list show", help, &request, argc, argv, &code))
		return code;
	if (argc - optind > 1) {
		fputs("usage: curfew list show [PACK] [--category CATEGORY] [--json]\n", stderr);
		return CMD_USAGE;
	}
	code = cli_pack_read("show", optind < argc ? argv[optind] : CLI_DEFAULT_PACK, &pack);
	if (code != CMD_OK)
		return code;
	if (request.sources && request.json)
		print_sources_json(pack);
	else if (request.sources)
		print_sources(pack);
	else if (request.json)
		print_json(pack, request.category);
	else if (request.entries)
		print_entries(pack, request.category);
	else
		print_summary(pack);
	cf_pack_free(pack);
	return CMD_OK;
}
