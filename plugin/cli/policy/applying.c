/* Shows what changes, asks, writes, keeps. */

#include "cli/policy/applying.h"

#include "cli/front/cmd.h"
#include "cli/front/term.h"
#include "cli/policy/changes_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The image in force, or NULL when there is none that can be read. */
static struct cf_image *open_old(const char *path)
{
	struct cf_image *image = NULL;
	struct cf_error error;

	if (cf_force_open(path, &image, &error) != CF_OK)
		fprintf(stderr,
		    "curfew apply: cannot read the image in force '%s': %s; it is replaced\n", path,
		    error.text);
	return image;
}

static bool agreed(const struct cli_compiling *compiling, const struct cf_change_totals *totals)
{
	unsigned shrink = cf_changes_shrink(totals);

	if (compiling->yes || shrink <= compiling->max_shrink)
		return true;
	fprintf(stderr,
	    "names: %llu, then %llu (%llu gone or changed); blocked now: %llu, then %llu; networks "
	    "gone: %llu of %llu\n",
	    (unsigned long long)totals->old_names, (unsigned long long)totals->new_names,
	    (unsigned long long)totals->removed_names, (unsigned long long)totals->old_blocked,
	    (unsigned long long)totals->new_blocked, (unsigned long long)totals->removed_networks,
	    (unsigned long long)totals->old_networks);
	if (isatty(STDIN_FILENO) != 1) {
		fprintf(stderr,
		    "curfew apply: this takes away %u %%, more than %u %%, and nobody can be "
		    "asked; "
		    "--yes or --max-shrink %u puts it in force\n",
		    shrink, compiling->max_shrink, shrink);
		return false;
	}
	return cli_term_ask("this takes much away; put it in force?");
}

/* Makes the folder of a path that is our own default; others must exist. */
static void make_folder(const char *path)
{
	char dir[CF_PATH_BYTES];
	char *slash;

	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL || slash == dir)
		return;
	*slash = '\0';
	(void)mkdir(dir, 0755); /* writing says so if it is still missing */
}

static int write_image(const struct cli_compiling *compiling, const struct cf_image *old_image,
    const struct cf_new_image *new_image)
{
	char digest_text[CF_SHA256_TEXT_BYTES];
	struct cf_error error, keep_error;
	enum cf_status status;

	if (compiling->image == compiling->paths.image)
		make_folder(compiling->image);
	status = cf_force_write(
	    compiling->image, old_image, new_image, compiling->keep, &keep_error, &error);
	if (keep_error.status != CF_OK)
		fprintf(stderr, "curfew apply: %s\n", keep_error.text);
	if (status != CF_OK) {
		fprintf(stderr, "curfew apply: %s; what was in force stays\n", error.text);
		return CMD_IO;
	}
	if (!compiling->json)
		printf("in force: %s, image %.12s\n", compiling->image,
		    cf_sha256_format(cf_image_info(new_image->image)->digest, digest_text));
	return CMD_OK;
}

int cli_apply_image(const struct cli_compiling *compiling, const struct cf_new_image *new_image)
{
	struct cf_image *old_image = open_old(compiling->image);
	struct cf_changes changes = {
	    .old_image = old_image,
	    .new_image = new_image->image,
	    .at_wall_s = compiling->at_wall_s,
	};
	bool same = cf_force_is_same(old_image, new_image->image);
	enum cf_status status;
	int code = CMD_OK;

	status = compiling->json ? cli_changes_print_json(&changes, stdout)
	                         : cli_changes_print(&changes, compiling->verbose, stdout);
	if (status != CF_OK) {
		fprintf(stderr, "curfew apply: %s; nothing was written\n", cf_status_text(status));
		code = CMD_IO;
	} else if (same) {
		if (!compiling->json)
			printf("nothing changes: %s is in force already\n", compiling->image);
	} else if (compiling->dry_run) {
		if (!compiling->json)
			printf("dry run: %s was not written\n", compiling->image);
	} else if (!agreed(compiling, &changes.totals)) {
		fprintf(stderr, "curfew apply: not applied; what was in force stays\n");
		code = CMD_FOUND;
	} else if (new_image->ready != NULL && !new_image->ready(new_image->context)) {
		code = CMD_IO;
	} else {
		code = write_image(compiling, old_image, new_image);
	}
	cf_image_close(old_image);
	return code;
}
