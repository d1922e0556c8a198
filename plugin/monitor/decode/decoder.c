/* The decoder as a whole: its tables, its counters, its clock. */

#include "monitor/decode/decode.h"

#include "monitor/decode/fragments.h"
#include "monitor/decode/ipcomp.h"
#include "monitor/message/decode_quic.h"
#include "monitor/message/streams.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_US     INT64_C(1000000)
#define LINK_ETHERNET 1 /* LINKTYPE_ETHERNET */

/* The end of the year 9999: what a capture claims beyond is no time, and must not overflow. */
#define LAST_WALL_US (INT64_C(253402300799) * SECOND_US)

const char *cf_decode_counter_text(enum cf_decode_counter counter)
{
	static const char *const texts[CF_COUNT_MAX] = {
	    [CF_COUNT_FRAMES] = "frames",
	    [CF_COUNT_FRAME_BYTES] = "frame_bytes",
	    [CF_COUNT_FRAMES_CUT] = "frames_cut",
	    [CF_COUNT_LINK_UNKNOWN] = "link_unknown",
	    [CF_COUNT_LINK_MALFORMED] = "link_malformed",
	    [CF_COUNT_NOT_IP] = "not_ip",
	    [CF_COUNT_IP_PACKETS] = "ip_packets",
	    [CF_COUNT_IP_MALFORMED] = "ip_malformed",
	    [CF_COUNT_TRANSPORT_MALFORMED] = "transport_malformed",
	    [CF_COUNT_TUNNELS_UNREAD] = "tunnels_unread",
	    [CF_COUNT_UNREAD_GRE] = "unread_gre",
	    [CF_COUNT_UNREAD_IPSEC] = "unread_ipsec",
	    [CF_COUNT_UNREAD_L2TP3] = "unread_l2tp3",
	    [CF_COUNT_UNREAD_IP] = "unread_ip",
	    [CF_COUNT_UNREAD_UDP] = "unread_udp",
	    [CF_COUNT_UNREAD_VPN] = "unread_vpn",
	    [CF_COUNT_UNREAD_MACSEC] = "unread_macsec",
	    [CF_COUNT_UNREAD_ETHER] = "unread_ether",
	    [CF_COUNT_UNREAD_WIFI] = "unread_wifi",
	    [CF_COUNT_TUNNEL_TOO_DEEP] = "tunnel_too_deep",
	    [CF_COUNT_FRAGMENTS] = "fragments",
	    [CF_COUNT_FRAGMENTS_REFUSED] = "fragments_refused",
	    [CF_COUNT_FRAGMENTS_EVICTED] = "fragments_evicted",
	    [CF_COUNT_FRAGMENTS_EXPIRED] = "fragments_expired",
	    [CF_COUNT_STREAMS_EVICTED] = "streams_evicted",
	    [CF_COUNT_TAILS_EVICTED] = "tails_evicted",
	    [CF_COUNT_STREAMS_EXPIRED] = "streams_expired",
	    [CF_COUNT_STREAMS_TOO_LONG] = "streams_too_long",
	    [CF_COUNT_POSITIONS_EVICTED] = "positions_evicted",
	    [CF_COUNT_OPENINGS_EVICTED] = "openings_evicted",
	    [CF_COUNT_DNS_MESSAGES] = "dns_messages",
	    [CF_COUNT_DNS_MALFORMED] = "dns_malformed",
	    [CF_COUNT_TLS_HELLOS] = "tls_hellos",
	    [CF_COUNT_TLS_MALFORMED] = "tls_malformed",
	    [CF_COUNT_QUIC_INITIALS] = "quic_initials",
	    [CF_COUNT_QUIC_HELLOS] = "quic_hellos",
	    [CF_COUNT_QUIC_UNOPENED] = "quic_unopened",
	    [CF_COUNT_QUIC_EVICTED] = "quic_evicted",
	    [CF_COUNT_QUIC_MALFORMED] = "quic_malformed",
	    [CF_COUNT_HTTP_REQUESTS] = "http_requests",
	    [CF_COUNT_HTTP_RESPONSES] = "http_responses",
	    [CF_COUNT_SOCKS_REQUESTS] = "socks_requests",
	};

	return counter < CF_COUNT_MAX ? texts[counter] : "";
}

