/* IPv4 and IPv6 headers, their options and extensions, and fragments. */

#include "monitor/decode/decode.h"

#include "monitor/decode/fragments.h"

#include <string.h>

enum {
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_AUTHENTICATION = 51,
	EXT_DESTINATION = 60,
	EXT_MOBILITY = 135,
	EXT_HIP = 139,
	EXT_SHIM6 = 140,
};

static bool is_extension(unsigned proto)
{
	return proto == EXT_HOP_BY_HOP || proto == EXT_ROUTING || proto == EXT_DESTINATION ||
	    proto == EXT_MOBILITY || proto == EXT_HIP || proto == EXT_SHIM6;
}

/* RFC 4302 3.1.1: other headers may come behind it, which only here are known. */
static bool is_before_extension(unsigned proto, const struct cf_bytes *body)
{
	return proto == EXT_AUTHENTICATION && cf_bytes_left(body) > 0 &&
	    (is_extension(body->at[0]) || body->at[0] == EXT_FRAGMENT);
}

static bool malformed(struct cf_decoder *decoder)
{
	cf_decode_count(decoder, CF_COUNT_IP_MALFORMED);
	return false;
}

/* Starts an IP header inside whatever came before it. */
static bool enter_ip(struct cf_decoder *decoder)
{
	struct cf_packet *packet = &decoder->packet;

	if (!cf_decode_enter(decoder))
		return false;
	if (packet->src.family != CF_FAMILY_NONE)
		packet->tunnel_depth++;
	packet->src_port = packet->dst_port = 0;
	packet->tcp_flags = 0;
	packet->fragment = packet->reassembled = false;
	packet->payload_wire_bytes = 0;
	packet->payload = (struct cf_slice){.data = NULL};
	return true;
}

/*
 * One fragment: reported by itself (the first one with its ports), then put with the others, and
 * the whole datagram decoded once all are here. A fragment cut by the snap length can never be part
 * of one.
 */
static bool decode_fragment(struct cf_decoder *decoder, struct cf_fragment fragment, bool cut)
{
	struct cf_packet *packet = &decoder->packet;
	struct cf_slice whole;

	cf_decode_count(decoder, CF_COUNT_FRAGMENTS);
	packet->fragment = true;
	if (fragment.offset == 0 && fragment.bytes.len >= 4 &&
	    (fragment.ip_proto == CF_PROTO_TCP || fragment.ip_proto == CF_PROTO_UDP)) {
		packet->src_port = (uint16_t)(fragment.bytes.data[0] << 8 | fragment.bytes.data[1]);
		packet->dst_port = (uint16_t)(fragment.bytes.data[2] << 8 | fragment.bytes.data[3]);
	}
	cf_decode_count(decoder, CF_COUNT_IP_PACKETS);
	if (decoder->observer.packet != NULL)
		decoder->observer.packet(decoder->observer.context, packet);
	fragment.src = packet->src;
	fragment.dst = packet->dst;
	if (cut ||
	    !cf_fragments_add(
	        decoder->fragments, &fragment, packet->at_wall_us, &decoder->counters, &whole))
		return true;
	packet->fragment = false;
	packet->reassembled = true;
	(void)cf_decode_transport(decoder, cf_bytes_make(whole.data, whole.len),
	    whole.len);               /* reported above whatever it holds */
	decoder->read_inner(decoder); /* which lies in the buffer that is given back */
	cf_fragments_release(decoder->fragments, whole);
	return true;
}

