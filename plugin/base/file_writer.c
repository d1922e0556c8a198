/* Write beside, flush, rename. */

#include "base/file_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum cf_status cf_file_writer_open(struct cf_file_writer *writer, const char *path)
{
	size_t len = strlen(path);
	struct stat st;
	int fd;

	*writer = (struct cf_file_writer){.to = NULL};
	if (len >= sizeof writer->path)
		return CF_ETOOBIG;
	memcpy(writer->path, path, len + 1);
	memcpy(writer->beside, path, len);
	memcpy(writer->beside + len, ".XXXXXX", 8);
	fd = mkostemp(writer->beside, O_CLOEXEC);
	if (fd < 0)
		return CF_EIO;
	/* The mode of the file that is replaced, else what anybody may read. */
	(void)fchmod(fd, stat(path, &st) == 0 ? st.st_mode & 07777 : 0644); /* 0600 is safe too */
	writer->to = fdopen(fd, "w");
	if (writer->to == NULL) {
		(void)close(fd); /* nothing was written */
		(void)unlink(writer->beside);
		return CF_EIO;
	}
	return CF_OK;
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

enum cf_status cf_file_writer_commit(struct cf_file_writer *writer)
{
	FILE *to = writer->to;
	int saved;
	bool ok = fflush(to) == 0 && fsync(fileno(to)) == 0;

	writer->to = NULL;
	saved = errno;
	if (fclose(to) != 0 && ok) {
		ok = false;
		saved = errno;
	}
	if (ok && rename(writer->beside, writer->path) == 0) {
		flush_folder(writer->path);
		return CF_OK;
	}
	if (ok)
		saved = errno;
	(void)unlink(writer->beside); /* nothing more can be done */
	errno = saved;
	return CF_EIO;
}

void cf_file_writer_abandon(struct cf_file_writer *writer)
{
	if (writer->to == NULL)
		return;
	(void)fclose(writer->to); /* it is thrown away */
	(void)unlink(writer->beside);
	writer->to = NULL;
}
