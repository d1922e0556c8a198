/* Prints what a person needs to agree to a new image. */

#include "cli/policy/changes_print.h"

#include "base/instant.h"
#include "cli/front/json_out.h"
#include "cli/front/term.h"

#include <inttypes.h>
#include <string.h>

const char *cli_categories_format(uint32_t categories, char text[256])
{
	size_t used = 0;

	if (categories == (1U << CF_CATEGORIES) - 1) {
		snprintf(text, 256, "all");
		return text;
	}
	text[0] = '\0';
	for (unsigned i = 0; i < CF_CATEGORIES; i++) {
		if ((categories & 1U << i) == 0)
			continue;
		used += (size_t)snprintf(text + used, 256 - used, "%s%s", used == 0 ? "" : ", ",
		    cf_category_text((enum cf_category)i)); /* all of them have 143 bytes */
	}
	return text;
}

static const char *instant_or(
    int64_t wall_s, const char *otherwise, char text[CF_INSTANT_TEXT_BYTES])
{
	return wall_s == INT64_MIN || wall_s == INT64_MAX ? otherwise
	                                                  : cf_instant_format(wall_s, text);
}

static void print_entry(void *context, const struct cf_image *image, uint32_t entry, bool added)
{
	char name[CF_NAME_TEXT_BYTES];
	struct cf_entry e;

	cf_image_entry(image, entry, &e);
	fprintf(context, "  %c %s (%s, %s)\n", added ? '+' : '-',
	    cf_name_format_wire(e.name_wire, name), cf_scope_text(e.scope),
	    cf_category_text(e.category));
}

static void print_verdict(
    const struct cf_changes *changes, FILE *to, unsigned category, const struct cf_stated *stated)
{
	const struct cf_decision now = stated->now;
	struct cf_decision before;
	char from[CF_INSTANT_TEXT_BYTES];
	struct cf_image_pack pack;
	struct cf_phase phase;
	uint32_t old_pack;

	cf_image_pack(changes->new_image, stated->pack, &pack);
	if (changes->old_image != NULL &&
	    cf_image_find_pack(changes->old_image, pack.vendor, strlen(pack.vendor), &old_pack)) {
		cf_changes_decide(changes, changes->old_image, old_pack, category, &before);
		if (before.verdict != now.verdict)
			fprintf(to, "%s, then ", cf_verdict_text(before.verdict));
	}
	fprintf(to, "%s%s%s", cli_term_style(to, cli_term_verdict_style(now.verdict)),
	    cf_verdict_text(now.verdict), cli_term_style(to, CLI_PLAIN));
	if (now.phase != CF_NONE) {
		cf_image_phase(changes->new_image, now.phase, &phase);
		fprintf(
		    to, " since %s (%s)", cf_instant_format(phase.from_wall_s, from), phase.name);
	}
	if (now.next_change_wall_s != INT64_MAX)
		fprintf(to, ", changes %s", cf_instant_format(now.next_change_wall_s, from));
}

/* One line for each pack with a schedule of its own. */
static void print_verdicts(const struct cf_changes *changes, FILE *to, unsigned category)
{
	struct cf_stated found[CF_PACKS_MOST] = {{.pack = 0}};
	unsigned count = cf_changes_stated(changes, category, found);
	struct cf_image_pack pack;

	for (unsigned i = 0; i < count; i++) {
		if (count > 1) {
			cf_image_pack(changes->new_image, found[i].pack, &pack);
			fprintf(to, "%s%s: ", i == 0 ? "" : "; ", pack.vendor);
		}
		print_verdict(changes, to, category, &found[i]);
	}
	if (count == 0)
		fputs("no names any more", to);
	putc('\n', to);
}

