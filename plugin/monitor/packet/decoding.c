/* What readers of headers and of messages both do with a packet. */

#include "monitor/packet/decoding.h"

#include <string.h>

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

/* Of one direction; ip_proto and family are packet's. */
static inline uint64_t hash_way(const struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_addr *src, const struct cf_addr *dst, uint16_t src_port, uint16_t dst_port)
{
	uint64_t hash = decoder->seed ^ UINT64_C(0x9e3779b97f4a7c15);
	uint64_t ports = (uint64_t)src_port << 32 | (uint64_t)dst_port << 8 | packet->ip_proto;

	/* Unused bytes of an IPv4 address are zero. */
	hash = fold(hash ^ load64(src->bytes), UINT64_C(0xa0761d6478bd642f) ^ ports);
	hash = fold(hash ^ load64(dst->bytes), UINT64_C(0xe7037ed1a0b428db));
	if (packet->src.family == CF_FAMILY_V6) {
		hash = fold(hash ^ load64(src->bytes + 8), UINT64_C(0x8ebc6af09c88c6e3));
		hash = fold(hash ^ load64(dst->bytes + 8), UINT64_C(0x589965cc75374cc3));
	}
	return hash;
}

uint64_t cf_packet_hash(const struct cf_decoder *decoder, const struct cf_packet *packet)
{
	return hash_way(
	    decoder, packet, &packet->src, &packet->dst, packet->src_port, packet->dst_port);
}

uint64_t cf_packet_hash_back(const struct cf_decoder *decoder, const struct cf_packet *packet)
{
	return hash_way(
	    decoder, packet, &packet->dst, &packet->src, packet->dst_port, packet->src_port);
}