enum cf_status cf_decoder_new(
    const struct cf_observer *observer, uint64_t seed, struct cf_decoder **decoder_out)
{
	struct cf_decoder *decoder = calloc(1, sizeof *decoder);
	enum cf_status status;

	if (decoder == NULL)
		return CF_ENOMEM;
	decoder->observer = *observer;
	decoder->seed = seed;
	status = cf_fragments_new(&decoder->fragments);
	if (status == CF_OK)
		status = cf_streams_new(&decoder->streams);
	if (status == CF_OK)
		status = cf_quic_new(&decoder->quic);
	if (status == CF_OK && cf_ipcomp_new(&decoder->ipcomp) == CF_ENOMEM)
		status = CF_ENOMEM;
	if (status != CF_OK) {
		cf_decoder_free(decoder);
		return status;
	}
	*decoder_out = decoder;
	return CF_OK;
}

void cf_decoder_free(struct cf_decoder *decoder)
{
	if (decoder == NULL)
		return;
	cf_fragments_free(decoder->fragments);
	cf_streams_free(decoder->streams);
	cf_quic_free(decoder->quic);
	cf_ipcomp_free(decoder->ipcomp);
	free(decoder);
}

void cf_decoder_reap(struct cf_decoder *decoder, int64_t at_wall_us)
{
	int64_t before_wall_us = at_wall_us - CF_STREAM_LIFE_S * SECOND_US;

	decoder->reaped_wall_us = at_wall_us;
	cf_streams_reap(decoder->streams, decoder, before_wall_us);
	cf_quic_reap(decoder->quic, decoder, before_wall_us);
}

void cf_decoder_flush(struct cf_decoder *decoder)
{
	cf_streams_reap(decoder->streams, decoder, INT64_MAX);
	cf_quic_reap(decoder->quic, decoder, INT64_MAX);
}

/* In two parts, each short enough to be cleared by a few stores; for the whole, compilers take a
 * string instruction, which costs 10 ns before it begins. */
static inline void clear_packet(struct cf_packet *packet)
{
	size_t half = offsetof(struct cf_packet, src);

	memset(packet, 0, half);
	memset((uint8_t *)packet + half, 0, sizeof *packet - half);
}

void cf_decoder_packet(struct cf_decoder *decoder, int link_type, uint32_t interface,
    int64_t at_wall_us, const uint8_t *data, size_t captured, size_t wire_bytes)
{
	cf_decode_count(decoder, CF_COUNT_FRAMES);
	decoder->counters.at[CF_COUNT_FRAME_BYTES] += wire_bytes;
	if (captured < wire_bytes)
		cf_decode_count(decoder, CF_COUNT_FRAMES_CUT);
	if (at_wall_us < 0 || at_wall_us > LAST_WALL_US)
		at_wall_us = at_wall_us < 0 ? 0 : LAST_WALL_US;
	/* Also when time goes backwards, as from one capture file to the next. */
	if ((uint64_t)(at_wall_us - decoder->reaped_wall_us) >= (uint64_t)SECOND_US)
		cf_decoder_reap(decoder, at_wall_us);
	decoder->depth = 0;
	clear_packet(&decoder->packet);
	decoder->packet.at_wall_us = at_wall_us;
	decoder->packet.interface = interface;
	decoder->packet.wire_bytes = (uint32_t)wire_bytes;
	(void)cf_decode_link(decoder, link_type,
	    cf_bytes_make(data, captured)); /* what is not reported is counted */
}

const struct cf_decoder_counters *cf_decoder_counters_get(const struct cf_decoder *decoder)
{
	return &decoder->counters;
}

