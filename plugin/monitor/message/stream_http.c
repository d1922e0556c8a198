/* HTTP/1 in a stream. */

#include "monitor/message/stream_http.h"

#include "monitor/message/decode_http.h"
#include "monitor/message/head_lines.h"
#include "monitor/packet/decoding.h"

#include <string.h>

enum {
	/* A chunk's size with its extensions, and a trailer field: longer ones are nonsense. */
	CHUNK_LINE_BYTES = 1024,
	TRAILER_BYTES = 8192,
};

/* On to what stands behind a head. */
static struct cf_step_result step_over(
    const struct cf_http_framing *framing, size_t held_bytes, bool certain)
{
	struct cf_step_result result;

	switch (framing->body) {
	case CF_HTTP_BODY_NONE:
		return cf_step_advance(framing->head_bytes, true);
	case CF_HTTP_BODY_LENGTH:
		if (framing->body_bytes > UINT32_MAX / 4 - framing->head_bytes && certain)
			break; /* further than sequence numbers reach */
		result = cf_step_advance(framing->head_bytes + framing->body_bytes, true);
		result.body = certain && result.amount > held_bytes;
		return result;
	case CF_HTTP_BODY_CHUNKED:
		result = cf_step_advance(framing->head_bytes, true);
		result.mode = CF_MODE_CHUNK;
		result.body = certain;
		return result;
	case CF_HTTP_BODY_CLOSE:
		/* What answers CONNECT has no body whatever it says; nor does it say anything. */
		if (!certain && !framing->has_type)
			return cf_step_stop(true);
		break;
	case CF_HTTP_BODY_UNKNOWN:
		return cf_step_stop(true);
	}
	return (struct cf_step_result){
	    .step = certain ? CF_STEP_DEAF : CF_STEP_STOP, .reported = true};
}

static enum cf_asked asked_by(const struct cf_http_request *request)
{
	if (request->method.len == 4 && memcmp(request->method.data, "HEAD", 4) == 0)
		return CF_ASKED_HEAD;
	if (request->method.len == 7 && memcmp(request->method.data, "CONNECT", 7) == 0)
		return CF_ASKED_CONNECT;
	return CF_ASKED_OTHER;
}

/* Bytes of the line at the beginning, its feed included; 0 while that is not there. */
static size_t line_bytes(struct cf_slice bytes, size_t from)
{
	const uint8_t *feed =
	    from < bytes.len ? memchr(bytes.data + from, '\n', bytes.len - from) : NULL;

	return feed == NULL ? 0 : (size_t)(feed - bytes.data) + 1;
}

/* What is read of a head: all of it, or as long as the rest is still to come its first line. */
static struct cf_slice readable(struct cf_slice bytes, bool final)
{
	size_t line = 0;

	if (!final && cf_head_lines_blank(bytes.data, 0, bytes.len) == 0)
		line = line_bytes(bytes, 0);
	if (line > 0)
		bytes.len = line;
	return bytes;
}

struct cf_step_result cf_step_request(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	struct cf_http_request request = {.unsure = view->unsure};
	struct cf_http_framing framing;
	struct cf_step_result result;
	enum cf_reading reading =
	    cf_http_request_read(readable(bytes, view->final), &request, &framing);

	if (reading == CF_READING_MORE && !view->final)
		return cf_step_more_lines(bytes, CF_WAIT_BLANK, false);
	if (reading == CF_READING_BAD || (reading == CF_READING_MORE && request.host.len == 0))
		return cf_step_stop(false);
	request.ends = cf_endpoints_of(packet, true);
	cf_decode_count(decoder, CF_COUNT_HTTP_REQUESTS);
	if (request.fields_left_out)
		cf_decode_count(decoder, CF_COUNT_HTTP_FIELDS_LEFT_OUT);
	if (decoder->observer.http_request != NULL)
		decoder->observer.http_request(decoder->observer.context, packet, &request);
	result =
	    reading == CF_READING_MORE ? cf_step_stop(true) : step_over(&framing, bytes.len, true);
	if (view->final)
		return cf_step_stop(true);
	result.asked = asked_by(&request);
	return cf_step_from_side(result, CF_SIDE_BEGAN);
}

