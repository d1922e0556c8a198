/*
 * HTTP/2 in the clear (RFC 9113), as far as requests name somebody: with prior knowledge, or behind
 * an Upgrade. Header blocks are HPACK (RFC 7541), whose table belongs to the connection: it is read
 * from the preface on, or not at all. By libnghttp2; built without it, nothing is read.
 *
 * A table of connections belongs to one decoder. Memory is bounded: connections by
 * CF_HTTP2_CONNECTIONS, the table of each by CF_HTTP2_TABLE_BYTES.
 */
#pragma once

#include "monitor/message/decode_http.h"

struct cf_http2;

#define CF_HTTP2_PREFACE_BYTES 24
#define CF_HTTP2_HEAD_BYTES    9

/* What a client begins with. */
enum cf_match cf_http2_match(struct cf_slice stream);

struct cf_http2_frame {
	uint8_t type, flags;
	size_t total_bytes; /* with its head */
	bool has_headers;   /* it is needed whole; all others are stepped over */
};

/* The frame head at the beginning of at least CF_HTTP2_HEAD_BYTES. */
struct cf_http2_frame cf_http2_frame_read(struct cf_slice stream);

/* NULL without memory, or when built without libnghttp2. */
struct cf_http2 *cf_http2_new(void);
void cf_http2_free(struct cf_http2 *http2);

/* A client's preface was seen in the direction with that hash; *evicted_out: another connection
 * was given up for it. False when its requests cannot be read. */
bool cf_http2_begin(struct cf_http2 *http2, uint64_t hash, bool *evicted_out);
/*
 * The direction's next frame with headers, whole. MORE: the request goes on in another frame; DONE:
 * *request_out has its authority, target, method and user agent, which lie in the table until its
 * next call, or no method when these were trailers. BAD: nothing more can be read of it.
 */
enum cf_reading cf_http2_headers_read(struct cf_http2 *http2, uint64_t hash,
    const struct cf_http2_frame *frame, struct cf_slice bytes, struct cf_http_request *request_out);
