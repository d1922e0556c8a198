#include "fleet/collect/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 511

static enum cf_status fail(const char *place, int fd, struct cf_error *error)
{
	int why = errno;

	if (fd >= 0)
		(void)close(fd); /* nothing was written */
	return cf_error_set(error, CF_EIO, "cannot listen at '%.200s': %s", place, strerror(why));
}

static enum cf_status listen_unix(
    const char *place, const char *path, int *fd_out, struct cf_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat about;
	int fd;

	if (path[0] == '\0' || strlen(path) >= sizeof address.sun_path)
		return cf_error_set(error, CF_EINVALID, "'%.200s' is no path of a socket", place);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (lstat(path, &about) == 0 && S_ISSOCK(about.st_mode))
		(void)unlink(path); /* one that was left behind; else bind() says so */
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    chmod(path, 0660) != 0 || listen(fd, BACKLOG) != 0)
		return fail(place, fd, error);
	*fd_out = fd;
	return CF_OK;
}

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	const struct sockaddr_in6 *in6 = (const void *)address;

	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static enum cf_status listen_tcp(
    const char *place, int *fd_out, bool *is_local_out, struct cf_error *error)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(place, ':');
	struct addrinfo *found;
	char host[64];
	size_t len = colon == NULL ? 0 : (size_t)(colon - place);
	int on = 1;

	if (len > 1 && place[0] == '[' && place[len - 1] == ']') {
		place++;
		len -= 2;
	}
	(void)snprintf(host, sizeof host, "%.*s", (int)len, place); /* too long: found nowhere */
	if (colon == NULL || len == 0 || len >= sizeof host ||
	    getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return cf_error_set(error, CF_EINVALID,
		    "'%.200s' is no ADDR:PORT, [ADDR]:PORT or unix:PATH to listen at", place);
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;

	*is_local_out = is_loopback(found->ai_addr);
	int why = errno;

	freeaddrinfo(found);
	errno = why;
	if (!ok)
		return fail(place, fd, error);
	*fd_out = fd;
	return CF_OK;
}

enum cf_status cf_collect_listen(
    const char *place, int *fd_out, bool *is_local_out, struct cf_error *error)
{
	*is_local_out = true;
	if (strncmp(place, "unix:", 5) == 0)
		return listen_unix(place, place + 5, fd_out, error);
	return listen_tcp(place, fd_out, is_local_out, error);
}
