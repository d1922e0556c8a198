/*
 * What a collector is asked for: where it listens, who says which sensor a client is, its bounds,
 * and the store's gate. Plain data; the caller's, and borrowed.
 */
#pragma once

#include "fleet/collect/gate.h"

#include <stddef.h>

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
