/* Datagrams to /dev/log. */

#include "records/anchor/beacon.h"

#include "records/anchor/seal_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A seal's text, and what comes before it. */
#define DATAGRAM_BYTES (CF_SEAL_TEXT_BYTES + 128)

static void open_socket(struct cf_beacon *beacon)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	beacon->failure = ENAMETOOLONG;
	if (strlen(beacon->path) >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, beacon->path, strlen(beacon->path) + 1);
	beacon->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	beacon->failure = errno;
	if (beacon->fd < 0)
		return;
	beacon->failure = 0;
	if (connect(beacon->fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return;
	beacon->failure = errno;
	(void)close(beacon->fd); /* nothing was sent */
	beacon->fd = -1;
}

void cf_beacon_init(struct cf_beacon *beacon, const char *path, bool once)
{
	*beacon = (struct cf_beacon){.path = path, .fd = -1, .once = once};
	if (path != NULL)
		open_socket(beacon);
}

void cf_beacon_done(struct cf_beacon *beacon)
{
	if (beacon->fd >= 0)
		(void)close(beacon->fd); /* datagrams do not wait there */
	beacon->fd = -1;
}

/* write(), for the monitor's sandbox knows no send(). */
static bool send_once(struct cf_beacon *beacon, const char *datagram, size_t len)
{
	ssize_t sent = write(beacon->fd, datagram, len);

	beacon->failure = sent < 0 ? errno : 0;
	return sent >= 0;
}

void cf_beacon_say(struct cf_beacon *beacon, const char *tag, const char *text)
{
	char datagram[DATAGRAM_BYTES];
	int len;
	bool sent = false;

	if (beacon->path == NULL)
		return;
	/* daemon.info */
	len = snprintf(datagram, sizeof datagram, "<30>%s[%d]: %s", tag, (int)getpid(), text);
	if (len >= (int)sizeof datagram)
		len = (int)sizeof datagram - 1;
	if (beacon->fd < 0 && !beacon->once)
		open_socket(beacon);
	if (beacon->fd >= 0)
		sent = send_once(beacon, datagram, (size_t)len);
	/* Another daemon is behind the same path now. No room is no reason: it is slow. */
	if (!sent && beacon->fd >= 0 && !beacon->once && beacon->failure != EAGAIN) {
		(void)close(beacon->fd); /* useless */
		beacon->fd = -1;
		open_socket(beacon);
		if (beacon->fd >= 0)
			sent = send_once(beacon, datagram, (size_t)len);
	}
	beacon->lost += !sent;
}
