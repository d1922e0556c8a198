/* Ethernet and PPP, their tags, and what else has an EtherType: from a frame to an IP packet. */

#include "monitor/decode/decode.h"

enum ether_type {
	ETHER_IP4 = 0x0800,
	ETHER_ARP = 0x0806,
	ETHER_TEB = 0x6558, /* Ethernet again: GRE, Geneve */
	ETHER_VLAN = 0x8100,
	ETHER_IP6 = 0x86dd,
	ETHER_PPP = 0x880b,
	ETHER_MPLS = 0x8847,
	ETHER_MPLS_MULTICAST = 0x8848,
	ETHER_PPPOE = 0x8864,
	ETHER_QINQ = 0x88a8,
	ETHER_PBB = 0x88e7,
	ETHER_TRILL = 0x22f3,
	ETHER_FABRICPATH = 0x8903,
	ETHER_HSR = 0x892f,
	ETHER_FRER = 0xf1c1,
	ETHER_CISCO_META = 0x8909,
	ETHER_VNTAG = 0x8926,
	ETHER_NSH = 0x894f,
	ETHER_ETAG = 0x893f,   /* IEEE 802.1BR */
	ETHER_MACSEC = 0x88e5, /* IEEE 802.1AE */
	ETHER_BATMAN = 0x4305,
	ETHER_LWAPP = 0x88bb,
	ETHER_QINQ_OLD = 0x9100,
	ETHER_QINQ_OLD2 = 0x9200,
	ETHER_LARGEST_LENGTH = 1500, /* below: an IEEE 802.3 length, with LLC behind */
};

static bool malformed(struct cf_decoder *decoder)
{
	cf_decode_count(decoder, CF_COUNT_LINK_MALFORMED);
	return false;
}

/* ARP is handed over, with no IP addresses of its own; the observer reads sender and target. */
static bool decode_arp(struct cf_decoder *decoder, struct cf_bytes body)
{
	if (decoder->observer.raw == NULL)
		return true;
	decoder->packet.src = (struct cf_addr){.family = CF_FAMILY_NONE};
	decoder->packet.dst = (struct cf_addr){.family = CF_FAMILY_NONE};
	decoder->observer.raw(decoder->observer.context, &decoder->packet, CF_RAW_ARP,
	    (struct cf_slice){.data = body.at, .len = cf_bytes_left(&body)});
	return true;
}

/* IEEE 802.2 LLC: SNAP with an EtherType, or the rare IP service access point. */
bool cf_decode_llc(struct cf_decoder *decoder, struct cf_bytes body)
{
	uint8_t dsap = cf_bytes_u8(&body), ssap = cf_bytes_u8(&body), control = cf_bytes_u8(&body);

	if (!cf_bytes_ok(&body))
		return malformed(decoder);
	if (dsap == 0x06 && ssap == 0x06 && control == 0x03)
		return cf_decode_ip4(decoder, body);
	if (dsap != 0xaa || ssap != 0xaa || control != 0x03) {
		cf_decode_count(decoder, CF_COUNT_NOT_IP);
		return false;
	}
	cf_bytes_skip(&body, 3);
	unsigned type = cf_bytes_be16(&body);

	if (!cf_bytes_ok(&body))
		return malformed(decoder);
	if (type <= ETHER_LARGEST_LENGTH) {
		cf_decode_count(decoder, CF_COUNT_NOT_IP);
		return false;
	}
	return cf_decode_ethertype(decoder, type, body);
}

/* Labels to the bottom of the stack; then IP, or Ethernet with or without a control word. */
bool cf_decode_mpls(struct cf_decoder *decoder, struct cf_bytes body)
{
	uint32_t label;

	do
		label = cf_bytes_be32(&body);
	while (cf_bytes_ok(&body) && (label & 0x100) == 0);
	if (cf_bytes_left(&body) == 0)
		return malformed(decoder);
	switch (body.at[0] >> 4) {
	case 4:
		return cf_decode_ip4(decoder, body);
	case 6:
		return cf_decode_ip6(decoder, body);
	case 0: /* RFC 4385 control word */
		cf_bytes_skip(&body, 4);
		return cf_decode_ethernet(decoder, body);
	default:
		return cf_decode_ethernet(decoder, body);
	}
}