static void print_counts(const struct cf_changes *changes, FILE *to)
{
	const struct cf_image_diff *diff = &changes->diff;

	fprintf(to, "%-16s %9s %9s %9s  verdict for everybody\n", "category", "names", "added",
	    "removed");
	for (unsigned i = 0; i < CF_CATEGORIES; i++) {
		const struct cf_image_category_diff *c = &diff->categories[i];

		if (c->old_count == 0 && c->new_count == 0)
			continue;
		fprintf(to, "%-16s %9" PRIu32 " %9" PRIu32 " %9" PRIu32 "  ",
		    cf_category_text((enum cf_category)i), c->new_count, c->added, c->removed);
		print_verdicts(changes, to, i);
	}
	fprintf(to, "%-16s %9" PRIu32 " %9" PRIu32 " %9" PRIu32 "\n", "networks",
	    diff->networks.new_count, diff->networks.added, diff->networks.removed);
}

/* The phases of image that other has not. */
static void print_phases(
    const struct cf_image *image, const struct cf_image *other, char sign, FILE *to)
{
	char from[CF_INSTANT_TEXT_BYTES], categories[256];
	struct cf_phase phase;

	for (uint32_t i = 0; image != NULL && i < cf_image_info(image)->phases; i++) {
		cf_image_phase(image, i, &phase);
		if (cf_changes_has_phase(other, &phase))
			continue;
		fprintf(to, "phase %c %s: from %s %s %s\n", sign, phase.name,
		    cf_instant_format(phase.from_wall_s, from), cf_verdict_text(phase.verdict),
		    cli_categories_format(phase.categories, categories));
	}
}

static void print_exceptions(
    const struct cf_image *image, const struct cf_image *other, char sign, FILE *to)
{
	char until[CF_INSTANT_TEXT_BYTES], categories[256];
	struct cf_exception e;

	for (uint32_t i = 0; image != NULL && i < cf_image_info(image)->exceptions; i++) {
		cf_image_exception(image, i, &e);
		if (cf_changes_has_exception(other, &e))
			continue;
		fprintf(to, "exception %c %s: %s %s until %s (%s; %s)\n", sign, e.clients,
		    cf_verdict_text(e.verdict),
		    e.categories == 0 ? "names" : cli_categories_format(e.categories, categories),
		    instant_or(e.until_wall_s, "further notice", until), e.reason, e.owner);
	}
}

static void print_answer(const struct cf_changes *changes, FILE *to)
{
	const struct cf_answer_spec *now = cf_image_answer(changes->new_image);
	const struct cf_answer_spec *before =
	    changes->old_image == NULL ? now : cf_image_answer(changes->old_image);

	if (before->kind != now->kind)
		fprintf(to, "answer: %s, then %s\n", cf_answer_text(before->kind),
		    cf_answer_text(now->kind));
	if (before->ttl_s != now->ttl_s)
		fprintf(to, "answer ttl: %" PRIu32 " s, then %" PRIu32 " s\n", before->ttl_s,
		    now->ttl_s);
	if (before->ede_code != now->ede_code || strcmp(before->ede_text, now->ede_text) != 0)
		fprintf(to, "answer ede: %u '%s', then %u '%s'\n", before->ede_code,
		    before->ede_text, now->ede_code, now->ede_text);
	if (!cf_addr_equal(&before->sinkhole_v4, &now->sinkhole_v4) ||
	    !cf_addr_equal(&before->sinkhole_v6, &now->sinkhole_v6))
		fprintf(to, "answer sinkhole: other addresses\n");
}

static void print_setting(FILE *to, const char *what, const char *before, const char *now)
{
	if (strcmp(before, now) != 0)
		fprintf(to, "%s: '%s', then '%s'\n", what, before, now);
}

static void print_settings(const struct cf_changes *changes, FILE *to)
{
	const struct cf_image_info *now = cf_image_info(changes->new_image), *before;

	if (changes->old_image == NULL)
		return;
	before = cf_image_info(changes->old_image);
	print_setting(to, "vendor", before->vendor, now->vendor);
	print_setting(to, "pack version", before->pack_version, now->pack_version);
	print_setting(to, "preset", before->preset, now->preset);
	print_setting(to, "log path", before->log_path, now->log_path);
	print_setting(to, "log privacy", before->privacy, now->privacy);
	if (before->fold_s != now->fold_s)
		fprintf(to, "log fold: %" PRIu32 " s, then %" PRIu32 " s\n", before->fold_s,
		    now->fold_s);
	if (before->block_addresses != now->block_addresses)
		fprintf(to, "block-addresses: %s, then %s\n",
		    before->block_addresses ? "yes" : "no", now->block_addresses ? "yes" : "no");
	if (before->block_services != now->block_services)
		fprintf(to, "block-services: %s, then %s\n", before->block_services ? "yes" : "no",
		    now->block_services ? "yes" : "no");
	if (before->alive_s != now->alive_s)
		fprintf(to, "log alive: %d s, then %d s\n", before->alive_s, now->alive_s);
}