bool cf_decode_ip4(struct cf_decoder *decoder, struct cf_bytes body)
{
	struct cf_packet *packet = &decoder->packet;
	size_t captured = cf_bytes_left(&body), header_bytes, total_bytes;
	const uint8_t *header = cf_bytes_take(&body, 20);
	unsigned fragment_word;

	if (header == NULL || header[0] >> 4 != 4 || (header[0] & 0x0f) < 5)
		return malformed(decoder);
	header_bytes = (size_t)(header[0] & 0x0f) * 4;
	total_bytes = (size_t)header[2] << 8 | header[3];
	if (total_bytes == 0) /* left to the network card by segmentation offload */
		total_bytes = captured;
	cf_bytes_skip(&body, header_bytes - 20);
	if (!cf_bytes_ok(&body) || total_bytes < header_bytes)
		return malformed(decoder);
	if (!enter_ip(decoder))
		return false;
	cf_bytes_limit(
	    &body, total_bytes - header_bytes); /* without padding and frame check sequence */
	cf_addr_set_v4(&packet->src, header + 12);
	cf_addr_set_v4(&packet->dst, header + 16);
	packet->ip_proto = header[9];
	packet->ttl = header[8];
	fragment_word = (unsigned)header[6] << 8 | header[7];
	if ((fragment_word & 0x3fff) != 0)
		return decode_fragment(decoder,
		    (struct cf_fragment){
		        .id = (uint32_t)header[4] << 8 | header[5],
		        .ip_proto = header[9],
		        .last = (fragment_word & 0x2000) == 0,
		        .offset = (size_t)(fragment_word & 0x1fff) * 8,
		        .bytes = {.data = body.at, .len = cf_bytes_left(&body)},
		    },
		    captured < total_bytes);
	return cf_decode_transport(decoder, body, total_bytes - header_bytes);
}

bool cf_decode_ip6(struct cf_decoder *decoder, struct cf_bytes body)
{
	struct cf_packet *packet = &decoder->packet;
	const uint8_t *header = cf_bytes_take(&body, 40);
	size_t captured = cf_bytes_left(&body), wire_bytes;
	unsigned proto;

	if (header == NULL || header[0] >> 4 != 6)
		return malformed(decoder);
	if (!enter_ip(decoder))
		return false;
	wire_bytes = (size_t)header[4] << 8 | header[5];
	if (wire_bytes == 0) /* offload, or a jumbogram */
		wire_bytes = captured;
	cf_bytes_limit(&body, wire_bytes);
	packet->src = cf_addr_v6(header + 8);
	packet->dst = cf_addr_v6(header + 24);
	packet->ttl = header[7];
	proto = header[6];
	for (unsigned i = 0; i < CF_IPV6_EXTENSIONS; i++) {
		const uint8_t *extension;
		size_t extension_bytes;

		if (proto == EXT_FRAGMENT) {
			extension = cf_bytes_take(&body, 8);
			if (extension == NULL || wire_bytes < 8)
				return malformed(decoder);
			wire_bytes -= 8;
			proto = packet->ip_proto = extension[0];
			if ((extension[2] | (extension[3] & 0xf9)) != 0)
				return decode_fragment(decoder,
				    (struct cf_fragment){
				        .id = (uint32_t)extension[4] << 24 |
				            (uint32_t)extension[5] << 16 |
				            (uint32_t)extension[6] << 8 | extension[7],
				        .ip_proto = extension[0],
				        .last = (extension[3] & 1) == 0,
				        .offset = (size_t)extension[2] << 8 | (extension[3] & 0xf8),
				        .bytes = {.data = body.at, .len = cf_bytes_left(&body)},
				    },
				    cf_bytes_left(&body) < wire_bytes);
			continue; /* an atomic fragment, RFC 6946: whole already */
		}
		if (!is_extension(proto) && !is_before_extension(proto, &body))
			break;
		extension = cf_bytes_take(&body, 8);
		if (extension == NULL)
			return malformed(decoder);
		extension_bytes = proto == EXT_AUTHENTICATION ? ((size_t)extension[1] + 2) * 4
		                                              : ((size_t)extension[1] + 1) * 8;
		cf_bytes_skip(&body, extension_bytes - 8);
		if (!cf_bytes_ok(&body) || wire_bytes < extension_bytes)
			return malformed(decoder);
		wire_bytes -= extension_bytes;
		proto = extension[0];
	}
	packet->ip_proto = (uint8_t)proto;
	return cf_decode_transport(decoder, body, wire_bytes);
}

bool cf_decode_ip(struct cf_decoder *decoder, struct cf_bytes body)
{
	if (cf_bytes_left(&body) == 0)
		return malformed(decoder);
	if (body.at[0] >> 4 == 4)
		return cf_decode_ip4(decoder, body);
	if (body.at[0] >> 4 == 6)
		return cf_decode_ip6(decoder, body);
	return malformed(decoder);
}
