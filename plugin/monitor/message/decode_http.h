/*
 * Reading HTTP/1 heads (RFC 9112): request line, the headers that name somebody, and how far the
 * body goes. Lenient, as clients and middle boxes are: bare line feeds, any version, any method in
 * capitals.
 *
 * Pure functions over bytes in order; any thread.
 */
#pragma once

#include "monitor/message/decode_tls.h" /* enum cf_reading */
#include "monitor/packet/observer.h"

#include <stdint.h>

/* Whether bytes are the start of something. */
enum cf_match {
	CF_MATCH_NO,
	CF_MATCH_MAYBE, /* too short to tell */
	CF_MATCH_YES,
};

enum cf_match cf_http_request_match(struct cf_slice stream);
enum cf_match cf_http_response_match(struct cf_slice stream);

/* How far the body behind a head goes (RFC 9112 6.3). */
enum cf_http_body {
	CF_HTTP_BODY_NONE,
	CF_HTTP_BODY_LENGTH,  /* body_bytes */
	CF_HTTP_BODY_CHUNKED, /* its chunks say */
	CF_HTTP_BODY_CLOSE,   /* to the end of the connection */
	CF_HTTP_BODY_UNKNOWN, /* another protocol takes over, or the head makes no sense */
};

struct cf_http_framing {
	size_t head_bytes; /* the empty line included */
	enum cf_http_body body;
	uint64_t body_bytes; /* with CF_HTTP_BODY_LENGTH */
	bool has_type;       /* there is a Content-Type */
};

/*
 * Reads a request head; DONE and MORE fill *request_out's HTTP fields as far as whole lines came.
 * With DONE, *framing_out says where the next request begins. What an Upgrade leads to is not
 * known yet: as long as the server has not agreed, HTTP goes on.
 */
enum cf_reading cf_http_request_read(struct cf_slice stream, struct cf_http_request *request_out,
    struct cf_http_framing *framing_out);

/*
 * As above for a response; also MORE while less than CF_HTTP_MAGIC_BYTES of a body that has more
 * are there. bodiless: it answers HEAD, whose responses have heads alone, or a successful CONNECT.
 */
enum cf_reading cf_http_response_read(struct cf_slice stream, bool bodiless,
    struct cf_http_response *response_out, struct cf_http_framing *framing_out);
