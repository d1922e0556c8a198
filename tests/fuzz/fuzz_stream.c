/*
 * TCP segments of one connection, in any order and from both sides, through the decoder: bodies,
 * chunks, records, what begins in the middle. Each segment is three bytes - side and flags, length,
 * step of the sequence number - and its payload.
 */
#include "promise.h"

#include "monitor/decode/decoder.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HEADERS_BYTES = 14 + 20 + 20, PORT = 8080 };

static void on_request(
    void *context, const struct cf_packet *packet, const struct cf_http_request *request)
{
	unsigned *asked = context;

	/* Reported by the segment that completed it, whose sender is the client. */
	must(memcmp(request->ends.client.bytes, packet->src.bytes, 4) == 0);
	must(request->headers.len <= CF_STREAM_BYTES);
	*asked += request->host.len > 0;
}

static void on_response(
    void *context, const struct cf_packet *packet, const struct cf_http_response *response)
{
	(void)context;
	must(memcmp(response->ends.server.bytes, packet->src.bytes, 4) == 0);
}

static void on_dns(
    void *context, const struct cf_packet *packet, const struct cf_dns_message *message)
{
	(void)context;
	(void)packet;
	must(message->bytes.len <= 65535);
}

static void on_hello(
    void *context, const struct cf_packet *packet, const struct cf_client_hello *hello)
{
	(void)context;
	(void)packet;
	must(!hello->has_sni || hello->sni.len > 0);
}

/* A frame around payload, from the client's or the server's side. */
static size_t make_frame(
    uint8_t *frame, bool server, uint8_t flags, uint32_t seq, const uint8_t *payload, size_t len)
{
	uint8_t *ip = frame + 14, *tcp = ip + 20;

	memset(frame, 0, HEADERS_BYTES);
	frame[12] = 0x08;
	ip[0] = 0x45;
	ip[2] = (uint8_t)((40 + len) >> 8);
	ip[3] = (uint8_t)(40 + len);
	ip[8] = 64;
	ip[9] = CF_PROTO_TCP;
	ip[12] = ip[16] = 10;
	ip[server ? 19 : 15] = 1;
	ip[server ? 15 : 19] = 2;
	tcp[server ? 0 : 2] = PORT >> 8;
	tcp[server ? 1 : 3] = PORT & 255;
	tcp[server ? 2 : 0] = 0x9c;
	for (unsigned i = 0; i < 4; i++)
		tcp[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	memcpy(frame + HEADERS_BYTES, payload, len);
	return HEADERS_BYTES + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t frame[HEADERS_BYTES + 16 * 256];
	static unsigned asked;
	static struct cf_decoder *decoder;
	struct cf_observer observer = {.context = &asked,
	    .dns = on_dns,
	    .client_hello = on_hello,
	    .http_request = on_request,
	    .http_response = on_response};
	uint32_t seq[2] = {1000, 5000};
	static int64_t at_wall_us = 1000000;

	if (decoder == NULL)
		must(cf_decoder_new(&observer, 1, &decoder) == CF_OK);
	while (len >= 3) {
		bool server = (data[0] & 1) != 0, syn = (data[0] & 2) != 0;
		size_t part = (size_t)data[1] * ((data[0] & 4) != 0 ? 16 : 1);
		int step = (int8_t)data[2];

		data += 3;
		len -= 3;
		part = part < len ? part : len;
		seq[server] += (uint32_t)(step * ((data[-3] & 8) != 0 ? 100 : 1));
		at_wall_us += 10;
		cf_decoder_packet(decoder, 1, 0, at_wall_us, frame,
		    make_frame(frame, server, (uint8_t)((syn ? 2 : 0) | (server ? 0x10 : 0)),
		        seq[server], data, part),
		    HEADERS_BYTES + part);
		seq[server] += (uint32_t)part + syn;
		data += part;
		len -= part;
	}
	/* Nothing is left for the next input. */
	cf_decoder_flush(decoder);
	cf_decoder_packet(decoder, 1, 0, at_wall_us, frame, make_frame(frame, false, 2, 1, data, 0),
	    HEADERS_BYTES);
	cf_decoder_packet(decoder, 1, 0, at_wall_us, frame,
	    make_frame(frame, true, 0x12, 1, data, 0), HEADERS_BYTES);
	return 0;
}
