/*
 * Reading HTTP/1 heads (RFC 9112): request line, the headers that name somebody, and how far the
 * body goes. Lenient, as clients and middle boxes are: bare line feeds, any version, any method in
 * capitals.
 *
 * Pure functions over bytes in order; any thread.
 */
#pragma once

#include "monitor/decode/observer.h"
#include "monitor/message/decode_tls.h" /* enum cf_reading */

#include <stdint.h>

/* Whether bytes are the start of something. */
enum cf_match {
	CF_MATCH_NO,
	CF_MATCH_MAYBE, /* too short to tell */
	CF_MATCH_YES,
};

enum cf_match cf_http_request_match(struct cf_slice stream);
enum cf_match cf_http_response_match(struct cf_slice stream);

/* What cf_http_*_read() gives for *next_out when only the end of the body could tell. */
#define CF_HTTP_NEXT_UNKNOWN UINT64_MAX

/*
 * Reads a request head; DONE and MORE fill *request_out's HTTP fields as far as whole lines came.
 * With DONE, *next_out is where in the stream the next request begins.
 */
enum cf_reading cf_http_request_read(
    struct cf_slice stream, struct cf_http_request *request_out, uint64_t *next_out);

/*
 * As above for a response; also MORE while less than CF_HTTP_MAGIC_BYTES of a body that has more
 * are there.
 */
enum cf_reading cf_http_response_read(
    struct cf_slice stream, struct cf_http_response *response_out, uint64_t *next_out);
