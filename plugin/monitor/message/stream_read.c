/* What may begin at a place in a TCP stream, and the reading of it. */

#include "monitor/message/stream_read.h"

#include "monitor/message/decode_dns.h"
#include "monitor/message/decode_tls.h"
#include "monitor/packet/decoding.h"

#include <string.h>

enum {
	TLS_HANDSHAKE = 0x16,
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
	TLS_HEAD_BYTES = 6, /* record header and message type */
	DNS_PORT = 53,
	DNS_LEAST_BYTES = 12,
	/* By shape alone only shorter messages are taken for DNS. */
	DNS_SHAPED_BYTES = 4096,
	DNS_SHORTEST_BYTES = 2 + 12 + 7, /* a question for one letter */
	/* A DNS answer too long to be put together is reported with its first part. */
	DNS_PART_BYTES = 4096,
	/* A method, and what a target begins with. */
	TARGET_TELLS_BYTES = 40,
	/* A chunk's size with its extensions, and a trailer field: longer ones are nonsense. */
	CHUNK_LINE_BYTES = 1024,
	TRAILER_BYTES = 8192,
	TEXT_LINE_BYTES = 512, /* RFC 5321 4.5.3.1.5 and the PROXY protocol have shorter ones */
};

/* The start of a binary note of the PROXY protocol, version 2. */
static const uint8_t proxy_binary[12] = {
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

static struct cf_step_result stop(bool reported)
{
	return (struct cf_step_result){.step = CF_STEP_STOP, .reported = reported};
}

static struct cf_step_result more(uint64_t amount, bool final)
{
	if (final)
		return stop(false);
	return (struct cf_step_result){.step = CF_STEP_MORE, .amount = amount};
}

/* More is needed than there is, at least up to the end of a line or of a head. */
static struct cf_step_result more_lines(struct cf_slice bytes, enum cf_wait wait, bool final)
{
	struct cf_step_result result = more(bytes.len + 1, final);

	result.wait = wait;
	return result;
}

static struct cf_step_result advance(uint64_t amount, bool reported)
{
	if (amount > UINT32_MAX / 4) /* further than sequence numbers can be compared */
		return stop(reported);
	return (struct cf_step_result){
	    .step = CF_STEP_ADVANCE, .amount = amount, .reported = reported};
}

static bool is_dns(const struct cf_packet *packet)
{
	return packet->src_port == DNS_PORT || packet->dst_port == DNS_PORT;
}

/* A handshake record that begins a ClientHello or a ServerHello, of less than 64 KiB. */
static bool is_tls_head(struct cf_slice bytes)
{
	const uint8_t *data = bytes.data;

	return bytes.len >= TLS_HEAD_BYTES && data[0] == TLS_HANDSHAKE && data[1] == 3 &&
	    data[2] <= 4 && data[3] <= 0x48 && (data[3] | data[4]) != 0 &&
	    (data[5] == TLS_CLIENT_HELLO || data[5] == TLS_SERVER_HELLO) &&
	    (bytes.len == TLS_HEAD_BYTES || (data[3] == 0 && data[4] == 1) || data[6] == 0);
}

static bool is_dns_head(struct cf_slice bytes)
{
	size_t len;

	if (bytes.len < 2 + DNS_LEAST_BYTES)
		return false;
	len = (size_t)bytes.data[0] << 8 | bytes.data[1];
	bytes.data += 2;
	bytes.len -= 2;
	if (bytes.len > len)
		bytes.len = len;
	/* A header without a question is too little to go by. */
	return len >= DNS_LEAST_BYTES && (bytes.data[4] | bytes.data[5]) != 0 &&
	    cf_dns_plausible(bytes);
}

/* A load balancer's note on whom it stands for, in text or binary, in front of the message. */
static bool is_proxy_note(struct cf_slice bytes)
{
	return bytes.len >= sizeof proxy_binary &&
	    (memcmp(bytes.data, "PROXY TCP", 9) == 0 ||
	        memcmp(bytes.data, proxy_binary, sizeof proxy_binary) == 0);
}

/*
 * DNS on another port than its own: the first bytes of the connection are a whole message, or may
 * become one.
 */
static enum cf_match is_shaped_dns(struct cf_slice bytes)
{
	size_t len;

	/* Also the first bytes of SOCKS. */
	if (bytes.data[0] >= DNS_SHAPED_BYTES >> 8 || bytes.data[0] == 4 || bytes.data[0] == 5)
		return CF_MATCH_NO;
	if (bytes.len < DNS_SHORTEST_BYTES)
		return CF_MATCH_MAYBE;
	len = (size_t)bytes.data[0] << 8 | bytes.data[1];
	bytes.data += 2;
	bytes.len -= 2;
	if (len < DNS_SHORTEST_BYTES - 2 || !cf_dns_maybe_shaped(bytes))
		return CF_MATCH_NO;
	if (bytes.len < len)
		return CF_MATCH_MAYBE;
	bytes.len = len;
	return cf_dns_is_shaped(bytes) ? CF_MATCH_YES : CF_MATCH_NO;
}

enum cf_head cf_stream_head(const struct cf_packet *packet, struct cf_slice bytes)
{
	uint8_t first = bytes.len == 0 ? 0 : bytes.data[0];

	if (is_dns(packet) && is_dns_head(bytes))
		return CF_HEAD_DNS;
	if (first < DNS_SHAPED_BYTES >> 8 && bytes.len > DNS_SHORTEST_BYTES &&
	    is_shaped_dns(bytes) == CF_MATCH_YES)
		return CF_HEAD_DNS;
	if (first == '\r' && bytes.len > 2 && bytes.data[1] == '\n' && bytes.data[2] >= 'A') {
		/* An empty line in front of a request, RFC 9112 2.2. */
		bytes.data += 2;
		bytes.len -= 2;
		first = bytes.data[0];
	}
	if (first == TLS_HANDSHAKE) {
		if (!is_tls_head(bytes))
			return CF_HEAD_NONE;
		return bytes.data[5] == TLS_CLIENT_HELLO ? CF_HEAD_CLIENT_HELLO
		                                         : CF_HEAD_SERVER_HELLO;
	}
	if (first == 'P' || first == '\r')
		if (is_proxy_note(bytes))
			return CF_HEAD_PROXY;
	if (first < 'A' || first > 'Z')
		return CF_HEAD_NONE;
	if (cf_http_request_match(bytes) == CF_MATCH_YES)
		return CF_HEAD_REQUEST;
	return cf_http_response_match(bytes) == CF_MATCH_YES ? CF_HEAD_RESPONSE : CF_HEAD_NONE;
}

/*
 * A request comes from the side that began the connection, an answer from the other one. TLS alone
 * may have it the other way round, and then from the first byte on: a client of FTP's active mode
 * accepts the connection of the server (RFC 4217 7).
 */
bool cf_stream_head_allowed(enum cf_head head, const struct cf_stream_view *view)
{
	switch (head) {
	case CF_HEAD_CLIENT_HELLO:
		return view->side != CF_SIDE_ANSWERED || view->first;
	case CF_HEAD_SERVER_HELLO:
		return view->side != CF_SIDE_BEGAN || view->first;
	case CF_HEAD_PROXY:
		return view->side != CF_SIDE_ANSWERED;
	case CF_HEAD_REQUEST:
		return view->side != CF_SIDE_ANSWERED && !view->text;
	case CF_HEAD_RESPONSE:
		return view->side != CF_SIDE_BEGAN && !view->text;
	case CF_HEAD_DNS:
		return true;
	case CF_HEAD_NONE:
		break;
	}
	return false;
}

static struct cf_step_result step_dns(
    struct cf_decoder *decoder, const struct cf_packet *packet, struct cf_slice bytes, bool final)
{
	struct cf_step_result result;
	size_t len;
	bool cut;

	if (bytes.len < 2)
		return more(2, final);
	len = (size_t)bytes.data[0] << 8 | bytes.data[1];
	if (len < DNS_LEAST_BYTES)
		return stop(false);
	cut = bytes.len < len + 2;
	if (cut && !final && !(len + 2 > CF_STREAM_BYTES && bytes.len >= DNS_PART_BYTES))
		return more(len + 2 > CF_STREAM_BYTES ? DNS_PART_BYTES : len + 2, final);
	bytes = (struct cf_slice){.data = bytes.data + 2, .len = cut ? bytes.len - 2 : len};
	if (!cf_decode_dns(decoder, packet, CF_DNS_UNICAST, CF_TRANSPORT_TCP, bytes, cut))
		return stop(false);
	result = final ? stop(true) : advance(len + 2, true);
	result.dns = true;
	return result;
}

static void report_hello(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_client_hello *hello)
{
	hello->transport = CF_TRANSPORT_TCP;
	hello->unsure = view->unsure;
	hello->ends = cf_endpoints_of(packet, true);
	cf_decode_count(decoder, CF_COUNT_TLS_HELLOS);
	if (decoder->observer.client_hello != NULL)
		decoder->observer.client_hello(decoder->observer.context, packet, hello);
}

static struct cf_step_result more_records(uint64_t need)
{
	struct cf_step_result result = more(need, false);

	result.wait = CF_WAIT_RECORDS;
	return result;
}

static struct cf_step_result from_side(struct cf_step_result result, enum cf_side side)
{
	result.side = side;
	return result;
}

static struct cf_step_result step_client_hello(struct cf_decoder *decoder,
    struct cf_stream_scratch *scratch, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	struct cf_client_hello hello = {.complete = false};
	struct cf_slice message = {.data = NULL};
	enum cf_reading unwrapped, reading;
	size_t need = 0;

	unwrapped =
	    cf_tls_unwrap(bytes, scratch->handshake, sizeof scratch->handshake, &message, &need);
	if (unwrapped == CF_READING_MORE && !view->final)
		return more_records(need);
	reading =
	    unwrapped == CF_READING_BAD ? CF_READING_BAD : cf_client_hello_read(message, &hello);
	if (reading == CF_READING_BAD) {
		cf_decode_count(decoder, CF_COUNT_TLS_MALFORMED);
		return stop(false);
	}
	if (reading == CF_READING_MORE && !hello.has_sni)
		return stop(false);
	report_hello(decoder, packet, view, &hello);
	return from_side(stop(true), CF_SIDE_BEGAN);
}

static struct cf_step_result step_server_hello(struct cf_decoder *decoder,
    struct cf_stream_scratch *scratch, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	struct cf_server_hello hello = {.version = 0};
	enum cf_reading reading;
	size_t need = 0;

	if (decoder->observer.server_hello == NULL)
		return stop(false);
	reading = cf_server_flight_read(
	    bytes, scratch->handshake, sizeof scratch->handshake, &hello, &need);
	if (reading == CF_READING_MORE && !view->final)
		return more_records(need);
	if (reading == CF_READING_BAD || hello.version == 0)
		return stop(false);
	hello.ends = cf_endpoints_of(packet, false);
	decoder->observer.server_hello(decoder->observer.context, packet, &hello);
	return from_side(stop(true), CF_SIDE_ANSWERED);
}

static struct cf_step_result step_tls(struct cf_decoder *decoder, struct cf_stream_scratch *scratch,
    const struct cf_packet *packet, const struct cf_stream_view *view, struct cf_slice bytes)
{
	static const uint8_t mask[] = {TLS_HANDSHAKE, 3};
	enum cf_head head;

	if (memcmp(bytes.data, mask, bytes.len < 2 ? bytes.len : 2) != 0)
		return stop(false);
	if (bytes.len < TLS_HEAD_BYTES)
		return more(TLS_HEAD_BYTES, view->final);
	if (!is_tls_head(bytes))
		return stop(false);
	head = bytes.data[5] == TLS_CLIENT_HELLO ? CF_HEAD_CLIENT_HELLO : CF_HEAD_SERVER_HELLO;
	if (!cf_stream_head_allowed(head, view))
		return stop(false);
	if (head == CF_HEAD_CLIENT_HELLO)
		return step_client_hello(decoder, scratch, packet, view, bytes);
	return step_server_hello(decoder, scratch, packet, view, bytes);
}

/* On to what stands behind a head. */
static struct cf_step_result step_over(
    const struct cf_http_framing *framing, size_t held_bytes, bool certain)
{
	struct cf_step_result result;

	switch (framing->body) {
	case CF_HTTP_BODY_NONE:
		return advance(framing->head_bytes, true);
	case CF_HTTP_BODY_LENGTH:
		if (framing->body_bytes > UINT32_MAX / 4 - framing->head_bytes && certain)
			break; /* further than sequence numbers reach */
		result = advance(framing->head_bytes + framing->body_bytes, true);
		result.body = certain && result.amount > held_bytes;
		return result;
	case CF_HTTP_BODY_CHUNKED:
		result = advance(framing->head_bytes, true);
		result.mode = CF_MODE_CHUNK;
		result.body = certain;
		return result;
	case CF_HTTP_BODY_CLOSE:
		/* What answers CONNECT has no body whatever it says; nor does it say anything. */
		if (!certain && !framing->has_type)
			return stop(true);
		break;
	case CF_HTTP_BODY_UNKNOWN:
		return stop(true);
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

static struct cf_step_result step_request(struct cf_decoder *decoder,
    const struct cf_packet *packet, const struct cf_stream_view *view, struct cf_slice bytes)
{
	struct cf_http_request request = {.unsure = view->unsure};
	struct cf_http_framing framing;
	struct cf_step_result result;
	enum cf_reading reading = cf_http_request_read(bytes, &request, &framing);

	if (reading == CF_READING_MORE && !view->final)
		return more_lines(bytes, CF_WAIT_BLANK, false);
	if (reading == CF_READING_BAD || (reading == CF_READING_MORE && request.host.len == 0))
		return stop(false);
	request.ends = cf_endpoints_of(packet, true);
	cf_decode_count(decoder, CF_COUNT_HTTP_REQUESTS);
	if (decoder->observer.http_request != NULL)
		decoder->observer.http_request(decoder->observer.context, packet, &request);
	result = reading == CF_READING_MORE ? stop(true) : step_over(&framing, bytes.len, true);
	if (view->final)
		return stop(true);
	result.asked = asked_by(&request);
	return from_side(result, CF_SIDE_BEGAN);
}

static struct cf_step_result step_response(struct cf_decoder *decoder,
    const struct cf_packet *packet, const struct cf_stream_view *view, struct cf_slice bytes)
{
	struct cf_http_response response = {.code = 0};
	struct cf_http_framing framing = {.head_bytes = 0};
	bool connected = view->asked == CF_ASKED_CONNECT && bytes.len > 9 && bytes.data[9] == '2';
	struct cf_step_result result;
	enum cf_reading reading;

	if (decoder->observer.http_response == NULL)
		return stop(false);
	reading = cf_http_response_read(
	    bytes, connected || view->asked == CF_ASKED_HEAD, &response, &framing);
	if (reading == CF_READING_MORE && !view->final)
		return framing.head_bytes == 0
		    ? more_lines(bytes, CF_WAIT_BLANK, false)
		    : more(framing.head_bytes + CF_HTTP_MAGIC_BYTES, false);
	if (reading == CF_READING_BAD || response.code == 0)
		return stop(false);
	response.ends = cf_endpoints_of(packet, false);
	cf_decode_count(decoder, CF_COUNT_HTTP_RESPONSES);
	decoder->observer.http_response(decoder->observer.context, packet, &response);
	if (view->final || framing.head_bytes == 0)
		return stop(true);
	result = step_over(&framing, bytes.len, view->asked != CF_ASKED_UNKNOWN);
	result.final_response = response.code >= 200;
	return from_side(result, CF_SIDE_ANSWERED);
}

/* Bytes of the line at the beginning, its feed included; 0 while that is not there. */
static size_t line_bytes(struct cf_slice bytes, size_t from)
{
	const uint8_t *feed =
	    from < bytes.len ? memchr(bytes.data + from, '\n', bytes.len - from) : NULL;

	return feed == NULL ? 0 : (size_t)(feed - bytes.data) + 1;
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

/*
 * Chunks (RFC 9112 7.1), as many as begin here: what is behind a size is stepped over with it. What
 * is no size at the first of them shows that there is no body: the answer to a HEAD that nobody
 * saw, or nonsense.
 */
static struct cf_step_result step_chunk(struct cf_slice bytes, bool final, bool *is_none_out)
{
	size_t at = 0, line, size;
	enum cf_reading reading;
	struct cf_step_result result;

	*is_none_out = false;
	do {
		struct cf_slice rest = {.data = bytes.data + at, .len = bytes.len - at};

		reading = read_chunk_line(rest, &line, &size);
		if (reading != CF_READING_DONE)
			break;
		at += line + size;
	} while (size > 0 && at < bytes.len);
	if (at == 0) {
		*is_none_out = reading == CF_READING_BAD;
		return reading == CF_READING_BAD ? stop(false)
		                                 : more_lines(bytes, CF_WAIT_LINE, final);
	}
	result = advance(at, false);
	result.mode = reading == CF_READING_DONE && size == 0 ? CF_MODE_TRAILER : CF_MODE_CHUNK;
	result.body = true;
	return result;
}

static struct cf_step_result step_trailer(struct cf_slice bytes, bool final)
{
	size_t line = line_bytes(bytes, 0);
	struct cf_step_result result;

	if (line == 0)
		return bytes.len < TRAILER_BYTES ? more_lines(bytes, CF_WAIT_LINE, final)
		                                 : stop(false);
	result = advance(line, false);
	result.mode =
	    line == 1 || (line == 2 && bytes.data[0] == '\r') ? CF_MODE_MESSAGE : CF_MODE_TRAILER;
	return result;
}

/* What a SOCKS client asks for by name: letters, digits, and what else hosts have in their names.
 */
static bool is_host_name(struct cf_slice name)
{
	bool dotted = false;

	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i], letter = c | 0x20;

		if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
		    c != '.' && c != '_')
			return false;
		dotted |= c == '.';
	}
	return dotted;
}

/*
 * A name that stands nowhere but in a request to a SOCKS proxy, as what CONNECT asks of another
 * one. Only where everything before it was read: these few bytes alone prove little.
 */
static void report_socks(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice name)
{
	static const uint8_t method[] = "CONNECT";
	struct cf_http_request request = {.ends = cf_endpoints_of(packet, true),
	    .method = {.data = method, .len = sizeof method - 1},
	    .target = name,
	    .host = name,
	    .has_authority = true,
	    .complete = true,
	    .socks = true};

	if (view->unsure || view->side != CF_SIDE_BEGAN || !is_host_name(name))
		return;
	cf_decode_count(decoder, CF_COUNT_SOCKS_REQUESTS);
	if (decoder->observer.http_request != NULL)
		decoder->observer.http_request(decoder->observer.context, packet, &request);
}

/* SOCKS 5 (RFC 1928): greeting, then the request; TLS may come behind. */
static struct cf_step_result step_socks5(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	const uint8_t *data = bytes.data;

	if (bytes.len < 3)
		return more(3, view->final);
	if (bytes.len == 3 && !view->first && data[1] == 1 && data[2] == 0)
		return more(4, view->final); /* the greeting is over */
	/* 05 01 00 is a greeting with one method and the start of a connect request; what follows
	 * tells. */
	if (data[1] != 1 || bytes.len == 3 || data[2] != 0 || data[3] == 0 || data[3] > 4)
		return data[1] == 0 || data[1] > 8 ? stop(false) : advance(2U + data[1], false);
	if (data[3] == 1)
		return advance(4 + 4 + 2, false);
	if (data[3] == 4)
		return advance(4 + 16 + 2, false);
	if (bytes.len < 5 || bytes.len < 5U + data[4])
		return more(bytes.len < 5 ? 5 : 5U + data[4], view->final);
	if (data[3] == 3)
		report_socks(
		    decoder, packet, view, (struct cf_slice){.data = data + 5, .len = data[4]});
	return advance(5U + data[4] + 2, false);
}

/* SOCKS 4 and 4a: port, address, user, and for 0.0.0.x a name. */
static struct cf_step_result step_socks4(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	const uint8_t *data = bytes.data, *end;
	size_t at = 8, name_at;

	if (bytes.len < 9)
		return more(9, view->final);
	if (data[1] < 1 || data[1] > 2 || bytes.len > TEXT_LINE_BYTES)
		return stop(false);
	end = memchr(data + at, 0, bytes.len - at);
	if (end == NULL)
		return more(bytes.len + 1, view->final);
	at = (size_t)(end - data) + 1;
	if ((data[4] | data[5] | data[6]) == 0 && data[7] != 0) {
		end = at == bytes.len ? NULL : memchr(data + at, 0, bytes.len - at);
		if (end == NULL)
			return more(bytes.len + 1, view->final);
		name_at = at;
		at = (size_t)(end - data) + 1;
		report_socks(decoder, packet, view,
		    (struct cf_slice){.data = data + name_at, .len = at - 1 - name_at});
	}
	return advance(at, false);
}

static struct cf_step_result step_proxy(struct cf_slice bytes, bool final)
{
	if (bytes.len < 3) /* an empty line, until more shows */
		return more(3, final);
	if (bytes.len < 16)
		return more(16, final);
	return advance(16 + ((uint64_t)bytes.data[14] << 8 | bytes.data[15]), false);
}

/* A line of text, as before STARTTLS or in the PROXY protocol: stepped over. */
static struct cf_step_result step_text(struct cf_slice bytes, bool final)
{
	for (size_t i = 0; i < bytes.len && i < TEXT_LINE_BYTES; i++) {
		if (bytes.data[i] == '\n') {
			struct cf_step_result result = advance(i + 1, false);

			result.text = i > 1 && !is_proxy_note(bytes);
			return result;
		}
		if ((bytes.data[i] < ' ' && bytes.data[i] != '\r' && bytes.data[i] != '\t') ||
		    bytes.data[i] >= 0x7f)
			return stop(false);
	}
	return bytes.len < TEXT_LINE_BYTES ? more_lines(bytes, CF_WAIT_LINE, final) : stop(false);
}

/*
 * TLS or HTTP on the DNS port. Read as a length their first two bytes would be 5,635 or more, which
 * a query never is, and which the rest of their heads does not fit.
 */
static bool is_foreign_on_dns(struct cf_slice bytes)
{
	return bytes.data[0] >= TLS_HANDSHAKE && !is_dns_head(bytes) &&
	    (is_tls_head(bytes) || cf_http_request_match(bytes) == CF_MATCH_YES ||
	        cf_http_response_match(bytes) == CF_MATCH_YES);
}

/* HTTP, or lines of anything else. */
static struct cf_step_result step_lines(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	enum cf_match response = CF_MATCH_NO, request = CF_MATCH_NO;

	if (cf_stream_head_allowed(CF_HEAD_RESPONSE, view))
		response = cf_http_response_match(bytes);
	if (response == CF_MATCH_YES)
		return step_response(decoder, packet, view, bytes);
	if (cf_stream_head_allowed(CF_HEAD_REQUEST, view) && response == CF_MATCH_NO)
		request = cf_http_request_match(bytes);
	if (request == CF_MATCH_YES)
		return step_request(decoder, packet, view, bytes);
	if (response == CF_MATCH_MAYBE)
		return more(bytes.len + 1, view->final); /* 9 bytes tell */
	if (request ==
	    CF_MATCH_MAYBE) /* a short target shows itself; any other at the line's end */
		return bytes.len < TARGET_TELLS_BYTES
		    ? more(bytes.len + 1, view->final)
		    : more_lines(bytes, CF_WAIT_LINE, view->final);
	return step_text(bytes, view->final);
}

struct cf_step_result cf_stream_step(struct cf_decoder *decoder, struct cf_stream_scratch *scratch,
    const struct cf_packet *packet, const struct cf_stream_view *view, struct cf_slice bytes)
{
	bool final = view->final, is_none;

	if (bytes.len == 0)
		return more(1, final);
	if (view->mode == CF_MODE_CHUNK) {
		struct cf_step_result result = step_chunk(bytes, final, &is_none);

		if (!is_none)
			return result;
	}
	if (view->mode == CF_MODE_TRAILER)
		return step_trailer(bytes, final);
	if ((is_dns(packet) || view->dns) && !is_foreign_on_dns(bytes))
		return step_dns(decoder, packet, bytes, final);
	if (view->first || view->unsure) {
		enum cf_match shaped = is_shaped_dns(bytes);

		if (shaped == CF_MATCH_YES)
			return step_dns(decoder, packet, bytes, final);
		if (shaped == CF_MATCH_MAYBE && view->first && !final)
			return more(bytes.len < DNS_SHORTEST_BYTES
			        ? DNS_SHORTEST_BYTES
			        : 2 + ((size_t)bytes.data[0] << 8 | bytes.data[1]),
			    false);
	}
	if (bytes.data[0] == TLS_HANDSHAKE)
		return step_tls(decoder, scratch, packet, view, bytes);
	if (bytes.data[0] == 5)
		return step_socks5(decoder, packet, view, bytes);
	if (bytes.data[0] == 4)
		return step_socks4(decoder, packet, view, bytes);
	if (memcmp(bytes.data, proxy_binary,
	        bytes.len < sizeof proxy_binary ? bytes.len : sizeof proxy_binary) == 0)
		return step_proxy(bytes, final);
	return step_lines(decoder, packet, view, bytes);
}