/* PPP with or without HDLC address and control, protocol compressed or not (RFC 1661 6.5, 6.6). */
bool cf_decode_ppp(struct cf_decoder *decoder, struct cf_bytes body)
{
	unsigned proto;

	if (cf_bytes_left(&body) >= 2 && body.at[0] == 0xff && body.at[1] == 0x03)
		cf_bytes_skip(&body, 2);
	proto = cf_bytes_u8(&body);
	if ((proto & 1) == 0)
		proto = proto << 8 | cf_bytes_u8(&body);
	if (!cf_bytes_ok(&body))
		return malformed(decoder);
	switch (proto) {
	case 0x0021:
		return cf_decode_ip4(decoder, body);
	case 0x0057:
		return cf_decode_ip6(decoder, body);
	case 0x0281:
	case 0x0283:
		return cf_decode_mpls(decoder, body);
	default:
		cf_decode_count(decoder, CF_COUNT_NOT_IP);
		return false;
	}
}

static bool decode_pppoe(struct cf_decoder *decoder, struct cf_bytes body)
{
	uint8_t version = cf_bytes_u8(&body), code = cf_bytes_u8(&body);

	cf_bytes_skip(&body, 4);
	if (!cf_bytes_ok(&body) || version != 0x11 || code != 0)
		return malformed(decoder);
	return cf_decode_ppp(decoder, body);
}

/* RFC 8300: a base header, context by its length, then the payload its type says. */
static bool decode_nsh(struct cf_decoder *decoder, struct cf_bytes body)
{
	const uint8_t *base = cf_bytes_take(&body, 8);

	if (base == NULL || (base[1] & 0x3fU) < 2)
		return malformed(decoder);
	cf_bytes_skip(&body, (base[1] & 0x3fU) * 4 - 8);
	switch (base[3]) {
	case 1:
		return cf_decode_ip4(decoder, body);
	case 2:
		return cf_decode_ip6(decoder, body);
	case 3:
		return cf_decode_ethernet(decoder, body);
	case 5:
		return cf_decode_mpls(decoder, body);
	default:
		cf_decode_count(decoder, CF_COUNT_NOT_IP);
		return false;
	}
}

/* RFC 6325 3.2: options by their length, nicknames, then the frame as it entered. */
static bool decode_trill(struct cf_decoder *decoder, struct cf_bytes body)
{
	unsigned flags = cf_bytes_be16(&body);

	cf_bytes_skip(&body, 4 + ((flags >> 6) & 0x1f) * 4);
	return cf_decode_ethernet(decoder, body);
}

/*
 * IEEE 802.1AE 9.3: a tag with or without the sender's identifier. Where integrity alone is
 * protected, what follows is as it was sent, with a check value behind it that nobody reads.
 */
static bool decode_macsec(struct cf_decoder *decoder, struct cf_bytes body)
{
	const uint8_t *tag = cf_bytes_take(&body, 6);
	unsigned type;

	if (tag == NULL || (tag[0] & 0x80) != 0)
		return malformed(decoder);
	if ((tag[0] & 0x0c) != 0) { /* encrypted, or changed */
		cf_decode_unread(decoder, CF_COUNT_UNREAD_MACSEC);
		return false;
	}
	if ((tag[0] & 0x20) != 0)
		cf_bytes_skip(&body, 8);
	type = cf_bytes_be16(&body);
	return cf_bytes_ok(&body) ? cf_decode_ethertype(decoder, type, body) : malformed(decoder);
}

/* B.A.T.M.A.N. advanced, compatibility versions 14 and 15: unicast and broadcast carry a frame. */
static bool decode_batman(struct cf_decoder *decoder, struct cf_bytes body)
{
	struct cf_bytes head = body;
	unsigned type = cf_bytes_u8(&head), version = cf_bytes_u8(&head), skip = 0;

	if (!cf_bytes_ok(&head))
		return malformed(decoder);
	if (version == 15)
		skip = type == 0x40 ? 10 : type == 0x42 ? 18 : type == 0x01 ? 14 : 0;
	else if (version == 14)
		skip = type == 3 ? 10 : type == 4 ? 14 : type == 9 ? 18 : 0;
	if (skip == 0) {
		if (type == 0x41 || type == 0x05 || version < 14 || version > 15)
			cf_decode_unread(decoder, CF_COUNT_UNREAD_ETHER); /* in pieces, or new */
		else
			cf_decode_count(decoder, CF_COUNT_NOT_IP);
		return false;
	}
	cf_bytes_skip(&body, skip);
	return cf_decode_ethernet(decoder, body);
}