struct cf_step_result cf_step_response(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	struct cf_http_response response = {.code = 0};
	struct cf_http_framing framing = {.head_bytes = 0};
	bool connected = view->asked == CF_ASKED_CONNECT && bytes.len > 9 && bytes.data[9] == '2';
	struct cf_step_result result;
	enum cf_reading reading;

	if (decoder->observer.http_response == NULL)
		return cf_step_stop(false);
	reading = cf_http_response_read(readable(bytes, view->final),
	    connected || view->asked == CF_ASKED_HEAD, &response, &framing);
	if (reading == CF_READING_MORE && !view->final)
		return framing.head_bytes == 0
		    ? cf_step_more_lines(bytes, CF_WAIT_BLANK, false)
		    : cf_step_more(framing.head_bytes + CF_HTTP_MAGIC_BYTES, false);
	if (reading == CF_READING_BAD || response.code == 0)
		return cf_step_stop(false);
	response.ends = cf_endpoints_of(packet, false);
	cf_decode_count(decoder, CF_COUNT_HTTP_RESPONSES);
	if (response.fields_left_out)
		cf_decode_count(decoder, CF_COUNT_HTTP_FIELDS_LEFT_OUT);
	decoder->observer.http_response(decoder->observer.context, packet, &response);
	if (view->final || framing.head_bytes == 0)
		return cf_step_stop(true);
	result = step_over(&framing, bytes.len, view->asked != CF_ASKED_UNKNOWN);
	result.final_response = response.code >= 200;
	return cf_step_from_side(result, CF_SIDE_ANSWERED);
}

/* The size line of a chunk at bytes, the end of the chunk before stepped over. */
static enum cf_reading read_chunk_line(struct cf_slice bytes, size_t *line_out, size_t *size_out)
{
	size_t at = 0, digits = 0, size = 0;

	if (at < bytes.len && bytes.data[at] == '\r')
		at++;
	if (at < bytes.len && bytes.data[at] == '\n')
		at++;
	for (; at < bytes.len; at++, digits++) {
		uint8_t c = bytes.data[at], letter = c | 0x20;

		if (c >= '0' && c <= '9')
			size = size << 4 | (size_t)(c - '0');
		else if (letter >= 'a' && letter <= 'f')
			size = size << 4 | (size_t)(letter - 'a' + 10);
		else
			break;
	}
	if (digits > 7 || (digits == 0 && at < bytes.len))
		return CF_READING_BAD;
	if (bytes.len - at >= 2 && bytes.data[at] == '\r' && bytes.data[at + 1] == '\n')
		*line_out = at + 2; /* nearly all */
	else
		*line_out = line_bytes(bytes, at);
	*size_out = size;
	if (*line_out == 0)
		return bytes.len < CHUNK_LINE_BYTES ? CF_READING_MORE : CF_READING_BAD;
	return CF_READING_DONE;
}

/* Chunks of some bytes each, by a short way: a body may be made of thousands. Stops before any that
 * read_chunk_line() must look at. */
static size_t skip_small_chunks(struct cf_slice bytes, size_t at)
{
	while (at < bytes.len && bytes.len - at >= 5) {
		const uint8_t *line = bytes.data + at;
		uint8_t digit = line[2];

		if (line[0] != '\r' || line[1] != '\n' || line[3] != '\r' || line[4] != '\n' ||
		    digit <= '0' || digit > '9')
			break;
		at += 5U + (digit - '0');
	}
	return at;
}

struct cf_step_result cf_step_chunk(struct cf_slice bytes, bool final, bool *is_none_out)
{
	size_t at = 0, line, size = 1;
	enum cf_reading reading = CF_READING_DONE;
	struct cf_step_result result;

	*is_none_out = false;
	do {
		struct cf_slice rest;

		at = skip_small_chunks(bytes, at);
		if (at >= bytes.len)
			break;
		rest = (struct cf_slice){.data = bytes.data + at, .len = bytes.len - at};
		reading = read_chunk_line(rest, &line, &size);
		if (reading != CF_READING_DONE)
			break;
		at += line + size;
	} while (size > 0 && at < bytes.len);
	if (at == 0) {
		*is_none_out = reading == CF_READING_BAD;
		return reading == CF_READING_BAD ? cf_step_stop(false)
		                                 : cf_step_more_lines(bytes, CF_WAIT_LINE, final);
	}
	result = cf_step_advance(at, false);
	result.mode = reading == CF_READING_DONE && size == 0 ? CF_MODE_TRAILER : CF_MODE_CHUNK;
	result.body = true;
	return result;
}

struct cf_step_result cf_step_trailer(struct cf_slice bytes, bool final)
{
	size_t line = line_bytes(bytes, 0);
	struct cf_step_result result;

	if (line == 0)
		return bytes.len < TRAILER_BYTES ? cf_step_more_lines(bytes, CF_WAIT_LINE, final)
		                                 : cf_step_stop(false);
	result = cf_step_advance(line, false);
	result.mode =
	    line == 1 || (line == 2 && bytes.data[0] == '\r') ? CF_MODE_MESSAGE : CF_MODE_TRAILER;
	return result;
}
