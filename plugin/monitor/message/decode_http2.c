#include "monitor/message/decode_http2.h"

#include <string.h>

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

_Static_assert(sizeof preface - 1 == CF_HTTP2_PREFACE_BYTES, "RFC 9113 3.4");

/* RFC 9113 6 and 4.1. */
enum {
	FRAME_HEADERS = 1,
	FRAME_CONTINUATION = 9,
	FLAG_END_HEADERS = 4,
	FLAG_PADDED = 8,
	FLAG_PRIORITY = 32,
	PRIORITY_BYTES = 5,
};

enum cf_match cf_http2_match(struct cf_slice stream)
{
	size_t n = stream.len < CF_HTTP2_PREFACE_BYTES ? stream.len : CF_HTTP2_PREFACE_BYTES;

	if (n > 0 && memcmp(stream.data, preface, n) != 0)
		return CF_MATCH_NO;
	return n == CF_HTTP2_PREFACE_BYTES ? CF_MATCH_YES : CF_MATCH_MAYBE;
}

struct cf_http2_frame cf_http2_frame_read(struct cf_slice stream)
{
	const uint8_t *data = stream.data;
	struct cf_http2_frame frame = {.type = data[3], .flags = data[4]};

	frame.total_bytes =
	    CF_HTTP2_HEAD_BYTES + ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]);
	frame.has_headers = frame.type == FRAME_HEADERS || frame.type == FRAME_CONTINUATION;
	return frame;
}

#ifdef CF_HAVE_NGHTTP2

#include "base/limits.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

/* One field of a request, its beginning. */
struct field {
	size_t len;
	uint8_t at[CF_HTTP2_FIELD_BYTES];
};

struct connection {
	uint64_t hash, used; /* used 0: free; else the greater the later */
	nghttp2_hd_inflater *inflater;
	bool in_headers; /* a CONTINUATION comes next */
	struct field method, path, authority, host, user_agent;
};

struct cf_http2 {
	uint64_t calls;
	struct connection *last; /* found last: the next frame mostly is of the same one */
	struct connection connections[CF_HTTP2_CONNECTIONS];
};

struct cf_http2 *cf_http2_new(void)
{
	return calloc(1, sizeof(struct cf_http2));
}

static void drop(struct connection *connection)
{
	if (connection->inflater != NULL) /* unlike free(), it takes nothing else */
		nghttp2_hd_inflate_del(connection->inflater);
	connection->inflater = NULL;
	connection->used = 0;
}

void cf_http2_free(struct cf_http2 *http2)
{
	if (http2 == NULL)
		return;
	for (size_t i = 0; i < CF_HTTP2_CONNECTIONS; i++)
		drop(&http2->connections[i]);
	free(http2);
}

static bool is_of(const struct connection *connection, uint64_t hash)
{
	return connection->used > 0 && connection->hash == hash;
}

static struct connection *find(struct cf_http2 *http2, uint64_t hash)
{
	if (http2->last != NULL && is_of(http2->last, hash))
		return http2->last;
	for (size_t i = 0; i < CF_HTTP2_CONNECTIONS; i++)
		if (is_of(&http2->connections[i], hash))
			return http2->last = &http2->connections[i];
	return NULL;
}

static struct connection *oldest(struct cf_http2 *http2)
{
	struct connection *oldest = &http2->connections[0];

	for (size_t i = 1; i < CF_HTTP2_CONNECTIONS; i++)
		if (http2->connections[i].used < oldest->used)
			oldest = &http2->connections[i];
	return oldest;
}

bool cf_http2_begin(struct cf_http2 *http2, uint64_t hash, bool *evicted_out)
{
	struct connection *connection;

	*evicted_out = false;
	if (http2 == NULL)
		return false;
	connection = find(http2, hash);
	if (connection == NULL) {
		connection = oldest(http2);
		*evicted_out = connection->used > 0;
	}
	drop(connection);
	if (nghttp2_hd_inflate_new(&connection->inflater) != 0)
		return false;
	/* The server may allow more than the 4,096 bytes of the beginning; we do not see it. */
	if (nghttp2_hd_inflate_change_table_size(connection->inflater, CF_HTTP2_TABLE_BYTES) != 0) {
		drop(connection);
		return false;
	}
	connection->hash = hash;
	connection->used = ++http2->calls;
	connection->in_headers = false;
	return true;
}

/* Takes padding and priority off. */
static bool open_frame(const struct cf_http2_frame *frame, struct cf_slice *body)
{
	size_t padding = 0;

	body->data += CF_HTTP2_HEAD_BYTES;
	body->len = frame->total_bytes - CF_HTTP2_HEAD_BYTES;
	if (frame->type != FRAME_HEADERS)
		return true;
	if ((frame->flags & FLAG_PADDED) != 0) {
		if (body->len == 0)
			return false;
		padding = body->data[0];
		body->data++;
		body->len--;
	}
	if ((frame->flags & FLAG_PRIORITY) != 0) {
		if (body->len < PRIORITY_BYTES)
			return false;
		body->data += PRIORITY_BYTES;
		body->len -= PRIORITY_BYTES;
	}
	if (padding > body->len)
		return false;
	body->len -= padding;
	return true;
}

