/*
 * Makes packets for tests: frames from Ethernet up, ClientHellos and DNS messages, protected QUIC
 * Initials; and a decoder that writes down what it finds. No capture file is needed.
 */
#pragma once

#include "monitor/decode/decoder.h"

#include <stddef.h>
#include <stdint.h>

#define FRAME_BYTES 70000
#define NOTES_BYTES 1048576

/* Bytes under construction. */
struct bytes {
	size_t len;
	uint8_t at[FRAME_BYTES];
};

void put(struct bytes *to, const void *data, size_t len);
void put8(struct bytes *to, unsigned value);
void put16(struct bytes *to, unsigned value);
void put24(struct bytes *to, unsigned value);
void put32(struct bytes *to, uint32_t value);

/* One direction of a conversation, and where its TCP stream stands. */
struct flow {
	uint8_t src[4];
	uint8_t dst[4];
	uint16_t src_port;
	uint16_t dst_port;
};

/* 10.0.0.1 port 40000 to 192.0.2.1 port port; and its way back. */
struct flow flow_to(uint16_t port);
struct flow flow_back(struct flow flow);

/* Headers around what is in body already: each replaces *body. */
void wrap_udp(struct bytes *body, struct flow flow);
void wrap_tcp(struct bytes *body, struct flow flow, uint32_t seq, uint8_t flags);
void wrap_ip4(struct bytes *body, struct flow flow, uint8_t proto);
void wrap_ip6(struct bytes *body, struct flow flow, uint8_t proto);
void wrap_ethernet(struct bytes *body, uint16_t type);
/* len bytes in front. */
void wrap(struct bytes *body, const void *header, size_t len);

/* A question for name, type A, id 0x1234, without a TCP length. */
void make_dns_query(struct bytes *to, const char *name);
/* A ClientHello for name, with filler bytes of padding extension before the name (0: none). */
void make_client_hello(struct bytes *to, const char *name, size_t filler);
/* message in TLS handshake records of at most record_bytes. */
void make_records(struct bytes *to, const struct bytes *message, size_t record_bytes);
/*
 * A protected Initial of version with connection id destination (8 bytes), keys from the id key_id,
 * carrying frames, padded to 1,200 bytes.
 */
void make_initial(struct bytes *to, uint32_t version, const uint8_t destination[8],
    const uint8_t key_id[8], uint32_t number, const struct bytes *frames);
/* The same from the sender's own id source (8 bytes; NULL: an empty one). */
void make_initial_of(struct bytes *to, uint32_t version, const uint8_t destination[8],
    const uint8_t *source, const uint8_t key_id[8], uint32_t number, const struct bytes *frames);
/* A CRYPTO frame with part from..to of message. */
void put_crypto(struct bytes *to, const struct bytes *message, size_t from, size_t until);

/* A decoder whose findings are noted as lines: "tls www.example.com", "dns ...", "packet 6" and so
 * on. */
struct watch {
	struct cf_decoder *decoder;
	int64_t now_us;
	size_t len;
	char notes[NOTES_BYTES];
};

void watch_start(struct watch *watch);
void watch_stop(struct watch *watch);
/* Forgets flows and notes. */
void watch_again(struct watch *watch);
/* Decodes an Ethernet frame. */
void watch_frame(struct watch *watch, const struct bytes *frame);
/* Sends payload as a segment of flow at seq. */
void watch_segment(struct watch *watch, struct flow flow, uint32_t seq, uint8_t flags,
    const void *payload, size_t len);
void watch_datagram(struct watch *watch, struct flow flow, const void *payload, size_t len);
/* How many notes are exactly this line. */
unsigned watch_count(const struct watch *watch, const char *line);
uint64_t watch_counter(const struct watch *watch, enum cf_decode_counter counter);
