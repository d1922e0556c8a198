/*
 * Capture link types: what stands around the packet before Ethernet or IP is reached. One file:
 * each kind of link is a few lines that find where the packet begins, in one switch over all of
 * them.
 */

#include "monitor/decode/decode.h"

#include <pcap/dlt.h>

enum { NFLOG_PAYLOAD = 9, NFLOG_PREFIX = 10 };

enum {
	LINK_USER2 = 149,
	LINK_IPOIB = 242,
	LINK_PKTAP = 258
}; /* LINKTYPE_PKTAP; the DLT number differs by system */

static bool malformed(struct cf_decoder *decoder)
{
	cf_decode_count(decoder, CF_COUNT_LINK_MALFORMED);
	return false;
}

/* The address family as the capturing system numbers it, in its byte order or ours. */
static bool decode_family(struct cf_decoder *decoder, uint32_t family, struct cf_bytes body)
{
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		return cf_decode_ip4(decoder, body);
	case 10: /* Linux */
	case 23: /* Windows */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return cf_decode_ip6(decoder, body);
	default:
		cf_decode_count(decoder, CF_COUNT_NOT_IP);
		return false;
	}
}

static bool decode_null(struct cf_decoder *decoder, struct cf_bytes frame)
{
	uint32_t family = cf_bytes_le32(&frame);

	return cf_bytes_ok(&frame) ? decode_family(decoder, family, frame) : malformed(decoder);
}

/* LINKTYPE_LINUX_SLL: the sender's address only. */
static bool decode_sll(struct cf_decoder *decoder, struct cf_bytes frame)
{
	const uint8_t *header = cf_bytes_take(&frame, 16);

	if (header == NULL)
		return malformed(decoder);
	if (header[4] == 0 && header[5] == 6)
		decoder->packet.mac_src = header + 6;
	return cf_decode_ethertype(decoder, (unsigned)header[14] << 8 | header[15], frame);
}

static bool decode_sll2(struct cf_decoder *decoder, struct cf_bytes frame)
{
	const uint8_t *header = cf_bytes_take(&frame, 20);

	if (header == NULL)
		return malformed(decoder);
	if (header[11] == 6)
		decoder->packet.mac_src = header + 12;
	return cf_decode_ethertype(decoder, (unsigned)header[0] << 8 | header[1], frame);
}

/* The packet as it was sent: what the kernel cut for the log says how long in its header. */
static void set_wire_bytes(struct cf_packet *packet, const struct cf_bytes *body)
{
	size_t left = cf_bytes_left(body);
	const uint8_t *ip = body->at;

	if (left >= 20 && ip[0] >> 4 == 4)
		packet->wire_bytes = (uint32_t)ip[2] << 8 | ip[3];
	else if (left >= 40 && ip[0] >> 4 == 6)
		packet->wire_bytes = 40 + ((uint32_t)ip[4] << 8 | ip[5]);
}

/*
 * LINKTYPE_NFLOG: type-length-value records (linux/netfilter/nfnetlink_log.h). The packet is in
 * record 9, in record 10 the prefix that the rule gave it.
 */
static bool decode_nflog(struct cf_decoder *decoder, struct cf_bytes frame)
{
	uint8_t family = cf_bytes_u8(&frame);
	struct cf_bytes body = {.at = NULL};
	bool has_body = false;

	cf_bytes_skip(&frame, 3);
	while (cf_bytes_left(&frame) >= 4) {
		unsigned len = cf_bytes_le16(&frame), type = cf_bytes_le16(&frame) & 0x7fffU;
		struct cf_bytes value;

		if (len < 4)
			break;
		value = cf_bytes_sub(&frame, len - 4);
		if (!cf_bytes_ok(&value))
			break;
		if (type == NFLOG_PAYLOAD) {
			body = value;
			has_body = true;
		} else if (type == NFLOG_PREFIX) {
			decoder->packet.edge = cf_edge_parse(value.at, cf_bytes_left(&value));
		}
		if (cf_bytes_left(&frame) >= (4 - len % 4) % 4)
			cf_bytes_skip(&frame, (4 - len % 4) % 4);
	}
	if (!has_body)
		return malformed(decoder);
	if (decoder->packet.edge.verdict != CF_EDGE_NONE)
		set_wire_bytes(&decoder->packet, &body);
	return decode_family(decoder, family, body);
}

