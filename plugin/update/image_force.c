/* One file replaced by rename, and its kin kept. */

#include "update/image_force.h"

#include "base/file_writer.h"
#include "trust/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum cf_status cf_force_open(const char *path, struct cf_image **image_out, struct cf_error *error)
{
	*image_out = NULL;
	return access(path, F_OK) != 0 ? CF_OK : cf_image_open(path, image_out, error);
}

void cf_force_digest(const char *path, char digest_out[CF_SHA256_TEXT_BYTES])
{
	struct cf_image *image = NULL;

	digest_out[0] = '\0';
	if (access(path, F_OK) != 0 || cf_image_open(path, &image, NULL) != CF_OK)
		return;
	(void)cf_sha256_format(cf_image_info(image)->digest, digest_out);
	cf_image_close(image);
}

bool cf_force_is_same(const struct cf_image *old_image, const struct cf_image *new_image)
{
	return old_image != NULL &&
	    memcmp(cf_image_info(old_image)->digest, cf_image_info(new_image)->digest,
	        CF_SHA256_BYTES) == 0;
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
static void keep(
    const char *path, const struct cf_image *image, unsigned most, struct cf_error *keep_error)
{
	char digest_text[CF_SHA256_TEXT_BYTES];
	struct cf_error error;
	enum cf_status status;

	(void)cf_sha256_format(cf_image_info(image)->digest, digest_text);
	status = cf_kept_keep(path, digest_text, most, &error);
	if (status != CF_OK)
		(void)cf_error_set(keep_error, status, "image %.12s is not kept for later: %s",
		    digest_text, error.text);
}

/* One that was put in force before images were kept, or by hand. */
static void keep_former(
    const char *path, const struct cf_image *former, unsigned most, struct cf_error *keep_error)
{
	char folder[CF_PATH_BYTES], kept[CF_PATH_BYTES], digest_text[CF_SHA256_TEXT_BYTES];

	if (former == NULL || cf_kept_folder(path, folder) != CF_OK)
		return;
	(void)cf_sha256_format(cf_image_info(former)->digest, digest_text);
	if (access(cf_kept_path(folder, digest_text, kept), F_OK) != 0)
		keep(path, former, most, keep_error);
}

enum cf_status cf_force_write(const char *path, const struct cf_image *former,
    const struct cf_new_image *new_image, unsigned most, struct cf_error *keep_error,
    struct cf_error *error)
{
	const char *why = "";

	keep_error->status = CF_OK;
	keep_former(path, former, most, keep_error);
	if (!write_bytes(path, new_image->data, new_image->len, &why))
		return cf_error_set(error, CF_EIO, "cannot write '%s': %s", path, why);
	keep(path, new_image->image, most, keep_error);
	return CF_OK;
}

enum cf_status cf_force_former(const char *path, const char *folder,
    char digest_out[CF_SHA256_TEXT_BYTES], struct cf_error *error)
{
	char now[CF_SHA256_TEXT_BYTES];
	struct cf_kept_image *items;
	size_t count, i = 0;
	enum cf_status status = cf_kept_list(folder, &items, &count, error);

	if (status != CF_OK)
		return status;
	cf_force_digest(path, now);
	while (i < count && strcmp(items[i].digest, now) == 0)
		i++;
	if (i < count)
		memcpy(digest_out, items[i].digest, sizeof items[i].digest);
	else
		status =
		    cf_error_set(error, CF_ENOTFOUND, "no former image is kept in '%s'", folder);
	free(items);
	return status;
}

enum cf_status cf_force_read_kept(
    const char *folder, const char *digest, struct cf_new_image *new_image, struct cf_error *error)
{
	char path[CF_PATH_BYTES], text[CF_SHA256_TEXT_BYTES];
	struct cf_fetch file = {
	    .place = cf_kept_path(folder, digest, path), .most_bytes = CF_IMAGE_BYTES};
	enum cf_status status = cf_fetch(&file, error);

	if (status != CF_OK)
		return status;
	new_image->data = file.data;
	new_image->len = file.len;
	status = cf_image_from_memory(file.data, file.len, &new_image->image, error);
	if (status == CF_OK &&
	    strcmp(cf_sha256_format(cf_image_info(new_image->image)->digest, text), digest) != 0)
		status = cf_error_set(error, CF_ECHECKSUM,
		    "'%.300s' holds image %.12s, not the one it is named for", path, text);
	return status;
}
