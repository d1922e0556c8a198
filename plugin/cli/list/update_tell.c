/* What became of an update, as text or JSON. */

#include "cli/list/update_tell.h"

#include "base/instant.h"
#include "cli/front/cmd.h"
#include "compile/list/list_diff.h"

#include <stdio.h>
#include <string.h>

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

static void print_json(struct cli_json *json, const struct cf_update *update, bool installed)
{
	char id[CF_MINISIGN_ID_TEXT_BYTES], until[CF_INSTANT_TEXT_BYTES];
	size_t counts[CF_CHANGES][CF_CATEGORIES];

	cf_minisign_id_format(update->key_id, id);
	cli_json_open_object(json, NULL);
	cli_json_text(json, "pack", update->options->name);
	cli_json_text(json, "outcome", cf_fresh_text(update->fresh));
	cli_json_bool(json, "installed", installed);
	cli_json_number(json, "serial", (int64_t)update->statement.serial);
	cli_json_text(json, "until", cf_instant_format(update->statement.until_wall_s, until));
	cli_json_text(json, "key", id);
	if (update->after != NULL) {
		count_changes(update, counts);
		for (unsigned change = 0; change < CF_CHANGES; change++) {
			size_t all = 0;

			for (unsigned category = 0; category < CF_CATEGORIES; category++)
				all += counts[change][category];
			cli_json_number(
			    json, cf_list_change_text((enum cf_list_change)change), (int64_t)all);
		}
	}
	cli_json_close_object(json);
}

/* "; put in use ..." and the like. */
static const char *ending(const struct cli_update_told *told)
{
	if (told->installed)
		return "; put in use, `curfew apply` compiles it";
	return told->dry_run ? "; dry run, nothing is changed" : "";
}

static void print_text(const struct cf_update *update, const struct cli_update_told *told)
{
	char until[CF_INSTANT_TEXT_BYTES];

	printf("%s: serial %llu, good until %s: %s%s\n", update->options->name,
	    (unsigned long long)update->statement.serial,
	    cf_instant_format(update->statement.until_wall_s, until), cf_fresh_text(update->fresh),
	    ending(told));
	if (update->fresh == CF_FRESH_NEW)
		print_changes(update);
}

static int say_expired(const struct cf_update *update)
{
	if (update->statement.until_wall_s > update->options->now_wall_s)
		return CMD_OK;
	fprintf(stderr,
	    "curfew list update: the pack in use has expired and nothing newer is at '%s'; it goes "
	    "on being enforced\n",
	    update->place);
	return CMD_DEGRADED;
}

int cli_update_tell(const struct cf_update *update, const struct cli_update_told *told)
{
	if (told->json != NULL)
		print_json(told->json, update, told->installed);
	else
		print_text(update, told);
	switch (update->fresh) {
	case CF_FRESH_NEW:
		return told->installed ? CMD_OK : CMD_FOUND;
	case CF_FRESH_EARLY:
		return CMD_OK;
	case CF_FRESH_SAME:
		return say_expired(update);
	case CF_FRESH_OLD:
	case CF_FRESH_EXPIRED:
	case CF_FRESH_FORKED:
	case CF_FRESH_OTHER:
	case CF_FRESH_FUTURE:
		break;
	}
	return CMD_INVALID;
}

void cli_update_tell_failure(const char *name, const struct cf_error *error, struct cli_json *json)
{
	if (json == NULL)
		return;
	cli_json_open_object(json, NULL);
	cli_json_text(json, "pack", name);
	cli_json_text(json, "outcome", error->text);
	cli_json_bool(json, "installed", false);
	cli_json_close_object(json);
}
