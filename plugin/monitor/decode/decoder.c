/* The decoder as a whole: its tables, its counters, its clock. */

#include "monitor/decode/decoder.h"

#include "monitor/decode/decode.h"
#include "monitor/decode/fragments.h"
#include "monitor/decode/ipcomp.h"
#include "monitor/message/decode_http2.h"
#include "monitor/message/decode_quic.h"
#include "monitor/message/streams.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_US     INT64_C(1000000)
#define LINK_ETHERNET 1 /* LINKTYPE_ETHERNET */

/* The end of the year 9999: what a capture claims beyond is no time, and must not overflow. */
#define LAST_WALL_US (INT64_C(253402300799) * SECOND_US)

static bool open_inner(struct cf_decoder *decoder, const struct cf_inner *inner)
{
	switch (inner->kind) {
	case CF_INNER_IP:
	case CF_INNER_QUOTED:
		return cf_decode_ip(decoder, inner->body);
	case CF_INNER_IP4:
		return cf_decode_ip4(decoder, inner->body);
	case CF_INNER_IP6:
		return cf_decode_ip6(decoder, inner->body);
	case CF_INNER_GRE:
		return cf_decode_gre(decoder, inner->body);
	case CF_INNER_ETHERNET:
		return cf_decode_ethernet(decoder, inner->body);
	case CF_INNER_ETHER_IN_IP:
		return cf_decode_ether_in_ip(decoder, inner->body);
	case CF_INNER_MPLS:
		return cf_decode_mpls(decoder, inner->body);
	case CF_INNER_UDP:
		return cf_decode_udp_tunnel(decoder, inner->body);
	case CF_INNER_NONE:
		break;
	}
	return false;
}

/*
 * Packets within packets, one round each; each has a header more, and cf_decode_enter() lets only
 * so many in. Where nothing can be read within, the packet in hand is as it was, and reported.
 */
static void read_inner(struct cf_decoder *decoder)
{
	while (decoder->inner.kind != CF_INNER_NONE) {
		const struct cf_inner inner = decoder->inner;
		const struct cf_packet outer = decoder->packet;
		const unsigned depth = decoder->depth;

		decoder->inner.kind = CF_INNER_NONE;
		if (open_inner(decoder, &inner))
			continue;
		decoder->packet = outer;
		decoder->depth = depth;
		cf_decode_outer(decoder, inner.kind);
	}
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
	decoder->read_inner = read_inner;
	status = cf_fragments_new(&decoder->fragments);
	if (status == CF_OK)
		status = cf_streams_new(&decoder->streams);
	if (status == CF_OK)
		status = cf_quic_new(&decoder->quic);
	decoder->http2 = cf_http2_new(); /* without it such requests are not read */
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
	cf_http2_free(decoder->http2);
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
	/* What is not reported is counted. */
	if (link_type == LINK_ETHERNET)
		(void)cf_decode_ethernet(decoder, cf_bytes_make(data, captured));
	else
		(void)cf_decode_link(decoder, link_type, cf_bytes_make(data, captured));
	if (decoder->inner.kind != CF_INNER_NONE) /* of few packets */
		read_inner(decoder);
}

const struct cf_decoder_counters *cf_decoder_counters_get(const struct cf_decoder *decoder)
{
	return &decoder->counters;
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
