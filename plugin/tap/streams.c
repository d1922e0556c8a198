/* poll() over sockets and streams; a stream that breaks its format is closed. */

#include "tap/streams.h"

#include "tap/balance.h"
#include "tap/frames.h"
#include "tap/listen.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define US_PER_S   INT64_C(1000000)
#define READ_BYTES 65536
/* A stream that has not begun by then is closed. */
#define GREETING_S 30
/* So many frames of which none is of a client say that clients are left out. */
#define FRAMES_TO_TELL 16

struct stream {
	int fd; /* -1: free */
	unsigned socket;
	struct cf_frames *frames;
	struct cf_balance *balance;
	uint64_t frame_count, client_count;
	int64_t missing;
	int64_t since_mono_us; /* of the look after it came; 0: before that */
};

struct socket_state {
	int fd;
	bool dipped;           /* a stream ended since the last look */
	bool is_dark;          /* at the last look */
	bool has_told_clients; /* a stream has, in this run */
	bool no_clients_told;
	char trouble[CF_ERROR_TEXT_BYTES]; /* of a stream, not said yet */
};

struct cf_tap_streams {
	struct cf_tap_streams_options options;
	struct socket_state sockets[CF_TAP_SOCKETS];
	struct stream streams[CF_TAP_STREAMS];
	struct cf_intake *intake; /* while polled */
	struct stream *speaker;   /* whose bytes are read */
	struct cf_tap_watch watch;
	uint64_t missing_before; /* of streams that are over */
	int64_t looked_mono_us, looked_wall_us;
	uint8_t key[16];
	uint8_t buffer[READ_BYTES];
};

