/* Two files for each of the two. */

#include "egress/former.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "egress/state.h"
#include "egress/table/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const images[] = {
    [CF_KEPT_APPLIED] = "applied.img", [CF_KEPT_FORMER] = "former.img"};
static const char *const options_files[] = {
    [CF_KEPT_APPLIED] = "applied.options", [CF_KEPT_FORMER] = "former.options"};

static bool copy_bytes(int from, int to)
{
	ssize_t len;

	do
		len = sendfile(to, from, NULL, 1U << 30);
	while (len > 0);
	return len == 0;
}

/* A copy, where a second name cannot be: on another file system, or behind a mount. */
static bool copy(const char *from_path, const char *to_path)
{
	int from = open(from_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = from >= 0 && to >= 0 && copy_bytes(from, to);

	if (from >= 0)
		(void)close(from); /* only read */
	if (to >= 0 && close(to) != 0)
		ok = false;
	return ok;
}

/* The file at from gets the name to as well, whatever had it. */
static bool name_too(const char *from, const char *to)
{
	char beside[CF_PATH_BYTES + 8];

	(void)snprintf(beside, sizeof beside, "%s.new", to); /* fits */
	(void)unlink(beside);                                /* of one that was killed */
	if (link(from, beside) != 0 && !copy(from, beside)) {
		(void)unlink(beside); /* half a copy */
		return false;
	}
	if (rename(beside, to) != 0)
		return false;
	(void)unlink(beside); /* rename does nothing where both are one file */
	return true;
}

enum cf_status cf_kept_write(
    const char *image, const struct cf_egress_options *options, struct cf_error *error)
{
	char kept[CF_PATH_BYTES], path[CF_PATH_BYTES], text[CF_EGRESS_OPTIONS_BYTES];
	struct cf_file_writer writer;
	enum cf_status status;

	cf_egress_path(image, images[CF_KEPT_APPLIED], kept);
	if (!name_too(image, kept))
		return cf_error_set(error, CF_EIO,
		    "cannot keep the image as '%.300s': %s; the next "
		    "apply sends all of it",
		    kept, strerror(errno));
	cf_egress_path(image, options_files[CF_KEPT_APPLIED], path);
	cf_egress_options_format(options, text);
	status = cf_file_writer_open(&writer, path);
	if (status == CF_OK)
		(void)fputs(text, writer.to); /* the commit sees it */
	return cf_file_writer_end(&writer, path, status, error);
}

static bool read_options(const char *image, enum cf_kept kept, struct cf_egress_options *options)
{
	char path[CF_PATH_BYTES], text[CF_EGRESS_OPTIONS_BYTES];
	FILE *file = NULL;
	bool read;

	cf_egress_path(image, options_files[kept], path);
	if (cf_input_open_stream(path, &file, NULL) != CF_OK)
		return false;
	read = fgets(text, sizeof text, file) != NULL;
	(void)fclose(file); /* only read */
	return read && cf_egress_options_parse(text, options, NULL) == CF_OK;
}

enum cf_status cf_kept_table(
    const char *image, enum cf_kept kept, const char *comment, struct cf_table *table_out)
{
	char path[CF_PATH_BYTES], is[CF_EGRESS_COMMENT_BYTES];
	struct cf_egress_options options;
	struct cf_image *opened = NULL;
	enum cf_status status;
	struct cf_plan plan;

	cf_egress_path(image, images[kept], path);
	if (!read_options(image, kept, &options) || cf_image_open(path, &opened, NULL) != CF_OK)
		return CF_ENOTFOUND;
	status = cf_plan_make(opened, options.all_enforced, &plan);
	if (status == CF_OK) {
		cf_egress_comment(&plan, &options, is);
		status = comment == NULL || strcmp(is, comment) == 0
		    ? cf_ruleset_make(&plan, &options, table_out)
		    : CF_ENOTFOUND;
		cf_plan_done(&plan);
	}
	cf_image_close(opened);
	return status == CF_OK || status == CF_ENOMEM ? status : CF_ENOTFOUND;
}

static bool copy_kept(const char *image, enum cf_kept from, enum cf_kept to)
{
	char from_path[CF_PATH_BYTES], to_path[CF_PATH_BYTES];
	bool ok;

	cf_egress_path(image, images[from], from_path);
	cf_egress_path(image, images[to], to_path);
	ok = name_too(from_path, to_path);
	cf_egress_path(image, options_files[from], from_path);
	cf_egress_path(image, options_files[to], to_path);
	return ok && name_too(from_path, to_path);
}

static void forget(const char *image, enum cf_kept kept)
{
	char path[CF_PATH_BYTES];

	cf_egress_path(image, images[kept], path);
	(void)unlink(path); /* not there is fine */
	cf_egress_path(image, options_files[kept], path);
	(void)unlink(path);
}

bool cf_kept_copy_former(const char *image)
{
	forget(image, CF_KEPT_FORMER);
	return copy_kept(image, CF_KEPT_APPLIED, CF_KEPT_FORMER);
}

void cf_kept_former_back(const char *image)
{
	forget(image, CF_KEPT_APPLIED);
	/* Without what was applied the next apply sends all of it. */
	(void)copy_kept(image, CF_KEPT_FORMER, CF_KEPT_APPLIED);
	forget(image, CF_KEPT_FORMER);
}

void cf_kept_forget(const char *image)
{
	forget(image, CF_KEPT_APPLIED);
	forget(image, CF_KEPT_FORMER);
}

void cf_kept_forget_former(const char *image)
{
	forget(image, CF_KEPT_FORMER);
}