/*
 * Radiotap has a little-endian header length at offset 2, AVS a big-endian one of which the last
 * two bytes at offset 6 do; then comes the 802.11 frame.
 */
static bool decode_radio(struct cf_decoder *decoder, struct cf_bytes frame, unsigned length_at)
{
	struct cf_bytes header = frame;
	unsigned len;

	cf_bytes_skip(&header, length_at);
	len = length_at == 2 ? cf_bytes_le16(&header) : cf_bytes_be16(&header);
	cf_bytes_skip(&frame, len);
	if (!cf_bytes_ok(&header) || !cf_bytes_ok(&frame) || len < length_at + 2)
		return malformed(decoder);
	return cf_decode_wifi(decoder, frame, false);
}

/* PPI wraps any link type; its number is in the header. */
static bool decode_ppi(struct cf_decoder *decoder, struct cf_bytes frame)
{
	struct cf_bytes header = frame;
	unsigned len;
	uint32_t inner;

	cf_bytes_skip(&header, 2);
	len = cf_bytes_le16(&header);
	inner = cf_bytes_le32(&header);
	cf_bytes_skip(&frame, len);
	if (!cf_bytes_ok(&header) || !cf_bytes_ok(&frame) || len < 8 || inner == DLT_PPI ||
	    inner == LINK_PKTAP || inner > 0xffff)
		return malformed(decoder);
	return cf_decode_link(decoder, (int)inner, frame);
}

/* A fixed header of skip bytes, the last two of which (or at type_at) are an EtherType. */
static bool decode_typed(struct cf_decoder *decoder, struct cf_bytes frame, unsigned skip)
{
	cf_bytes_skip(&frame, skip);
	unsigned type = cf_bytes_be16(&frame);

	return cf_bytes_ok(&frame) ? cf_decode_ethertype(decoder, type, frame) : malformed(decoder);
}

/* RFC 4391 6: an EtherType and two bytes of zeros. */
static bool decode_ipoib(struct cf_decoder *decoder, struct cf_bytes frame)
{
	unsigned type = cf_bytes_be16(&frame);

	cf_bytes_skip(&frame, 2);
	return cf_bytes_ok(&frame) ? cf_decode_ethertype(decoder, type, frame) : malformed(decoder);
}

/* A fixed header of skip bytes, then IP. */
static bool decode_after(struct cf_decoder *decoder, struct cf_bytes frame, unsigned skip)
{
	cf_bytes_skip(&frame, skip);
	return cf_bytes_ok(&frame) ? cf_decode_ip(decoder, frame) : malformed(decoder);
}

/* ARCnet packet types of RFC 1051 and RFC 1201; the latter have a fragmentation header. */
static bool decode_arcnet(struct cf_decoder *decoder, struct cf_bytes frame, unsigned skip)
{
	uint8_t type;

	cf_bytes_skip(&frame, skip);
	type = cf_bytes_u8(&frame);
	if (type == 0xd4)
		cf_bytes_skip(&frame, 3);
	if (!cf_bytes_ok(&frame))
		return malformed(decoder);
	if (type == 0xf0 || type == 0xd4)
		return cf_decode_ip(decoder, frame);
	cf_decode_count(decoder, CF_COUNT_NOT_IP);
	return false;
}

/* Frame Relay and its kin: Q.922 address, control, then a network layer identifier (RFC 2427). */
static bool decode_frame_relay(struct cf_decoder *decoder, struct cf_bytes frame)
{
	uint8_t id;

	while ((cf_bytes_u8(&frame) & 1) == 0 && cf_bytes_ok(&frame))
		;
	cf_bytes_skip(&frame, 1);
	do
		id = cf_bytes_u8(&frame);
	while (id == 0 && cf_bytes_ok(&frame));
	if (!cf_bytes_ok(&frame))
		return malformed(decoder);
	if (id == 0xcc)
		return cf_decode_ip4(decoder, frame);
	if (id == 0x8e)
		return cf_decode_ip6(decoder, frame);
	if (id == 0x80)
		return decode_typed(decoder, frame, 3);
	cf_decode_count(decoder, CF_COUNT_NOT_IP);
	return false;
}

