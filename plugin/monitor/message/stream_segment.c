/*
 * TCP segments to messages: positions of streams, and bytes that wait. One file: the position of a
 * direction and the bytes that wait for it change together at each segment.
 */

#include "monitor/message/streams.h"

#include "monitor/message/head_lines.h"
#include "monitor/message/stream_table.h"

#include <string.h>

/* Things stepped over that are not ours, per flow. */
#define SIDE_STEPS 16
/* A segment filled to the path's limit, or nearly. */
#define LARGE_SEGMENT_BYTES 1300

/* What one segment's handling needs at hand. */
struct segment {
	struct cf_streams *streams;
	struct cf_decoder *decoder;
	struct cf_position *flow;
	uint32_t seq;
	struct cf_slice bytes;
};

/*
 * Notes what a message tells of its direction, and of what the other one will answer. An answer to
 * a request that is one of several cannot be told from the others.
 */
static void learn(struct segment *segment, const struct cf_step_result *result)
{
	struct cf_position *flow = segment->flow;

	if (flow->side == CF_SIDE_UNKNOWN)
		flow->side = result->side & 3;
	if (result->side == CF_SIDE_BEGAN) {
		if (flow->asked != CF_ASKED_OTHER && flow->asked != result->asked)
			flow->asked = CF_ASKED_UNKNOWN;
		else
			flow->asked = result->asked & 3;
	} else if (result->final_response) {
		struct cf_position *other = cf_stream_known(segment->streams,
		    cf_packet_hash_back(segment->decoder, &segment->decoder->packet));

		if (other != NULL && other->asked != CF_ASKED_UNKNOWN)
			other->asked = CF_ASKED_OTHER;
	}
}

/* One step at a place of the segment's flow: in_order, its position; else any other. */
static struct cf_step_result step(struct segment *segment, struct cf_slice bytes, bool in_order)
{
	struct cf_streams *streams = segment->streams;
	struct cf_decoder *decoder = segment->decoder;
	struct cf_stream_view view =
	    cf_stream_view_of(streams, decoder, segment->flow, &decoder->packet, bytes);
	struct cf_step_result result;

	if (!in_order) {
		view.mode = CF_MODE_MESSAGE;
		view.unsure = true;
		view.first = false;
	}
	result = cf_stream_step(decoder, &streams->scratch, &decoder->packet, &view, bytes);
	if (result.reported)
		learn(segment, &result);
	return result;
}

/*
 * Moves the flow on by one step. False when it is done: either for good, or because it has stepped
 * over enough that was not ours.
 */
static bool move_on(struct cf_position *flow, struct cf_step_result result)
{
	bool framed = flow->mode != CF_MODE_MESSAGE;

	flow->opening = 0;
	flow->text |= result.text;
	flow->dns |= result.dns;
	if (result.step == CF_STEP_DEAF) {
		flow->state = CF_STREAM_DEAF;
		return false;
	}
	if (result.step == CF_STEP_STOP ||
	    (!result.reported && !framed && flow->side_steps >= SIDE_STEPS)) {
		flow->state = CF_STREAM_DONE;
		flow->mode = CF_MODE_MESSAGE;
		flow->sure = 0;
		return false;
	}
	if (!result.reported && !framed)
		flow->side_steps = (flow->side_steps + 1) & 0x1f;
	flow->next_seq += (uint32_t)result.amount;
	flow->mode = result.mode & 3;
	flow->bodied |= result.body;
	return true;
}

/*
 * Bytes in the bodies of the TLS records held, from where the last walk ended; UINT32_MAX when
 * there is another record among them.
 */
static uint32_t walk_records(struct cf_stream *stream, struct cf_slice held, uint32_t at)
{
	size_t from = stream->searched - at, body, left = 0;
	uint32_t gathered = stream->gathered;

	for (; held.len - from >= 5; from += 5 + body, gathered += (uint32_t)body) {
		body = (size_t)held.data[from + 3] << 8 | held.data[from + 4];
		left = held.len - from - 5;
		if (held.data[from] != 0x16)
			return UINT32_MAX;
		if (body > left)
			break;
		left = 0;
	}
	stream->gathered = gathered;
	stream->searched = at + (uint32_t)from;
	return gathered + (uint32_t)left;
}

/*
 * Whether what waits, held from the position on, is worth another look. Ends of lines and heads are
 * looked for only in what has come since: a head in segments of one byte is not read anew for each.
 */
