/* Write beside, flush, rename; or write what cannot be replaced as it is. */

#include "base/file_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PIPE_WAIT_MS 5000
#define PIPE_STEP_MS 50

static enum cf_status refuse(const char *why, int error, const char **why_out)
{
	if (why_out != NULL)
		*why_out = why;
	errno = error;
	return CF_EINVALID;
}

/* Follows path if it is a link that may be followed. *about_out is of what it leads to; nlink 0:
 * nothing is there yet. */
static enum cf_status follow(
    const char *path, char resolved[CF_PATH_BYTES], struct stat *about_out, const char **why_out)
{
	size_t bytes = strlen(path) + 1;
	char *real;

	if (bytes > CF_PATH_BYTES)
		return CF_ETOOBIG;
	memcpy(resolved, path, bytes);
	*about_out = (struct stat){0};
	if (lstat(path, about_out) != 0) {
		about_out->st_nlink = 0;
		return errno == ENOENT ? CF_OK : CF_EIO;
	}
	if (!S_ISLNK(about_out->st_mode))
		return CF_OK;
	if (about_out->st_uid != geteuid() && about_out->st_uid != 0)
		return refuse("it is a link that belongs to another user", ELOOP, why_out);
	if (stat(path, about_out) != 0)
		return errno == ENOENT ? refuse("it is a link that leads nowhere", ENOENT, why_out)
		                       : CF_EIO;
	if (!S_ISREG(about_out->st_mode))
		return CF_OK; /* /dev/stdout may lead to a pipe that has no name */
	real = realpath(path, NULL);
	if (real == NULL)
		return CF_EIO;
	bytes = strlen(real) + 1;
	if (bytes > CF_PATH_BYTES) {
		free(real);
		return CF_ETOOBIG;
	}
	memcpy(resolved, real, bytes);
	free(real);
	return CF_OK;
}

static enum cf_status check(const char *path, unsigned flags, char resolved[CF_PATH_BYTES],
    struct stat *about_out, const char **why_out)
{
	enum cf_status status = follow(path, resolved, about_out, why_out);

	if (status != CF_OK || about_out->st_nlink == 0 || S_ISREG(about_out->st_mode))
		return status;
	if (S_ISDIR(about_out->st_mode))
		return refuse("it is a folder", EISDIR, why_out);
	if (S_ISBLK(about_out->st_mode))
		return refuse("it is a disk", EINVAL, why_out);
	if (S_ISSOCK(about_out->st_mode))
		return refuse("it is a socket", EINVAL, why_out);
	if ((flags & CF_WRITE_ONLY_FILES) != 0)
		return refuse(
		    "it is no regular file, and must not be replaced by one", EINVAL, why_out);
	return CF_OK;
}

enum cf_status cf_file_writer_check(
    const char *path, char resolved_out[CF_PATH_BYTES], const char **why_out)
{
	struct stat about;

	if (why_out != NULL)
		*why_out = NULL;
	return check(path, CF_WRITE_ONLY_FILES, resolved_out, &about, why_out);
}

const char *cf_file_writer_why(const struct cf_file_writer *writer)
{
	return writer->refusal != NULL ? writer->refusal : strerror(errno);
}

/*
 * Opens what is there already. A pipe that nobody reads would hold us up for as long: its reader
 * has PIPE_WAIT_MS to come - those who start both at once have no order -, and none at all where we
 * come again soon.
 */
static int open_there(const struct cf_file_writer *writer)
{
	const struct timespec moment = {.tv_nsec = PIPE_STEP_MS * 1000000L};
	bool comes_again = (writer->flags & CF_WRITE_UNSYNCED) != 0;
	int fd = -1;

	for (int waited = 0; fd < 0; waited += PIPE_STEP_MS) {
		fd = open(writer->path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0 && (errno != ENXIO || comes_again || waited >= PIPE_WAIT_MS))
			return -1;
		if (fd < 0)
			(void)nanosleep(&moment, NULL); /* a signal only makes it shorter */
	}
	/* A reader that is slow is waited for, as everywhere; not by those who come again. */
	if (!comes_again)
		(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK); /* a known flag */
	return fd;
}

static enum cf_status open_stream(struct cf_file_writer *writer)
{
	int fd = open_there(writer);