/* Marvell and Broadcom switch tags: between the addresses and the EtherType, tag_bytes long. */
static bool decode_switch_tag(struct cf_decoder *decoder, struct cf_bytes frame, unsigned tag_bytes)
{
	const uint8_t *addresses = cf_bytes_take(&frame, 12);

	if (addresses == NULL)
		return malformed(decoder);
	decoder->packet.mac_dst = addresses;
	decoder->packet.mac_src = addresses + 6;
	return decode_typed(decoder, frame, tag_bytes);
}

/* Headers of fixed length with LLC behind. */
static bool decode_before_llc(struct cf_decoder *decoder, struct cf_bytes frame, unsigned skip)
{
	cf_bytes_skip(&frame, skip);
	return cf_bytes_ok(&frame) ? cf_decode_llc(decoder, frame) : malformed(decoder);
}

/* Token Ring: the top bit of the source address announces a route of stated length. */
static bool decode_token_ring(struct cf_decoder *decoder, struct cf_bytes frame)
{
	const uint8_t *header = cf_bytes_take(&frame, 14);

	if (header == NULL)
		return malformed(decoder);
	if ((header[8] & 0x80) != 0 && cf_bytes_left(&frame) > 0)
		cf_bytes_skip(&frame, frame.at[0] & 0x1f);
	return cf_bytes_ok(&frame) ? cf_decode_llc(decoder, frame) : malformed(decoder);
}

/* OpenBSD's packet filter log: header length first, padded to four, address family second. */
static bool decode_pflog(struct cf_decoder *decoder, struct cf_bytes frame)
{
	unsigned len = cf_bytes_u8(&frame), family = cf_bytes_u8(&frame);

	cf_bytes_skip(&frame, ((len + 3) & ~3U) < 2 ? 0 : ((len + 3) & ~3U) - 2);
	return cf_bytes_ok(&frame) ? decode_family(decoder, family, frame) : malformed(decoder);
}

/* Apple's PKTAP wraps any link type; header length and number are in the header. */
static bool decode_pktap(struct cf_decoder *decoder, struct cf_bytes frame)
{
	struct cf_bytes header = frame;
	uint32_t len = cf_bytes_le32(&header), inner;

	cf_bytes_skip(&header, 4);
	inner = cf_bytes_le32(&header);
	cf_bytes_skip(&frame, len);
	if (!cf_bytes_ok(&header) || !cf_bytes_ok(&frame) || len < 12 || inner > 0xffff ||
	    inner == LINK_PKTAP || inner == DLT_PPI)
		return malformed(decoder);
	return cf_decode_link(decoder, (int)inner, frame);
}

/*
 * Juniper's routers: "MGC", flags, maybe extensions of stated length, then Ethernet; where it was
 * taken off, four bytes and IP.
 */
static bool decode_juniper(struct cf_decoder *decoder, struct cf_bytes frame)
{
	uint32_t head = cf_bytes_be32(&frame);

	if (!cf_bytes_ok(&frame) || head >> 8 != 0x4d4743)
		return malformed(decoder);
	if ((head & 0x80) != 0)
		cf_bytes_skip(&frame, cf_bytes_be16(&frame));
	if ((head & 0x02) != 0)
		return decode_after(decoder, frame, 4);
	return cf_bytes_ok(&frame) ? cf_decode_ethernet(decoder, frame) : malformed(decoder);
}

/* Whose number a user may choose is read where the bytes show that Apple did: 149 was PKTAP's. */
static bool decode_user2(struct cf_decoder *decoder, struct cf_bytes frame)
{
	struct cf_bytes header = frame;
	uint32_t len = cf_bytes_le32(&header), next = cf_bytes_le32(&header);

	if (!cf_bytes_ok(&header) || len < 108 || len > 1024 || next > 2) {
		cf_decode_count(decoder, CF_COUNT_LINK_UNKNOWN);
		return false;
	}
	return decode_pktap(decoder, frame);
}