static bool is_worth_a_look(struct cf_stream *stream, struct cf_slice held, uint32_t at)
{
	size_t from;

	if (held.len < stream->need)
		return false;
	if (stream->wait == CF_WAIT_BYTES || held.len >= CF_STREAM_BYTES)
		return true;
	if (stream->wait == CF_WAIT_RECORDS)
		return walk_records(stream, held, at) >= stream->wanted;
	from = stream->searched > at ? stream->searched - at : 0;
	if (stream->wait == CF_WAIT_LINE
	        ? from < held.len && memchr(held.data + from, '\n', held.len - from) != NULL
	        : cf_head_lines_blank(held.data, from, held.len) > 0)
		return true;
	stream->searched = at + (uint32_t)held.len;
	return false;
}

static void wait_for(struct cf_stream *stream, const struct cf_step_result *result,
    struct cf_slice held, uint32_t at)
{
	stream->need =
	    result->amount > CF_STREAM_BYTES ? CF_STREAM_BYTES : (uint32_t)result->amount;
	stream->wait = result->wait;
	stream->searched = at + (uint32_t)held.len;
	if (result->wait != CF_WAIT_RECORDS)
		return;
	stream->searched = at;
	stream->gathered = 0;
	stream->wanted = walk_records(stream, held, at) + stream->need - (uint32_t)held.len;
}

/* Reads as many messages as are whole at the beginning of what waits. */
static void read_waiting(struct segment *segment, struct cf_stream *stream)
{
	struct cf_streams *streams = segment->streams;
	struct cf_position *flow = segment->flow;

	for (;;) {
		uint32_t at = flow->next_seq - stream->origin_seq, end;
		struct cf_slice bytes = cf_stream_held(streams, stream, at);
		struct cf_step_result result;

		if (bytes.len == 0 || !is_worth_a_look(stream, bytes, at))
			return;
		result = step(segment, bytes, true);
		if (result.step == CF_STEP_MORE) {
			wait_for(stream, &result, bytes, at);
			if (bytes.len >= CF_STREAM_BYTES) {
				cf_decode_count(segment->decoder, CF_COUNT_STREAMS_TOO_LONG);
				cf_stream_give_up(streams, segment->decoder, stream);
			}
			return;
		}
		stream->need = 0;
		stream->wait = CF_WAIT_BYTES;
		if (!move_on(flow, result)) {
			cf_stream_release(streams, stream);
			return;
		}
		end = stream->spans.at[stream->spans.count - 1].to;
		if (flow->next_seq - stream->origin_seq >= end) {
			cf_stream_release(streams, stream);
			return;
		}
		cf_stream_rebase(streams, stream, flow->next_seq - stream->origin_seq);
	}
}

/* A message that began behind a hole: read once it is whole, without waiting for the hole. */
static void read_candidate(struct segment *segment, struct cf_stream *stream)
{
	struct cf_slice bytes = cf_stream_held(segment->streams, stream, stream->candidate);
	struct cf_step_result result;

	if (bytes.len < stream->candidate_need)
		return;
	result = step(segment, bytes, false);
	if (result.step != CF_STEP_MORE)
		stream->has_candidate = false;
	/* Whether an end of line came is not followed here: an eighth more is worth a look. */
	stream->candidate_need = result.wait == CF_WAIT_BYTES && result.amount <= CF_STREAM_BYTES
	    ? (uint32_t)result.amount
	    : (uint32_t)(bytes.len + 1 + bytes.len / 8);
}

/*
 * Puts bytes at position at of what waits, as many as there is room for: no message is so long that
 * it needs more. When nothing fits any more the stream is given up, and false returned.
 */
static bool put(struct segment *segment, struct cf_stream *stream, size_t at, struct cf_slice bytes)
{
	stream->taken += (uint32_t)bytes.len;
	if (at < CF_STREAM_ROOM && bytes.len > CF_STREAM_ROOM - at)
		bytes.len = CF_STREAM_ROOM - at;
	if (at < CF_STREAM_ROOM &&
	    cf_spans_fill(&stream->spans, cf_stream_buffer(segment->streams, stream), at,
	        bytes.data, bytes.len))
		return true;
	cf_decode_count(segment->decoder, CF_COUNT_STREAMS_TOO_LONG);
	cf_stream_give_up(segment->streams, segment->decoder, stream);
	return false;
}

