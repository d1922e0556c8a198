/* Packing and unpacking by libarchive, which reads whatever tar people use. */

#include "trust/bundle.h"

#include "base/file_writer.h"
#include "base/limits.h"
#include "base/status.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 65536

/* A part of a path: letters, digits, '-', '_', '.', no dot first. */
static bool part_ok(const char *name, size_t len)
{
	if (len == 0 || len > 100 || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
		        name[i]) == NULL ||
		    name[i] == '\0')
			return false;
	return true;
}

/* "file" or "folder/file". */
static bool path_ok(const char *path)
{
	const char *slash = strchr(path, '/');

	if (slash == NULL)
		return part_ok(path, strlen(path));
	return part_ok(path, (size_t)(slash - path)) && part_ok(slash + 1, strlen(slash + 1));
}

static bool ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), ending_len = strlen(ending);

	return len > ending_len && strcmp(name + len - ending_len, ending) == 0;
}

static bool is_table(const char *name)
{
	if (name[0] == '.' || strncmp(name, "overlay-", 8) == 0 || strncmp(name, "gone-", 5) == 0)
		return false;
	return ends_in(name, ".tsv") || ends_in(name, ".yaml") || ends_in(name, ".txt") ||
	    ends_in(name, ".md");
}

/* ---- packing */

/* What the archive is written into. */
struct growing {
	uint8_t *data;
	size_t len, size;
};

static la_ssize_t grow(struct archive *archive, void *context, const void *bytes, size_t len)
{
	struct growing *to = context;

	if (len > CF_BUNDLE_BYTES - to->len) {
		archive_set_error(archive, EFBIG, "over %d bytes", CF_BUNDLE_BYTES);
		return -1;
	}
	if (len > to->size - to->len) {
		size_t size = to->size == 0 ? PIECE_BYTES : to->size;
		uint8_t *data;

		while (size - to->len < len)
			size *= 2;
		data = realloc(to->data, size);
		if (data == NULL) {
			archive_set_error(archive, ENOMEM, "no memory");
			return -1;
		}
		to->data = data;
		to->size = size;
	}
	memcpy(to->data + to->len, bytes, len);
	to->len += len;
	return (la_ssize_t)len;
}

static enum cf_status archive_failed(
    struct archive *archive, enum cf_status status, const char *on, struct cf_error *error)
{
	const char *text = archive_error_string(archive);

	return cf_error_set(error, status, "'%s': %s", on, text == NULL ? "failed" : text);
}

/* Copies an open regular file into the archive. */
static enum cf_status add_open(struct archive *archive, int fd, const struct stat *about,
    const char *path, struct cf_error *error)
{
	struct archive_entry *entry = archive_entry_new();
	char piece[PIECE_BYTES];
	int64_t left = about->st_size;
	enum cf_status status = CF_OK;

	if (entry == NULL)
		return CF_ENOMEM;
	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, about->st_size);
	archive_entry_set_mtime(entry, 0, 0);
	if (archive_write_header(archive, entry) != ARCHIVE_OK)
		status = archive_failed(archive, CF_EIO, path, error);
	while (status == CF_OK && left > 0) {
		ssize_t got = read(fd, piece, sizeof piece);

		if (got <= 0)
			status = cf_error_set(error, CF_EIO, "'%s': %s", path,
			    got < 0 ? strerror(errno) : "got shorter while it was read");
		else if (archive_write_data(archive, piece, (size_t)(got < left ? got : left)) < 0)
			status = archive_failed(archive, CF_EIO, path, error);
		left -= got;
	}
	archive_entry_free(entry);
	return status;
}

static enum cf_status add_file(
    struct archive *archive, int folder, const char *name, const char *path, struct cf_error *error)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat about;
	enum cf_status status;

	if (fd < 0)
		return cf_error_set(error, errno == ELOOP ? CF_EINVALID : CF_EIO, "'%s': %s", path,
		    strerror(errno));
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
		status = cf_error_set(error, CF_EINVALID, "'%s' is no regular file", path);
	else if (!path_ok(path))
		status = cf_error_set(error, CF_EINVALID,
		    "'%s': names in a bundle are of letters, digits, '-', '_' and '.'", path);
	else
		status = add_open(archive, fd, &about, path, error);
	(void)close(fd); /* only read */
	return status;
}

