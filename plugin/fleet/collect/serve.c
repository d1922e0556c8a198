/* What is asked of a collector, and what it answers. */

#include "fleet/collect/serve.h"

#include "base/diag.h"
#include "base/limits.h"
#include "fleet/collect/client_name.h"
#include "fleet/wire/bundle_body.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROXY_HEADER "X-Curfew-Client"
/* A body may come as slowly as this, bytes a second, and no slower. */
#define SLOWEST 8192

/* ---- answers */

static enum MHD_Result answer(
    struct MHD_Connection *connection, unsigned code, const char *type, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = MHD_NO;

	if (response == NULL)
		return MHD_NO; /* the connection is closed: the client tries again */
	if (MHD_add_response_header(response, "Content-Type", type) == MHD_YES &&
	    (code != MHD_HTTP_SERVICE_UNAVAILABLE ||
	        MHD_add_response_header(response, "Retry-After", "5") == MHD_YES))
		result = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(
    struct MHD_Connection *connection, unsigned code, const char *text)
{
	char line[CF_ERROR_TEXT_BYTES + 1];

	(void)snprintf(line, sizeof line, "%s\n", text);
	return answer(connection, code, "text/plain", line);
}

static enum MHD_Result answer_head(
    struct MHD_Connection *connection, unsigned code, const struct cf_fleet_head *head)
{
	char text[CF_HEAD_TEXT_BYTES];

	(void)cf_head_format(head, text);
	return answer(connection, code, "application/json", text);
}

/* ---- what a client wants, and may */

static enum cf_status check_client(struct cf_collector *collector,
    struct MHD_Connection *connection, const char *sensor, struct cf_error *error)
{
	const union MHD_ConnectionInfo *info;
	const char *header;

	switch (collector->options.names) {
	case CF_COLLECTOR_TLS:
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
		if (info == NULL || info->tls_session == NULL)
			return cf_error_set(error, CF_EINVALID, "no TLS");
		return cf_client_check_session(info->tls_session, sensor, error);
	case CF_COLLECTOR_PROXY:
		header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, PROXY_HEADER);
		if (header == NULL || header[0] == '\0')
			return cf_error_set(error, CF_EINVALID, "no client certificate");
		return cf_client_check_escaped(header, sensor, error);
	case CF_COLLECTOR_ANYONE:
		break;
	}
	return CF_OK;
}

/* True to go on; else it was answered, *result_out. */
static bool is_admitted(struct cf_collector *collector, struct MHD_Connection *connection,
    const struct cf_request *request, enum MHD_Result *result_out)
{
	struct cf_error error;
	char name[2 * CF_SEAL_SENSOR_BYTES];
	const char *sensor = request->name.writer.sensor;

	if (request->kind == CF_REQUEST_HEALTH ||
	    check_client(collector, connection, sensor, &error) == CF_OK)
		return true;
	if (cf_collector_may_tell(collector))
		cf_collector_say(collector, "a client that says it is %s is turned away: %s",
		    cf_quote(sensor, strlen(sensor), name, sizeof name), error.text);
	*result_out = answer_text(connection, MHD_HTTP_FORBIDDEN, error.text);
	return false;
}

/* The length of the body that is to come, which must be said before. */
static bool read_length(struct MHD_Connection *connection, size_t *len_out)
{
	const char *text = MHD_lookup_connection_value(
	    connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	char *end = NULL;
	unsigned long long len;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	len = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || len == 0)
		return false;
	*len_out = len > SIZE_MAX ? SIZE_MAX : (size_t)len;
	return true;
}

static enum MHD_Result no_room(struct MHD_Connection *connection)
{
	return answer_text(
	    connection, MHD_HTTP_SERVICE_UNAVAILABLE, "too much is under way here just now");
}