/* The link types of old or rare equipment. */
static bool decode_rare_link(struct cf_decoder *decoder, int link_type, struct cf_bytes frame)
{
	switch (link_type) {
	case DLT_IEEE802:
		return decode_token_ring(decoder, frame);
	case DLT_ARCNET:
		return decode_arcnet(decoder, frame, 2);
	case DLT_ARCNET_LINUX:
		return decode_arcnet(decoder, frame, 4);
	case DLT_SLIP:
		return decode_after(decoder, frame, 16);
	case DLT_FDDI:
		return decode_before_llc(decoder, frame, 13);
	case 100: /* LINKTYPE_ATM_RFC1483 */
	case DLT_ATM_RFC1483:
		return decode_before_llc(decoder, frame, 0);
	case DLT_IP_OVER_FC:
		return decode_before_llc(decoder, frame, 16);
	case DLT_SUNATM:
		return decode_before_llc(decoder, frame, 4);
	case DLT_FRELAY:
		return decode_frame_relay(decoder, frame);
	case DLT_ENC:
		return decode_after(decoder, frame, 12);
	case DLT_PFLOG:
		return decode_pflog(decoder, frame);
	case DLT_APPLE_IP_OVER_IEEE1394:
		return decode_typed(decoder, frame, 16);
	case DLT_MPLS:
		return cf_decode_mpls(decoder, frame);
	case DLT_DSA_TAG_BRCM:
	case DLT_DSA_TAG_DSA:
		return decode_switch_tag(decoder, frame, 4);
	case LINK_PKTAP:
		return decode_pktap(decoder, frame);
	case LINK_USER2:
		return decode_user2(decoder, frame);
	case DLT_JUNIPER_ETHER:
		return decode_juniper(decoder, frame);
	case LINK_IPOIB: /* the route header as libpcap fills it in, then RFC 4391 6 */
		cf_bytes_skip(&frame, 40);
		return decode_ipoib(decoder, frame);
	case DLT_IPNET:
		return decode_after(decoder, frame, 24);
	case 285: /* LINKTYPE_DSA_TAG_EDSA */
		return decode_switch_tag(decoder, frame, 8);
	default:
		cf_decode_count(decoder, CF_COUNT_LINK_UNKNOWN);
		return false;
	}
}

bool cf_decode_link(struct cf_decoder *decoder, int link_type, struct cf_bytes frame)
{
	switch (link_type) {
	case DLT_EN10MB:
		return cf_decode_ethernet(decoder, frame);
	case DLT_LINUX_SLL:
		return decode_sll(decoder, frame);
	case DLT_LINUX_SLL2:
		return decode_sll2(decoder, frame);
	case DLT_NULL:
	case DLT_LOOP:
		return decode_null(decoder, frame);
	case DLT_RAW:
	case 14:  /* DLT_RAW of OpenBSD */
	case 101: /* LINKTYPE_RAW */
	case DLT_IPV4:
	case DLT_IPV6:
		return cf_decode_ip(decoder, frame);
	case DLT_PPP:
	case DLT_PPP_SERIAL:
		return cf_decode_ppp(decoder, frame);
	case DLT_PPP_ETHER:
		return cf_decode_ethertype(decoder, 0x8864, frame);
	case DLT_PPP_PPPD:
	case DLT_PPP_WITH_DIR:
		cf_bytes_skip(&frame, 1);
		return cf_bytes_ok(&frame) ? cf_decode_ppp(decoder, frame) : malformed(decoder);
	case DLT_C_HDLC:
		return decode_typed(decoder, frame, 2);
	case DLT_IEEE802_11:
		return cf_decode_wifi(decoder, frame, false);
	case DLT_IEEE802_11_RADIO:
		return decode_radio(decoder, frame, 2);
	case DLT_PPI:
		return decode_ppi(decoder, frame);
	case DLT_NFLOG:
		return decode_nflog(decoder, frame);
	case DLT_PRISM_HEADER:
		cf_bytes_skip(&frame, 144);
		return cf_decode_wifi(decoder, frame, false);
	case DLT_IEEE802_11_RADIO_AVS:
		return decode_radio(decoder, frame, 6);
	case DLT_NETANALYZER:
		cf_bytes_skip(&frame, 4);
		return cf_decode_ethernet(decoder, frame);
	case DLT_NETANALYZER_TRANSPARENT:
		cf_bytes_skip(&frame, 12);
		return cf_decode_ethernet(decoder, frame);
	default:
		return decode_rare_link(decoder, link_type, frame);
	}
}
