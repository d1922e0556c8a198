/* Looking before opening, and once more behind it. */

#include "base/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum cf_status fail(
    struct cf_error *error, enum cf_status status, const char *path, const char *why)
{
	int saved = status == CF_EINVALID ? EINVAL : errno;

	(void)cf_error_set_at(error, status, path, 0, "cannot open '%.300s': %s", path, why);
	errno = saved;
	return status;
}

/* A descriptor that whoever started us has opened: it is no stranger's pipe in a folder. */
static bool is_inherited(const char *path)
{
	return strcmp(path, "/dev/stdin") == 0 || strncmp(path, "/dev/fd/", 8) == 0 ||
	    strncmp(path, "/proc/self/fd/", 14) == 0;
}

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "it is a folder";
	if (S_ISFIFO(mode))
		return "it is a named pipe, not a regular file; give it as standard input";
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return "it is a device, not a regular file";
	return "it is not a regular file";
}

static enum cf_status open_inherited(const char *path, int *fd_out, struct cf_error *error)
{
	/* A copy, for a socket or another user's pipe could not be opened anew. */
	const char *digits = strrchr(path, '/');
	int number = STDIN_FILENO, fd;

	if (digits != NULL && strcmp(path, "/dev/stdin") != 0) {
		number = 0;
		for (digits++; *digits >= '0' && *digits <= '9' && number < 1000000; digits++)
			number = number * 10 + (*digits - '0');
		if (*digits != '\0')
			return fail(error, CF_EINVALID, path, "no such descriptor");
	}
	fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return fail(error, CF_EIO, path, strerror(errno));
	*fd_out = fd;
	return CF_OK;
}

enum cf_status cf_input_open(const char *path, int *fd_out, struct cf_error *error)
{
	struct stat about;
	int fd;

	if (strcmp(path, "-") == 0)
		return open_inherited(path, fd_out, error);
	/* Before: opening a device may already do something. */
	if (stat(path, &about) != 0)
		return fail(error, CF_EIO, path, strerror(errno));
	if (!S_ISREG(about.st_mode) && is_inherited(path))
		return open_inherited(path, fd_out, error);
	if (!S_ISREG(about.st_mode))
		return fail(error, CF_EINVALID, path, kind_of(about.st_mode));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return fail(error, CF_EIO, path, strerror(errno));
	/* Behind: it may have been replaced in between. */
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
		(void)close(fd); /* only opened */
		return fail(error, CF_EINVALID, path, kind_of(about.st_mode));
	}
	*fd_out = fd;
	return CF_OK;
}

enum cf_status cf_input_open_stream(const char *path, FILE **stream_out, struct cf_error *error)
{
	int fd = -1;
	enum cf_status status = cf_input_open(path, &fd, error);

	if (status != CF_OK)
		return status;
	*stream_out = fdopen(fd, "r");
	if (*stream_out != NULL)
		return CF_OK;
	status = fail(error, CF_EIO, path, strerror(errno));
	(void)close(fd); /* only opened */
	return status;
}

enum cf_status cf_input_read_whole(
    const char *path, size_t most, char **text_out, size_t *len_out, struct cf_error *error)
{
	FILE *file = NULL;
	char *text = NULL;
	size_t len = 0, size = 0;
	bool is_whole;
	enum cf_status status = cf_input_open_stream(path, &file, error);

	if (status != CF_OK)
		return status;
	do {
		size_t more = size == 0 ? 65536 : 2 * size;
		char *larger = realloc(text, more + 1);

		if (larger == NULL)
			break;
		text = larger;
		size = more;
		len += fread(text + len, 1, size - len, file);
	} while (len == size && len <= most);
	is_whole = text != NULL && ferror(file) == 0 && len <= most && (len < size || feof(file));
	(void)fclose(file); /* only read */
	if (!is_whole) {
		free(text);
		return cf_error_set_at(error, len > most ? CF_ETOOBIG : CF_EIO, path, 0,
		    "cannot read '%.300s': %s", path,
		    len > most ? "it is too long" : "read error, or no memory");
	}
	text[len] = '\0';
	*text_out = text;
	*len_out = len;
	return CF_OK;
}
