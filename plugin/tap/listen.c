/* bind() with nobody's rights first, then those that were asked for. */

#include "tap/listen.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

/* Does anybody listen there? */
static bool is_listened_on(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool is = fd >= 0 &&
	    (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN ||
	        errno == EACCES || errno == EPERM);

	if (fd >= 0)
		close(fd);
	return is;
}

/* What a run before has left. */
static enum cf_status clear_away(const struct sockaddr_un *at, struct cf_error *error)
{
	struct stat info;

	if (lstat(at->sun_path, &info) != 0)
		return CF_OK; /* nothing there, or bind() says why */
	if (!S_ISSOCK(info.st_mode))
		return cf_error_set(error, CF_EINVALID,
		    "cannot listen on '%s': there is something that is no socket", at->sun_path);
	if (is_listened_on(at))
		return cf_error_set(error, CF_EINVALID,
		    "cannot listen on '%s': somebody does already", at->sun_path);
	if (unlink(at->sun_path) != 0)
		return cf_error_set(error, CF_EIO, "cannot replace the socket '%s': %s",
		    at->sun_path, strerror(errno));
	return CF_OK;
}

static bool bind_and_listen(int fd, const struct sockaddr_un *at, mode_t mode, const gid_t *group)
{
	mode_t before = umask(0777);
	int bound = bind(fd, (const struct sockaddr *)at, sizeof *at);
	int why = errno;

	(void)umask(before);
	errno = why;
	return bound == 0 && (group == NULL || lchown(at->sun_path, (uid_t)-1, *group) == 0) &&
	    chmod(at->sun_path, mode) == 0 && listen(fd, BACKLOG) == 0;
}

enum cf_status cf_tap_listen(
    const char *path, mode_t mode, const gid_t *group, int *fd_out, struct cf_error *error)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	enum cf_status status;
	int fd;

	if (path[0] == '\0' || strlen(path) >= sizeof at.sun_path)
		return cf_error_set(error, CF_EINVALID,
		    "cannot listen on '%s': a socket's path has 1 to %zu bytes", path,
		    sizeof at.sun_path - 1);
	memcpy(at.sun_path, path, strlen(path));
	status = clear_away(&at, error);
	if (status != CF_OK)
		return status;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || !bind_and_listen(fd, &at, mode, group)) {
		(void)cf_error_set(
		    error, CF_EIO, "cannot listen on '%s': %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return CF_EIO;
	}
	*fd_out = fd;
	return CF_OK;
}
