/*
 * What the decode_*.c files share: the decoder's insides and the calls from layer to layer.
 *
 * Private to monitor/'s decoding; users take decoder.h. The walk of a frame is
 *
 *   link -> (tags) -> IP -> (fragments) -> transport -> DNS | QUIC | streams -> TLS | HTTP | DNS
 *                      ^                        |
 *                      +------- tunnel ---------+
 *
 * Each layer takes a cursor over its bytes and fills in decoder->packet what it learns. Layers up
 * to the transport return true when an IP packet was reported, so that a port that only looked like
 * a tunnel can be reported for itself.
 */
#pragma once

#include "base/bytes.h"
#include "monitor/decode/decoder.h"
#include "monitor/decode/observer.h"

#include <string.h>

struct cf_fragments;
struct cf_ipcomp;
struct cf_streams;
struct cf_quic;

/* A packet to report with later: its MAC addresses come along, its payload does not. */
struct cf_kept_packet {
	struct cf_packet packet;
	uint8_t macs[12];
};

struct cf_decoder {
	struct cf_observer observer;
	struct cf_decoder_counters counters;
	struct cf_packet packet; /* of the frame in hand */
	unsigned depth;          /* headers within headers of the frame in hand */
	int64_t reaped_wall_us;
	uint64_t seed;
	struct cf_fragments *fragments;
	struct cf_ipcomp *ipcomp; /* NULL when built without zlib */
	struct cf_streams *streams;
	struct cf_quic *quic;
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

/* decode_capture.c: a frame as it was captured. */
bool cf_decode_link(struct cf_decoder *decoder, int link_type, struct cf_bytes frame);

/* decode_link.c; cf_decode_ethertype() takes what follows the type. */
bool cf_decode_ethernet(struct cf_decoder *decoder, struct cf_bytes frame);
bool cf_decode_ethertype(struct cf_decoder *decoder, unsigned type, struct cf_bytes body);
bool cf_ethertype_is_read(unsigned type);
bool cf_decode_llc(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_ppp(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_mpls(struct cf_decoder *decoder, struct cf_bytes body);

/* decode_wifi.c: an IEEE 802.11 frame, without radio header; swapped: frame control's bytes are. */
bool cf_decode_wifi(struct cf_decoder *decoder, struct cf_bytes frame, bool swapped);

/* decode_ip.c: cf_decode_ip() tells the version from the first bits. */
bool cf_decode_ip(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_ip4(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_ip6(struct cf_decoder *decoder, struct cf_bytes body);

/* decode_transport.c: body is what was captured of wire_bytes bytes behind the IP headers. */
bool cf_decode_transport(struct cf_decoder *decoder, struct cf_bytes body, size_t wire_bytes);

/* decode_tunnel.c: true when an inner IP packet was reported; else decoder->packet is as before. */
bool cf_decode_gre(struct cf_decoder *decoder, struct cf_bytes body);
/* Whether this UDP payload on a tunnel's port, which was not read, is one all the same: counted. */
void cf_decode_udp_unread(struct cf_decoder *decoder, struct cf_slice payload);
bool cf_decode_udp_tunnel(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_ether_in_ip(struct cf_decoder *decoder, struct cf_bytes body);

/* decode_dns.c: one message; true when it reads as DNS and was reported. */
bool cf_decode_dns(struct cf_decoder *decoder, const struct cf_packet *packet,
    enum cf_dns_kind kind, enum cf_transport transport, struct cf_slice bytes, bool cut);

void cf_packet_keep(struct cf_kept_packet *kept, const struct cf_packet *packet);

/* The ends of packet the other way round, for cf_packet_hash(). */
static inline struct cf_packet cf_packet_back(const struct cf_packet *packet)
{
	return (struct cf_packet){.ip_proto = packet->ip_proto,
	    .src = packet->dst,
	    .dst = packet->src,
	    .src_port = packet->dst_port,
	    .dst_port = packet->src_port};
}

/* Who asks whom, when packet's sender is the client, or the server. */
struct cf_endpoints cf_endpoints_of(const struct cf_packet *packet, bool sender_is_client);

/* A 64-bit hash of addresses, ports and protocol, in this direction only, under the decoder's seed.
 */
uint64_t cf_packet_hash(const struct cf_decoder *decoder, const struct cf_packet *packet);