/* Before the body comes: what it will take. True to let it come. */
static bool make_room(struct cf_collector *collector, struct MHD_Connection *connection,
    struct cf_request *request, enum MHD_Result *result_out)
{
	if (!read_length(connection, &request->size)) {
		*result_out = answer_text(connection, MHD_HTTP_LENGTH_REQUIRED,
		    "a bundle's length has to be said (Content-Length)");
		return false;
	}
	if (request->size > CF_FLEET_PACKED_BYTES) {
		*result_out = answer_text(
		    connection, MHD_HTTP_CONTENT_TOO_LARGE, "a bundle has at most 32 MiB");
		return false;
	}
	if (!cf_budget_take(&collector->budget, 0, request->size)) {
		*result_out = no_room(connection);
		return false;
	}
	request->taken = request->size;
	request->packed = malloc(request->size);
	if (request->packed == NULL)
		*result_out = no_room(connection);
	else
		cf_visitors_allow(&collector->visitors, cf_collector_visitor(connection),
		    (unsigned)(request->size / SLOWEST));
	return request->packed != NULL;
}

enum MHD_Result cf_serve_begin(struct cf_collector *collector, struct MHD_Connection *connection,
    const char *path, const char *method, struct cf_request *request)
{
	enum MHD_Result result = MHD_YES;
	const char *why;
	enum cf_status status = cf_request_parse(path, &request->kind, &request->name, &why);
	const char *wanted = request->kind == CF_REQUEST_BUNDLE ? "PUT" : "GET";

	request->is_answered = true;
	if (status != CF_OK)
		return answer_text(connection,
		    status == CF_EVERSION ? MHD_HTTP_NOT_FOUND : MHD_HTTP_BAD_REQUEST, why);
	if (strcmp(method, wanted) != 0)
		return answer_text(
		    connection, MHD_HTTP_METHOD_NOT_ALLOWED, "bundles are PUT, the rest is GET");
	if (!is_admitted(collector, connection, request, &result))
		return result;
	if (request->kind == CF_REQUEST_BUNDLE &&
	    !make_room(collector, connection, request, &result))
		return result;
	request->is_answered = false;
	return MHD_YES;
}

/* ---- whole requests */

static enum MHD_Result store_is_away(
    struct cf_collector *collector, struct MHD_Connection *connection, const struct cf_error *error)
{
	if (!atomic_exchange(&collector->store_is_away, true))
		cf_collector_say(
		    collector, "the store is not there: %s; sensors wait", error->text);
	return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the store is not there");
}

static void store_is_there(struct cf_collector *collector)
{
	if (atomic_exchange(&collector->store_is_away, false))
		cf_collector_say(collector, "the store is there again");
}

static void tell_verdict(struct cf_collector *collector, const struct cf_bundle_name *name,
    const struct cf_fleet_head *head)
{
	char sensor[2 * CF_SEAL_SENSOR_BYTES], source[2 * CF_SEAL_SOURCE_BYTES];

	if (head->why != CF_HEAD_FORK || !cf_collector_may_tell(collector))
		return;
	cf_collector_say(collector,
	    "FORK: %s of %s sends seals %llu to %llu that are not those of the store, which ends "
	    "at "
	    "%llu: two machines of one name, a sensor put back to an older state, or a log begun "
	    "anew; nothing of it is taken",
	    cf_quote(name->writer.source, strlen(name->writer.source), source, sizeof source),
	    cf_quote(name->writer.sensor, strlen(name->writer.sensor), sensor, sizeof sensor),
	    (unsigned long long)name->from_seq, (unsigned long long)name->to_seq,
	    (unsigned long long)head->seq);
}

