/*
 * Makes the capture that the packet benchmarks read: the same bytes for the same arguments, on any
 * machine.
 *
 *   mkcapture -n PACKETS -o FILE [-v PERCENT] [-k dns|http|tls|quic|bulk|open|half|vendor]
 *
 * The mix is dense in handshakes, as in facts measured on public captures: of 1,000 packets about
 * 22 are DNS, 25 HTTP requests, 10 TLS ClientHellos (517 bytes; one in three post-quantum, 1,750
 * bytes in two segments), 2 QUIC v1 Initials, one ARP; the rest is bulk TCP and UDP of 40 to 1,460
 * bytes, so that the mean is near 400. Bulk belongs to 8,192 connections open at a time, of 30
 * packets each on the mean. PERCENT (default 1) of the names are the vendor's. Addresses come from
 * 4,096 clients.
 *
 * The last three kinds are for memory: every two packets are a TCP connection of their own that is
 * never closed. open: its SYN and the first bytes of nothing known; half: its SYN and the first of
 * two segments of a ClientHello; vendor: its SYN and a ClientHello with a name of the vendor's.
 *
 * One file: it is one program, and its mix is judged by reading it whole.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS 8192

struct flow {
	uint32_t client, server;
	uint16_t sport, dport;
};

struct connection {
	struct flow flow;
	uint32_t seq;
	bool open, tcp;
};

struct maker {
	pcap_dumper_t *out;
	uint64_t random, packets, bytes;
	int64_t at_us;
	unsigned vendor_percent;
	uint32_t flows; /* distinct ones so far, of the kinds for memory */
	struct connection connections[CONNECTIONS];
};

/* SplitMix64: good enough to mix, tiny, and the same everywhere. */
static uint64_t next_random(struct maker *maker)
{
	uint64_t z = maker->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static unsigned below(struct maker *maker, unsigned limit)
{
	return (unsigned)(next_random(maker) % limit);
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
	*at++ = (uint8_t)(value >> 8);
	*at++ = (uint8_t)value;
	return at;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len);
	return at + len;
}

static void make_name(struct maker *maker, char *name, size_t size)
{
	if (below(maker, 100) < maker->vendor_percent)
		snprintf(name, size, "s%02u.upd.kaspersky.com", below(maker, 20));
	else
		snprintf(
		    name, size, "host%u.site%u.example", below(maker, 50), below(maker, 20000));
}

static struct flow make_flow(struct maker *maker, uint16_t dport)
{
	return (struct flow){.client = 0x0a000000U | below(maker, 4096),
	    .server = 0xc6120000U | below(maker, 65536), /* 198.18.0.0/15 */
	    .sport = (uint16_t)(1024 + below(maker, 60000)),
	    .dport = dport};
}

static void dump(struct maker *maker, const uint8_t *frame, size_t len)
{
	struct pcap_pkthdr header = {
	    .caplen = (bpf_u_int32)len,
	    .len = (bpf_u_int32)len,
	    .ts = {.tv_sec = maker->at_us / 1000000, .tv_usec = maker->at_us % 1000000},
	};

	pcap_dump((u_char *)maker->out, &header, frame);
	maker->at_us += 30 + below(maker, 60);
	maker->packets++;
	maker->bytes += len;
}

/* Ethernet, IPv4 and TCP or UDP around payload; checksums are left zero, as offloading leaves them.
 */
static void send_payload(struct maker *maker, const struct flow *flow, bool tcp, uint32_t seq,
    uint8_t flags, const uint8_t *payload, size_t len)
{
	uint8_t frame[2048] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0};
	uint8_t *at = frame + 10;
	size_t l4 = tcp ? 20 : 8;

	at = put16(at, flow->client & 0xffff);
	at = put16(at, 0x0800);
	at = put16(at, 0x4500);
	at = put16(at, (unsigned)(20 + l4 + len));
	at = put32(at, 0x00004000);
	at = put16(at, 64U << 8 | (tcp ? 6 : 17));
	at = put16(at, 0);
	at = put32(at, flow->client);
	at = put32(at, flow->server);
	at = put16(at, flow->sport);
	at = put16(at, flow->dport);
	if (tcp) {
		at = put32(put32(at, seq), 1);
		at = put16(at, 0x5000U | flags);
		at = put32(put16(at, 0xffff), 0);
	} else {
		at = put16(put16(at, (unsigned)(8 + len)), 0);
	}
	memcpy(at, payload, len);
	dump(maker, frame, (size_t)(at - frame) + len);
}