	if (fd < 0 && errno == ENXIO)
		writer->refusal = "it is a named pipe that nobody reads";
	if (fd < 0)
		return CF_EIO;
	writer->is_stream = true;
	writer->to = fdopen(fd, "w");
	if (writer->to != NULL)
		return CF_OK;
	(void)close(fd); /* nothing was written */
	return CF_EIO;
}

static enum cf_status open_beside(struct cf_file_writer *writer, mode_t mode)
{
	int fd;

	(void)snprintf(writer->beside, sizeof writer->beside, "%s.XXXXXX", writer->path); /* fits */
	fd = mkostemp(writer->beside, O_CLOEXEC);
	if (fd < 0)
		return CF_EIO;
	(void)fchmod(fd, mode); /* 0600, which mkostemp() made, is safe too */
	writer->to = fdopen(fd, "w");
	if (writer->to != NULL)
		return CF_OK;
	(void)close(fd); /* nothing was written */
	(void)unlink(writer->beside);
	return CF_EIO;
}

enum cf_status cf_file_writer_open_as(
    struct cf_file_writer *writer, const char *path, unsigned flags)
{
	enum cf_status status;
	struct stat about;

	*writer = (struct cf_file_writer){.flags = flags};
	status = check(path, flags, writer->path, &about, &writer->refusal);
	if (status != CF_OK)
		return status;
	if (about.st_nlink != 0 && !S_ISREG(about.st_mode))
		return open_stream(writer);
	/* The mode of the file that is replaced, else what anybody may read. */
	if (about.st_nlink != 0)
		return open_beside(writer, about.st_mode & 07777);
	return open_beside(writer, (flags & CF_WRITE_PRIVATE) != 0 ? 0640 : 0644);
}

enum cf_status cf_file_writer_open(struct cf_file_writer *writer, const char *path)
{
	return cf_file_writer_open_as(writer, path, 0);
}

static void flush_folder(const char *path)
{
	char folder[CF_PATH_BYTES];
	const char *slash = strrchr(path, '/');
	int fd;

	if (slash == NULL)
		memcpy(folder, ".", 2);
	else
		(void)snprintf(
		    folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path); /* fits */
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd); /* some file systems refuse it for folders; the rename stands */
	(void)close(fd);
}

static bool is_synced(const struct cf_file_writer *writer)
{
	return !writer->is_stream && (writer->flags & CF_WRITE_UNSYNCED) == 0;
}

/* Flushes and closes; false with errno when not all of it could be written. */
static bool finish(struct cf_file_writer *writer)
{
	FILE *to = writer->to;
	/* What a full disk refused earlier is gone from the buffer: then flushing it succeeds. */
	bool wrote = ferror(to) == 0;
	bool ok = fflush(to) == 0 && wrote && (!is_synced(writer) || fsync(fileno(to)) == 0);
	int saved = errno;

	if (!wrote)
		writer->refusal = "not all of it could be written; is there room on the disk?";
	writer->to = NULL;
	if (fclose(to) != 0 && ok)
		return false;
	errno = saved;
	return ok;
}

enum cf_status cf_file_writer_commit(struct cf_file_writer *writer)
{
	int saved;

	if (finish(writer)) {
		if (writer->is_stream)
			return CF_OK;
		if (rename(writer->beside, writer->path) == 0) {
			if (is_synced(writer))
				flush_folder(writer->path);
			return CF_OK;
		}
	}
	saved = errno;
	if (!writer->is_stream)
		(void)unlink(writer->beside); /* nothing more can be done */
	errno = saved;
	return CF_EIO;
}

void cf_file_writer_abandon(struct cf_file_writer *writer)
{
	if (writer->to == NULL)
		return;
	(void)fclose(writer->to); /* it is thrown away */
	if (!writer->is_stream)
		(void)unlink(writer->beside);
	writer->to = NULL;
}

enum cf_status cf_file_writer_end(
    struct cf_file_writer *writer, const char *path, enum cf_status status, struct cf_error *error)
{
	if (status == CF_OK)
		status = ferror(writer->to) != 0 ? CF_EIO : cf_file_writer_commit(writer);
	if (status == CF_OK)
		return CF_OK;
	(void)cf_error_set(
	    error, status, "cannot write '%s': %s", path, cf_file_writer_why(writer));
	cf_file_writer_abandon(writer);
	return status;
}

bool cf_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t written = write(fd, at, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			errno = written == 0 ? ENOSPC : errno;
			return false;
		}
		at += written;
		len -= (size_t)written;
	}
	return true;
}
