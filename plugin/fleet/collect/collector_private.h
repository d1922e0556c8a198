/* What collector.c (starting, connections) and serve.c (requests) share; nobody else includes it.
 */
#pragma once

#include "fleet/collect/budget.h"
#include "fleet/collect/collector.h"
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

/* One request under way. */
struct cf_request {
	enum cf_request_kind kind;
	struct cf_bundle_name name;
	uint8_t *packed;
	size_t size, len; /* of the packed body: announced, come */
	size_t taken;     /* of the budget */
	bool is_answered; /* what still comes is thrown away */
};

/* One line to whoever watches. */
void cf_collector_say(const struct cf_collector *collector, const char *format, ...)
    CF_PRINTF(2, 3);
/* Not each of a flood: whether this one may be told. */
bool cf_collector_may_tell(struct cf_collector *collector);

struct cf_visitor *cf_collector_visitor(struct MHD_Connection *connection);

/* Path and head of a request are there: answers it, or makes room for its body. */
enum MHD_Result cf_serve_begin(struct cf_collector *collector, struct MHD_Connection *connection,
    const char *path, const char *method, struct cf_request *request);
/* Some of its body. */
void cf_serve_body(struct cf_request *request, const char *bytes, size_t len);
/* It is whole: answers it. Waits for the store. */
enum MHD_Result cf_serve_finish(
    struct cf_collector *collector, struct MHD_Connection *connection, struct cf_request *request);
/* It was answered, or broke off. */
void cf_serve_end(struct cf_collector *collector, struct cf_request *request);
