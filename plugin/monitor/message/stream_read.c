/* What may begin at a place in a TCP stream, and the reading of it. */

#include "monitor/message/stream_read.h"

#include "monitor/message/decode_dns.h"
#include "monitor/message/decode_http2.h"
#include "monitor/message/decode_tls.h"
#include "monitor/message/stream_http.h"
#include "monitor/message/stream_http2.h"
#include "monitor/message/stream_socks.h"
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
	TEXT_LINE_BYTES = 512, /* RFC 5321 4.5.3.1.5 and the PROXY protocol have shorter ones */
};

/* The start of a binary note of the PROXY protocol, version 2. */
static const uint8_t proxy_binary[12] = {
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

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
		return cf_step_more(2, final);
	len = (size_t)bytes.data[0] << 8 | bytes.data[1];
	if (len < DNS_LEAST_BYTES)
		return cf_step_stop(false);
	cut = bytes.len < len + 2;
	if (cut && !final && !(len + 2 > CF_STREAM_BYTES && bytes.len >= DNS_PART_BYTES))
		return cf_step_more(len + 2 > CF_STREAM_BYTES ? DNS_PART_BYTES : len + 2, final);
	bytes = (struct cf_slice){.data = bytes.data + 2, .len = cut ? bytes.len - 2 : len};
	if (!cf_decode_dns(decoder, packet, CF_DNS_UNICAST, CF_TRANSPORT_TCP, bytes, cut))
		return cf_step_stop(false);
	result = final ? cf_step_stop(true) : cf_step_advance(len + 2, true);
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
	struct cf_step_result result = cf_step_more(need, false);

	result.wait = CF_WAIT_RECORDS;
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
		return cf_step_stop(false);
	}
	if (reading == CF_READING_MORE && !hello.has_sni)
		return cf_step_stop(false);
	report_hello(decoder, packet, view, &hello);
	return cf_step_from_side(cf_step_stop(true), CF_SIDE_BEGAN);
}

static struct cf_step_result step_server_hello(struct cf_decoder *decoder,
    struct cf_stream_scratch *scratch, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	struct cf_server_hello hello = {.version = 0};
	enum cf_reading reading;
	size_t need = 0;

	if (decoder->observer.server_hello == NULL)
		return cf_step_stop(false);
	reading = cf_server_flight_read(
	    bytes, scratch->handshake, sizeof scratch->handshake, &hello, &need);
	if (reading == CF_READING_MORE && !view->final)
		return more_records(need);
	if (reading == CF_READING_BAD || hello.version == 0)
		return cf_step_stop(false);
	hello.ends = cf_endpoints_of(packet, false);
	decoder->observer.server_hello(decoder->observer.context, packet, &hello);
	return cf_step_from_side(cf_step_stop(true), CF_SIDE_ANSWERED);
}

static struct cf_step_result step_tls(struct cf_decoder *decoder, struct cf_stream_scratch *scratch,
    const struct cf_packet *packet, const struct cf_stream_view *view, struct cf_slice bytes)
{
	static const uint8_t mask[] = {TLS_HANDSHAKE, 3};
	enum cf_head head;

	if (memcmp(bytes.data, mask, bytes.len < 2 ? bytes.len : 2) != 0)
		return cf_step_stop(false);
	if (bytes.len < TLS_HEAD_BYTES)
		return cf_step_more(TLS_HEAD_BYTES, view->final);
	if (!is_tls_head(bytes))
		return cf_step_stop(false);
	head = bytes.data[5] == TLS_CLIENT_HELLO ? CF_HEAD_CLIENT_HELLO : CF_HEAD_SERVER_HELLO;
	if (!cf_stream_head_allowed(head, view))
		return cf_step_stop(false);
	if (head == CF_HEAD_CLIENT_HELLO)
		return step_client_hello(decoder, scratch, packet, view, bytes);
	return step_server_hello(decoder, scratch, packet, view, bytes);
}

static struct cf_step_result step_proxy(struct cf_slice bytes, bool final)
{
	if (bytes.len < 3) /* an empty line, until more shows */
		return cf_step_more(3, final);
	if (bytes.len < 16)
		return cf_step_more(16, final);
	return cf_step_advance(16 + ((uint64_t)bytes.data[14] << 8 | bytes.data[15]), false);
}

