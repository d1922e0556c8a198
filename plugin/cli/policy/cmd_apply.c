/* curfew apply: compile, show what changes, put it in force. */

#include "base/file_writer.h"
#include "cli/front/cmd.h"
#include "cli/front/term.h"
#include "cli/policy/changes.h"
#include "cli/policy/compiling.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew apply [options]\n"
    "\n"
    "Compiles the policy and the packs it names into one image, shows what changes against the "
    "image in\n"
    "force, and replaces that at once; the resolver and the monitor notice by themselves.\n"
    "\n"
    "  -p, --policy FILE   the policy\n"
    "  -l, --lists DIR     the folder of packs\n"
    "  -i, --image FILE    the image to write\n"
    "  -n, --dry-run       show, write nothing\n"
    "  -y, --yes           do not ask, even when much would be taken away\n"
    "  -m, --max-shrink N  per cent of names, blocked names or networks that may be taken away\n"
    "                      without asking (10)\n"
    "  -v, --verbose       show every name that comes or goes\n"
    "  -a, --at TIME       show verdicts as if it were TIME\n"
    "  -j, --json          what changes, as JSON\n"
    "\n"
    "exit: 0 done, 1 you said no or nobody could be asked, 2 usage, 3 invalid policy or pack, 4 "
    "cannot read or write\n";

/* What was compiled, in memory: its bytes and the image over them. */
struct new_image {
	void *data;
	size_t len;
	struct cf_image *image;
};

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

/* Nothing but the time of building would differ. */
static bool is_same(const struct cf_image *old_image, const struct cf_image *new_image)
{
	const struct cf_image_info *a, *b;

	if (old_image == NULL)
		return false;
	a = cf_image_info(old_image);
	b = cf_image_info(new_image);
	return memcmp(a->source_digest, b->source_digest, CF_SHA256_BYTES) == 0 &&
	    strcmp(a->policy_file, b->policy_file) == 0 && strcmp(a->log_path, b->log_path) == 0;
}

static bool agreed(const struct cli_compiling *compiling, const struct cli_change_totals *totals)
{
	unsigned shrink = cli_changes_shrink(totals);

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

static int write_image(const struct cli_compiling *compiling, const struct new_image *new_image)
{
	char digest_text[CF_SHA256_TEXT_BYTES];
	const char *why = "";

	if (compiling->image == compiling->paths.image)
		make_folder(compiling->image);
	if (!write_bytes(compiling->image, new_image->data, new_image->len, &why)) {
		fprintf(stderr, "curfew apply: cannot write '%s': %s; what was in force stays\n",
		    compiling->image, why);
		return CMD_IO;
	}
	if (!compiling->json)
		printf("in force: %s, image %.12s\n", compiling->image,
		    cf_sha256_format(cf_image_info(new_image->image)->digest, digest_text));
	return CMD_OK;
}

/* Shows the change and goes through with it. */
static int apply_change(const struct cli_compiling *compiling, const struct new_image *new_image)
{
	struct cf_image *old_image = open_old(compiling->image);
	const struct cli_changes changes = {
	    .old_image = old_image,
	    .new_image = new_image->image,
	    .at_wall_s = compiling->at_wall_s,
	    .verbose = compiling->verbose,
	};
	struct cli_change_totals totals = {0};
	bool same = is_same(old_image, new_image->image);
	enum cf_status status;
	int code = CMD_OK;

	status = compiling->json ? cli_changes_print_json(&changes, stdout, &totals)
	                         : cli_changes_print(&changes, stdout, &totals);
	if (status != CF_OK) {
		fprintf(stderr, "curfew apply: %s; nothing was written\n", cf_status_text(status));
		code = CMD_IO;
	} else if (same) {
		if (!compiling->json)
			printf("nothing changes: %s is in force already\n", compiling->image);
	} else if (compiling->dry_run) {
		if (!compiling->json)
			printf("dry run: %s was not written\n", compiling->image);
	} else if (!agreed(compiling, &totals)) {
		fprintf(stderr, "curfew apply: not applied; what was in force stays\n");
		code = CMD_FOUND;
	} else {
		code = write_image(compiling, new_image);
	}
	cf_image_close(old_image);
	return code;
}

/* Compiles into memory and verifies as any reader would. */
static int compile(const struct cli_compiling *compiling, struct new_image *new_image)
{
	struct cf_compiled *compiled = NULL;
	struct cf_error error = {.text = ""};
	size_t warnings;
	int code = cli_compiling_run(compiling, &compiled, &warnings);
	enum cf_status status;

	if (code != CMD_OK) {
		fprintf(stderr, "curfew apply: nothing was written; what was in force stays\n");
		return code;
	}
	status = cf_image_builder_to_memory(
	    compiled->builder, &new_image->data, &new_image->len, &error);
	if (status == CF_OK)
		status = cf_image_from_memory(
		    new_image->data, new_image->len, &new_image->image, &error);
	cf_compiled_free(compiled);
	if (status == CF_OK)
		return CMD_OK;
	fprintf(
	    stderr, "curfew apply: cannot build the image: %s; nothing was written\n", error.text);
	return CMD_IO;
}

int cmd_apply(int argc, char **argv)
{
	struct cli_compiling compiling;
	struct new_image new_image = {0};
	int code;

	if (!cli_compiling_parse(&compiling, argc, argv, "plianymvj", help, &code))
		return code;
	code = compile(&compiling, &new_image);
	if (code == CMD_OK)
		code = apply_change(&compiling, &new_image);
	cf_image_close(new_image.image);
	free(new_image.data);
	return code;
}
