/* Shows what changes, asks, writes, keeps. */

#include "cli/policy/applying.h"

#include "base/file_writer.h"
#include "cli/front/cmd.h"
#include "cli/front/term.h"
#include "cli/policy/changes_print.h"
#include "update/image_kept.h"

#include <errno.h>
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
	enum cf_status status;

	if (access(path, F_OK) != 0)
		return NULL;
	status = cf_image_open(path, &image, &error);
	if (status != CF_OK)
		fprintf(stderr,
		    "curfew apply: cannot read the image in force '%s': %s; it is replaced\n", path,
		    error.text);
	return image;
}

/* Same digest, same bytes. */
static bool is_same(const struct cf_image *old_image, const struct cf_image *new_image)
{
	return old_image != NULL &&
	    memcmp(cf_image_info(old_image)->digest, cf_image_info(new_image)->digest,
	        CF_SHA256_BYTES) == 0;
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

/* Writes the very bytes that were verified and compared; *why_out says why not. An image is read as
 * a file by others: nothing but a file will do. */
static bool write_bytes(const char *path, const void *data, size_t len, const char **why_out)
{
	struct cf_file_writer writer;
	int saved;

	if (cf_file_writer_open_as(&writer, path, CF_WRITE_ONLY_FILES) != CF_OK) {
		*why_out = cf_file_writer_why(&writer);
		return false;
	}
	/* The resolver and the monitor run as other users; there are no secrets in an image. */
	if (fwrite(data, 1, len, writer.to) == len && fchmod(fileno(writer.to), 0644) == 0 &&
	    cf_file_writer_commit(&writer) == CF_OK)
		return true;
	saved = errno;
	cf_file_writer_abandon(&writer);
	*why_out = strerror(saved);
	return false;
}

/* Keeps what is in force under its digest. Without that it works all the same, but a record that
 * cites it has no file any more once the next one is applied: that is said. */
static void keep(const struct cli_compiling *compiling, const struct cf_image *image)
{
	char digest_text[CF_SHA256_TEXT_BYTES];
	struct cf_error error;

	(void)cf_sha256_format(cf_image_info(image)->digest, digest_text);
	if (cf_kept_keep(compiling->image, digest_text, compiling->keep, &error) != CF_OK)
		fprintf(stderr, "curfew apply: image %.12s is not kept for later: %s\n",
		    digest_text, error.text);
}

/* One that was put in force before images were kept, or by hand. */
static void keep_former(const struct cli_compiling *compiling, const struct cf_image *old_image)
{
	char folder[CF_PATH_BYTES], path[CF_PATH_BYTES], digest_text[CF_SHA256_TEXT_BYTES];

	if (old_image == NULL || cf_kept_folder(compiling->image, folder) != CF_OK)
		return;
	(void)cf_sha256_format(cf_image_info(old_image)->digest, digest_text);
	if (access(cf_kept_path(folder, digest_text, path), F_OK) != 0)
		keep(compiling, old_image);
}

static int write_image(const struct cli_compiling *compiling, const struct cf_image *old_image,
    const struct cli_new_image *new_image)
{
	char digest_text[CF_SHA256_TEXT_BYTES];
	const char *why = "";

	if (compiling->image == compiling->paths.image)
		make_folder(compiling->image);
	keep_former(compiling, old_image);
	if (!write_bytes(compiling->image, new_image->data, new_image->len, &why)) {
		fprintf(stderr, "curfew apply: cannot write '%s': %s; what was in force stays\n",
		    compiling->image, why);
		return CMD_IO;
	}
	keep(compiling, new_image->image);
	if (!compiling->json)
		printf("in force: %s, image %.12s\n", compiling->image,
		    cf_sha256_format(cf_image_info(new_image->image)->digest, digest_text));
	return CMD_OK;
}

int cli_apply_image(const struct cli_compiling *compiling, const struct cli_new_image *new_image)
{
	struct cf_image *old_image = open_old(compiling->image);
	struct cf_changes changes = {
	    .old_image = old_image,
	    .new_image = new_image->image,
	    .at_wall_s = compiling->at_wall_s,
	};
	bool same = is_same(old_image, new_image->image);
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
