/*
 * One step in a TCP stream: what begins here, is it whole, and where does the next thing begin.
 *
 * Knows the protocols and nothing of segments; streams.h brings the bytes in order.
 */
#pragma once

#include "monitor/decode/observer.h"
#include "monitor/message/decode_http.h"

struct cf_decoder;

enum cf_step {
	CF_STEP_MORE,    /* needs more bytes: amount in all, from the beginning of the step */
	CF_STEP_ADVANCE, /* the next message begins amount bytes on, maybe behind what is there */
	CF_STEP_STOP,    /* nothing more to find in order */
};

struct cf_step_result {
	enum cf_step step;
	uint64_t amount;
	bool reported; /* a message was */
	bool body;     /* amount counts a request's body of stated length, not all of it here */
};

/* Scratch for taking TLS records apart; one a decoder. */
struct cf_stream_scratch {
	uint8_t handshake[CF_STREAM_BYTES];
};

/*
 * Whether bytes, wherever they come in a stream, are surely (YES) the beginning of a message.
 * packet gives the ports.
 */
bool cf_stream_is_head(const struct cf_packet *packet, struct cf_slice bytes);

/*
 * Reads what begins at bytes and reports it with packet. With final, no more will come: what is
 * known of an unfinished message is reported, and the result is STOP.
 */
struct cf_step_result cf_stream_step(struct cf_decoder *decoder, struct cf_stream_scratch *scratch,
    const struct cf_packet *packet, struct cf_slice bytes, bool final);
