/*
 * What may begin at a place in a TCP stream, and the reading of it: the door to all protocols.
 */
#pragma once

#include "monitor/message/decode_http.h"
#include "monitor/message/stream_step.h"
#include "monitor/packet/observer.h"

struct cf_decoder;

/* Scratch for taking TLS records apart; one a decoder. */
struct cf_stream_scratch {
	uint8_t handshake[CF_STREAM_BYTES];
};

/* What surely begins at a place, wherever that is in a stream. */
enum cf_head {
	CF_HEAD_NONE,
	CF_HEAD_DNS,
	CF_HEAD_CLIENT_HELLO,
	CF_HEAD_SERVER_HELLO,
	CF_HEAD_PROXY,
	CF_HEAD_REQUEST,
	CF_HEAD_RESPONSE,
};

/* False: certainly nothing, as the first byte tells of most segments. bytes are not empty. */
static inline bool cf_stream_may_be_head(const struct cf_packet *packet, struct cf_slice bytes)
{
	uint8_t first = bytes.data[0];

	return (first >= 'A' && first <= 'Z') || first == 0x16 || first < 16 ||
	    packet->src_port == 53 || packet->dst_port == 53;
}

/* packet gives the ports. */
enum cf_head cf_stream_head(const struct cf_packet *packet, struct cf_slice bytes);
/* Whether such a message may come from this side, at this place. */
bool cf_stream_head_allowed(enum cf_head head, const struct cf_stream_view *view);

/*
 * Reads what begins at bytes and reports it with packet. With view->final, no more will come: what
 * is known of an unfinished message is reported, and the result is STOP.
 */
struct cf_step_result cf_stream_step(struct cf_decoder *decoder, struct cf_stream_scratch *scratch,
    const struct cf_packet *packet, const struct cf_stream_view *view, struct cf_slice bytes);