static void send_dns(struct maker *maker)
{
	struct flow flow = make_flow(maker, 53);
	uint8_t message[300];
	uint8_t *at = message;
	char name[64];
	const char *label = name;

	make_name(maker, name, sizeof name);
	at = put16(at, below(maker, 65536));
	at = put16(at, 0x0100);
	at = put32(put32(at, 0x00010000), 0);
	while (*label != '\0') {
		size_t len = strcspn(label, ".");

		*at++ = (uint8_t)len;
		memcpy(at, label, len);
		at += len;
		label += len + (label[len] == '.');
	}
	*at++ = 0;
	at = put32(at, 0x00010001);
	send_payload(maker, &flow, false, 0, 0, message, (size_t)(at - message));
}

static void send_http(struct maker *maker)
{
	struct flow flow = make_flow(maker, 80);
	char text[512], name[64];

	make_name(maker, name, sizeof name);
	snprintf(text, sizeof text,
	    "GET /path/%u HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
	    "Accept: */*\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n",
	    below(maker, 100000), name);
	send_payload(maker, &flow, true, 1, 0x18, (const uint8_t *)text, strlen(text));
}

/* A handshake message of size bytes with the name in it; the rest is one big key_share extension.
 */
static size_t make_hello(struct maker *maker, uint8_t *hello, size_t size)
{
	static const uint8_t ciphers[] = {
	    0x13, 1, 0x13, 2, 0x13, 3, 0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c};
	uint8_t *at = hello;
	char name[64];
	size_t len, rest;

	make_name(maker, name, sizeof name);
	len = strlen(name);
	*at++ = 1;
	*at++ = 0;
	at = put16(at, (unsigned)(size - 4));
	at = put16(at, 0x0303);
	for (unsigned i = 0; i < 32; i++)
		*at++ = (uint8_t)next_random(maker);
	*at++ = 0;
	at = put16(at, sizeof ciphers);
	memcpy(at, ciphers, sizeof ciphers);
	at += sizeof ciphers;
	at = put16(at, 0x0100);
	at = put16(at, (unsigned)(size - (size_t)(at - hello) - 2));
	at = put16(at, 43); /* supported_versions */
	at = put32(at, 0x00030203);
	*at++ = 4;
	at = put16(at, 0); /* server_name */
	at = put16(at, (unsigned)(len + 5));
	at = put16(at, (unsigned)(len + 3));
	*at++ = 0;
	at = put16(at, (unsigned)len);
	at = put_text(at, name);
	rest = size - (size_t)(at - hello) - 4;
	at = put16(at, 51); /* key_share */
	at = put16(at, (unsigned)rest);
	memset(at, 0x5a, rest);
	return size;
}

static void send_tls(struct maker *maker)
{
	struct flow flow = make_flow(maker, 443);
	uint8_t record[2048] = {0x16, 3, 1};
	bool large = below(maker, 3) == 0;
	size_t len = make_hello(maker, record + 5, large ? 1750 : 512), cut = 1400;

	put16(record + 3, (unsigned)len);
	len += 5;
	if (len <= cut) {
		send_payload(maker, &flow, true, 1, 0x18, record, len);
		return;
	}
	send_payload(maker, &flow, true, 1, 0x10, record, cut);
	send_payload(maker, &flow, true, (uint32_t)(1 + cut), 0x18, record + cut, len - cut);
}

