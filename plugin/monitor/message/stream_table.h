/*
 * The tables behind streams.h: positions of TCP directions, and the buffers of unfinished messages.
 *
 * Private to streams.c. A flow's stream and a stream's flow point at each other; a stream that was
 * taken for another flow no longer points back, and is then no longer the first one's.
 */
#pragma once

#include "monitor/message/stream_read.h"
#include "monitor/message/streams.h"
#include "monitor/packet/decoding.h"
#include "monitor/packet/spans.h"

enum {
	CF_STREAM_WAYS = 4, /* flows in a bucket, one cache line */
	CF_STREAM_BUCKETS = CF_STREAM_FLOWS / CF_STREAM_WAYS,
	/* Room of one stream: twice the longest message, for one whose beginning comes last. */
	CF_STREAM_ROOM = 2 * CF_STREAM_BYTES,
	/* From one stream's room to the next: no power of two, so that the same places of all of
	 * them do not fight for the same lines of the cache. */
	CF_STREAM_STRIDE = CF_STREAM_ROOM + 23 * 64,
	CF_STREAM_COUNT = CF_STREAMS + CF_STREAM_ORPHANS,
	CF_STREAM_NONE = 0xfff,
};

enum cf_stream_state {
	CF_STREAM_FREE,
	CF_STREAM_KNOWN,  /* the next message begins at next_seq */
	CF_STREAM_ORPHAN, /* beginning unknown; the stream holds what came */
	CF_STREAM_DONE,
	CF_STREAM_DEAF, /* a body to the end of the connection: nothing in it is a message */
};

/* One direction of a connection. */
struct cf_position {
	uint32_t tag; /* upper half of the hash */
	uint32_t next_seq;
	uint32_t seen_s;
	uint16_t stream : 12; /* number of the stream that waits, or CF_STREAM_NONE */
	uint16_t sure : 1;    /* the beginning was seen, and everything since was in order */
	uint16_t text : 1;    /* lines of another protocol were stepped over */
	uint16_t
	    bodied : 1; /* a body was, or is, stepped over: what lies before next_seq is no head */
	uint16_t opening : 1; /* nothing but a SYN yet */
	uint16_t state : 3;   /* enum cf_stream_state */
	uint16_t side : 2;    /* enum cf_side */
	uint16_t mode : 2;    /* enum cf_stream_mode: what is at next_seq */
	uint16_t asked : 2;   /* enum cf_asked: by the last request, until it is answered */
	uint16_t side_steps : 5;
	uint16_t dns : 1; /* DNS was read here, on whatever port */
};
_Static_assert(sizeof(struct cf_position) == 16, "four positions fill a cache line");

/* Bytes that wait, buffer position 0 being sequence number origin_seq. */
struct cf_stream {
	uint16_t older; /* neighbours in the list by age, or the free list */
	uint16_t newer;
	bool orphan;
	bool has_candidate;
	uint16_t candidate;      /* where a message began behind a hole */
	uint32_t candidate_need; /* bytes of it before reading is worth it */
	uint32_t flow;           /* number of the position, or UINT32_MAX when free */
	uint32_t origin_seq;
	uint32_t need;     /* bytes at the beginning before reading is worth it */
	uint32_t taken;    /* bytes put in so far */
	uint8_t wait;      /* enum cf_wait */
	uint32_t searched; /* no end of line or head ends before this position; or a record begins
	                      there */
	uint32_t
	    gathered;    /* CF_WAIT_RECORDS: bytes in the bodies of the records before searched, */
	uint32_t wanted; /* and as many as must be in all */
	int64_t at_wall_us;
	struct cf_spans spans;
	struct cf_kept_packet kept; /* the first segment's, for reporting what stays unfinished */
};

/* One kind of streams: a list by age, a free list, and places never used. */
struct cf_stream_pool {
	uint16_t oldest;
	uint16_t newest;
	uint16_t free;
	uint16_t fresh; /* never used: from there to before until */
	uint16_t until;
};

struct cf_streams {
	uint8_t *flows_map;
	struct cf_position *flows; /* CF_STREAM_FLOWS, in flows_map */
	uint8_t *buffers;          /* CF_STREAM_COUNT times CF_STREAM_STRIDE, mapped */
	struct cf_stream streams[CF_STREAM_COUNT];
	struct cf_stream_pool known;
	struct cf_stream_pool orphans;
	struct cf_stream_scratch scratch;
};

static inline uint8_t *cf_stream_buffer(
    const struct cf_streams *streams, const struct cf_stream *stream)
{
	return streams->buffers + (size_t)(stream - streams->streams) * CF_STREAM_STRIDE;
}

/* The flow of hash; when it is new, in the place of the one in its bucket not seen for longest. */
struct cf_position *cf_stream_position(
    struct cf_streams *streams, struct cf_decoder *decoder, uint64_t hash);

/* The flow of hash if there is one, or NULL. */
struct cf_position *cf_stream_known(const struct cf_streams *streams, uint64_t hash);

/*
 * What is known of the place next_seq of flow, where bytes are; packet is one of its own. What the
 * other direction asked is looked up only for what may answer it.
 */
struct cf_stream_view cf_stream_view_of(const struct cf_streams *streams,
    const struct cf_decoder *decoder, const struct cf_position *flow,
    const struct cf_packet *packet, struct cf_slice bytes);

/* The stream that waits for flow, or NULL. */
struct cf_stream *cf_stream_waiting(struct cf_streams *streams, const struct cf_position *flow);

/* A stream for flow, the oldest of its kind given up if need be. */
struct cf_stream *cf_stream_allocate(struct cf_streams *streams, struct cf_decoder *decoder,
    struct cf_position *flow, bool orphan, uint32_t origin_seq);

/* Frees the stream; its flow has none then. */
void cf_stream_release(struct cf_streams *streams, struct cf_stream *stream);

/* Reports what is known of an unfinished message, and frees the stream; the flow is done with. */
void cf_stream_give_up(
    struct cf_streams *streams, struct cf_decoder *decoder, struct cf_stream *stream);

/* The bytes held without a hole from position at on; empty when that byte is not there. */
struct cf_slice cf_stream_held(
    const struct cf_streams *streams, const struct cf_stream *stream, size_t at);

/* Shifts the buffer so that position at becomes 0; what was before is dropped. */
void cf_stream_rebase(const struct cf_streams *streams, struct cf_stream *stream, size_t at);