static int is_entry_of_pack(const struct dirent *entry)
{
	return is_table(entry->d_name);
}

/* Adds the tables of one folder, in the order of their names. */
static enum cf_status add_folder(struct archive *archive, const char *folder, const char *within,
    unsigned *count, struct cf_error *error)
{
	struct dirent **found = NULL;
	char path[CF_PATH_BYTES];
	int total = scandir(folder, &found, is_entry_of_pack, alphasort);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum cf_status status = CF_OK;

	if (total < 0 || fd < 0)
		status = cf_error_set(error, CF_EIO, "'%s': %s", folder, strerror(errno));
	for (int i = 0; i < total; i++) {
		if (status == CF_OK && ++*count > CF_BUNDLE_FILES)
			status = cf_error_set(
			    error, CF_ETOOBIG, "'%s': more than %d files", folder, CF_BUNDLE_FILES);
		if (status == CF_OK) {
			(void)snprintf(path, sizeof path, "%s%s", within, found[i]->d_name);
			status = add_file(archive, fd, found[i]->d_name, path, error);
		}
		free(found[i]);
	}
	free(found);
	if (fd >= 0)
		(void)close(fd); /* a folder */
	return status;
}

static enum cf_status make(
    struct archive *archive, const char *folder, struct growing *to, struct cf_error *error)
{
	char presets[CF_PATH_BYTES + 16];
	unsigned count = 0;
	enum cf_status status;

