/*
 * The collector: HTTP requests of sensors (docs/FORMATS.md, "Fleet") to one store. It has no state
 * and no disk; any number of them may serve one store. Each connection has a thread, and all of
 * them together bounds: how many there are, how long each may take, what bodies take in memory.
 * One thread starts, tends and ends it.
 */
#pragma once

#include "fleet/collect/collector_options.h"

struct cf_collector;

/* CF_EINVALID: options; CF_EIO: cannot listen; CF_ENOMEM. */
enum cf_status cf_collector_start(const struct cf_collector_options *options,
    struct cf_collector **collector_out, struct cf_error *error) CF_MUST_CHECK;
/* Once a second: ends what is too slow. */
void cf_collector_tend(struct cf_collector *collector);
/* Takes no more, answers what is under way, and ends. */
void cf_collector_stop(struct cf_collector *collector);
/* The port it listens on; 0: a unix socket. */
unsigned cf_collector_port(const struct cf_collector *collector);
