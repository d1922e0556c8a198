/*
 * Sends lines to the system's log over its datagram socket, so that seals leave the process each
 * minute: whoever keeps that log elsewhere has a witness. Never waits: a line for which there is
 * no room is lost and counted, for the next seal says as much.
 *
 * One thread; the counters may be read by others.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cf_beacon {
	const char *path;    /* of the socket, "/dev/log"; NULL: nothing is sent */
	int fd;              /* -1: not open */
	bool once;           /* opened at the start alone: a sandbox ends who would open it later */
	_Atomic int failure; /* errno of the last attempt; 0 when it went out */
	_Atomic uint64_t lost;
};

/* Opens it, if path is not NULL; a failure is in failure, and tried again with the next line. */
void cf_beacon_init(struct cf_beacon *beacon, const char *path, bool once);
void cf_beacon_done(struct cf_beacon *beacon);

/* Sends "<30>tag[pid]: text", cut to what one datagram takes. */
void cf_beacon_say(struct cf_beacon *beacon, const char *tag, const char *text);
