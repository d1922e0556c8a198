/* apply --list, --back and --image-file: images that are there already. */

#include "cli/policy/apply_kept.h"

#include "base/instant.h"
#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/front/when.h"
#include "cli/policy/applying.h"
#include "update/image_kept.h"
#include "update/image_update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Files that cannot be read or written, against images that are refused. */
static int exit_for(enum cf_status status)
{
	return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
}

static int complain(const struct cf_error *error)
{
	fprintf(stderr, "curfew apply: %s; what was in force stays\n", error->text);
	return exit_for(error->status);
}

/* The packs of an image but the policy's own: "kaspersky 2026112901, other 1". */
static void print_packs(const struct cf_image *image)
{
	const char *separator = "";
	struct cf_image_pack pack;

	for (uint32_t i = 0; i < cf_image_info(image)->packs; i++) {
		cf_image_pack(image, i, &pack);
		if (strcmp(pack.vendor, "policy") == 0)
			continue;
		printf("%s%s %s", separator, pack.vendor, pack.version);
		separator = ", ";
	}
}

static void print_packs_json(struct cli_json *json, const struct cf_image *image)
{
	struct cf_image_pack pack;

	cli_json_open_array(json, "packs");
	for (uint32_t i = 0; i < cf_image_info(image)->packs; i++) {
		cf_image_pack(image, i, &pack);
		if (strcmp(pack.vendor, "policy") == 0)
			continue;
		cli_json_open_object(json, NULL);
		cli_json_text(json, "vendor", pack.vendor);
		cli_json_text(json, "version", pack.version);
		cli_json_close_object(json);
	}
	cli_json_close_array(json);
}

static void list_json(struct cli_json *json, const char *folder, const struct cf_kept_image *item,
    bool in_force, const struct cf_image *image, const struct cf_error *error)
{
	char path[CF_PATH_BYTES];

	cli_json_open_object(json, NULL);
	cli_json_text(json, "image", item->digest);
	cli_json_instant(json, "at", item->at_wall_s);
	cli_json_bool(json, "in_force", in_force);
	cli_json_text(json, "file", cf_kept_path(folder, item->digest, path));
	cli_json_number(json, "bytes", (int64_t)item->file_bytes);
	cli_json_text(json, "damaged", image == NULL ? error->text : NULL);
	if (image != NULL) {
		cli_json_text(json, "preset", cf_image_info(image)->preset);
		cli_json_text(json, "policy", cf_image_info(image)->policy_file);
		cli_json_number(json, "names", cf_image_info(image)->names);
		print_packs_json(json, image);
	}
	cli_json_close_object(json);
}

static void list_line(const struct cf_kept_image *item, bool in_force, const struct cf_image *image,
    const struct cf_error *error)
{
	char at[CF_INSTANT_TEXT_BYTES];
	const char *preset;

	printf("%c %s  %.12s  ", in_force ? '*' : ' ', cf_instant_format(item->at_wall_s, at),
	    item->digest);
	if (image == NULL) {
		printf("damaged: %s\n", error->text);
		return;
	}
	preset = cf_image_info(image)->preset;
	printf("%s  ", preset[0] == '\0' ? "no preset" : preset);
	print_packs(image);
	putchar('\n');
}

/* Prints those in folder; the number of damaged ones. */
static size_t print_list(const struct cli_compiling *compiling, const char *folder,
    const struct cf_kept_image *items, size_t count)
{
	struct cli_json json = cli_json_start(stdout);
	char digest[CF_SHA256_TEXT_BYTES];
	size_t damaged = 0;

	cf_force_digest(compiling->image, digest);
	if (compiling->json)
		cli_json_open_array(&json, NULL);
	for (size_t i = 0; i < count; i++) {
		bool in_force = strcmp(items[i].digest, digest) == 0;
		struct cf_image *image = NULL;
		struct cf_error error = {.text = ""};

		if (cf_kept_open(folder, items[i].digest, &image, &error) != CF_OK)
			damaged++;
		if (compiling->json)
			list_json(&json, folder, &items[i], in_force, image, &error);
		else
			list_line(&items[i], in_force, image, &error);
		cf_image_close(image);
	}
	if (compiling->json) {
		cli_json_close_array(&json);
		cli_json_end(&json);
	} else if (count == 0) {
		printf("no image is kept in '%s' yet\n", folder);
	}
	return damaged;
}

