/*
 * A request from its head to its answer. By the thread of its connection.
 */
#pragma once

#include "fleet/collect/collecting.h"

/* One request under way. */
struct cf_request {
	enum cf_request_kind kind;
	struct cf_bundle_name name;
	uint8_t *packed;
	size_t size, len; /* of the packed body: announced, come */
	size_t taken;     /* of the budget */
	bool is_answered; /* what still comes is thrown away */
};

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
