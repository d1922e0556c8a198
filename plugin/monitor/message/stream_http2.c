#include "monitor/message/stream_http2.h"

#include "monitor/message/decode_http2.h"
#include "monitor/packet/decoding.h"

struct cf_step_result cf_step_http2_begin(
    struct cf_decoder *decoder, const struct cf_packet *packet)
{
	struct cf_step_result result = cf_step_advance(CF_HTTP2_PREFACE_BYTES, false);
	bool evicted;

	if (!cf_http2_begin(decoder->http2, cf_packet_hash(decoder, packet), &evicted))
		return cf_step_stop(false);
	if (evicted)
		cf_decode_count(decoder, CF_COUNT_HTTP2_EVICTED);
	result.mode = CF_MODE_HTTP2;
	return cf_step_from_side(result, CF_SIDE_BEGAN);
}

static void report(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_http_request *request)
{
	request->unsure = view->unsure;
	request->ends = cf_endpoints_of(packet, true);
	cf_decode_count(decoder, CF_COUNT_HTTP_REQUESTS);
	if (decoder->observer.http_request != NULL)
		decoder->observer.http_request(decoder->observer.context, packet, request);
}

/* Over frames that are not needed, as many as stand here; they may be of no bytes, and thousands.
 */
static struct cf_step_result skip_frames(struct cf_slice bytes)
{
	struct cf_step_result result;
	size_t at = 0;

	while (at < bytes.len && bytes.len - at >= CF_HTTP2_HEAD_BYTES) {
		struct cf_slice rest = {.data = bytes.data + at, .len = bytes.len - at};
		struct cf_http2_frame frame = cf_http2_frame_read(rest);

		if (frame.has_headers)
			break;
		at += frame.total_bytes;
	}
	result = cf_step_advance(at, false);
	result.mode = CF_MODE_HTTP2;
	result.body = at > bytes.len;
	return result;
}

struct cf_step_result cf_step_http2(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	struct cf_http_request request = {.complete = false};
	struct cf_http2_frame frame;
	struct cf_step_result result;
	enum cf_reading reading;

	if (bytes.len < CF_HTTP2_HEAD_BYTES)
		return cf_step_more(CF_HTTP2_HEAD_BYTES, view->final);
	frame = cf_http2_frame_read(bytes);
	if (!frame.has_headers)
		return skip_frames(bytes);
	result = cf_step_advance(frame.total_bytes, false);
	result.mode = CF_MODE_HTTP2;
	result.body = frame.total_bytes > bytes.len;
	if (frame.total_bytes <= CF_STREAM_BYTES && bytes.len < frame.total_bytes)
		return cf_step_more(frame.total_bytes, view->final);
	reading = frame.total_bytes > CF_STREAM_BYTES
	    ? CF_READING_BAD
	    : cf_http2_headers_read(
	          decoder->http2, cf_packet_hash(decoder, packet), &frame, bytes, &request);
	if (reading == CF_READING_BAD) {
		cf_decode_count(decoder, CF_COUNT_HTTP2_LOST);
		return cf_step_stop(false);
	}
	result.reported = reading == CF_READING_DONE && request.method.len > 0;
	if (result.reported)
		report(decoder, packet, view, &request);
	return cf_step_from_side(result, CF_SIDE_BEGAN);
}