void cf_packet_keep(struct cf_kept_packet *kept, const struct cf_packet *packet)
{
	kept->packet = *packet;
	kept->packet.payload = (struct cf_slice){.data = NULL};
	if (packet->mac_src != NULL) {
		memcpy(kept->macs, packet->mac_src, 6);
		kept->packet.mac_src = kept->macs;
	}
	if (packet->mac_dst != NULL) {
		memcpy(kept->macs + 6, packet->mac_dst, 6);
		kept->packet.mac_dst = kept->macs + 6;
	}
}

struct cf_endpoints cf_endpoints_of(const struct cf_packet *packet, bool sender_is_client)
{
	if (sender_is_client)
		return (struct cf_endpoints){
		    .client = packet->src,
		    .server = packet->dst,
		    .client_port = packet->src_port,
		    .server_port = packet->dst_port,
		};
	return (struct cf_endpoints){
	    .client = packet->dst,
	    .server = packet->src,
	    .client_port = packet->dst_port,
	    .server_port = packet->src_port,
	};
}

/* Multiplies to 128 bits and folds: each output bit depends on all input bits. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof value);
	return value;
}

uint64_t cf_packet_hash(const struct cf_decoder *decoder, const struct cf_packet *packet)
{
	uint64_t hash = decoder->seed ^ UINT64_C(0x9e3779b97f4a7c15);
	uint64_t ports =
	    (uint64_t)packet->src_port << 32 | (uint64_t)packet->dst_port << 8 | packet->ip_proto;

	/* Unused bytes of an IPv4 address are zero. */
	hash = fold(hash ^ load64(packet->src.bytes), UINT64_C(0xa0761d6478bd642f) ^ ports);
	hash = fold(hash ^ load64(packet->dst.bytes), UINT64_C(0xe7037ed1a0b428db));
	if (packet->src.family == CF_FAMILY_V6) {
		hash = fold(hash ^ load64(packet->src.bytes + 8), UINT64_C(0x8ebc6af09c88c6e3));
		hash = fold(hash ^ load64(packet->dst.bytes + 8), UINT64_C(0x589965cc75374cc3));
	}
	return hash;
}

/*
 * Reads the outer headers of most frames: Ethernet, perhaps one tag, IP without options, TCP. The
 * rest has to do without.
 */
static bool read_ahead(struct cf_bytes frame, struct cf_packet *packet)
{
	unsigned type;
	const uint8_t *ip, *ports;

	cf_bytes_skip(&frame, 12);
	type = cf_bytes_be16(&frame);
	if (type == 0x8100) {
		cf_bytes_skip(&frame, 2);
		type = cf_bytes_be16(&frame);
	}
	ip = cf_bytes_take(&frame, type == 0x86dd ? 40 : 20);
	ports = cf_bytes_take(&frame, 4);
	if (ports == NULL)
		return false;
	packet->ip_proto = CF_PROTO_TCP;
	packet->src_port = (uint16_t)(ports[0] << 8 | ports[1]);
	packet->dst_port = (uint16_t)(ports[2] << 8 | ports[3]);
	if (type == 0x86dd) {
		packet->src = cf_addr_v6(ip + 8);
		packet->dst = cf_addr_v6(ip + 24);
		return ip[6] == CF_PROTO_TCP;
	}
	cf_addr_set_v4(&packet->src, ip + 12);
	cf_addr_set_v4(&packet->dst, ip + 16);
	return type == 0x0800 && ip[0] == 0x45 && ip[9] == CF_PROTO_TCP;
}

void cf_decoder_expect(
    const struct cf_decoder *decoder, int link_type, const uint8_t *data, size_t captured)
{
	struct cf_packet packet;

	if (link_type == LINK_ETHERNET && read_ahead(cf_bytes_make(data, captured), &packet))
		cf_streams_prefetch(decoder->streams, cf_packet_hash(decoder, &packet));
}
