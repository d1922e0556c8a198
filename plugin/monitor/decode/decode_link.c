/* Ethernet and PPP, their tags, and what else has an EtherType: from a frame to an IP packet. */

#include "monitor/decode/decode.h"
#include "monitor/decode/ethertype.h"

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
	if (type <= CF_ETHER_LARGEST_LENGTH) {
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
	case CF_ETHER_VLAN:
	case CF_ETHER_QINQ:
	case CF_ETHER_QINQ_OLD:
	case CF_ETHER_QINQ_OLD2:
		id = cf_bytes_be16(body) & 0xfffU;
		if (packet->vlan_count < CF_VLAN_TAGS)
			packet->vlan[packet->vlan_count++] = (uint16_t)id;
		break;
	case CF_ETHER_VNTAG:
	case CF_ETHER_HSR:
	case CF_ETHER_FRER: /* IEEE 802.1CB */
		cf_bytes_skip(body, 4);
		break;
	case CF_ETHER_CISCO_META:
	case CF_ETHER_ETAG:
		cf_bytes_skip(body, 6);
		break;
	case CF_ETHER_PBB: /* IEEE 802.1ah: I-TAG, then the customer's own Ethernet header */
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
	if (type == CF_ETHER_IP4 && cf_bytes_ok(&body)) /* nearly all */
		return cf_decode_ip4(decoder, body);
	/* Each tag takes bytes, and once they are used up type reads as 0: the loop ends. */
	while (skip_tag(decoder, &type, &body))
		;
	if (!cf_bytes_ok(&body))
		return malformed(decoder);
	if (type <= CF_ETHER_LARGEST_LENGTH)
		return cf_decode_llc(decoder, body);
	switch (type) {
	case CF_ETHER_IP4:
		return cf_decode_ip4(decoder, body);
	case CF_ETHER_IP6:
		return cf_decode_ip6(decoder, body);
	case CF_ETHER_ARP:
		return decode_arp(decoder, body);
	case CF_ETHER_TEB:
		return cf_decode_ethernet(decoder, body);
	case CF_ETHER_PPP:
		return cf_decode_ppp(decoder, body);
	case CF_ETHER_MPLS:
	case CF_ETHER_MPLS_MULTICAST:
		return cf_decode_mpls(decoder, body);
	case CF_ETHER_PPPOE:
		return decode_pppoe(decoder, body);
	case CF_ETHER_NSH:
		return decode_nsh(decoder, body);
	case CF_ETHER_TRILL:
		return decode_trill(decoder, body);
	case CF_ETHER_FABRICPATH:
		cf_bytes_skip(&body, 2);
		return cf_decode_ethernet(decoder, body);
	case CF_ETHER_MACSEC:
		return decode_macsec(decoder, body);
	case CF_ETHER_BATMAN:
		return decode_batman(decoder, body);
	case CF_ETHER_LWAPP:
		cf_decode_unread(decoder, CF_COUNT_UNREAD_ETHER);
		return false;
	default:
		cf_decode_count(decoder, CF_COUNT_NOT_IP);
		return false;
	}
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