/* Steps over the tag that *type announces; false when *type is no tag. */
static bool skip_tag(struct cf_decoder *decoder, unsigned *type, struct cf_bytes *body)
{
	struct cf_packet *packet = &decoder->packet;
	unsigned id;

	switch (*type) {
	case ETHER_VLAN:
	case ETHER_QINQ:
	case ETHER_QINQ_OLD:
	case ETHER_QINQ_OLD2:
		id = cf_bytes_be16(body) & 0xfffU;
		if (packet->vlan_count < CF_VLAN_TAGS)
			packet->vlan[packet->vlan_count++] = (uint16_t)id;
		break;
	case ETHER_VNTAG:
	case ETHER_HSR:
	case ETHER_FRER: /* IEEE 802.1CB */
		cf_bytes_skip(body, 4);
		break;
	case ETHER_CISCO_META:
	case ETHER_ETAG:
		cf_bytes_skip(body, 6);
		break;
	case ETHER_PBB: /* IEEE 802.1ah: I-TAG, then the customer's own Ethernet header */
		cf_bytes_skip(body, 4);
		packet->mac_dst = cf_bytes_take(body, 6);
		packet->mac_src = cf_bytes_take(body, 6);
		break;
	default:
		return false;
	}
	*type = cf_bytes_be16(body);
	return true;
}

bool cf_decode_ethertype(struct cf_decoder *decoder, unsigned type, struct cf_bytes body)
{
	if (type == ETHER_IP4 && cf_bytes_ok(&body)) /* nearly all */
		return cf_decode_ip4(decoder, body);
	/* Each tag takes bytes, and once they are used up type reads as 0: the loop ends. */
	while (skip_tag(decoder, &type, &body))
		;
	if (!cf_bytes_ok(&body))
		return malformed(decoder);
	if (type <= ETHER_LARGEST_LENGTH)
		return cf_decode_llc(decoder, body);
	switch (type) {
	case ETHER_IP4:
		return cf_decode_ip4(decoder, body);
	case ETHER_IP6:
		return cf_decode_ip6(decoder, body);
	case ETHER_ARP:
		return decode_arp(decoder, body);
	case ETHER_TEB:
		return cf_decode_ethernet(decoder, body);
	case ETHER_PPP:
		return cf_decode_ppp(decoder, body);
	case ETHER_MPLS:
	case ETHER_MPLS_MULTICAST:
		return cf_decode_mpls(decoder, body);
	case ETHER_PPPOE:
		return decode_pppoe(decoder, body);
	case ETHER_NSH:
		return decode_nsh(decoder, body);
	case ETHER_TRILL:
		return decode_trill(decoder, body);
	case ETHER_FABRICPATH:
		cf_bytes_skip(&body, 2);
		return cf_decode_ethernet(decoder, body);
	case ETHER_MACSEC:
		return decode_macsec(decoder, body);
	case ETHER_BATMAN:
		return decode_batman(decoder, body);
	case ETHER_LWAPP:
		cf_decode_unread(decoder, CF_COUNT_UNREAD_ETHER);
		return false;
	default:
		cf_decode_count(decoder, CF_COUNT_NOT_IP);
		return false;
	}
}

bool cf_ethertype_is_read(unsigned type)
{
	static const uint16_t types[] = {ETHER_IP4, ETHER_ARP, ETHER_TEB, ETHER_VLAN, ETHER_IP6,
	    ETHER_PPP, ETHER_MPLS, ETHER_MPLS_MULTICAST, ETHER_PPPOE, ETHER_QINQ, ETHER_PBB,
	    ETHER_TRILL, ETHER_FABRICPATH, ETHER_HSR, ETHER_FRER, ETHER_CISCO_META, ETHER_VNTAG,
	    ETHER_NSH, ETHER_QINQ_OLD, ETHER_QINQ_OLD2, ETHER_ETAG, ETHER_MACSEC, ETHER_BATMAN,
	    ETHER_LWAPP};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i] == type)
			return true;
	return false;
}

bool cf_decode_ethernet(struct cf_decoder *decoder, struct cf_bytes frame)
{
	const uint8_t *header = cf_bytes_take(&frame, 14);

	if (header == NULL)
		return malformed(decoder);
	if (!cf_decode_enter(decoder))
		return false;
	decoder->packet.mac_dst = header;
	decoder->packet.mac_src = header + 6;
	decoder->packet.vlan_count = 0;
	return cf_decode_ethertype(decoder, (unsigned)header[12] << 8 | header[13], frame);
}
