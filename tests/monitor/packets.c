/*
 * Packets for tests, from the inside out. One file: each function wraps what the one before it
 * made, from the message out to the link.
 */

#include "packets.h"

#include "monitor/message/decode_dns.h"
#include "monitor/message/quic_keys.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void put(struct bytes *to, const void *data, size_t len)
{
	if (len > sizeof to->at - to->len)
		abort();
	memcpy(to->at + to->len, data, len);
	to->len += len;
}

void put8(struct bytes *to, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	put(to, &byte, 1);
}

void put16(struct bytes *to, unsigned value)
{
	put8(to, value >> 8);
	put8(to, value);
}

void put24(struct bytes *to, unsigned value)
{
	put8(to, value >> 16);
	put16(to, value);
}

void put32(struct bytes *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to, value & 0xffff);
}

struct flow flow_to(uint16_t port)
{
	return (struct flow){
	    .src = {10, 0, 0, 1}, .dst = {192, 0, 2, 1}, .src_port = 40000, .dst_port = port};
}

struct flow flow_back(struct flow flow)
{
	struct flow back = {.src_port = flow.dst_port, .dst_port = flow.src_port};

	memcpy(back.src, flow.dst, 4);
	memcpy(back.dst, flow.src, 4);
	return back;
}

void wrap(struct bytes *body, const void *header, size_t len)
{
	if (len > sizeof body->at - body->len)
		abort();
	memmove(body->at + len, body->at, body->len);
	memcpy(body->at, header, len);
	body->len += len;
}

void wrap_udp(struct bytes *body, struct flow flow)
{
	struct bytes header = {.len = 0};

	put16(&header, flow.src_port);
	put16(&header, flow.dst_port);
	put16(&header, (unsigned)body->len + 8);
	put16(&header, 0);
	wrap(body, header.at, header.len);
}

void wrap_tcp(struct bytes *body, struct flow flow, uint32_t seq, uint8_t flags)
{
	struct bytes header = {.len = 0};

	put16(&header, flow.src_port);
	put16(&header, flow.dst_port);
	put32(&header, seq);
	put32(&header, 1);
	put8(&header, 0x50);
	put8(&header, flags);
	put16(&header, 65535);
	put32(&header, 0);
	wrap(body, header.at, header.len);
}

void wrap_ip4(struct bytes *body, struct flow flow, uint8_t proto)
{
	struct bytes header = {.len = 0};

	put16(&header, 0x4500);
	put16(&header, (unsigned)body->len + 20);
	put32(&header, 0);
	put8(&header, 64);
	put8(&header, proto);
	put16(&header, 0);
	put(&header, flow.src, 4);
	put(&header, flow.dst, 4);
	wrap(body, header.at, header.len);
}

void wrap_ip6(struct bytes *body, struct flow flow, uint8_t proto)
{
	static const uint8_t prefix[12] = {0x20, 0x01, 0x0d, 0xb8};
	struct bytes header = {.len = 0};

	put32(&header, 0x60000000);
	put16(&header, (unsigned)body->len);
	put8(&header, proto);
	put8(&header, 64);
	put(&header, prefix, 12);
	put(&header, flow.src, 4);
	put(&header, prefix, 12);
	put(&header, flow.dst, 4);
	wrap(body, header.at, header.len);
}

void wrap_ethernet(struct bytes *body, uint16_t type)
{
	uint8_t header[14] = {
	    2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, (uint8_t)(type >> 8), (uint8_t)type};

	wrap(body, header, sizeof header);
}

static void put_name(struct bytes *to, const char *name)
{
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		put8(to, (unsigned)len);
		put(to, name, len);
		name += len + (name[len] == '.');
	}
	put8(to, 0);
}

void make_dns_query(struct bytes *to, const char *name)
{
	put16(to, 0x1234);
	put16(to, 0x0100);
	put16(to, 1);
	put16(to, 0);
	put32(to, 0);
	put_name(to, name);
	put16(to, 1);
	put16(to, 1);
}

