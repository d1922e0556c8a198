/* TCP segments to messages: positions of streams, and bytes that wait. */

#include "monitor/streams.h"

#include "monitor/decode.h"
#include "monitor/spans.h"
#include "monitor/stream_read.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	WAYS = 4,                         /* flows in a bucket, one cache line */
	BUCKETS = CF_STREAM_FLOWS / WAYS, /* a power of two */
	SIDE_STEPS = 16,                  /* things stepped over that are not ours, per flow */
	/* Room of one stream: twice the longest message, for one whose beginning comes last. */
	BUFFER_BYTES = 2 * CF_STREAM_BYTES,
	STREAMS = CF_STREAMS + CF_STREAM_ORPHANS,
	NONE = UINT16_MAX,
};

_Static_assert((BUCKETS & (BUCKETS - 1)) == 0, "buckets are chosen by mask");
_Static_assert(STREAMS < NONE, "stream numbers fit 16 bits");

enum flow_state {
	FLOW_FREE,
	FLOW_KNOWN,  /* the next message begins at next_seq */
	FLOW_ORPHAN, /* beginning unknown; the stream holds what came */
	FLOW_DONE,
};

struct flow {
	uint32_t tag; /* upper half of the hash */
	uint32_t next_seq;
	uint32_t seen_s;
	uint16_t stream; /* number of the stream that waits, or NONE */
	uint8_t state;   /* enum flow_state */
	uint8_t side_steps : 7;
	uint8_t in_body : 1; /* next_seq is behind a request's body that was not all here */
};

#define FLOWS_BYTES      (sizeof(struct flow) * CF_STREAM_FLOWS)
#define LARGE_PAGE_BYTES (2UL << 20)

/* Bytes that wait, buffer position 0 being sequence number origin_seq. */
struct stream {
	uint16_t older; /* neighbours in the list by age, or the free list */
	uint16_t newer;
	bool orphan;
	bool has_candidate;
	uint16_t candidate; /* where a message began behind a hole */
	uint32_t flow;
	uint32_t origin_seq;
	uint32_t need;  /* bytes at the beginning before reading is worth it */
	uint32_t taken; /* bytes put in so far */
	int64_t at_wall_us;
	struct cf_spans spans;
	struct cf_kept_packet kept; /* the first segment's, for reporting what stays unfinished */
};

/* One kind of streams: a list by age and a free list. */
struct pool {
	uint16_t oldest;
	uint16_t newest;
	uint16_t free;
};

struct cf_streams {
	uint8_t *flows_map;
	struct flow *flows; /* BUCKETS times WAYS, in flows_map */
	uint8_t *buffers;   /* STREAMS times BUFFER_BYTES, mapped */
	struct stream streams[STREAMS];
	struct pool known;
	struct pool orphans;
	struct cf_stream_scratch scratch;
};

/* What one segment's handling needs at hand. */
struct segment {
	struct cf_streams *streams;
	struct cf_decoder *decoder;
	struct flow *flow;
	uint32_t seq;
	struct cf_slice bytes;
};

