/*
 * A collector at work: what collector.c (starting, connections) and serve.c (requests) share, and
 * what it says. Any of its threads.
 */
#pragma once

#include "fleet/collect/budget.h"
#include "fleet/collect/collector_options.h"
#include "fleet/collect/group.h"
#include "fleet/collect/visitors.h"

#include <microhttpd.h>
#include <stdatomic.h>

struct cf_collector {
	struct cf_collector_options options;
	struct MHD_Daemon *daemon;
	struct cf_group *group;
	struct cf_budget budget;
	struct cf_visitors visitors;
	atomic_uint told; /* of clients turned away, this minute */
	atomic_int minute;
	atomic_bool store_is_away;
	unsigned port;
};

/* One line to whoever watches. */
void cf_collector_say(const struct cf_collector *collector, const char *format, ...)
    CF_PRINTF(2, 3);
/* Not each of a flood: whether this one may be told. */
bool cf_collector_may_tell(struct cf_collector *collector);

struct cf_visitor *cf_collector_visitor(struct MHD_Connection *connection);
