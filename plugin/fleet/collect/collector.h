/*
 * The collector: HTTP requests of sensors (docs/FORMATS.md, "Fleet") to one store. It has no state
 * and no disk; any number of them may serve one store. Each connection has a thread, and all of
 * them together bounds: how many there are, how long each may take, what bodies take in memory.
 * One thread starts, tends and ends it.
 */
#pragma once

#include "fleet/collect/gate.h"

#include <stdbool.h>
#include <stddef.h>

struct cf_collector;

/* Who is asked which sensor a client is. */
enum cf_collector_names {
	CF_COLLECTOR_TLS,    /* the client's certificate, in TLS of our own */
	CF_COLLECTOR_PROXY,  /* a header of the proxy before us, who verified it */
	CF_COLLECTOR_ANYONE, /* nobody: whoever reaches us may be any sensor */
};

struct cf_collector_options {
	/* "ADDR:PORT", "[ADDR]:PORT" or "unix:PATH". But with TLS only of this machine. */
	const char *listen;
	enum cf_collector_names names;
	/* TLS: PEM texts, borrowed until the start. */
	const char *certificate, *key, *client_ca;
	unsigned connections; /* at one time; 0: 1,024 */
	unsigned seconds;     /* that one request may take before it is whole; 0: 60 */
	size_t memory_bytes;  /* of bodies, packed and unpacked, at one time; 0: 48 MiB */
	/* One line each: forks, losses, clients that are turned away, the store's comings and
	 * goings. May be called by any thread. */
	void (*say)(void *arg, const char *text);
	void *arg;
	struct cf_gate gate;
};

/* CF_EINVALID: options; CF_EIO: cannot listen; CF_ENOMEM. */
enum cf_status cf_collector_start(const struct cf_collector_options *options,
    struct cf_collector **collector_out, struct cf_error *error) CF_MUST_CHECK;
/* Once a second: ends what is too slow. */
void cf_collector_tend(struct cf_collector *collector);
/* Takes no more, answers what is under way, and ends. */
void cf_collector_stop(struct cf_collector *collector);
/* The port it listens on; 0: a unix socket. */
unsigned cf_collector_port(const struct cf_collector *collector);
