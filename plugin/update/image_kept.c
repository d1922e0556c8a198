/* A folder of images, by digest. */

#include "update/image_kept.h"

#include "base/array.h"
#include "base/file_writer.h"
#include "base/input_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING       ".img"
#define DIGEST_CHARS (CF_SHA256_TEXT_BYTES - 1)

static enum cf_status failed(const char *what, const char *path, struct cf_error *error)
{
	return cf_error_set(error, CF_EIO, "cannot %s '%s': %s", what, path, strerror(errno));
}

enum cf_status cf_kept_folder(const char *image, char folder[CF_PATH_BYTES])
{
	const char *slash = strrchr(image, '/');
	int len = snprintf(folder, CF_PATH_BYTES, "%.*simages",
	    slash == NULL ? 0 : (int)(slash - image) + 1, image);

	return len < 0 || len >= CF_PATH_BYTES - CF_SHA256_TEXT_BYTES - 16 ? CF_ETOOBIG : CF_OK;
}

const char *cf_kept_path(const char *folder, const char *digest, char path[CF_PATH_BYTES])
{
	int len = snprintf(path, CF_PATH_BYTES, "%s/%s" ENDING, folder, digest);

	if (len < 0 || len >= CF_PATH_BYTES)
		path[0] = '\0'; /* nothing is there, which is said */
	return path;
}

/* "64 digits, small letters" and the ending. */
static bool is_kept_name(const char *name)
{
	return strspn(name, "0123456789abcdef") == DIGEST_CHARS &&
	    strcmp(name + DIGEST_CHARS, ENDING) == 0;
}

static int compare_newest_first(const void *left, const void *right)
{
	const struct cf_kept_image *a = left, *b = right;

	if (a->at_wall_s != b->at_wall_s)
		return a->at_wall_s < b->at_wall_s ? 1 : -1;
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? 1 : -1;
	return strcmp(a->digest, b->digest);
}

static enum cf_status add(struct cf_array *all, const char *name, const struct stat *about)
{
	struct cf_kept_image *item = cf_array_add(all, sizeof *item);

	if (item == NULL)
		return CF_ENOMEM;
	memcpy(item->digest, name, DIGEST_CHARS);
	item->at_wall_s = about->st_mtim.tv_sec;
	item->at_ns = about->st_mtim.tv_nsec;
	item->file_bytes = (uint64_t)about->st_size;
	return CF_OK;
}

