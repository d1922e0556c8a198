/* Tables of stream positions and of waiting bytes, both of fixed size. */

#include "monitor/message/stream_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FLOWS_BYTES      (sizeof(struct cf_position) * CF_STREAM_FLOWS)
#define BUFFERS_BYTES    ((size_t)CF_STREAM_COUNT * CF_STREAM_STRIDE)
#define LARGE_PAGE_BYTES (2UL << 20)
#define NO_FLOW          UINT32_MAX

_Static_assert((CF_STREAM_BUCKETS & (CF_STREAM_BUCKETS - 1)) == 0, "buckets are chosen by mask");
_Static_assert((int)CF_STREAM_COUNT < (int)CF_STREAM_NONE, "stream numbers fit 16 bits");

static void *map_zeroed(size_t len)
{
	void *map = mmap(
	    NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static struct cf_stream_pool pool_of_places(unsigned from, unsigned until)
{
	return (struct cf_stream_pool){.oldest = CF_STREAM_NONE,
	    .newest = CF_STREAM_NONE,
	    .free = CF_STREAM_NONE,
	    .fresh = (uint16_t)from,
	    .until = (uint16_t)until};
}

/*
 * Every segment looks into the flows at random: on a large page, which must be aligned, that saves
 * a walk of the page tables. Where the kernel has none to give, nothing is lost.
 */
static void place_flows(struct cf_streams *streams)
{
	uintptr_t at = (uintptr_t)streams->flows_map;

	at = (at + LARGE_PAGE_BYTES - 1) & ~(uintptr_t)(LARGE_PAGE_BYTES - 1);
	streams->flows = (struct cf_position *)at;
	(void)madvise(streams->flows, FLOWS_BYTES, MADV_HUGEPAGE);
}

enum cf_status cf_streams_new(struct cf_streams **streams_out)
{
	struct cf_streams *streams = calloc(1, sizeof *streams);

	if (streams == NULL)
		return CF_ENOMEM;
	streams->flows_map = map_zeroed(FLOWS_BYTES + LARGE_PAGE_BYTES);
	streams->buffers = map_zeroed(BUFFERS_BYTES);
	if (streams->flows_map == NULL || streams->buffers == NULL) {
		cf_streams_free(streams);
		return CF_ENOMEM;
	}
	place_flows(streams);
	streams->known = pool_of_places(0, CF_STREAMS);
	streams->orphans = pool_of_places(CF_STREAMS, CF_STREAM_COUNT);
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
		(void)munmap(streams->buffers, BUFFERS_BYTES);
	free(streams);
}

static struct cf_stream_pool *pool_of(struct cf_streams *streams, const struct cf_stream *stream)
{
	return stream->orphan ? &streams->orphans : &streams->known;
}

void cf_stream_release(struct cf_streams *streams, struct cf_stream *stream)
{
	struct cf_stream_pool *pool = pool_of(streams, stream);

	if (stream->older == CF_STREAM_NONE)
		pool->oldest = stream->newer;
	else
		streams->streams[stream->older].newer = stream->newer;
	if (stream->newer == CF_STREAM_NONE)
		pool->newest = stream->older;
	else
		streams->streams[stream->newer].older = stream->older;
	stream->flow = NO_FLOW;
	stream->newer = pool->free;
	pool->free = (uint16_t)(stream - streams->streams);
}

struct cf_slice cf_stream_held(
    const struct cf_streams *streams, const struct cf_stream *stream, size_t at)
{
	const struct cf_byte_span *span = cf_spans_find(&stream->spans, at);

	if (span == NULL)
		return (struct cf_slice){.data = NULL};
	return (struct cf_slice){
	    .data = cf_stream_buffer(streams, stream) + at, .len = span->to - at};
}

/* Reads the message that begins at position at, as far as it came. */
static void read_last(
    struct cf_streams *streams, struct cf_decoder *decoder, struct cf_stream *stream, size_t at)
{
	struct cf_slice bytes = cf_stream_held(streams, stream, at);

	struct cf_stream_view view;

	if (bytes.len == 0)
		return;
	view = cf_stream_view_of(
	    streams, decoder, &streams->flows[stream->flow], &stream->kept.packet, bytes);
	view.final = true;
	if (at != streams->flows[stream->flow].next_seq - stream->origin_seq) {
		view.mode = CF_MODE_MESSAGE;
		view.unsure = true;
		if (!cf_stream_head_allowed(cf_stream_head(&stream->kept.packet, bytes), &view))
			return;
	}
	(void)cf_stream_step(decoder, &streams->scratch, &stream->kept.packet, &view,
	    bytes); /* there is nobody to go on with the result */
}

void cf_stream_give_up(
    struct cf_streams *streams, struct cf_decoder *decoder, struct cf_stream *stream)
{
	struct cf_position *flow = &streams->flows[stream->flow];
	size_t at = flow->next_seq - stream->origin_seq;

	if (flow->state == CF_STREAM_KNOWN && at < CF_STREAM_ROOM)
		read_last(streams, decoder, stream, at);
	if (stream->has_candidate)
		read_last(streams, decoder, stream, stream->candidate);
	flow->state = CF_STREAM_DONE;
	cf_stream_release(streams, stream);
}

/* Makes room in a pool. An orphan is dropped unread, and its flow not even told: see _waiting(). */
static void evict(
    struct cf_streams *streams, struct cf_decoder *decoder, struct cf_stream_pool *pool)
{
	struct cf_stream *oldest = &streams->streams[pool->oldest];

	if (pool == &streams->orphans) {
		cf_decode_count(decoder, CF_COUNT_TAILS_EVICTED);
		cf_stream_release(streams, oldest);
		return;
	}
	cf_decode_count(decoder, CF_COUNT_STREAMS_EVICTED);
	cf_stream_give_up(streams, decoder, oldest);
}

static struct cf_stream *take_place(
    struct cf_streams *streams, struct cf_decoder *decoder, struct cf_stream_pool *pool)
{
	struct cf_stream *stream;

	if (pool->free == CF_STREAM_NONE && pool->fresh < pool->until)
		return &streams->streams[pool->fresh++];
	if (pool->free == CF_STREAM_NONE)
		evict(streams, decoder, pool);
	stream = &streams->streams[pool->free];
	pool->free = stream->newer;
	return stream;
}

struct cf_stream *cf_stream_allocate(struct cf_streams *streams, struct cf_decoder *decoder,
    struct cf_position *flow, bool orphan, uint32_t origin_seq)
{
	struct cf_stream_pool *pool = orphan ? &streams->orphans : &streams->known;
	struct cf_stream *stream;

	stream = take_place(streams, decoder, pool);
	stream->orphan = orphan;
	stream->older = pool->newest;
	stream->newer = CF_STREAM_NONE;
	if (pool->newest == CF_STREAM_NONE)
		pool->oldest = (uint16_t)(stream - streams->streams);
	else
		streams->streams[pool->newest].newer = (uint16_t)(stream - streams->streams);
	pool->newest = (uint16_t)(stream - streams->streams);
	stream->has_candidate = false;
	stream->flow = (uint32_t)(flow - streams->flows);
	stream->origin_seq = origin_seq;
	stream->need = stream->taken = stream->searched = 0;
	stream->wait = CF_WAIT_BYTES;
	stream->at_wall_us = decoder->packet.at_wall_us;
	stream->spans.count = 0;
	/* An orphan has nothing to report until its beginning is found. */
	if (!orphan)
		cf_packet_keep(&stream->kept, &decoder->packet);
	flow->stream = (uint16_t)(stream - streams->streams);
	return stream;
}

struct cf_stream *cf_stream_waiting(struct cf_streams *streams, const struct cf_position *flow)
{
	struct cf_stream *stream;

	if (flow->stream == CF_STREAM_NONE)
		return NULL;
	stream = &streams->streams[flow->stream];
	return stream->flow == (uint32_t)(flow - streams->flows) ? stream : NULL;
}

struct cf_position *cf_stream_position(
    struct cf_streams *streams, struct cf_decoder *decoder, uint64_t hash)
{
	struct cf_position *bucket =
	                       &streams->flows[(hash & (CF_STREAM_BUCKETS - 1)) * CF_STREAM_WAYS],
	                   *place = bucket;
	uint32_t tag = (uint32_t)(hash >> 32),
	         now_s = (uint32_t)(decoder->packet.at_wall_us / 1000000);
	struct cf_stream *stream;

	for (unsigned i = 0; i < CF_STREAM_WAYS; i++) {
		struct cf_position *flow = &bucket[i];

		if (flow->tag == tag && flow->state != CF_STREAM_FREE) {
			flow->seen_s = now_s;
			return flow;
		}
		if (place->state != CF_STREAM_FREE &&
		    (flow->state == CF_STREAM_FREE || flow->seen_s < place->seen_s))
			place = flow;
	}
	if (place->state != CF_STREAM_FREE) {
		stream = cf_stream_waiting(streams, place);
		/* A port scan must not look like a table that is too small. */
		if (place->opening && stream == NULL)
			cf_decode_count(decoder, CF_COUNT_OPENINGS_EVICTED);
		else if (place->state == CF_STREAM_KNOWN || place->state == CF_STREAM_ORPHAN)
			cf_decode_count(decoder, CF_COUNT_POSITIONS_EVICTED);
		if (stream != NULL)
			cf_stream_give_up(streams, decoder, stream);
	}
	*place = (struct cf_position){
	    .tag = tag, .seen_s = now_s, .stream = CF_STREAM_NONE, .state = CF_STREAM_FREE};
	return place;
}

struct cf_position *cf_stream_known(const struct cf_streams *streams, uint64_t hash)
{
	struct cf_position *bucket =
	    &streams->flows[(hash & (CF_STREAM_BUCKETS - 1)) * CF_STREAM_WAYS];
	uint32_t tag = (uint32_t)(hash >> 32);

	for (unsigned i = 0; i < CF_STREAM_WAYS; i++)
		if (bucket[i].tag == tag && bucket[i].state != CF_STREAM_FREE)
			return &bucket[i];
	return NULL;
}

/* The ports of services that speak in lines and carry whatever people write. */
static bool is_text_port(uint16_t port)
{
	switch (port) {
	case 20:
	case 21:
	case 25:
	case 110:
	case 119:
	case 143:
	case 465:
	case 587:
		return true;
	default:
		return false;
	}
}

/* Nobody saw who began: well-known ports are those of servers. */
static enum cf_side side_by_ports(const struct cf_packet *packet)
{
	if (packet->src_port < 1024 && packet->dst_port >= 1024)
		return CF_SIDE_ANSWERED;
	if (packet->dst_port < 1024 && packet->src_port >= 1024)
		return CF_SIDE_BEGAN;
	return CF_SIDE_UNKNOWN;
}

struct cf_stream_view cf_stream_view_of(const struct cf_streams *streams,
    const struct cf_decoder *decoder, const struct cf_position *flow,
    const struct cf_packet *packet, struct cf_slice bytes)
{
	struct cf_stream_view view = {.side = (enum cf_side)flow->side,
	    .mode = (enum cf_stream_mode)flow->mode,
	    .asked = CF_ASKED_UNKNOWN,
	    .first = flow->opening,
	    .unsure = !flow->sure,
	    .text = flow->text,
	    .dns = flow->dns};
	const struct cf_position *other;

	if (!flow->sure && (is_text_port(packet->src_port) || is_text_port(packet->dst_port)))
		view.text = true;
	/* What the other side does is no matter to who asks, nor within a body. */
	if (view.side == CF_SIDE_BEGAN || view.mode != CF_MODE_MESSAGE ||
	    (view.side == CF_SIDE_ANSWERED && bytes.data[0] != 'H'))
		return view;
	other = cf_stream_known(streams, cf_packet_hash_back(decoder, packet));
	if (other != NULL && other->state == CF_STREAM_KNOWN && other->sure && !other->opening)
		view.asked = (enum cf_asked)other->asked;
	if (view.side == CF_SIDE_UNKNOWN && other != NULL && other->side != CF_SIDE_UNKNOWN)
		view.side = other->side == CF_SIDE_BEGAN ? CF_SIDE_ANSWERED : CF_SIDE_BEGAN;
	if (view.side == CF_SIDE_UNKNOWN)
		view.side = side_by_ports(packet);
	return view;
}

void cf_stream_rebase(const struct cf_streams *streams, struct cf_stream *stream, size_t at)
{
	struct cf_spans *spans = &stream->spans;
	uint8_t *buffer = cf_stream_buffer(streams, stream);
	unsigned kept = 0;

	if (at == 0 || spans->count == 0)
		return;
	memmove(buffer, buffer + at, spans->at[spans->count - 1].to - at);
	for (unsigned i = 0; i < spans->count; i++) {
		struct cf_byte_span span = spans->at[i];

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

void cf_streams_prefetch(const struct cf_streams *streams, uint64_t hash)
{
	__builtin_prefetch(&streams->flows[(hash & (CF_STREAM_BUCKETS - 1)) * CF_STREAM_WAYS], 1);
}

static void reap_pool(struct cf_streams *streams, struct cf_decoder *decoder,
    const struct cf_stream_pool *pool, int64_t before_wall_us)
{
	while (pool->oldest != CF_STREAM_NONE &&
	    streams->streams[pool->oldest].at_wall_us < before_wall_us) {
		if (pool == &streams->known)
			cf_decode_count(decoder, CF_COUNT_STREAMS_EXPIRED);
		cf_stream_give_up(streams, decoder, &streams->streams[pool->oldest]);
	}
}

void cf_streams_reap(struct cf_streams *streams, struct cf_decoder *decoder, int64_t before_wall_us)
{
	reap_pool(streams, decoder, &streams->known, before_wall_us);
	reap_pool(streams, decoder, &streams->orphans, before_wall_us);
}
