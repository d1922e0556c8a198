/* Packing and unpacking by libarchive, names and bounds by ourselves. */

#include "trust/crate.h"

#include "base/file_writer.h"
#include "base/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 65536
/* Bytes that are not held against what was read. */
#define FREE_BYTES (INT64_C(64) << 20)

static bool part_ok(const char *name, size_t len)
{
	static const char taken[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+~@";

	return len > 0 && len <= 200 && name[0] != '.' && strspn(name, taken) >= len;
}

bool cf_crate_name_ok(const char *path)
{
	for (unsigned depth = 0; depth <= CF_CRATE_DEPTH; depth++) {
		size_t len = strcspn(path, "/");

		if (!part_ok(path, len))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
	return false;
}

static enum cf_status failed(const char *path, const char *what, struct cf_error *error)
{
	return cf_error_set(error, CF_EIO, "cannot %s '%s': %s", what, path, strerror(errno));
}

static enum cf_status archive_failed(
    struct archive *archive, enum cf_status status, const char *on, struct cf_error *error)
{
	const char *text = archive_error_string(archive);

	return cf_error_set(error, status, "'%s': %s", on, text == NULL ? "failed" : text);
}

/* ---- walking */

struct walk {
	char **paths;
	size_t count, size;
};

static enum cf_status keep_path(struct walk *walk, const char *path, struct cf_error *error)
{
	if (walk->count == CF_CRATE_FILES)
		return cf_error_set(error, CF_ETOOBIG, "more than %d files", CF_CRATE_FILES);
	if (walk->count == walk->size) {
		size_t size = walk->size == 0 ? 64 : 2 * walk->size;
		char **paths = realloc(walk->paths, size * sizeof *paths);

		if (paths == NULL)
			return cf_error_set(error, CF_ENOMEM, "no memory");
		walk->paths = paths;
		walk->size = size;
	}
	walk->paths[walk->count] = strdup(path);
	if (walk->paths[walk->count] == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	walk->count++;
	return CF_OK;
}

/* Collects what lies in FOLDER/WITHIN; within is "" or ends in a slash. */
static enum cf_status collect(struct walk *walk, const char *folder, const char *within,
    unsigned depth, struct cf_error *error)
{
	char path[CF_PATH_BYTES], inside[CF_PATH_BYTES];
	enum cf_status status = CF_OK;
	struct dirent *entry;
	struct stat about;
	DIR *dir;

	(void)snprintf(path, sizeof path, "%s/%s", folder, within);
	dir = opendir(path);
	if (dir == NULL)
		return failed(path, "read", error);
	while (status == CF_OK && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(inside, sizeof inside, "%s%s", within, entry->d_name) >=
		    (int)sizeof inside - 1)
			status = cf_error_set(error, CF_EINVALID, "'%s': too long", inside);
		else if (!part_ok(entry->d_name, strlen(entry->d_name)))
			status = cf_error_set(error, CF_EINVALID,
			    "'%s': names are of letters, digits and -_.+~@", inside);
		else if (fstatat(dirfd(dir), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
			status = failed(inside, "look at", error);
		else if (S_ISREG(about.st_mode))
			status = keep_path(walk, inside, error);
		else if (S_ISDIR(about.st_mode) && depth < CF_CRATE_DEPTH)
			status = collect(walk, folder, strcat(inside, "/"), depth + 1, error);
		else
			status =
			    cf_error_set(error, CF_EINVALID, "'%s' is no regular file", inside);
	}
	(void)closedir(dir); /* only read */
	return status;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum cf_status cf_crate_walk(const char *folder,
    enum cf_status (*take)(void *context, const char *path, struct cf_error *error), void *context,
    struct cf_error *error)
{
	struct walk walk = {0};
	enum cf_status status = collect(&walk, folder, "", 0, error);

	if (walk.count > 0)
		qsort(walk.paths, walk.count, sizeof *walk.paths, by_bytes);
	for (size_t i = 0; i < walk.count; i++) {
		if (status == CF_OK)
			status = take(context, walk.paths[i], error);
		free(walk.paths[i]);
	}
	free(walk.paths);
	return status;
}

/* ---- packing */

struct packing {
	struct archive *archive;
	int folder;
};

static enum cf_status copy_in(
    struct archive *archive, int fd, int64_t left, const char *path, struct cf_error *error)
{
	char piece[PIECE_BYTES];

	while (left > 0) {
		ssize_t got = read(fd, piece, sizeof piece);

		if (got <= 0)
			return cf_error_set(error, CF_EIO, "'%s': %s", path,
			    got < 0 ? strerror(errno) : "got shorter while it was read");
		if (archive_write_data(archive, piece, (size_t)(got < left ? got : left)) < 0)
			return archive_failed(archive, CF_EIO, path, error);
		left -= got;
	}
	return CF_OK;
}

static enum cf_status add_file(void *context, const char *path, struct cf_error *error)
{
	struct packing *packing = context;
	int fd = openat(packing->folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct archive_entry *entry = archive_entry_new();
	enum cf_status status = CF_OK;
	struct stat about;

	if (fd < 0 || entry == NULL || fstat(fd, &about) != 0) {
		status = failed(path, "open", error);
	} else {
		archive_entry_set_pathname(entry, path);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0640);
		archive_entry_set_size(entry, about.st_size);
		archive_entry_set_mtime(entry, 0, 0);
		status = archive_write_header(packing->archive, entry) == ARCHIVE_OK
		    ? copy_in(packing->archive, fd, about.st_size, path, error)
		    : archive_failed(packing->archive, CF_EIO, path, error);
	}
	archive_entry_free(entry);
	if (fd >= 0)
		(void)close(fd); /* only read */
	return status;
}

static enum cf_status pack(
    struct packing *packing, const char *folder, int fd, struct cf_error *error)
{
	enum cf_status status;

	if (archive_write_set_format_pax_restricted(packing->archive) != ARCHIVE_OK ||
	    archive_write_add_filter_zstd(packing->archive) != ARCHIVE_OK ||
	    archive_write_open_fd(packing->archive, fd) != ARCHIVE_OK)
		return archive_failed(packing->archive, CF_EIO, folder, error);
	status = cf_crate_walk(folder, add_file, packing, error);
	if (status == CF_OK && archive_write_close(packing->archive) != ARCHIVE_OK)
		status = archive_failed(packing->archive, CF_EIO, folder, error);
	return status;
}

enum cf_status cf_crate_pack(const char *folder, int fd, struct cf_error *error)
{
	struct packing packing = {.archive = archive_write_new(),
	    .folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	enum cf_status status;

	if (packing.archive == NULL)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	else if (packing.folder < 0)
		status = failed(folder, "open", error);
	else
		status = pack(&packing, folder, fd, error);
	if (packing.archive != NULL)
		(void)archive_write_free(packing.archive); /* closed above, or given up */
	if (packing.folder >= 0)
		(void)close(packing.folder); /* a folder */
	return status;
}

/* ---- unpacking */

struct unpacking {
	struct archive *archive;
	int folder;
	int64_t left, taken;
	unsigned count;
};

/* Every folder of the path; a link in the way is nobody's, since we made all there is. */
static enum cf_status make_folders(int folder, const char *path, struct cf_error *error)
{
	char name[CF_PATH_BYTES];

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		(void)snprintf(name, sizeof name, "%.*s", (int)(slash - path), path);
		if (mkdirat(folder, name, 0750) != 0 && errno != EEXIST)
			return failed(name, "make", error);
	}
	return CF_OK;
}

/* Counts what was taken; CF_ETOOBIG. */
static enum cf_status allow(struct unpacking *to, la_ssize_t len, struct cf_error *error)
{
	int64_t packed = archive_filter_bytes(to->archive, -1);

	to->left -= len;
	to->taken += len;
	if (to->left < 0)
		return cf_error_set(error, CF_ETOOBIG, "it unpacks to more than is allowed");
	if (to->taken - FREE_BYTES > 0 && (to->taken - FREE_BYTES) / CF_CRATE_EXPANSION > packed)
		return cf_error_set(error, CF_ETOOBIG,
		    "it unpacks to over %d times its size: no log does", CF_CRATE_EXPANSION);
	return CF_OK;
}

static enum cf_status take_file(struct unpacking *to, const char *path, struct cf_error *error)
{
	int fd =
	    openat(to->folder, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	enum cf_status status = CF_OK;
	char piece[PIECE_BYTES];
	la_ssize_t got = 0;

	if (fd < 0 && (errno == EEXIST || errno == ENOTDIR || errno == EISDIR))
		return cf_error_set(error, CF_EINVALID, "'%s' is there twice", path);
	if (fd < 0)
		return failed(path, "write", error);
	while (status == CF_OK && (got = archive_read_data(to->archive, piece, sizeof piece)) > 0) {
		status = allow(to, got, error);
		if (status == CF_OK && !cf_write_all(fd, piece, (size_t)got))
			status = failed(path, "write", error);
	}
	if (close(fd) != 0 && status == CF_OK)
		status = failed(path, "write", error);
	if (got < 0 && status == CF_OK)
		status = archive_failed(to->archive, CF_EMALFORMED, path, error);
	return status;
}

static enum cf_status take_entry(
    struct unpacking *to, struct archive_entry *entry, struct cf_error *error)
{
	const char *path = archive_entry_pathname(entry);
	enum cf_status status;

	if (path == NULL || archive_entry_hardlink(entry) != NULL ||
	    archive_entry_symlink(entry) != NULL)
		return cf_error_set(error, CF_EINVALID, "there is a link in it");
	if (archive_entry_filetype(entry) != AE_IFREG || !cf_crate_name_ok(path))
		return cf_error_set(error, CF_EINVALID,
		    "there is something in it that has no place there: only files with plain "
		    "names, "
		    "at most %d folders deep, have",
		    CF_CRATE_DEPTH);
	status = make_folders(to->folder, path, error);
	return status == CF_OK ? take_file(to, path, error) : status;
}

static enum cf_status take_all(struct unpacking *to, struct cf_error *error)
{
	struct archive_entry *entry;
	int next;

	while ((next = archive_read_next_header(to->archive, &entry)) == ARCHIVE_OK) {
		enum cf_status status;

		if (++to->count > CF_CRATE_FILES)
			return cf_error_set(
			    error, CF_ETOOBIG, "more than %d files", CF_CRATE_FILES);
		status = take_entry(to, entry, error);
		if (status != CF_OK)
			return status;
	}
	if (next != ARCHIVE_EOF)
		return archive_failed(to->archive, CF_EMALFORMED, "archive", error);
	return to->count == 0 ? cf_error_set(error, CF_EMALFORMED, "it is empty") : CF_OK;
}

enum cf_status cf_crate_unpack(
    int fd, const char *folder, uint64_t most_bytes, struct cf_error *error)
{
	struct unpacking to = {.archive = archive_read_new(),
	    .folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	    .left = most_bytes > INT64_MAX ? INT64_MAX : (int64_t)most_bytes};
	enum cf_status status;

	if (to.archive == NULL)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	else if (to.folder < 0)
		status = failed(folder, "open", error);
	else if (archive_read_support_format_tar(to.archive) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(to.archive) != ARCHIVE_OK ||
	    archive_read_open_fd(to.archive, fd, PIECE_BYTES) != ARCHIVE_OK)
		status = archive_failed(to.archive, CF_EMALFORMED, "archive", error);
	else
		status = take_all(&to, error);
	if (to.archive != NULL)
		(void)archive_read_free(to.archive); /* nothing is written through it */
	if (to.folder >= 0)
		(void)close(to.folder); /* a folder */
	return status;
}

/* ---- removing */

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
	(void)about;
	(void)kind;
	(void)where;
	return remove(path);
}

enum cf_status cf_crate_remove(const char *folder)
{
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? CF_OK : CF_EIO;
}
