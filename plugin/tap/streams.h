/*
 * The sockets that resolvers connect to, and their streams: several at once, read without ever
 * waiting for one of them. What comes in goes to an intake.
 *
 *   resolver --connects--> socket --> stream --frames--> intake
 *
 * A resolver that is not connected is not watched, nor is one that does not tell of its clients:
 * for each socket it is noted for how long fewer streams than belong there do (dark). One thread.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"
#include "tap/intake.h"

#include <stdbool.h>
#include <sys/types.h>

struct cf_tap_streams;

struct cf_tap_streams_options {
	const char *const *paths; /* of sockets; borrowed */
	unsigned path_count;      /* at most CF_TAP_SOCKETS */
	unsigned streams;         /* that belong on each socket; fewer is dark */
	mode_t mode;              /* of the sockets: who may write there may make up look-ups */
	bool has_group;
	gid_t group;
	/* A line for the service's own log. */
	void (*say)(void *arg, const char *text);
	void *arg;
};

/*
 * Makes the sockets and listens; a socket that nobody listens on any more is replaced. CF_ENOMEM;
 * CF_EIO, CF_EINVALID (there is something else, or somebody listens there) with *error filled.
 */
enum cf_status cf_tap_streams_open(const struct cf_tap_streams_options *options,
    struct cf_tap_streams **streams_out, struct cf_error *error) CF_MUST_CHECK;
/* NULL is fine. The sockets' files stay: the next run replaces them. */
void cf_tap_streams_close(struct cf_tap_streams *streams);

/* The descriptors that are listened on; path_count of them. */
void cf_tap_streams_sockets(const struct cf_tap_streams *streams, int sockets[CF_TAP_SOCKETS]);

/*
 * Waits until something comes, wake_fd is readable or timeout_ms are over, and takes in what is
 * there. True when wake_fd is readable.
 */
bool cf_tap_streams_poll(
    struct cf_tap_streams *streams, struct cf_intake *intake, int wake_fd, int timeout_ms);

/* Once a second: what could be seen, who has been silent at the door; says what has changed. */
void cf_tap_streams_look(struct cf_tap_streams *streams, struct cf_intake *intake,
    int64_t now_mono_us, int64_t now_wall_us);

struct cf_tap_watch {
	unsigned connected;          /* streams that count, now */
	unsigned dark_sockets;       /* now */
	uint64_t streams;            /* since the start */
	uint64_t refused;            /* of them broken off: no frame stream, or broken */
	uint64_t missing;            /* answers without questions */
	uint64_t dark_us;            /* summed over sockets */
	int64_t blind_since_wall_us; /* beginning of the first dark time not fetched yet; 0: none */
};
/* How it stands; with fetch the blindness is the caller's to tell. */
void cf_tap_streams_watch(
    struct cf_tap_streams *streams, bool fetch, struct cf_tap_watch *watch_out);