static bool is_name(const nghttp2_nv *nv, const char *name)
{
	return nv->namelen == strlen(name) && memcmp(nv->name, name, nv->namelen) == 0;
}

static void keep(struct field *field, const nghttp2_nv *nv)
{
	if (field->len > 0)
		return;
	field->len = nv->valuelen < sizeof field->at ? nv->valuelen : sizeof field->at;
	memcpy(field->at, nv->value, field->len);
}

static void take_field(struct connection *connection, const nghttp2_nv *nv)
{
	if (is_name(nv, ":authority"))
		keep(&connection->authority, nv);
	else if (is_name(nv, ":path"))
		keep(&connection->path, nv);
	else if (is_name(nv, ":method"))
		keep(&connection->method, nv);
	else if (is_name(nv, "host"))
		keep(&connection->host, nv);
	else if (is_name(nv, "user-agent"))
		keep(&connection->user_agent, nv);
}

/* A piece of a header block; final: its last one. One byte may stand for a whole field, so that the
 * number of bytes bounds that of fields, and fields are borrowed from the table. */
static bool inflate(struct connection *connection, struct cf_slice piece, bool final)
{
	for (;;) {
		int flags = 0;
		nghttp2_nv nv;
		ssize_t used = nghttp2_hd_inflate_hd2(
		    connection->inflater, &nv, &flags, piece.data, piece.len, final);

		if (used < 0 || (size_t)used > piece.len)
			return false;
		piece.data += used;
		piece.len -= (size_t)used;
		if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
			take_field(connection, &nv);
		if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
			(void)nghttp2_hd_inflate_end_headers(connection->inflater); /* always 0 */
			return true;
		}
		if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && piece.len == 0)
			return !final;
	}
}

static struct cf_slice slice_of(const struct field *field)
{
	return (struct cf_slice){.data = field->at, .len = field->len};
}

static void fill(const struct connection *connection, struct cf_http_request *request)
{
	/* RFC 9113 8.3.1: as for an absolute target, the authority stands above the Host field. */
	bool has_authority = connection->authority.len > 0;

	request->method = slice_of(&connection->method);
	request->target = slice_of(&connection->path);
	request->host = slice_of(has_authority ? &connection->authority : &connection->host);
	request->has_host = connection->host.len > 0;
	request->has_authority = has_authority;
	request->user_agent = slice_of(&connection->user_agent);
	request->headers = (struct cf_slice){.data = connection->method.at, .len = 0};
	request->complete = true;
}

static bool begins_well(const struct connection *connection, const struct cf_http2_frame *frame)
{
	return connection->in_headers == (frame->type == FRAME_CONTINUATION);
}

enum cf_reading cf_http2_headers_read(struct cf_http2 *http2, uint64_t hash,
    const struct cf_http2_frame *frame, struct cf_slice bytes, struct cf_http_request *request_out)
{
	struct connection *connection = http2 == NULL ? NULL : find(http2, hash);
	bool final = (frame->flags & FLAG_END_HEADERS) != 0;

	if (connection == NULL)
		return CF_READING_BAD;
	connection->used = ++http2->calls;
	if (!begins_well(connection, frame) || !open_frame(frame, &bytes)) {
		drop(connection);
		return CF_READING_BAD;
	}
	if (!connection->in_headers)
		connection->method.len = connection->path.len = connection->authority.len =
		    connection->host.len = connection->user_agent.len = 0;
	if (!inflate(connection, bytes, final)) {
		drop(connection);
		return CF_READING_BAD;
	}
	connection->in_headers = !final;
	if (!final)
		return CF_READING_MORE;
	fill(connection, request_out);
	return CF_READING_DONE;
}

#else

struct cf_http2 *cf_http2_new(void)
{
	return NULL;
}

void cf_http2_free(struct cf_http2 *http2)
{
	(void)http2;
}

bool cf_http2_begin(struct cf_http2 *http2, uint64_t hash, bool *evicted_out)
{
	(void)http2;
	(void)hash;
	*evicted_out = false;
	return false;
}

enum cf_reading cf_http2_headers_read(struct cf_http2 *http2, uint64_t hash,
    const struct cf_http2_frame *frame, struct cf_slice bytes, struct cf_http_request *request_out)
{
	(void)http2;
	(void)hash;
	(void)frame;
	(void)bytes;
	(void)request_out;
	return CF_READING_BAD;
}

#endif