int cli_apply_list(const struct cli_compiling *compiling)
{
	char folder[CF_PATH_BYTES];
	struct cf_kept_image *items = NULL;
	struct cf_error error = {.text = "the path of the image is too long"};
	size_t count = 0, damaged;

	error.status = cf_kept_folder(compiling->image, folder);
	if (error.status == CF_OK)
		error.status = cf_kept_list(folder, &items, &count, &error);
	if (error.status != CF_OK)
		return complain(&error);
	damaged = print_list(compiling, folder, items, count);
	free(items);
	return damaged == 0 ? CMD_OK : CMD_FOUND;
}

int cli_apply_back(struct cli_compiling *compiling)
{
	char folder[CF_PATH_BYTES], digest[CF_SHA256_TEXT_BYTES];
	struct cf_new_image new_image = {0};
	struct cf_error error = {.text = "the path of the image is too long"};
	int code;

	error.status = cf_kept_folder(compiling->image, folder);
	if (error.status == CF_OK)
		error.status = compiling->back_to != NULL
		    ? cf_kept_find(folder, compiling->back_to, digest, &error)
		    : cf_force_former(compiling->image, folder, digest, &error);
	if (error.status == CF_OK)
		error.status = cf_force_read_kept(folder, digest, &new_image, &error);
	code = error.status == CF_OK ? cli_apply_image(compiling, &new_image) : complain(&error);
	cf_image_close(new_image.image);
	free(new_image.data);
	return code;
}

struct noting {
	const char *folder;
	const struct cf_image_update_options *options;
	const struct cf_image_update *update;
};

static bool note(void *context)
{
	const struct noting *noting = context;
	struct cf_error error;

	if (cf_kept_make(noting->folder, &error) == CF_OK &&
	    cf_image_update_note(noting->options, noting->update, &error) == CF_OK)
		return true;
	(void)complain(&error);
	return false;
}

/* Puts it in force when it may be. */
static int apply_update(struct cli_compiling *compiling, const char *folder,
    const struct cf_image_update_options *options, const struct cf_image_update *update)
{
	struct noting noting = {.folder = folder, .options = options, .update = update};
	const struct cf_new_image new_image = {.data = update->data,
	    .len = update->len,
	    .image = update->image,
	    .ready = note,
	    .context = &noting};

	if (update->fresh != CF_FRESH_NEW && update->fresh != CF_FRESH_SAME) {
		fprintf(stderr,
		    "curfew apply: '%s', serial %llu of %s: %s; what was in force stays\n",
		    options->place, (unsigned long long)update->statement.serial,
		    update->statement.name, cf_fresh_text(update->fresh));
		return update->fresh == CF_FRESH_EARLY ? CMD_FOUND : CMD_INVALID;
	}
	compiling->yes = compiling->yes || update->statement.shrink;
	return cli_apply_image(compiling, &new_image);
}

int cli_apply_signed(struct cli_compiling *compiling)
{
	char folder[CF_PATH_BYTES], serials[CF_PATH_BYTES + 16];
	struct cf_image_update_options options = {.place = compiling->image_file,
	    .channel = compiling->channel,
	    .serials = serials,
	    .keyring = &compiling->keyring,
	    .now_wall_s = cli_now_s()};
	struct cf_image_update update = {.data = NULL};
	struct cf_error error = {.text = "the path of the image is too long"};
	int code;

	if (!cf_statement_name_ok(compiling->channel)) {
		fprintf(stderr, "curfew apply: --channel: '%s' is no name\n", compiling->channel);
		return CMD_USAGE;
	}
	error.status = cf_kept_folder(compiling->image, folder);
	if (error.status == CF_OK) {
		(void)snprintf(serials, sizeof serials, "%s/serials.tsv", folder); /* fits */
		error.status = cf_image_update_prepare(&options, &update, &error);
	}
	code = error.status == CF_OK ? apply_update(compiling, folder, &options, &update)
	                             : complain(&error);
	cf_image_update_done(&update);
	return code;
}