/* HKDF-Expand-Label of RFC 8446 7.1 with an empty context. */
static void expand_label(
    const struct hmac_sha256_ctx *prk, const char *label, uint8_t *out, size_t len)
{
	uint8_t info[40];
	uint8_t *at = put16(info, (unsigned)len);

	*at++ = (uint8_t)(6 + strlen(label));
	at = put_text(put_text(at, "tls13 "), label);
	*at++ = 0;
	hkdf_expand((void *)(uintptr_t)prk, (nettle_hash_update_func *)hmac_sha256_update,
	    (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, (size_t)(at - info),
	    info, len, out);
}

struct initial_keys {
	struct gcm_aes128_ctx aead;
	struct aes128_ctx mask;
	uint8_t iv[12];
};

/* The client's keys of a QUIC v1 Initial, RFC 9001 5.2. */
static void derive_keys(const uint8_t dcid[8], struct initial_keys *keys)
{
	static const uint8_t salt[] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	    0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
	struct hmac_sha256_ctx prk;
	uint8_t secret[32], key[16];

	hmac_sha256_set_key(&prk, sizeof salt, salt);
	hkdf_extract(&prk, (nettle_hash_update_func *)hmac_sha256_update,
	    (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, 8, dcid, secret);
	hmac_sha256_set_key(&prk, sizeof secret, secret);
	expand_label(&prk, "client in", secret, sizeof secret);
	hmac_sha256_set_key(&prk, sizeof secret, secret);
	expand_label(&prk, "quic key", key, sizeof key);
	gcm_aes128_set_key(&keys->aead, key);
	expand_label(&prk, "quic iv", keys->iv, sizeof keys->iv);
	expand_label(&prk, "quic hp", key, sizeof key);
	aes128_set_encrypt_key(&keys->mask, key);
}

static void send_quic(struct maker *maker)
{
	enum { HEADER = 1 + 4 + 1 + 8 + 1 + 1 + 2 + 1, PLAIN = 1162, TAG = 16 };
	struct flow flow = make_flow(maker, 443);
	struct initial_keys keys;
	uint8_t packet[HEADER + PLAIN + TAG] = {0xc0, 0, 0, 0, 1, 8}, plain[PLAIN] = {0}, mask[16];
	size_t hello_len;

	for (unsigned i = 0; i < 8; i++)
		packet[6 + i] = (uint8_t)next_random(maker);
	put16(packet + 16, 0x4000U | (1 + PLAIN + TAG)); /* packet number 0 in one byte follows */
	derive_keys(packet + 6, &keys);
	hello_len = make_hello(maker, plain + 4, 600);
	plain[0] = 6; /* CRYPTO at offset 0; the padding behind it is already zero */
	put16(plain + 2, 0x4000U | (unsigned)hello_len);
	gcm_aes128_set_iv(&keys.aead, sizeof keys.iv, keys.iv);
	gcm_aes128_update(&keys.aead, HEADER, packet);
	gcm_aes128_encrypt(&keys.aead, PLAIN, packet + HEADER, plain);
	gcm_aes128_digest(&keys.aead, TAG, packet + HEADER + PLAIN);
	aes128_encrypt(&keys.mask, 16, mask, packet + HEADER - 1 + 4);
	packet[0] ^= mask[0] & 0x0f;
	packet[HEADER - 1] ^= mask[1];
	send_payload(maker, &flow, false, 0, 0, packet, sizeof packet);
}

static void send_bulk(struct maker *maker)
{
	static const uint16_t sizes[] = {0, 0, 0, 0, 40, 120, 300, 520, 1200, 1460};
	struct connection *connection = &maker->connections[below(maker, CONNECTIONS)];
	uint8_t payload[1460] = {0};
	size_t len = sizes[below(maker, 10)];

	if (!connection->open || below(maker, 30) == 0) {
		*connection =
		    (struct connection){.flow = make_flow(maker, below(maker, 4) == 0 ? 8443 : 443),
		        .open = true,
		        .tcp = below(maker, 10) != 0};
		if (connection->tcp) {
			send_payload(maker, &connection->flow, true, 0, 0x02, payload, 0);
			connection->seq = 1;
			return;
		}
	}
	for (size_t i = 0; i + 8 <= len; i += 8) {
		uint64_t word = next_random(maker);

		memcpy(payload + i, &word, 8);
	}
	if (len > 5 && below(maker, 2) == 0) /* half of it looks like TLS application data */
		memcpy(payload, "\x17\x03\x03", 3);
	send_payload(maker, &connection->flow, connection->tcp, connection->seq,
	    len == 0 ? 0x10 : 0x18, payload, len);
	connection->seq += (uint32_t)len;
}

static void send_arp(struct maker *maker)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0,
	    6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2};

	put32(frame + 38, 0x0a000000U | below(maker, 4096));
	dump(maker, frame, sizeof frame);
}