static enum MHD_Result put(struct cf_collector *collector, struct MHD_Connection *connection,
    const struct cf_request *request, const char *lines, size_t len)
{
	struct cf_checked bundle = {.name = &request->name, .lines = lines, .len = len};
	struct cf_fleet_head head;
	struct cf_error error;
	enum cf_status status = cf_bundle_body_check(
	    &request->name, lines, len, &bundle.first_wall_us, &bundle.last_wall_us, &error);

	if (status == CF_ENOMEM)
		return no_room(connection);
	if (status != CF_OK) {
		if (cf_collector_may_tell(collector))
			cf_collector_say(collector, "a bundle of '%.60s' is refused: %s",
			    request->name.writer.sensor, error.text);
		return answer_text(connection, MHD_HTTP_BAD_REQUEST, error.text);
	}
	if (cf_group_put(collector->group, &bundle, &head, &error) != CF_OK)
		return store_is_away(collector, connection, &error);
	store_is_there(collector);
	tell_verdict(collector, &request->name, &head);
	return answer_head(connection,
	    head.why == CF_HEAD_TAKEN || head.why == CF_HEAD_KNOWN ? MHD_HTTP_OK
	                                                           : MHD_HTTP_CONFLICT,
	    &head);
}

static enum MHD_Result unpack_and_put(
    struct cf_collector *collector, struct MHD_Connection *connection, struct cf_request *request)
{
	struct cf_error error;
	size_t plain, len;
	char *lines;
	enum cf_status status =
	    cf_bundle_body_plain_bytes(request->packed, request->len, &plain, &error);

	if (status == CF_ETOOBIG)
		return answer_text(connection, MHD_HTTP_CONTENT_TOO_LARGE, error.text);
	if (status != CF_OK)
		return answer_text(connection, MHD_HTTP_BAD_REQUEST, error.text);
	if (!cf_budget_take(&collector->budget, request->taken, plain))
		return no_room(connection);
	request->taken += plain;
	status = cf_bundle_body_unpack(request->packed, request->len, &lines, &len, &error);
	if (status == CF_ENOMEM)
		return no_room(connection);
	if (status != CF_OK)
		return answer_text(connection, MHD_HTTP_BAD_REQUEST, error.text);
	enum MHD_Result result = put(collector, connection, request, lines, len);

	free(lines);
	return result;
}

static enum MHD_Result tell_head(struct cf_collector *collector, struct MHD_Connection *connection,
    const struct cf_request *request)
{
	struct cf_fleet_head head;
	struct cf_error error;

	if (cf_group_head(collector->group, &request->name.writer, &head, &error) != CF_OK)
		return store_is_away(collector, connection, &error);
	store_is_there(collector);
	head.why = CF_HEAD_ASKED;
	return answer_head(connection, MHD_HTTP_OK, &head);
}

static enum MHD_Result tell_health(
    struct cf_collector *collector, struct MHD_Connection *connection)
{
	struct cf_error error;

	if (cf_group_health(collector->group, &error) != CF_OK)
		return store_is_away(collector, connection, &error);
	store_is_there(collector);
	return answer_text(connection, MHD_HTTP_OK, "ok");
}

enum MHD_Result cf_serve_finish(
    struct cf_collector *collector, struct MHD_Connection *connection, struct cf_request *request)
{
	switch (request->kind) {
	case CF_REQUEST_HEAD:
		return tell_head(collector, connection, request);
	case CF_REQUEST_HEALTH:
		return tell_health(collector, connection);
	case CF_REQUEST_BUNDLE:
		break;
	}
	if (request->len != request->size)
		return answer_text(
		    connection, MHD_HTTP_BAD_REQUEST, "the body is shorter than was said");
	return unpack_and_put(collector, connection, request);
}

void cf_serve_body(struct cf_request *request, const char *bytes, size_t len)
{
	/* Of a GET, or more than was said: nothing of it is looked at. */
	if (request->is_answered || request->packed == NULL || len > request->size - request->len)
		return;
	memcpy(request->packed + request->len, bytes, len);
	request->len += len;
}

void cf_serve_end(struct cf_collector *collector, struct cf_request *request)
{
	cf_budget_give(&collector->budget, request->taken);
	free(request->packed);
	free(request);
}