/* Bytes exactly at the flow's position, nothing waiting: read where they are. */
static void read_in_place(struct segment *segment, struct cf_slice bytes)
{
	struct cf_position *flow = segment->flow;

	for (;;) {
		struct cf_step_result result = step(segment, bytes, true);

		if (result.step == CF_STEP_MORE) {
			struct cf_stream *stream = cf_stream_allocate(segment->streams,
			    segment->decoder, segment->flow, false, flow->next_seq);

			wait_for(stream, &result, bytes, 0);
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
	struct cf_stream *stream = cf_stream_waiting(segment->streams, segment->flow);

	if (stream != NULL)
		cf_stream_give_up(segment->streams, segment->decoder, stream);
	segment->flow->state = CF_STREAM_KNOWN;
	segment->flow->mode = CF_MODE_MESSAGE;
	segment->flow->sure = segment->flow->opening = 0;
	segment->flow->next_seq = segment->seq;
	read_in_place(segment, segment->bytes);
}

/* What begins like a message here, and may come from this side. */
static bool is_head_at(const struct segment *segment, struct cf_slice bytes)
{
	const struct cf_packet *packet = &segment->decoder->packet;
	enum cf_head head = cf_stream_head(packet, bytes);
	struct cf_stream_view view;

	if (head == CF_HEAD_NONE)
		return false;
	view = cf_stream_view_of(segment->streams, segment->decoder, segment->flow, packet, bytes);
	view.first = false;
	return cf_stream_head_allowed(head, &view);
}

static inline bool is_head(const struct segment *segment)
{
	return cf_stream_may_be_head(&segment->decoder->packet, segment->bytes) &&
	    is_head_at(segment, segment->bytes);
}

/*
 * A segment behind the position goes to what waits: either it continues an unfinished message, or
 * it is behind a hole, and then what begins like a message is read at once all the same.
 */
static void take_ahead(struct segment *segment, uint32_t gap, bool head)
{
	struct cf_stream *stream = cf_stream_waiting(segment->streams, segment->flow);
	size_t at;

	if (gap > CF_STREAM_BYTES) {
		if (stream != NULL)
			cf_stream_give_up(segment->streams, segment->decoder, stream);
		segment->flow->state = CF_STREAM_DONE;
		return;
	}
	if (stream == NULL)
		stream = cf_stream_allocate(segment->streams, segment->decoder, segment->flow,
		    false, segment->flow->next_seq);
	at = segment->seq - stream->origin_seq;
	if (!put(segment, stream, at, segment->bytes))
		return;
	if (!stream->has_candidate && head) {
		stream->has_candidate = true;
		stream->candidate_need = 1;
		stream->candidate = (uint16_t)at;
	}
	if (stream->has_candidate)
		read_candidate(segment, stream);
	read_waiting(segment, stream);
}

/* A segment that begins before the flow's position: a copy, or the position was wrong. */
static void take_behind(struct segment *segment, uint32_t overlap, bool head)
{
	struct cf_stream *stream = cf_stream_waiting(segment->streams, segment->flow);

	if (head && stream == NULL && !segment->flow->bodied) {
		/* Positions may be wrong altogether: believe what the segment shows. */
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
	return step(segment, segment->bytes, false).reported;
}

static void take_known(struct segment *segment)
{
	int32_t distance = (int32_t)(segment->seq - segment->flow->next_seq);
	struct cf_stream *stream = cf_stream_waiting(segment->streams, segment->flow);
	bool head, whole;

	if (distance == 0 && stream == NULL) {
		read_in_place(segment, segment->bytes);
		return;
	}
	head = is_head(segment);
	/* What lies within a body, or may lie within one that is under way, is no message. */
	if (segment->flow->bodied &&
	    (distance < 0 ||
	        (distance <= CF_STREAM_BYTES && segment->flow->mode != CF_MODE_MESSAGE)))
		head = false;
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
static void adopt(struct segment *segment, struct cf_stream *stream, size_t at)
{
	cf_stream_rebase(segment->streams, stream, at);
	cf_packet_keep(&stream->kept, &segment->decoder->packet);
	segment->flow->state = CF_STREAM_KNOWN;
	segment->flow->mode = CF_MODE_MESSAGE;
	segment->flow->sure = segment->flow->opening = 0;
	segment->flow->next_seq = stream->origin_seq;
	stream->searched = 0;
	read_waiting(segment, stream);
}

static void take_orphan(struct segment *segment)
{
	struct cf_stream *stream = cf_stream_waiting(segment->streams, segment->flow);
	const struct cf_byte_span *span;
	size_t at;

	if (stream == NULL && segment->flow->stream != CF_STREAM_NONE) {
		/* Dropped for another: this one had its time. */
		segment->flow->state = CF_STREAM_DONE;
		if (is_head(segment))
			begin_here(segment);
		return;
	}
	if (stream == NULL)
		stream = cf_stream_allocate(segment->streams, segment->decoder, segment->flow, true,
		    segment->seq - CF_STREAM_BYTES);
	at = segment->seq - stream->origin_seq;
	if (at >= CF_STREAM_ROOM || segment->bytes.len > CF_STREAM_ROOM - at ||
	    stream->taken > CF_STREAM_BYTES) {
		if (is_head(segment)) {
			begin_here(segment);
			return;
		}
		cf_stream_give_up(segment->streams, segment->decoder, stream);
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
	    is_head_at(segment, cf_stream_held(segment->streams, stream, span->from)))
		adopt(segment, stream, span->from);
}

/* A SYN tells where the stream begins; the same one again changes nothing. */
static void take_syn(struct segment *segment)
{
	struct cf_position *flow = segment->flow;
	struct cf_stream *stream = cf_stream_waiting(segment->streams, segment->flow);

	segment->seq++;
	if (flow->state == CF_STREAM_KNOWN && flow->next_seq == segment->seq)
		return;
	if (stream != NULL)
		cf_stream_give_up(segment->streams, segment->decoder, stream);
	*flow = (struct cf_position){.tag = flow->tag,
	    .seen_s = flow->seen_s,
	    .stream = CF_STREAM_NONE,
	    .state = CF_STREAM_KNOWN,
	    .next_seq = segment->seq,
	    .sure = 1,
	    .opening = 1};
	flow->side = (segment->decoder->packet.tcp_flags & CF_TCP_ACK) != 0 ? CF_SIDE_ANSWERED
	                                                                    : CF_SIDE_BEGAN;
}

/*
 * True when a segment of an unknown stream is certainly from the middle of one that is past all we
 * read:
 *
 * - TLS records that are no handshakes and fill the segment, or one that fills a large segment and
 * goes on behind it. Less would not do: a ClientHello cut behind its length may look like such a
 * record.
 * - What a server sends from a well-known port, which is most of all traffic; but DNS for its
 * answers.
 */
static bool is_midstream(const struct cf_packet *packet, struct cf_slice bytes)
{
	if (packet->src_port < 1024 && packet->dst_port >= 1024 && packet->src_port != 53)
		return true;
	while (bytes.len >= 5 && bytes.data[0] >= 0x14 && bytes.data[0] <= 0x17 &&
	    bytes.data[0] != 0x16 && bytes.data[1] == 3 && bytes.data[2] <= 4) {
		size_t record = 5 + ((size_t)bytes.data[3] << 8 | bytes.data[4]);

		if (record >= bytes.len)
			return record == bytes.len || bytes.len >= LARGE_SEGMENT_BYTES;
		bytes.data += record;
		bytes.len -= record;
	}
	return false;
}

void cf_streams_segment(struct cf_streams *streams, struct cf_decoder *decoder, uint64_t hash)
{
	const struct cf_packet *packet = &decoder->packet;
	struct segment segment = {
	    .streams = streams,
	    .decoder = decoder,
	    .flow = cf_stream_position(streams, decoder, hash),
	    .seq = packet->tcp_seq,
	    .bytes = packet->payload,
	};

	if ((packet->tcp_flags & CF_TCP_SYN) != 0)
		take_syn(&segment);
	if (segment.bytes.len == 0)
		return;
	switch ((enum cf_stream_state)segment.flow->state) {
	case CF_STREAM_KNOWN:
		take_known(&segment);
		break;
	case CF_STREAM_ORPHAN:
		take_orphan(&segment);
		break;
	case CF_STREAM_DONE:
		if (is_head(&segment))
			begin_here(&segment);
		break;
	case CF_STREAM_DEAF:
		break;
	case CF_STREAM_FREE:
		if (is_head(&segment)) {
			begin_here(&segment);
			break;
		}
		if (is_midstream(packet, segment.bytes)) {
			segment.flow->state = CF_STREAM_DONE;
			break;
		}
		segment.flow->state = CF_STREAM_ORPHAN;
		take_orphan(&segment);
		break;
	}
}