/* A line of text, as before STARTTLS or in the PROXY protocol: stepped over. */
static struct cf_step_result step_text(struct cf_slice bytes, bool final)
{
	for (size_t i = 0; i < bytes.len && i < TEXT_LINE_BYTES; i++) {
		if (bytes.data[i] == '\n') {
			struct cf_step_result result = cf_step_advance(i + 1, false);

			result.text = i > 1 && !is_proxy_note(bytes);
			return result;
		}
		if ((bytes.data[i] < ' ' && bytes.data[i] != '\r' && bytes.data[i] != '\t') ||
		    bytes.data[i] >= 0x7f)
			return cf_step_stop(false);
	}
	return bytes.len < TEXT_LINE_BYTES ? cf_step_more_lines(bytes, CF_WAIT_LINE, final)
	                                   : cf_step_stop(false);
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

	if (bytes.data[0] == 'P' && cf_stream_head_allowed(CF_HEAD_REQUEST, view)) {
		enum cf_match http2 = cf_http2_match(bytes);

		if (http2 == CF_MATCH_YES)
			return cf_step_http2_begin(decoder, packet);
		if (http2 == CF_MATCH_MAYBE && bytes.len > 3)
			return cf_step_more(CF_HTTP2_PREFACE_BYTES, view->final);
	}
	if (cf_stream_head_allowed(CF_HEAD_RESPONSE, view))
		response = cf_http_response_match(bytes);
	if (response == CF_MATCH_YES)
		return cf_step_response(decoder, packet, view, bytes);
	if (cf_stream_head_allowed(CF_HEAD_REQUEST, view) && response == CF_MATCH_NO)
		request = cf_http_request_match(bytes);
	if (request == CF_MATCH_YES)
		return cf_step_request(decoder, packet, view, bytes);
	if (response == CF_MATCH_MAYBE)
		return cf_step_more(bytes.len + 1, view->final); /* 9 bytes tell */
	if (request ==
	    CF_MATCH_MAYBE) /* a short target shows itself; any other at the line's end */
		return bytes.len < TARGET_TELLS_BYTES
		    ? cf_step_more(bytes.len + 1, view->final)
		    : cf_step_more_lines(bytes, CF_WAIT_LINE, view->final);
	return step_text(bytes, view->final);
}

struct cf_step_result cf_stream_step(struct cf_decoder *decoder, struct cf_stream_scratch *scratch,
    const struct cf_packet *packet, const struct cf_stream_view *view, struct cf_slice bytes)
{
	bool final = view->final, is_none;

	if (bytes.len == 0)
		return cf_step_more(1, final);
	if (view->mode == CF_MODE_CHUNK) {
		struct cf_step_result result = cf_step_chunk(bytes, final, &is_none);

		if (!is_none)
			return result;
	}
	if (view->mode == CF_MODE_TRAILER)
		return cf_step_trailer(bytes, final);
	if (view->mode == CF_MODE_HTTP2)
		return cf_step_http2(decoder, packet, view, bytes);
	if ((is_dns(packet) || view->dns) && !is_foreign_on_dns(bytes))
		return step_dns(decoder, packet, bytes, final);
	if (view->first || view->unsure) {
		enum cf_match shaped = is_shaped_dns(bytes);

		if (shaped == CF_MATCH_YES)
			return step_dns(decoder, packet, bytes, final);
		if (shaped == CF_MATCH_MAYBE && view->first && !final)
			return cf_step_more(bytes.len < DNS_SHORTEST_BYTES
			        ? DNS_SHORTEST_BYTES
			        : 2 + ((size_t)bytes.data[0] << 8 | bytes.data[1]),
			    false);
	}
	if (bytes.data[0] == TLS_HANDSHAKE)
		return step_tls(decoder, scratch, packet, view, bytes);
	if (bytes.data[0] == 5)
		return cf_step_socks5(decoder, packet, view, bytes);
	if (bytes.data[0] == 4)
		return cf_step_socks4(decoder, packet, view, bytes);
	if (memcmp(bytes.data, proxy_binary,
	        bytes.len < sizeof proxy_binary ? bytes.len : sizeof proxy_binary) == 0)
		return step_proxy(bytes, final);
	return step_lines(decoder, packet, view, bytes);
}