static int64_t now_wall_us(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static void CF_PRINTF(2, 3) say(struct cf_tap_streams *streams, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	streams->options.say(streams->options.arg, text);
}

enum cf_status cf_tap_streams_open(const struct cf_tap_streams_options *options,
    struct cf_tap_streams **streams_out, struct cf_error *error)
{
	struct cf_tap_streams *streams = calloc(1, sizeof *streams);
	enum cf_status status = CF_OK;

	if (streams == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot listen: no memory");
	streams->options = *options;
	/* Unpredictable, for clients choose what is hashed; a failure leaves zeros, which is only
	 * slower. */
	(void)!getrandom(streams->key, sizeof streams->key, 0);
	for (unsigned i = 0; i < CF_TAP_SOCKETS; i++)
		streams->sockets[i].fd = -1;
	for (unsigned i = 0; i < CF_TAP_STREAMS; i++)
		streams->streams[i].fd = -1;
	for (unsigned i = 0; i < options->path_count && status == CF_OK; i++)
		status = cf_tap_listen(options->paths[i], options->mode,
		    options->has_group ? &options->group : NULL, &streams->sockets[i].fd, error);
	if (status != CF_OK) {
		cf_tap_streams_close(streams);
		return status;
	}
	*streams_out = streams;
	return CF_OK;
}

static void end_stream(struct cf_tap_streams *streams, struct stream *stream)
{
	streams->sockets[stream->socket].dipped = true;
	streams->missing_before += (uint64_t)stream->missing;
	close(stream->fd);
	cf_frames_free(stream->frames);
	cf_balance_free(stream->balance);
	*stream = (struct stream){.fd = -1};
}

void cf_tap_streams_close(struct cf_tap_streams *streams)
{
	if (streams == NULL)
		return;
	for (unsigned i = 0; i < CF_TAP_STREAMS; i++)
		if (streams->streams[i].fd >= 0)
			end_stream(streams, &streams->streams[i]);
	for (unsigned i = 0; i < CF_TAP_SOCKETS; i++)
		if (streams->sockets[i].fd >= 0)
			close(streams->sockets[i].fd);
	free(streams);
}

void cf_tap_streams_sockets(const struct cf_tap_streams *streams, int sockets[CF_TAP_SOCKETS])
{
	for (unsigned i = 0; i < streams->options.path_count; i++)
		sockets[i] = streams->sockets[i].fd;
}

static void on_frame(void *arg, const uint8_t *payload, size_t len)
{
	struct cf_tap_streams *streams = arg;
	struct stream *stream = streams->speaker;
	enum cf_tapped_kind kind =
	    cf_intake_take(streams->intake, stream->balance, payload, len, now_wall_us(), NULL);

	stream->frame_count++;
	if (kind == CF_TAPPED_QUESTION || kind == CF_TAPPED_ANSWER) {
		stream->client_count++;
		streams->sockets[stream->socket].has_told_clients = true;
	}
}

/*
 * It tells of clients, as it has shown. One that comes again to a socket where others did is taken
 * to, until it has told enough else: a quiet night is no blindness.
 */
static bool counts(const struct cf_tap_streams *streams, const struct stream *stream)
{
	return stream->fd >= 0 && cf_frames_begun(stream->frames) &&
	    (stream->client_count > 0 ||
	        (streams->sockets[stream->socket].has_told_clients &&
	            stream->frame_count < FRAMES_TO_TELL));
}

/* The first trouble since the last look is said then; of floods the rest is counted. */
static void note_trouble(struct cf_tap_streams *streams, unsigned number, const char *text)
{
	struct socket_state *state = &streams->sockets[number];

	streams->watch.refused++;
	if (state->trouble[0] == '\0')
		snprintf(state->trouble, sizeof state->trouble, "%s", text);
}

static struct stream *free_place(struct cf_tap_streams *streams)
{
	for (unsigned i = 0; i < CF_TAP_STREAMS; i++)
		if (streams->streams[i].fd < 0)
			return &streams->streams[i];
	return NULL;
}

/* Whoever comes without a place is turned away, and tries again if it is a resolver. */
static void take_connection(struct cf_tap_streams *streams, unsigned number)
{
	int fd = accept4(streams->sockets[number].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct stream *stream = free_place(streams);

	if (fd < 0)
		return; /* gone again, or no descriptor: the next round tries */
	streams->watch.streams++;
	if (stream == NULL) {
		note_trouble(streams, number, "too many streams");
		close(fd);
		return;
	}
	*stream = (struct stream){.fd = fd, .socket = number};
	if (cf_frames_new(on_frame, streams, &stream->frames) != CF_OK ||
	    cf_balance_new(streams->key, &stream->balance) != CF_OK) {
		note_trouble(streams, number, "no memory for a stream");
		end_stream(streams, stream);
	}
}

/* False: the writer does not take its answer. */
static bool send_reply(struct stream *stream)
{
	size_t len;
	const uint8_t *reply = cf_frames_reply(stream->frames, &len);

	return len == 0 || write(stream->fd, reply, len) == (ssize_t)len;
}

static void read_stream(struct cf_tap_streams *streams, struct stream *stream)
{
	ssize_t got = read(stream->fd, streams->buffer, sizeof streams->buffer);
	struct cf_error error;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		end_stream(streams, stream); /* the resolver ended, or went away */
		return;
	}
	streams->speaker = stream;
	if (cf_frames_feed(stream->frames, streams->buffer, (size_t)got, &error) != CF_OK) {
		note_trouble(streams, stream->socket, error.text);
		end_stream(streams, stream);
	} else if (!send_reply(stream) || cf_frames_ended(stream->frames)) {
		end_stream(streams, stream);
	}
	/* Whether it still does is looked at each second. */
	if (counts(streams, stream))
		cf_intake_watch(streams->intake, true, now_wall_us());
}

bool cf_tap_streams_poll(
    struct cf_tap_streams *streams, struct cf_intake *intake, int wake_fd, int timeout_ms)
{
	struct pollfd fds[1 + CF_TAP_SOCKETS + CF_TAP_STREAMS] = {
	    {.fd = wake_fd, .events = POLLIN}};
	unsigned count = 1, sockets = streams->options.path_count;

	for (unsigned i = 0; i < sockets; i++)
		fds[count++] = (struct pollfd){.fd = streams->sockets[i].fd, .events = POLLIN};
	/* Free places have -1, which poll() steps over. */
	for (unsigned i = 0; i < CF_TAP_STREAMS; i++)
		fds[count++] = (struct pollfd){.fd = streams->streams[i].fd, .events = POLLIN};
	if (poll(fds, count, timeout_ms) <= 0)
		return false;
	streams->intake = intake;
	for (unsigned i = 0; i < CF_TAP_STREAMS; i++)
		if (fds[1 + sockets + i].revents != 0)
			read_stream(streams, &streams->streams[i]);
	for (unsigned i = 0; i < sockets; i++)
		if (fds[1 + i].revents != 0)
			take_connection(streams, i);
	return fds[0].revents != 0;
}

static unsigned look_at_streams(
    struct cf_tap_streams *streams, unsigned number, int64_t now_mono_us, int64_t wall_us)
{
	unsigned good = 0;

	for (unsigned i = 0; i < CF_TAP_STREAMS; i++) {
		struct stream *stream = &streams->streams[i];

		if (stream->fd < 0 || stream->socket != number)
			continue;
		if (stream->since_mono_us == 0)
			stream->since_mono_us = now_mono_us;
		stream->missing = (int64_t)cf_balance_missing(stream->balance, wall_us);
		good += counts(streams, stream);
		if (!cf_frames_begun(stream->frames) &&
		    now_mono_us - stream->since_mono_us > GREETING_S * US_PER_S) {
			note_trouble(streams, number, "a stream that did not begin");
			end_stream(streams, stream);
		} else if (stream->frame_count >= FRAMES_TO_TELL && stream->client_count == 0 &&
		    !streams->sockets[number].no_clients_told) {
			streams->sockets[number].no_clients_told = true;
			say(streams,
			    "who is connected to '%s' tells nothing of clients: switch its client "
			    "messages on (curfew-tap(8))",
			    streams->options.paths[number]);
		}
	}
	return good;
}

static void say_changes(struct cf_tap_streams *streams, unsigned number, unsigned good, bool first)
{
	struct socket_state *state = &streams->sockets[number];
	const char *path = streams->options.paths[number];
	bool is_dark = good < streams->options.streams;

	if (state->trouble[0] != '\0')
		say(streams, "a stream to '%s' was broken off: %s", path, state->trouble);
	state->trouble[0] = '\0';
	if (is_dark && (first || !state->is_dark))
		say(streams,
		    "'%s': %u resolvers connected, %u expected; who is missing is not watched",
		    path, good, streams->options.streams);
	else if (is_dark != state->is_dark || first || state->dipped)
		say(streams, "'%s': %u resolvers connected", path, good);
}

void cf_tap_streams_look(
    struct cf_tap_streams *streams, struct cf_intake *intake, int64_t now_mono_us, int64_t wall_us)
{
	struct cf_tap_watch *watch = &streams->watch;
	bool first = streams->looked_mono_us == 0;
	int64_t since_us = first ? 0 : now_mono_us - streams->looked_mono_us;

	watch->connected = watch->dark_sockets = 0;
	for (unsigned i = 0; i < streams->options.path_count; i++) {
		struct socket_state *state = &streams->sockets[i];
		unsigned good = look_at_streams(streams, i, now_mono_us, wall_us);
		bool is_dark = good < streams->options.streams;

		say_changes(streams, i, good, first);
		if (is_dark || state->is_dark || state->dipped) {
			watch->dark_us += (uint64_t)(first ? 1 : since_us);
			if (watch->blind_since_wall_us == 0)
				watch->blind_since_wall_us =
				    first ? wall_us : streams->looked_wall_us;
		}
		state->is_dark = is_dark;
		state->dipped = false;
		watch->connected += good;
		watch->dark_sockets += is_dark;
	}
	streams->looked_mono_us = now_mono_us;
	streams->looked_wall_us = wall_us;
	cf_intake_watch(intake, watch->connected > 0, wall_us);
}

void cf_tap_streams_watch(
    struct cf_tap_streams *streams, bool fetch, struct cf_tap_watch *watch_out)
{
	streams->watch.missing = streams->missing_before;
	for (unsigned i = 0; i < CF_TAP_STREAMS; i++)
		if (streams->streams[i].fd >= 0)
			streams->watch.missing += (uint64_t)streams->streams[i].missing;
	*watch_out = streams->watch;
	if (fetch)
		streams->watch.blind_since_wall_us = 0;
}
