/* A lease file and its siblings. */

#include "monitor/leases/lease_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file as it was in one piece; bytes of none are NULL. */
struct lease_text {
	uint8_t *bytes;
	size_t len;
};

/* Its content in memory, not mapped: the server goes on writing. False, with errno. */
static bool read_all(int fd, size_t size, struct lease_text *text)
{
	ssize_t got = 1;

	text->bytes = malloc(size + 1);
	if (text->bytes == NULL)
		return false;
	while (text->len < size && got > 0) {
		got = read(fd, text->bytes + text->len, size - text->len);
		if (got > 0)
			text->len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	return got >= 0;
}

/* False, with errno: ENOENT is for the caller to judge. Free text->bytes in any case. */
static bool read_text(const char *path, struct lease_text *text)
{
	/* A FIFO must not hold us up, and no device is a lease file. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), saved;
	struct stat info;
	bool good = false;

	*text = (struct lease_text){.bytes = NULL};
	if (fd < 0)
		return false;
	if (fstat(fd, &info) != 0)
		good = false;
	else if (!S_ISREG(info.st_mode))
		errno = EINVAL;
	else if (info.st_size > CF_LEASE_FILE_BYTES)
		errno = EFBIG;
	else
		good = read_all(fd, (size_t)info.st_size, text);
	saved = errno;
	close(fd);
	errno = saved;
	return good;
}

static enum cf_status cannot_read(const char *path, struct cf_error *error)
{
	return cf_error_set(error, CF_EIO, "cannot read '%s': %s", path,
	    errno == EINVAL ? "no regular file" : strerror(errno));
}

/* The files of one journal, while they are read. */
struct journal {
	struct cf_leases *leases;
	const char *path;
	struct cf_lease_files *files;
	struct cf_error *error;
};

/* Takes the file in, if it is there; *taken_out says so. */
static enum cf_status take_sibling(
    const struct journal *journal, const char *suffix, bool *taken_out)
{
	char path[PATH_MAX];
	struct lease_text text;
	enum cf_status status = CF_OK;

	*taken_out = false;
	if ((size_t)snprintf(path, sizeof path, "%s%s", journal->path, suffix) >= sizeof path)
		return CF_OK;
	if (!read_text(path, &text)) {
		if (errno != ENOENT)
			status = cannot_read(path, journal->error);
	} else {
		*taken_out = true;
		journal->files->siblings++;
		status = cf_leases_take(journal->leases,
		    (struct cf_slice){.data = text.bytes, .len = text.len}, CF_LEASES_KEA);
	}
	free(text.bytes);
	return status;
}

/*
 * Kea moves its file to .1 and begins another, while its clean-up makes .output of .2 and .1, then
 * .completed, then .2. What is whole, oldest first, is read as Kea does when it starts
 * (Memfile_LeaseMgr::loadLeasesFromFiles): .completed, or .2 and .1 where that is not there.
 */
static enum cf_status take_kea_siblings(const struct journal *journal)
{
	bool taken;
	enum cf_status status = take_sibling(journal, ".completed", &taken);

	if (taken || status != CF_OK)
		return status;
	status = take_sibling(journal, ".2", &taken);
	return status == CF_OK ? take_sibling(journal, ".1", &taken) : status;
}

static enum cf_status take_all(
    const struct journal *journal, const struct lease_text *text, enum cf_lease_format format)
{
	struct cf_slice bytes = {.data = text->bytes, .len = text->len};
	enum cf_status status = CF_OK;

	if (format == CF_LEASES_AUTO)
		format = cf_leases_guess(bytes);
	/* Just after Kea moved its file, the new one is empty. */
	if (format == CF_LEASES_KEA || (format == CF_LEASES_AUTO && text->len == 0))
		status = take_kea_siblings(journal);
	if (status == CF_OK)
		status = cf_leases_take(journal->leases, bytes, format);
	return status == CF_EUNSUPPORTED
	    ? cf_error_set(journal->error, status,
	          "cannot tell the format of '%s'; give it with --format", journal->path)
	    : status;
}

enum cf_status cf_lease_files_read(const char *path, enum cf_lease_format format,
    cf_lease_found *found, void *arg, struct cf_lease_files *files_out, struct cf_error *error)
{
	struct journal journal = {.path = path, .files = files_out, .error = error};
	struct lease_text text;
	enum cf_status status;

	*files_out = (struct cf_lease_files){.siblings = 0};
	(void)cf_error_set(error, CF_ENOMEM, "no memory");
	if (!read_text(path, &text))
		status = cannot_read(path, error);
	else
		status = cf_leases_new(found, arg, &journal.leases);
	if (status == CF_OK)
		status = take_all(&journal, &text, format);
	if (status == CF_OK)
		cf_leases_finish(journal.leases, &files_out->report);
	cf_leases_free(journal.leases);
	free(text.bytes);
	return status;
}
