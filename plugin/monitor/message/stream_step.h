/*
 * One step in a TCP stream: what begins here, is it whole, and where does the next thing begin.
 *
 * The words that readers of protocols say it with. They know nothing of segments; streams.h brings
 * the bytes in order. Plain values.
 */
#pragma once

#include "monitor/packet/observer.h"

#include <stdbool.h>
#include <stdint.h>

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
	CF_MODE_HTTP2,   /* a frame */
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

static inline struct cf_step_result cf_step_stop(bool reported)
{
	return (struct cf_step_result){.step = CF_STEP_STOP, .reported = reported};
}

static inline struct cf_step_result cf_step_more(uint64_t amount, bool final)
{
	if (final)
		return cf_step_stop(false);
	return (struct cf_step_result){.step = CF_STEP_MORE, .amount = amount};
}

/* More is needed than there is, at least up to the end of a line or of a head. */
static inline struct cf_step_result cf_step_more_lines(
    struct cf_slice bytes, enum cf_wait wait, bool final)
{
	struct cf_step_result result = cf_step_more(bytes.len + 1, final);

	result.wait = wait;
	return result;
}

static inline struct cf_step_result cf_step_advance(uint64_t amount, bool reported)
{
	if (amount > UINT32_MAX / 4) /* further than sequence numbers can be compared */
		return cf_step_stop(reported);
	return (struct cf_step_result){
	    .step = CF_STEP_ADVANCE, .amount = amount, .reported = reported};
}

static inline struct cf_step_result cf_step_from_side(
    struct cf_step_result result, enum cf_side side)
{
	result.side = side;
	return result;
}
