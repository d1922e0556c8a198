/* Steps of HTTP/1 in a TCP stream: heads, and the bodies behind them (RFC 9112). */
#pragma once

#include "monitor/message/stream_step.h"
#include "monitor/packet/observer.h"

struct cf_decoder;

/* A request or an answer at bytes; it is reported with packet. */
struct cf_step_result cf_step_request(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes);
struct cf_step_result cf_step_response(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes);

/*
 * Chunks (RFC 9112 7.1), as many as begin here: what is behind a size is stepped over with it. What
 * is no size at the first of them shows that there is no body (*is_none_out): the answer to a HEAD
 * that nobody saw, or nonsense.
 */
struct cf_step_result cf_step_chunk(struct cf_slice bytes, bool final, bool *is_none_out);

/* A trailer field, or the empty line behind the last. */
struct cf_step_result cf_step_trailer(struct cf_slice bytes, bool final);
