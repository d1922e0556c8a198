/*
 * A decoder's insides: the frame in hand, what is counted, who is told, and the tables, which only
 * their own files look into. What reads headers (decode/) and what reads messages (message/) both
 * take it; users take decode/decoder.h.
 *
 * One thread.
 */
#pragma once

#include "base/bytes.h"
#include "monitor/packet/counters.h"
#include "monitor/packet/observer.h"

struct cf_fragments;
struct cf_ipcomp;
struct cf_streams;
struct cf_quic;
struct cf_http2;

/* A packet to report with later: its MAC addresses come along, its payload does not. */
struct cf_kept_packet {
	struct cf_packet packet;
	uint8_t macs[12];
};

/*
 * A packet within the packet in hand. Whoever finds one leaves it here, by its kind, and returns:
 * the decoder goes round and reads it next, so that no layer calls one below itself.
 */
enum cf_inner_kind {
	CF_INNER_NONE,
	CF_INNER_IP, /* of either version */
	CF_INNER_IP4,
	CF_INNER_IP6,
	CF_INNER_GRE,
	CF_INNER_ETHERNET,
	CF_INNER_ETHER_IN_IP,
	CF_INNER_MPLS,
	CF_INNER_UDP,    /* behind a tunnel's UDP port */
	CF_INNER_QUOTED, /* in an ICMP error: IP, cut */
};

struct cf_inner {
	enum cf_inner_kind kind;
	struct cf_bytes body;
};

struct cf_decoder {
	struct cf_observer observer;
	struct cf_decoder_counters counters;
	struct cf_packet packet; /* of the frame in hand */
	unsigned depth;          /* headers within headers of the frame in hand */
	struct cf_inner inner;   /* what the packet in hand holds and nobody has read yet */
	/* Reads it, and what that holds in turn: for a layer that cannot go on before. */
	void (*read_inner)(struct cf_decoder *decoder);
	int64_t reaped_wall_us;
	uint64_t seed;
	struct cf_fragments *fragments;
	struct cf_ipcomp *ipcomp; /* NULL when built without zlib */
	struct cf_streams *streams;
	struct cf_quic *quic;
	struct cf_http2 *http2; /* NULL when built without libnghttp2 */
};

static inline void cf_decode_count(struct cf_decoder *decoder, enum cf_decode_counter counter)
{
	decoder->counters.at[counter]++;
}

/* A tunnel that is not read hides packets: counted by its kind, and in all. */
static inline void cf_decode_unread(struct cf_decoder *decoder, enum cf_decode_counter kind)
{
	cf_decode_count(decoder, CF_COUNT_TUNNELS_UNREAD);
	cf_decode_count(decoder, kind);
}

/*
 * Notes one more Ethernet or IP header of the frame in hand; false, and counted, when there are too
 * many. Each tunnel has at most one of both.
 */
static inline bool cf_decode_enter(struct cf_decoder *decoder)
{
	if (decoder->depth < 2 * CF_TUNNEL_DEPTH) {
		decoder->depth++;
		return true;
	}
	cf_decode_count(decoder, CF_COUNT_TUNNEL_TOO_DEEP);
	return false;
}

void cf_packet_keep(struct cf_kept_packet *kept, const struct cf_packet *packet);

/* Who asks whom, when packet's sender is the client, or the server. */
struct cf_endpoints cf_endpoints_of(const struct cf_packet *packet, bool sender_is_client);

/* A 64-bit hash of addresses, ports and protocol, in this direction only, under the decoder's seed.
 */
uint64_t cf_packet_hash(const struct cf_decoder *decoder, const struct cf_packet *packet);

/* The same of the other direction: what cf_packet_hash() gives for an answer to packet. */
uint64_t cf_packet_hash_back(const struct cf_decoder *decoder, const struct cf_packet *packet);