static void *map_zeroed(size_t len)
{
	void *map = mmap(
	    NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static void fill_pool(struct cf_streams *streams, struct pool *pool, unsigned from, unsigned to)
{
	pool->oldest = pool->newest = pool->free = NONE;
	for (unsigned i = to; i-- > from;) {
		streams->streams[i].newer = pool->free;
		streams->streams[i].orphan = from != 0;
		pool->free = (uint16_t)i;
	}
}

/*
 * Every segment looks into the flows at random: on a large page, which must be aligned, that saves
 * a walk of the page tables. Where the kernel has none to give, nothing is lost.
 */
static void place_flows(struct cf_streams *streams)
{
	uintptr_t at = (uintptr_t)streams->flows_map;

	at = (at + LARGE_PAGE_BYTES - 1) & ~(uintptr_t)(LARGE_PAGE_BYTES - 1);
	streams->flows = (struct flow *)at;
	(void)madvise(streams->flows, FLOWS_BYTES, MADV_HUGEPAGE);
}

enum cf_status cf_streams_new(struct cf_streams **streams_out)
{
	struct cf_streams *streams = calloc(1, sizeof *streams);

	if (streams == NULL)
		return CF_ENOMEM;
	streams->flows_map = map_zeroed(FLOWS_BYTES + LARGE_PAGE_BYTES);
	streams->buffers = map_zeroed((size_t)STREAMS * BUFFER_BYTES);
	if (streams->flows_map == NULL || streams->buffers == NULL) {
		cf_streams_free(streams);
		return CF_ENOMEM;
	}
	place_flows(streams);
	fill_pool(streams, &streams->known, 0, CF_STREAMS);
	fill_pool(streams, &streams->orphans, CF_STREAMS, STREAMS);
	*streams_out = streams;
	return CF_OK;
}

void cf_streams_free(struct cf_streams *streams)
{
	if (streams == NULL)
		return;
	/* Both maps are ours; unmapping them cannot fail. */
	if (streams->flows_map != NULL)
		(void)munmap(streams->flows_map, FLOWS_BYTES + LARGE_PAGE_BYTES);
	if (streams->buffers != NULL)
		(void)munmap(streams->buffers, (size_t)STREAMS * BUFFER_BYTES);
	free(streams);
}

static uint8_t *buffer_of(const struct cf_streams *streams, const struct stream *stream)
{
	return streams->buffers + (size_t)(stream - streams->streams) * BUFFER_BYTES;
}

static struct pool *pool_of(struct cf_streams *streams, const struct stream *stream)
{
	return stream->orphan ? &streams->orphans : &streams->known;
}

/* Takes the stream out of its pool's list by age and frees its number; the flow forgets it. */
static void release(struct cf_streams *streams, struct stream *stream)
{
	struct pool *pool = pool_of(streams, stream);

	if (stream->older == NONE)
		pool->oldest = stream->newer;
	else
		streams->streams[stream->older].newer = stream->newer;
	if (stream->newer == NONE)
		pool->newest = stream->older;
	else
		streams->streams[stream->newer].older = stream->older;
	streams->flows[stream->flow].stream = NONE;
	stream->newer = pool->free;
	pool->free = (uint16_t)(stream - streams->streams);
}

/* The bytes held without a hole from position at on; empty when that byte is not there. */
static struct cf_slice held_from(
    const struct cf_streams *streams, const struct stream *stream, size_t at)
{
	const struct cf_span *span = cf_spans_find(&stream->spans, at);

	if (span == NULL)
		return (struct cf_slice){.data = NULL};
	return (struct cf_slice){.data = buffer_of(streams, stream) + at, .len = span->to - at};
}

/* Reports what is known of an unfinished message, and frees the stream; the flow is done with. */
static void give_up(struct cf_streams *streams, struct cf_decoder *decoder, struct stream *stream)
{
	struct flow *flow = &streams->flows[stream->flow];
	size_t at = flow->next_seq - stream->origin_seq;
	struct cf_slice bytes = {.data = NULL};

	if (flow->state == FLOW_KNOWN && at < BUFFER_BYTES)
		bytes = held_from(streams, stream, at);
	if (bytes.len > 0)
		(void)cf_stream_step(decoder, &streams->scratch, &stream->kept.packet, bytes, true);
	if (stream->has_candidate) {
		bytes = held_from(streams, stream, stream->candidate);
		(void)cf_stream_step(decoder, &streams->scratch, &stream->kept.packet, bytes, true);
	}
	flow->state = FLOW_DONE;
	release(streams, stream);
}

/* A stream for the segment's flow, the oldest of its kind given up if need be. */
static struct stream *allocate(struct segment *segment, bool orphan, uint32_t origin_seq)
{
	struct cf_streams *streams = segment->streams;
	struct pool *pool = orphan ? &streams->orphans : &streams->known;
	struct stream *stream;

	if (pool->free == NONE) {
		cf_decode_count(segment->decoder, CF_COUNT_STREAMS_EVICTED);
		give_up(streams, segment->decoder, &streams->streams[pool->oldest]);
	}
	stream = &streams->streams[pool->free];
	pool->free = stream->newer;
	stream->older = pool->newest;
	stream->newer = NONE;
	if (pool->newest == NONE)
		pool->oldest = (uint16_t)(stream - streams->streams);
	else
		streams->streams[pool->newest].newer = (uint16_t)(stream - streams->streams);
	pool->newest = (uint16_t)(stream - streams->streams);
	stream->has_candidate = false;
	stream->flow = (uint32_t)(segment->flow - streams->flows);
	stream->origin_seq = origin_seq;
	stream->need = stream->taken = 0;
	stream->at_wall_us = segment->decoder->packet.at_wall_us;
	stream->spans.count = 0;
	/* An orphan has nothing to report until its beginning is found. */
	if (!orphan)
		cf_packet_keep(&stream->kept, &segment->decoder->packet);
	segment->flow->stream = (uint16_t)(stream - streams->streams);
	return stream;
}

static struct stream *waiting(const struct segment *segment)
{
	if (segment->flow->stream == NONE)
		return NULL;
	return &segment->streams->streams[segment->flow->stream];
}

/* The segment's flow; when it is new, in the place of the one in its bucket not seen for longest.
 */
static struct flow *find_flow(struct cf_streams *streams, struct cf_decoder *decoder, uint64_t hash)
{
	struct flow *bucket = &streams->flows[(hash & (BUCKETS - 1)) * WAYS], *place = bucket;
	uint32_t tag = (uint32_t)(hash >> 32),
	         now_s = (uint32_t)(decoder->packet.at_wall_us / 1000000);

	for (unsigned i = 0; i < WAYS; i++) {
		struct flow *flow = &bucket[i];

		if (flow->tag == tag && flow->state != FLOW_FREE) {
			flow->seen_s = now_s;
			return flow;
		}
		if (place->state != FLOW_FREE &&
		    (flow->state == FLOW_FREE || flow->seen_s < place->seen_s))
			place = flow;
	}
	if (place->state != FLOW_FREE) {
		if (place->state != FLOW_DONE)
			cf_decode_count(decoder, CF_COUNT_FLOWS_EVICTED);
		if (place->stream != NONE)
			give_up(streams, decoder, &streams->streams[place->stream]);
	}
	*place = (struct flow){.tag = tag, .seen_s = now_s, .stream = NONE, .state = FLOW_FREE};
	return place;
}

static struct cf_step_result step(struct segment *segment, struct cf_slice bytes)
{
	return cf_stream_step(
	    segment->decoder, &segment->streams->scratch, &segment->decoder->packet, bytes, false);
}

/*
 * Moves the flow on by one step. False when it is done: either for good, or because it has stepped
 * over enough that was not ours.
 */
static bool move_on(struct flow *flow, struct cf_step_result result)
{
	if (result.step == CF_STEP_STOP || (!result.reported && flow->side_steps >= SIDE_STEPS)) {
		flow->state = FLOW_DONE;
		return false;
	}
	if (!result.reported)
		flow->side_steps = (flow->side_steps + 1) & 0x7f;
	flow->next_seq += (uint32_t)result.amount;
	flow->in_body = result.body;
	return true;
}

/* Shifts the buffer so that position at becomes 0; what was before is dropped. */
static void rebase(const struct cf_streams *streams, struct stream *stream, size_t at)
{
	struct cf_spans *spans = &stream->spans;
	uint8_t *buffer = buffer_of(streams, stream);
	unsigned kept = 0;

	if (at == 0 || spans->count == 0)
		return;
	memmove(buffer, buffer + at, spans->at[spans->count - 1].to - at);
	for (unsigned i = 0; i < spans->count; i++) {
		struct cf_span span = spans->at[i];

		if (span.to <= at)
			continue;
		span.from = (uint16_t)(span.from > at ? span.from - at : 0);
		span.to = (uint16_t)(span.to - at);
		spans->at[kept++] = span;
	}
	spans->count = (uint16_t)kept;
	stream->origin_seq += (uint32_t)at;
	stream->has_candidate = stream->has_candidate && stream->candidate >= at;
	stream->candidate = (uint16_t)(stream->candidate - at);
}

/* Reads as many messages as are whole at the beginning of what waits. */
static void read_waiting(struct segment *segment, struct stream *stream)
{
	struct cf_streams *streams = segment->streams;
	struct flow *flow = segment->flow;

	for (;;) {
		struct cf_slice bytes =
		    held_from(streams, stream, flow->next_seq - stream->origin_seq);
		struct cf_step_result result;
		uint32_t end;

		if (bytes.len == 0 || bytes.len < stream->need)
			return;
		result = step(segment, bytes);
		if (result.step == CF_STEP_MORE) {
			stream->need = result.amount > CF_STREAM_BYTES ? CF_STREAM_BYTES
			                                               : (uint32_t)result.amount;
			if (bytes.len >= CF_STREAM_BYTES) {
				cf_decode_count(segment->decoder, CF_COUNT_STREAMS_TOO_LONG);
				give_up(streams, segment->decoder, stream);
			}
			return;
		}
		stream->need = 0;
		if (!move_on(flow, result)) {
			release(streams, stream);
			return;
		}
		end = stream->spans.at[stream->spans.count - 1].to;
		if (flow->next_seq - stream->origin_seq >= end) {
			release(streams, stream);
			return;
		}
		rebase(streams, stream, flow->next_seq - stream->origin_seq);
	}
}

/* A message that began behind a hole: read once it is whole, without waiting for the hole. */
static void read_candidate(struct segment *segment, struct stream *stream)
{
	struct cf_slice bytes = held_from(segment->streams, stream, stream->candidate);

	if (bytes.len > 0 && step(segment, bytes).step != CF_STEP_MORE)
		stream->has_candidate = false;
}

/*
 * Puts bytes at position at of what waits, as many as there is room for: no message is so long that
 * it needs more. When nothing fits any more the stream is given up, and false returned.
 */
static bool put(struct segment *segment, struct stream *stream, size_t at, struct cf_slice bytes)
{
	stream->taken += (uint32_t)bytes.len;
	if (at < BUFFER_BYTES && bytes.len > BUFFER_BYTES - at)
		bytes.len = BUFFER_BYTES - at;
	if (at < BUFFER_BYTES &&
	    cf_spans_fill(
	        &stream->spans, buffer_of(segment->streams, stream), at, bytes.data, bytes.len))
		return true;
	cf_decode_count(segment->decoder, CF_COUNT_STREAMS_TOO_LONG);
	give_up(segment->streams, segment->decoder, stream);
	return false;
}

/* Bytes exactly at the flow's position, nothing waiting: read where they are. */
static void read_in_place(struct segment *segment, struct cf_slice bytes)
{
	struct flow *flow = segment->flow;

	for (;;) {
		struct cf_step_result result = step(segment, bytes);

		if (result.step == CF_STEP_MORE) {
			struct stream *stream = allocate(segment, false, flow->next_seq);

			stream->need = result.amount > CF_STREAM_BYTES ? CF_STREAM_BYTES
			                                               : (uint32_t)result.amount;
			if (put(segment, stream, 0, bytes) && bytes.len >= CF_STREAM_BYTES)
				read_waiting(
				    segment, stream); /* too long already: it is given up */
			return;
		}
		if (!move_on(flow, result) || result.amount >= bytes.len)
			return;
		bytes.data += result.amount;
		bytes.len -= (size_t)result.amount;
	}
}

/* Starts afresh at this segment, whatever was before. */
static void begin_here(struct segment *segment)
{
	struct stream *stream = waiting(segment);

	if (stream != NULL)
		give_up(segment->streams, segment->decoder, stream);
	segment->flow->state = FLOW_KNOWN;
	segment->flow->next_seq = segment->seq;
	read_in_place(segment, segment->bytes);
}

static bool is_head(const struct segment *segment)
{
	return cf_stream_is_head(&segment->decoder->packet, segment->bytes);
}

/*
 * A segment behind the position goes to what waits: either it continues an unfinished message, or
 * it is behind a hole, and then what begins like a message is read at once all the same.
 */
static void take_ahead(struct segment *segment, uint32_t gap, bool head)
{
	struct stream *stream = waiting(segment);
	size_t at;

	if (gap > CF_STREAM_BYTES) {
		if (stream != NULL)
			give_up(segment->streams, segment->decoder, stream);
		segment->flow->state = FLOW_DONE;
		return;
	}
	if (stream == NULL)
		stream = allocate(segment, false, segment->flow->next_seq);
	at = segment->seq - stream->origin_seq;
	if (!put(segment, stream, at, segment->bytes))
		return;
	if (!stream->has_candidate && head) {
		stream->has_candidate = true;
		stream->candidate = (uint16_t)at;
	}
	if (stream->has_candidate)
		read_candidate(segment, stream);
	read_waiting(segment, stream);
}

/* A segment that begins before the flow's position: a copy, or the position was wrong. */
static void take_behind(struct segment *segment, uint32_t overlap, bool head)
{
	struct stream *stream = waiting(segment);

	if (head && stream == NULL) {
		/* A response's length is no proof of a body, for it may answer HEAD, and positions
		 * may be wrong altogether: believe what the segment shows. */
		begin_here(segment);
		return;
	}
	if (overlap >= segment->bytes.len)
		return;
	segment->seq += overlap;
	segment->bytes.data += overlap;
	segment->bytes.len -= overlap;
	if (stream == NULL)
		read_in_place(segment, segment->bytes);
	else if (put(segment, stream, segment->seq - stream->origin_seq, segment->bytes))
		read_waiting(segment, stream);
}

/*
 * Reports what one segment holds whole, whatever its place in the stream: sequence numbers may be
 * nonsense, and an earlier copy in the buffer something else. True when it did; no state is
 * changed.
 */
static bool read_whole(struct segment *segment)
{
	return step(segment, segment->bytes).reported;
}

static void take_known(struct segment *segment)
{
	int32_t distance = (int32_t)(segment->seq - segment->flow->next_seq);
	struct stream *stream = waiting(segment);
	bool head, whole;

	if (distance == 0 && stream == NULL) {
		read_in_place(segment, segment->bytes);
		return;
	}
	head = is_head(segment);
	if (distance < 0 && head && segment->flow->in_body) {
		/* Inside a body of stated length a request is believed only if it is whole. */
		(void)read_whole(segment); /* reported or not, the position stays */
		head = false;
	}
	if (distance > CF_STREAM_BYTES && head) {
		/* The hole will not be filled any more, or this is another connection. */
		begin_here(segment);
		return;
	}
	whole = head && (distance > 0 || stream != NULL) && read_whole(segment);
	if (distance > 0)
		take_ahead(segment, (uint32_t)distance, head && !whole);
	else if (distance < 0)
		take_behind(segment, (uint32_t) - (int64_t)distance, head);
	else if (put(segment, stream, segment->seq - stream->origin_seq, segment->bytes)) {
		if (stream->has_candidate)
			read_candidate(segment, stream);
		read_waiting(segment, stream);
	}
}

/* The beginning of a message is found at position at of an orphan: from here on it is an ordinary
 * one. */
static void adopt(struct segment *segment, struct stream *stream, size_t at)
{
	rebase(segment->streams, stream, at);
	cf_packet_keep(&stream->kept, &segment->decoder->packet);
	segment->flow->state = FLOW_KNOWN;
	segment->flow->next_seq = stream->origin_seq;
	read_waiting(segment, stream);
}

static void take_orphan(struct segment *segment)
{
	struct stream *stream = waiting(segment);
	const struct cf_span *span;
	size_t at;

	if (stream == NULL)
		stream = allocate(segment, true, segment->seq - CF_STREAM_BYTES);
	at = segment->seq - stream->origin_seq;
	if (at >= BUFFER_BYTES || segment->bytes.len > BUFFER_BYTES - at ||
	    stream->taken > CF_STREAM_BYTES) {
		if (is_head(segment)) {
			begin_here(segment);
			return;
		}
		give_up(segment->streams, segment->decoder, stream);
		return;
	}
	if (!put(segment, stream, at, segment->bytes))
		return;
	if (is_head(segment)) {
		adopt(segment, stream, at);
		return;
	}
	/* Single bytes and the like: what they make together may be a beginning. */
	span = cf_spans_find(&stream->spans, at);
	if (span->to - span->from > (int)segment->bytes.len &&
	    cf_stream_is_head(
	        &segment->decoder->packet, held_from(segment->streams, stream, span->from)))
		adopt(segment, stream, span->from);
}

/* A SYN tells where the stream begins; the same one again changes nothing. */
static void take_syn(struct segment *segment)
{
	struct flow *flow = segment->flow;
	struct stream *stream = waiting(segment);

	segment->seq++;
	if (flow->state == FLOW_KNOWN && flow->next_seq == segment->seq)
		return;
	if (stream != NULL)
		give_up(segment->streams, segment->decoder, stream);
	flow->state = FLOW_KNOWN;
	flow->next_seq = segment->seq;
	flow->side_steps = 0;
}

/*
 * From a well-known port to another: what servers send in the middle of a connection is most of all
 * traffic, and not worth waiting in. DNS is, for its answers.
 */
static bool is_answer(const struct cf_packet *packet)
{
	return packet->src_port < 1024 && packet->dst_port >= 1024 && packet->src_port != 53;
}

void cf_streams_prefetch(const struct cf_streams *streams, uint64_t hash)
{
	__builtin_prefetch(&streams->flows[(hash & (BUCKETS - 1)) * WAYS], 1);
}

void cf_streams_segment(struct cf_streams *streams, struct cf_decoder *decoder, uint64_t hash)
{
	const struct cf_packet *packet = &decoder->packet;
	struct segment segment = {
	    .streams = streams,
	    .decoder = decoder,
	    .flow = find_flow(streams, decoder, hash),
	    .seq = packet->tcp_seq,
	    .bytes = packet->payload,
	};

	if ((packet->tcp_flags & CF_TCP_SYN) != 0)
		take_syn(&segment);
	if (segment.bytes.len == 0)
		return;
	switch ((enum flow_state)segment.flow->state) {
	case FLOW_KNOWN:
		take_known(&segment);
		break;
	case FLOW_ORPHAN:
		take_orphan(&segment);
		break;
	case FLOW_DONE:
		if (is_head(&segment))
			begin_here(&segment);
		break;
	case FLOW_FREE:
		if (is_head(&segment)) {
			begin_here(&segment);
			break;
		}
		if (is_answer(packet)) {
			segment.flow->state = FLOW_DONE;
			break;
		}
		segment.flow->state = FLOW_ORPHAN;
		take_orphan(&segment);
		break;
	}
}

static void reap_pool(struct cf_streams *streams, struct cf_decoder *decoder,
    const struct pool *pool, int64_t before_wall_us)
{
	while (pool->oldest != NONE && streams->streams[pool->oldest].at_wall_us < before_wall_us) {
		if (pool == &streams->known)
			cf_decode_count(decoder, CF_COUNT_STREAMS_EXPIRED);
		give_up(streams, decoder, &streams->streams[pool->oldest]);
	}
}

void cf_streams_reap(struct cf_streams *streams, struct cf_decoder *decoder, int64_t before_wall_us)
{
	reap_pool(streams, decoder, &streams->known, before_wall_us);
	reap_pool(streams, decoder, &streams->orphans, before_wall_us);
}