void make_client_hello(struct bytes *to, const char *name, size_t filler)
{
	static struct bytes body, extensions;
	size_t name_len = strlen(name);

	extensions.len = body.len = 0;
	put16(&extensions, 0xaaaa); /* GREASE */
	put16(&extensions, 0);
	if (filler > 0) {
		put16(&extensions, 21);
		put16(&extensions, (unsigned)filler);
		for (size_t i = 0; i < filler; i++)
			put8(&extensions, 0);
	}
	put16(&extensions, 0); /* server_name */
	put16(&extensions, (unsigned)name_len + 5);
	put16(&extensions, (unsigned)name_len + 3);
	put8(&extensions, 0);
	put16(&extensions, (unsigned)name_len);
	put(&extensions, name, name_len);
	put16(&extensions, 43); /* supported_versions */
	put16(&extensions, 3);
	put8(&extensions, 2);
	put16(&extensions, 0x0304);
	put16(&body, 0x0303);
	for (unsigned i = 0; i < 32; i++)
		put8(&body, 'r');
	put8(&body, 0);
	put16(&body, 4);
	put16(&body, 0x1301);
	put16(&body, 0x1302);
	put16(&body, 0x0100);
	put16(&body, (unsigned)extensions.len);
	put(&body, extensions.at, extensions.len);
	put8(to, 1);
	put24(to, (unsigned)body.len);
	put(to, body.at, body.len);
}

void make_records(struct bytes *to, const struct bytes *message, size_t record_bytes)
{
	for (size_t at = 0; at < message->len; at += record_bytes) {
		size_t len = message->len - at < record_bytes ? message->len - at : record_bytes;

		put8(to, 22);
		put16(to, 0x0301);
		put16(to, (unsigned)len);
		put(to, message->at + at, len);
	}
}

void put_crypto(struct bytes *to, const struct bytes *message, size_t from, size_t until)
{
	put8(to, 0x06);
	put16(to, 0x4000 | (unsigned)from);
	put16(to, 0x4000 | (unsigned)(until - from));
	put(to, message->at + from, until - from);
}

void make_initial(struct bytes *to, uint32_t version, const uint8_t destination[8],
    const uint8_t key_id[8], uint32_t number, const struct bytes *frames)
{
	make_initial_of(to, version, destination, NULL, key_id, number, frames);
}

void make_initial_of(struct bytes *to, uint32_t version, const uint8_t destination[8],
    const uint8_t *source, const uint8_t key_id[8], uint32_t number, const struct bytes *frames)
{
	static struct bytes plain;
	struct cf_quic_salts salts;
	struct cf_quic_keys keys;
	struct gcm_aes128_ctx gcm;
	struct aes128_ctx aes;
	uint8_t nonce[12], mask[16];
	size_t start = to->len, number_at;
	int known = cf_quic_salt_find(version);
	const struct cf_quic_salt *salt;

	cf_quic_salts_init(&salts);
	salt = &salts.at[known < 0 ? 0 : known];
	cf_quic_keys_derive(salt, (struct cf_slice){.data = key_id, .len = 8}, &keys);
	plain = *frames;
	while (plain.len < 1162)
		put8(&plain, 0);
	put8(to, (salt->v2 ? 0xd0 : 0xc0) | 3);
	put32(to, version);
	put8(to, 8);
	put(to, destination, 8);
	put8(to, source == NULL ? 0 : 8);
	put(to, source == NULL ? destination : source, source == NULL ? 0 : 8);
	put8(to, 0);
	put16(to, 0x4000 | (unsigned)(4 + plain.len + 16));
	number_at = to->len - start;
	put32(to, number);
	memcpy(nonce, keys.iv, sizeof nonce);
	for (unsigned i = 0; i < 4; i++)
		nonce[8 + i] ^= to->at[start + number_at + i];
	gcm_aes128_set_key(&gcm, keys.key);
	gcm_aes128_set_iv(&gcm, sizeof nonce, nonce);
	gcm_aes128_update(&gcm, number_at + 4, to->at + start);
	gcm_aes128_encrypt(&gcm, plain.len, to->at + to->len, plain.at);
	to->len += plain.len;
	gcm_aes128_digest(&gcm, 16, to->at + to->len);
	to->len += 16;
	aes128_set_encrypt_key(&aes, keys.mask_key);
	aes128_encrypt(&aes, 16, mask, to->at + start + number_at + 4);
	to->at[start] ^= mask[0] & 0x0f;
	for (unsigned i = 0; i < 4; i++)
		to->at[start + number_at + i] ^= mask[1 + i];
}

static void CF_PRINTF(2, 3) note(struct watch *watch, const char *format, ...)
{
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(
	    watch->notes + watch->len, sizeof watch->notes - watch->len, format, arguments);
	va_end(arguments);
	if (len < 0 || (size_t)len >= sizeof watch->notes - watch->len)
		abort();
	watch->len += (size_t)len;
}

static void note_slice(struct watch *watch, const char *kind, struct cf_slice slice)
{
	note(watch, "%s %.*s\n", kind, (int)slice.len, (const char *)slice.data);
}

static void on_packet(void *context, const struct cf_packet *packet)
{
	char src[CF_ADDR_TEXT_BYTES], dst[CF_ADDR_TEXT_BYTES];

	note(context, "packet %u %s %u %s %u\n", packet->ip_proto,
	    cf_addr_format(&packet->src, src), packet->src_port, cf_addr_format(&packet->dst, dst),
	    packet->dst_port);
}

