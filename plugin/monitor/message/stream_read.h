/*
 * One step in a TCP stream: what begins here, is it whole, and where does the next thing begin.
 *
 * Knows the protocols and nothing of segments; streams.h brings the bytes in order.
 */
#pragma once

#include "monitor/message/decode_http.h"
#include "monitor/packet/observer.h"

struct cf_decoder;

/* Who sends in this direction. */
enum cf_side {
	CF_SIDE_UNKNOWN,
	CF_SIDE_BEGAN,    /* who opened the connection, and so who asks */
	CF_SIDE_ANSWERED, /* who accepted it */
};

/* What stands at a place in a stream. */
enum cf_stream_mode {
	CF_MODE_MESSAGE, /* the beginning of a message */
	CF_MODE_CHUNK, /* a chunk's size, maybe behind the end of the chunk before (RFC 9112 7.1) */
	CF_MODE_TRAILER, /* a trailer field, or the empty line that ends the body */
};

/* What an answer answers, as far as it tells where the answer ends. */
enum cf_asked {
	CF_ASKED_OTHER,
	CF_ASKED_HEAD,
	CF_ASKED_CONNECT,
	CF_ASKED_UNKNOWN, /* the request was not seen, or is one of several */
};

/* What is known of the place where a step begins. */
struct cf_stream_view {
	enum cf_side side;
	enum cf_stream_mode mode;
	enum cf_asked asked;
	bool first;  /* the first bytes of this direction */
	bool unsure; /* nobody knows what came before */
	bool dns;    /* DNS came before, on whatever port */
	bool text;   /* lines of another protocol came before: no HTTP begins here */
	bool final;  /* no more will come */
};

enum cf_step {
	CF_STEP_MORE,    /* needs more bytes: amount in all, from the beginning of the step */
	CF_STEP_ADVANCE, /* the next thing begins amount bytes on, maybe behind what is there */
	CF_STEP_STOP,    /* nothing more to find in order */
	CF_STEP_DEAF,    /* all that follows is a body */
};

/* For CF_STEP_MORE: what must come before another look is worth it. */
enum cf_wait {
	CF_WAIT_BYTES,   /* amount in all */
	CF_WAIT_LINE,    /* a line feed */
	CF_WAIT_BLANK,   /* an empty line */
	CF_WAIT_RECORDS, /* amount - what there is, in TLS records' bodies */
};

struct cf_step_result {
	enum cf_step step;
	enum cf_wait wait;
	uint64_t amount;
	bool reported;            /* a message was */
	bool body;                /* amount counts a body that is not all here */
	bool dns;                 /* it was DNS */
	bool text;                /* a line of another protocol was stepped over */
	enum cf_stream_mode mode; /* with CF_STEP_ADVANCE: what is there */
	enum cf_asked asked;      /* by the request reported */
	enum cf_side side;        /* who sends such a message */
	bool final_response;      /* the one that answers a request, no 1xx */
};

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