enum cf_status cli_changes_print(struct cf_changes *changes, bool verbose, FILE *to)
{
	enum cf_status status = cf_changes_find(changes, verbose ? print_entry : NULL, to);

	if (status != CF_OK)
		return status;
	print_counts(changes, to);
	print_settings(changes, to);
	print_answer(changes, to);
	print_phases(changes->old_image, changes->new_image, '-', to);
	print_phases(changes->new_image, changes->old_image, '+', to);
	print_exceptions(changes->old_image, changes->new_image, '-', to);
	print_exceptions(changes->new_image, changes->old_image, '+', to);
	return CF_OK;
}

/* By pack, where packs are under different schedules. */
static void put_verdicts(const struct cf_changes *changes, struct cli_json *json,
    const struct cf_stated *found, unsigned count)
{
	struct cf_image_pack pack;

	if (count < 2)
		return;
	cli_json_open_object(json, "verdicts");
	for (unsigned i = 0; i < count; i++) {
		cf_image_pack(changes->new_image, found[i].pack, &pack);
		cli_json_text(json, pack.vendor, cf_verdict_text(found[i].now.verdict));
	}
	cli_json_close_object(json);
}

enum cf_status cli_changes_print_json(struct cf_changes *changes, FILE *to)
{
	const struct cf_image_info *info = cf_image_info(changes->new_image);
	const struct cf_change_totals *totals = &changes->totals;
	struct cli_json json = cli_json_start(to);
	struct cf_stated found[CF_PACKS_MOST];
	enum cf_status status = cf_changes_find(changes, NULL, NULL);

	if (status != CF_OK)
		return status;
	cli_json_open_object(&json, NULL);
	cli_json_text(&json, "vendor", info->vendor);
	cli_json_text(&json, "pack_version", info->pack_version);
	cli_json_text(&json, "preset", info->preset);
	cli_json_open_array(&json, "categories");
	for (unsigned i = 0; i < CF_CATEGORIES; i++) {
		unsigned stated = cf_changes_stated(changes, i, found);

		if (stated == 0)
			cf_changes_decide(changes, changes->new_image, 0, i, &found[0].now);
		cli_json_open_object(&json, NULL);
		cli_json_text(&json, "category", cf_category_text((enum cf_category)i));
		cli_json_number(&json, "names", changes->diff.categories[i].new_count);
		cli_json_number(&json, "added", changes->diff.categories[i].added);
		cli_json_number(&json, "removed", changes->diff.categories[i].removed);
		cli_json_text(&json, "verdict", cf_verdict_text(found[0].now.verdict));
		put_verdicts(changes, &json, found, stated);
		cli_json_close_object(&json);
	}
	cli_json_close_array(&json);
	cli_json_number(&json, "networks", changes->diff.networks.new_count);
	cli_json_number(&json, "networks_added", changes->diff.networks.added);
	cli_json_number(&json, "networks_removed", changes->diff.networks.removed);
	cli_json_number(&json, "names", (int64_t)totals->new_names);
	cli_json_number(&json, "names_before", (int64_t)totals->old_names);
	cli_json_number(&json, "blocked", (int64_t)totals->new_blocked);
	cli_json_number(&json, "blocked_before", (int64_t)totals->old_blocked);
	cli_json_number(&json, "phases", info->phases);
	cli_json_number(&json, "exceptions", info->exceptions);
	cli_json_close_object(&json);
	cli_json_end(&json);
	return CF_OK;
}