static void on_dns(
    void *context, const struct cf_packet *packet, const struct cf_dns_message *message)
{
	struct cf_dns_cursor cursor = cf_dns_start(message);
	char text[CF_NAME_TEXT_BYTES];
	uint16_t type, class;
	struct cf_name name;

	(void)packet;
	while (cf_dns_question_next(message, &cursor, &name, &type, &class))
		note(context, "%s %s\n", message->response ? "answer" : "dns",
		    cf_name_format(&name, text));
}

static void on_client_hello(
    void *context, const struct cf_packet *packet, const struct cf_client_hello *hello)
{
	(void)packet;
	note_slice(context, hello->transport == CF_TRANSPORT_QUIC ? "quic" : "tls", hello->sni);
	if (!hello->complete)
		note(context, "incomplete\n");
}

static void on_server_hello(
    void *context, const struct cf_packet *packet, const struct cf_server_hello *hello)
{
	(void)packet;
	note(context, "server %04x %zu\n", hello->version, hello->certificate.len);
}

static void on_request(
    void *context, const struct cf_packet *packet, const struct cf_http_request *request)
{
	(void)packet;
	note_slice(context, request->socks ? "socks" : "http", request->host);
	if (request->unsure)
		note(context, "unsure\n");
	note_slice(context, "agent", request->user_agent);
	note_slice(context, "target", request->target);
}

static void on_response(
    void *context, const struct cf_packet *packet, const struct cf_http_response *response)
{
	(void)packet;
	note(context, "status %u\n", response->code);
	note_slice(context, "body",
	    (struct cf_slice){.data = response->body.data,
	        .len = response->body.len < 4 ? response->body.len : 4});
}

static void on_raw(
    void *context, const struct cf_packet *packet, enum cf_raw_kind kind, struct cf_slice bytes)
{
	(void)packet;
	note(context, "raw %d %zu\n", (int)kind, bytes.len);
}

void watch_start(struct watch *watch)
{
	struct cf_observer observer = {
	    .context = watch,
	    .packet = on_packet,
	    .dns = on_dns,
	    .client_hello = on_client_hello,
	    .server_hello = on_server_hello,
	    .http_request = on_request,
	    .http_response = on_response,
	    .raw = on_raw,
	};

	watch->now_us = INT64_C(1700000000000000);
	watch->len = 0;
	watch->notes[0] = '\0';
	if (cf_decoder_new(&observer, 1, &watch->decoder) != CF_OK)
		abort();
}

void watch_stop(struct watch *watch)
{
	cf_decoder_free(watch->decoder);
}

void watch_again(struct watch *watch)
{
	watch_stop(watch);
	watch_start(watch);
}

void watch_frame(struct watch *watch, const struct bytes *frame)
{
	/* A copy of exact size, so that a sanitizer sees each byte read behind the end. */
	uint8_t *exact = malloc(frame->len == 0 ? 1 : frame->len);

	if (exact == NULL)
		abort();
	memcpy(exact, frame->at, frame->len);
	watch->now_us += 10;
	cf_decoder_packet(watch->decoder, 1, 0, watch->now_us, exact, frame->len, frame->len);
	free(exact);
}

void watch_segment(struct watch *watch, struct flow flow, uint32_t seq, uint8_t flags,
    const void *payload, size_t len)
{
	static struct bytes frame;

	frame.len = 0;
	put(&frame, payload, len);
	wrap_tcp(&frame, flow, seq, flags);
	wrap_ip4(&frame, flow, CF_PROTO_TCP);
	wrap_ethernet(&frame, 0x0800);
	watch_frame(watch, &frame);
}

void watch_datagram(struct watch *watch, struct flow flow, const void *payload, size_t len)
{
	static struct bytes frame;

	frame.len = 0;
	put(&frame, payload, len);
	wrap_udp(&frame, flow);
	wrap_ip4(&frame, flow, CF_PROTO_UDP);
	wrap_ethernet(&frame, 0x0800);
	watch_frame(watch, &frame);
}

unsigned watch_count(const struct watch *watch, const char *line)
{
	size_t len = strlen(line);
	unsigned count = 0;

	for (const char *at = watch->notes; *at != '\0'; at = strchr(at, '\n') + 1)
		if (strncmp(at, line, len) == 0 && at[len] == '\n')
			count++;
	return count;
}

uint64_t watch_counter(const struct watch *watch, enum cf_decode_counter counter)
{
	return cf_decoder_counters_get(watch->decoder)->at[counter];
}