static void send_one(struct maker *maker)
{
	unsigned kind = below(maker, 1000);

	if (kind < 22)
		send_dns(maker);
	else if (kind < 47)
		send_http(maker);
	else if (kind < 57)
		send_tls(maker);
	else if (kind < 59)
		send_quic(maker);
	else if (kind < 60)
		send_arp(maker);
	else
		send_bulk(maker);
}

/* A connection nobody has seen before: its number is its client and its port. */
static struct flow next_flow(struct maker *maker)
{
	uint32_t number = maker->flows++;

	return (struct flow){.client = 0x0a000000U | number % 4096,
	    .server = 0xc6120000U | number / 4096 % 65536,
	    .sport = (uint16_t)(20000 + number % 40000),
	    .dport = 443};
}

static void send_open(struct maker *maker)
{
	static const uint8_t nothing[16] = "????????????????";
	struct flow flow = next_flow(maker);

	send_payload(maker, &flow, true, 0, 0x02, nothing, 0);
	send_payload(maker, &flow, true, 1, 0x18, nothing, sizeof nothing);
}

static void send_hello_to_keep(struct maker *maker, size_t size, size_t sent)
{
	struct flow flow = next_flow(maker);
	uint8_t record[2048] = {0x16, 3, 1};
	size_t len = make_hello(maker, record + 5, size);

	put16(record + 3, (unsigned)len);
	send_payload(maker, &flow, true, 0, 0x02, record, 0);
	send_payload(maker, &flow, true, 1, 0x18, record, sent);
}

static void send_half(struct maker *maker)
{
	send_hello_to_keep(maker, 1750, 1400);
}

static void send_vendor(struct maker *maker)
{
	maker->vendor_percent = 100;
	send_hello_to_keep(maker, 512, 5 + 512);
}

struct kind {
	const char *name;
	void (*send)(struct maker *maker);
};

/* The sender of one kind of packet, or of the mix; NULL for an unknown kind. */
static void (*find_kind(const char *name))(struct maker *maker)
{
	static const struct kind kinds[] = {{"mix", send_one}, {"dns", send_dns},
	    {"http", send_http}, {"tls", send_tls}, {"quic", send_quic}, {"bulk", send_bulk},
	    {"open", send_open}, {"half", send_half}, {"vendor", send_vendor}};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].send;
	return NULL;
}

int main(int argc, char **argv)
{
	void (*send)(struct maker * maker) = send_one;
	static struct maker maker = {
	    .random = 20240929, .at_us = 1727582400000000, .vendor_percent = 1};
	const char *path = NULL;
	uint64_t packets = 0;
	pcap_t *pcap;
	int option;

	while ((option = getopt(argc, argv, "n:o:v:k:")) != -1) {
		if (option == 'n')
			packets = strtoull(optarg, NULL, 10);
		else if (option == 'o')
			path = optarg;
		else if (option == 'v')
			maker.vendor_percent = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'k')
			send = find_kind(optarg);
		else
			return 2;
	}
	if (packets == 0 || path == NULL || send == NULL) {
		fprintf(stderr,
		    "usage: mkcapture -n PACKETS -o FILE [-v PERCENT] "
		    "[-k dns|http|tls|quic|bulk|open|half|vendor]\n");
		return 2;
	}
	pcap = pcap_open_dead(DLT_EN10MB, 65535);
	maker.out = pcap == NULL ? NULL : pcap_dump_open(pcap, path);
	if (maker.out == NULL) {
		fprintf(stderr, "mkcapture: cannot write '%s'\n", path);
		return 4;
	}
	while (maker.packets < packets)
		send(&maker);
	pcap_dump_close(maker.out);
	pcap_close(pcap);
	printf("{\"packets\":%llu,\"bytes\":%llu}\n", (unsigned long long)maker.packets,
	    (unsigned long long)maker.bytes);
	return 0;
}