	if (archive_write_set_format_ustar(archive) != ARCHIVE_OK ||
	    archive_write_add_filter_zstd(archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(archive, 0) != ARCHIVE_OK ||
	    archive_write_open(archive, to, NULL, grow, NULL) != ARCHIVE_OK)
		return archive_failed(archive, CF_EIO, folder, error);
	status = add_folder(archive, folder, "", &count, error);
	(void)snprintf(presets, sizeof presets, "%s/presets", folder);
	if (status == CF_OK && access(presets, F_OK) == 0)
		status = add_folder(archive, presets, "presets/", &count, error);
	if (status == CF_OK && count == 0)
		return cf_error_set(error, CF_ENOTFOUND, "'%s' holds no tables", folder);
	if (status == CF_OK && archive_write_close(archive) != ARCHIVE_OK)
		status = archive_failed(archive, CF_EIO, folder, error);
	return status;
}

enum cf_status cf_bundle_make(
    const char *folder, uint8_t **data_out, size_t *len_out, struct cf_error *error)
{
	struct archive *archive = archive_write_new();
	struct growing to = {0};
	enum cf_status status;

	if (archive == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	status = make(archive, folder, &to, error);
	(void)archive_write_free(archive); /* closed above, or given up */
	if (status != CF_OK) {
		free(to.data);
		return status;
	}
	*data_out = to.data;
	*len_out = to.len;
	return CF_OK;
}

/* ---- unpacking */

/* Copies the entry's bytes into a new file; *left is what all files together may still take. */
static enum cf_status take_file(
    struct archive *archive, int folder, const char *path, int64_t *left, struct cf_error *error)
{
	int fd = openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	char piece[PIECE_BYTES];
	la_ssize_t got;

	if (fd < 0)
		return cf_error_set(error, errno == EEXIST ? CF_EINVALID : CF_EIO, "'%s': %s", path,
		    errno == EEXIST ? "is there twice" : strerror(errno));
	while ((got = archive_read_data(archive, piece, sizeof piece)) > 0) {
		*left -= got;
		if (*left < 0 || !cf_write_all(fd, piece, (size_t)got))
			break;
	}
	if (close(fd) != 0 || (got > 0 && *left >= 0))
		return cf_error_set(error, CF_EIO, "'%s': %s", path, strerror(errno));
	if (*left < 0)
		return cf_error_set(
		    error, CF_ETOOBIG, "unpacked it has over %lld bytes", CF_BUNDLE_UNPACKED_BYTES);
	return got < 0 ? archive_failed(archive, CF_EMALFORMED, path, error) : CF_OK;
}

/* Makes the folder of "folder/file", where it is not there yet. */
static enum cf_status make_folder_of(int folder, const char *path, struct cf_error *error)
{
	const char *slash = strchr(path, '/');
	char name[128];

	if (slash == NULL)
		return CF_OK;
	(void)snprintf(name, sizeof name, "%.*s", (int)(slash - path), path);
	if (mkdirat(folder, name, 0755) != 0 && errno != EEXIST)
		return cf_error_set(error, CF_EIO, "'%s': %s", name, strerror(errno));
	return CF_OK;
}

static enum cf_status take_entry(struct archive *archive, struct archive_entry *entry, int folder,
    int64_t *left, struct cf_error *error)
{
	const char *path = archive_entry_pathname(entry);
	enum cf_status status;

	if (path == NULL || archive_entry_hardlink(entry) != NULL)
		return cf_error_set(error, CF_EINVALID, "a bundle holds no links");
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return CF_OK; /* made with the first file in it */
	if (archive_entry_filetype(entry) != AE_IFREG || !path_ok(path))
		return cf_error_set(error, CF_EINVALID,
		    "the bundle holds something that has no place in one: only files with plain "
		    "names, one folder deep, have");
	status = make_folder_of(folder, path, error);
	return status == CF_OK ? take_file(archive, folder, path, left, error) : status;
}

static enum cf_status take_all(struct archive *archive, int folder, struct cf_error *error)
{
	struct archive_entry *entry;
	int64_t left = CF_BUNDLE_UNPACKED_BYTES;
	unsigned count = 0;
	int next;

	while ((next = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
		enum cf_status status;

		if (++count > CF_BUNDLE_FILES)
			return cf_error_set(
			    error, CF_ETOOBIG, "more than %d files", CF_BUNDLE_FILES);
		status = take_entry(archive, entry, folder, &left, error);
		if (status != CF_OK)
			return status;
	}
	if (next != ARCHIVE_EOF)
		return archive_failed(archive, CF_EMALFORMED, "bundle", error);
	return count == 0 ? cf_error_set(error, CF_EMALFORMED, "an empty bundle") : CF_OK;
}

enum cf_status cf_bundle_unpack(
    const void *data, size_t len, const char *folder, struct cf_error *error)
{
	struct archive *archive = archive_read_new();
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum cf_status status = CF_OK;

	if (archive == NULL)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	else if (fd < 0)
		status = cf_error_set(error, CF_EIO, "'%s': %s", folder, strerror(errno));
	else if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
	    archive_read_open_memory(archive, data, len) != ARCHIVE_OK)
		status = archive_failed(archive, CF_EMALFORMED, "bundle", error);
	if (status == CF_OK)
		status = take_all(archive, fd, error);
	if (archive != NULL)
		(void)archive_read_free(archive); /* nothing is written through it */
	if (fd >= 0)
		(void)close(fd); /* a folder */
	return status;
}

/* Removes the files of a folder; folders in it too while depth lasts. */
static enum cf_status empty_folder(const char *folder, unsigned depth)
{
	DIR *dir = opendir(folder);
	enum cf_status status = CF_OK;
	struct dirent *entry;

	if (dir == NULL)
		return CF_EIO;
	while (status == CF_OK && (entry = readdir(dir)) != NULL) {
		char path[CF_PATH_BYTES + 300];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >=
		    (int)sizeof path) {
			status = CF_EIO; /* a cut name would be another file's */
			continue;
		}
		if (unlink(path) == 0)
			continue;
		if (errno != EISDIR || depth == 0 || empty_folder(path, depth - 1) != CF_OK ||
		    rmdir(path) != 0)
			status = CF_EIO;
	}
	(void)closedir(dir); /* only read */
	return status;
}

enum cf_status cf_bundle_remove(const char *folder)
{
	if (empty_folder(folder, 1) != CF_OK)
		return CF_EIO;
	return rmdir(folder) == 0 ? CF_OK : CF_EIO;
}