enum cf_status cf_kept_list(
    const char *folder, struct cf_kept_image **items_out, size_t *count_out, struct cf_error *error)
{
	struct cf_array all = {.items = NULL};
	enum cf_status status = CF_OK;
	struct dirent *entry;
	struct stat about;
	DIR *dir = opendir(folder);

	if (dir == NULL && errno != ENOENT)
		return failed("read", folder, error);
	while (dir != NULL && status == CF_OK && (entry = readdir(dir)) != NULL) {
		/* What vanishes meanwhile is not there. */
		if (is_kept_name(entry->d_name) &&
		    fstatat(dirfd(dir), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(about.st_mode))
			status = add(&all, entry->d_name, &about);
	}
	if (dir != NULL)
		(void)closedir(dir); /* only read */
	if (status != CF_OK) {
		free(all.items);
		return cf_error_set(error, status, "%s", cf_status_text(status));
	}
	if (all.used > 1)
		qsort(all.items, all.used, sizeof(struct cf_kept_image), compare_newest_first);
	*items_out = all.items;
	*count_out = all.used;
	return CF_OK;
}

bool cf_kept_is_prefix(const char *text)
{
	size_t len = strlen(text);

	return len >= CF_IMAGE_PREFIX && len <= DIGEST_CHARS &&
	    strspn(text, "0123456789abcdefABCDEF") == len;
}

enum cf_status cf_kept_find(const char *folder, const char *prefix,
    char digest_out[CF_SHA256_TEXT_BYTES], struct cf_error *error)
{
	struct cf_kept_image *items;
	const struct cf_kept_image *found = NULL;
	size_t count, matches = 0;
	enum cf_status status;

	if (!cf_kept_is_prefix(prefix))
		return cf_error_set(error, CF_EINVALID,
		    "an image is asked for by %d to %d digits of its digest", CF_IMAGE_PREFIX,
		    DIGEST_CHARS);
	status = cf_kept_list(folder, &items, &count, error);
	if (status != CF_OK)
		return status;
	for (size_t i = 0; i < count; i++)
		if (strncasecmp(items[i].digest, prefix, strlen(prefix)) == 0) {
			found = &items[i];
			matches++;
		}
	if (matches == 1)
		memcpy(digest_out, found->digest, sizeof found->digest);
	else
		status = cf_error_set(error, CF_ENOTFOUND,
		    matches == 0 ? "no image %.64s is kept in '%s'"
		                 : "several images begin with %.64s in '%s'",
		    prefix, folder);
	free(items);
	return status;
}

enum cf_status cf_kept_open(
    const char *folder, const char *digest, struct cf_image **image_out, struct cf_error *error)
{
	char path[CF_PATH_BYTES], text[CF_SHA256_TEXT_BYTES];
	struct cf_image *image = NULL;
	enum cf_status status = cf_image_open(cf_kept_path(folder, digest, path), &image, error);

	if (status != CF_OK)
		return status;
	if (strcmp(cf_sha256_format(cf_image_info(image)->digest, text), digest) != 0) {
		cf_image_close(image);
		return cf_error_set(error, CF_ECHECKSUM,
		    "'%.300s' holds image %.12s, not the one it is named for", path, text);
	}
	*image_out = image;
	return CF_OK;
}

enum cf_status cf_kept_make(const char *folder, struct cf_error *error)
{
	struct stat about;

	if (mkdir(folder, 0755) == 0 && chmod(folder, 0755) != 0)
		return failed("open to readers", folder, error);
	if (lstat(folder, &about) != 0)
		return failed("make", folder, error);
	if (!S_ISDIR(about.st_mode) || (about.st_mode & 022) != 0 ||
	    (about.st_uid != 0 && about.st_uid != geteuid()))
		return cf_error_set(
		    error, CF_EINVALID, "'%s' is no folder that we alone may write in", folder);
	return CF_OK;
}

static enum cf_status copy(const char *from, const char *to, struct cf_error *error)
{
	struct cf_file_writer writer;
	char bytes[65536];
	FILE *file;
	bool good;
	size_t len;
	enum cf_status status = cf_input_open_stream(from, &file, error);

	if (status != CF_OK)
		return status;
	if (cf_file_writer_open_as(&writer, to, CF_WRITE_ONLY_FILES) != CF_OK) {
		cf_error_set(
		    error, CF_EIO, "cannot write '%s': %s", to, cf_file_writer_why(&writer));
		(void)fclose(file); /* only read */
		return CF_EIO;
	}
	while ((len = fread(bytes, 1, sizeof bytes, file)) > 0)
		(void)fwrite(bytes, 1, len, writer.to); /* the commit sees a failure */
	good = ferror(file) == 0 && fchmod(fileno(writer.to), 0644) == 0;
	(void)fclose(file); /* only read */
	if (good && cf_file_writer_commit(&writer) == CF_OK)
		return CF_OK;
	(void)failed("copy to", to, error);
	cf_file_writer_abandon(&writer);
	return CF_EIO;
}

/* The same file under a second name; false where that cannot be. */
static bool link_in_place(const char *image, const char *folder, const char *path)
{
	char beside[CF_PATH_BYTES + 32];
	bool good;

	(void)snprintf(beside, sizeof beside, "%s/.new.%ld", folder, (long)getpid());
	(void)unlink(beside); /* of a run that was killed, if any */
	if (linkat(AT_FDCWD, image, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) != 0)
		return false;
	good = rename(beside, path) == 0;
	/* Two names of one file: rename does nothing then, and the one beside stays. */
	(void)unlink(beside);
	return good;
}

/* Removes the oldest. What cannot be removed is tried again the next time. */
static enum cf_status prune(
    const char *folder, const char *digest, unsigned most, struct cf_error *error)
{
	struct cf_kept_image *items;
	char path[CF_PATH_BYTES];
	size_t count;
	unsigned kept = 1;
	enum cf_status status = cf_kept_list(folder, &items, &count, error);

	if (status != CF_OK)
		return status;
	for (size_t i = 0; i < count; i++)
		if (strcmp(items[i].digest, digest) != 0 && ++kept > most)
			(void)unlink(cf_kept_path(folder, items[i].digest, path));
	free(items);
	return CF_OK;
}

enum cf_status cf_kept_keep(
    const char *image, const char *digest, unsigned most, struct cf_error *error)
{
	char folder[CF_PATH_BYTES], path[CF_PATH_BYTES];
	enum cf_status status = cf_kept_folder(image, folder);

	if (status != CF_OK)
		return cf_error_set(error, status, "'%.300s': the path is too long", image);
	status = cf_kept_make(folder, error);
	if (status == CF_OK && !link_in_place(image, folder, cf_kept_path(folder, digest, path)))
		status = copy(image, path, error);
	return status == CF_OK ? prune(folder, digest, most, error) : status;
}
