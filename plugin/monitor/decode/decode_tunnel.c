/* Tunnels over IP and UDP: GRE and what it carries, VXLAN, Geneve, GTP-U, Teredo and the like. */

#include "monitor/decode/decode.h"
#include "monitor/decode/ethertype.h"

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080,
	GRE_VERSION = 0x0007,
	GRE_ERSPAN = 0x88be,
	GRE_ERSPAN3 = 0x22eb,
	GRE_WCCP = 0x883e,
	GRE_PPP = 0x880b,
	/* Said between routers, not carried for anybody. */
	GRE_KEEPALIVE = 0x0000,
	GRE_CDP = 0x2000,
	GRE_NHRP = 0x2001,
};

/* ERSPAN II and III headers (draft-foschiano-erspan-03); type I has none and no sequence number. */
static bool decode_erspan(struct cf_decoder *decoder, struct cf_bytes body, bool type3)
{
	const uint8_t *header = cf_bytes_take(&body, type3 ? 12 : 8);

	if (header == NULL)
		return false;
	if (type3 && (header[11] & 1) != 0)
		cf_bytes_skip(&body, 8);
	if (type3 && ((header[10] >> 2) & 0x1f) == 2)
		return cf_decode_ip(decoder, body);
	return cf_decode_ethernet(decoder, body);
}

/* Cisco's web cache redirection may put four bytes before the IP header. */
static bool decode_wccp(struct cf_decoder *decoder, struct cf_bytes body)
{
	if (cf_bytes_left(&body) > 0 && body.at[0] >> 4 != 4)
		cf_bytes_skip(&body, 4);
	return cf_decode_ip(decoder, body);
}

/* An access point's frames to its controller: one type for each of its radio's networks. */
static bool is_aruba(unsigned type)
{
	return (type & 0x0f) == 0 &&
	    ((type >= 0x8200 && type <= 0x83f0) || (type >= 0x9000 && type <= 0x90f0));
}

/* RFC 1701: source route entries to one of no family and no length. */
static void skip_gre_route(struct cf_bytes *body)
{
	unsigned family, len;

	do {
		family = cf_bytes_be16(body);
		cf_bytes_skip(body, 1);
		len = cf_bytes_u8(body);
		cf_bytes_skip(body, len);
	} while (cf_bytes_ok(body) && (family != 0 || len != 0));
}

static bool decode_gre_type(struct cf_decoder *decoder, unsigned type, struct cf_bytes body)
{
	if (is_aruba(type))
		return cf_decode_wifi(decoder, body, false);
	if (type == GRE_KEEPALIVE || type == GRE_CDP || type == GRE_NHRP)
		return false;
	/* Below 1501 the LLC reader would guess; GRE has EtherTypes only. */
	if (type > 1500 && cf_ethertype_is_read(type))
		return cf_decode_ethertype(decoder, type, body);
	cf_decode_unread(decoder, CF_COUNT_UNREAD_GRE);
	return false;
}

bool cf_decode_gre(struct cf_decoder *decoder, struct cf_bytes body)
{
	unsigned flags = cf_bytes_be16(&body), type = cf_bytes_be16(&body);

	if ((flags & GRE_VERSION) > 1) {
		if (cf_bytes_ok(&body))
			cf_decode_unread(decoder, CF_COUNT_UNREAD_GRE);
		return false;
	}
	if ((flags & GRE_VERSION) == 1) { /* PPTP, RFC 2637 4.1 */
		cf_bytes_skip(&body, 4);
		if ((flags & GRE_SEQUENCE) != 0)
			cf_bytes_skip(&body, 4);
		if ((flags & GRE_ACK) != 0)
			cf_bytes_skip(&body, 4);
		return cf_bytes_left(&body) > 0 && type == GRE_PPP && cf_decode_ppp(decoder, body);
	}
	if ((flags & (GRE_CHECKSUM | GRE_ROUTING)) != 0)
		cf_bytes_skip(&body, 4);
	if ((flags & GRE_KEY) != 0)
		cf_bytes_skip(&body, 4);
	if ((flags & GRE_SEQUENCE) != 0)
		cf_bytes_skip(&body, 4);
	if ((flags & GRE_ROUTING) != 0)
		skip_gre_route(&body);
	if (cf_bytes_left(&body) == 0)
		return false;
	switch (type) {
	case GRE_ERSPAN:
		if ((flags & GRE_SEQUENCE) == 0)
			return cf_decode_ethernet(decoder, body);
		return decode_erspan(decoder, body, false);
	case GRE_ERSPAN3:
		return decode_erspan(decoder, body, true);
	case GRE_WCCP:
		return decode_wccp(decoder, body);
	default:
		return decode_gre_type(decoder, type, body);
	}
}

/* RFC 3378. */
bool cf_decode_ether_in_ip(struct cf_decoder *decoder, struct cf_bytes body)
{
	const uint8_t *header = cf_bytes_take(&body, 2);

	return header != NULL && header[0] >> 4 == 3 && cf_decode_ethernet(decoder, body);
}

/* RFC 7348, and the generic extension with its next-protocol byte. */
static bool decode_vxlan(struct cf_decoder *decoder, struct cf_bytes body)
{
	const uint8_t *header = cf_bytes_take(&body, 8);

	if (header == NULL || (header[0] & 0x08) == 0)
		return false;
	if (decoder->packet.dst_port == 4790 && (header[0] & 0x04) != 0) {
		switch (header[3]) {
		case 1:
		case 2:
			return cf_decode_ip(decoder, body);
		case 3:
			break;
		case 4: /* NSH, by its own EtherType */
			return cf_decode_ethertype(decoder, 0x894f, body);
		case 5:
			return cf_decode_mpls(decoder, body);
		default:
			return false;
		}
	}
	return cf_decode_ethernet(decoder, body);
}

/* RFC 8926. */
static bool decode_geneve(struct cf_decoder *decoder, struct cf_bytes body)
{
	const uint8_t *header = cf_bytes_take(&body, 8);
	unsigned type;

	if (header == NULL || header[0] >> 6 != 0)
		return false;
	type = (unsigned)header[2] << 8 | header[3];
	cf_bytes_skip(&body, (header[0] & 0x3fU) * 4);
	return cf_bytes_ok(&body) && cf_ethertype_is_read(type) &&
	    cf_decode_ethertype(decoder, type, body);
}

/* draft-ietf-intarea-gue-09: variant 0 names an IP protocol, as Linux sends it; variant 1 is an IP
 * packet from its first byte on. Control messages carry none. */
static bool decode_gue(struct cf_decoder *decoder, struct cf_bytes body)
{
	const bool is_direct = cf_bytes_left(&body) > 0 && body.at[0] >> 6 == 1;
	const uint8_t *header = is_direct ? NULL : cf_bytes_take(&body, 4);

	if (is_direct)
		return cf_decode_ip(decoder, body);
	if (header == NULL || header[0] >> 5 != 0)
		return false;
	cf_bytes_skip(&body, (header[0] & 0x1fU) * 4);
	if (!cf_bytes_ok(&body) || cf_bytes_left(&body) == 0)
		return false;
	switch (header[1]) {
	case 4:
	case 41:
		return cf_decode_ip(decoder, body);
	case 47:
		return cf_decode_gre(decoder, body);
	case 97:
		return cf_decode_ether_in_ip(decoder, body);
	case 137:
		return cf_decode_mpls(decoder, body);
	default:
		return false;
	}
}

/* 3GPP TS 29.281 5.1: G-PDUs, with the chain of extension headers. */
static bool decode_gtp(struct cf_decoder *decoder, struct cf_bytes body)
{
	const uint8_t *header = cf_bytes_take(&body, 8);
	uint8_t next;

	if (header == NULL || header[0] >> 5 != 1 || (header[0] & 0x10) == 0 || header[1] != 0xff)
		return false;
	if ((header[0] & 0x07) != 0) {
		cf_bytes_skip(&body, 3);
		next = cf_bytes_u8(&body);
		while ((header[0] & 0x04) != 0 && next != 0 && cf_bytes_ok(&body)) {
			unsigned len = cf_bytes_u8(&body) * 4U;

			if (len < 4)
				return false;
			cf_bytes_skip(&body, len - 2);
			next = cf_bytes_u8(&body);
		}
	}
	return cf_bytes_left(&body) > 0 && cf_decode_ip(decoder, body);
}

/* RFC 4380 5.1.1: authentication and origin indications, then IPv6. */
static bool decode_teredo(struct cf_decoder *decoder, struct cf_bytes body)
{
	struct cf_bytes ahead = body;

	if (cf_bytes_be16(&ahead) == 0x0001 && cf_bytes_ok(&ahead)) {
		unsigned id_bytes = cf_bytes_u8(&ahead), value_bytes = cf_bytes_u8(&ahead);

		cf_bytes_skip(&ahead, id_bytes + value_bytes + 9);
		body = ahead;
	}
	ahead = body;
	if (cf_bytes_be16(&ahead) == 0x0000 && cf_bytes_ok(&ahead))
		cf_bytes_skip(&body, 8);
	return cf_bytes_left(&body) > 0 && cf_decode_ip6(decoder, body);
}

/* RFC 2661 3.1, data messages, and version 3 over UDP (RFC 3931) with its usual PPP. */
static bool decode_l2tp(struct cf_decoder *decoder, struct cf_bytes body)
{
	unsigned flags = cf_bytes_be16(&body);

	if ((flags & 0x8000) != 0 || (flags & 0x000f) != 2)
		return false;
	if ((flags & 0x4000) != 0)
		cf_bytes_skip(&body, 2);
	cf_bytes_skip(&body, 4);
	if ((flags & 0x0800) != 0)
		cf_bytes_skip(&body, 4);
	if ((flags & 0x0200) != 0)
		cf_bytes_skip(&body, cf_bytes_be16(&body));
	return cf_bytes_left(&body) > 0 && cf_decode_ppp(decoder, body);
}

/* draft-massar-v6ops-ayiya-02: identity and signature by their lengths, then the next header. */
static bool decode_ayiya(struct cf_decoder *decoder, struct cf_bytes body)
{
	const uint8_t *header = cf_bytes_take(&body, 8);

	if (header == NULL || (header[2] & 0x0f) != 1)
		return false;
	cf_bytes_skip(&body, (1U << (header[0] >> 4)) + (header[1] >> 4) * 4U);
	if (!cf_bytes_ok(&body) || (header[3] != 41 && header[3] != 4))
		return false;
	return cf_decode_ip(decoder, body);
}

static void skip_zeros(struct cf_bytes *body)
{
	size_t left = cf_bytes_left(body), zeros = 0;

	while (zeros < left && body->at[zeros] == 0)
		zeros++;
	cf_bytes_skip(body, zeros);
}

/* TaZmen sniffer protocol: tags up to an end tag, then the sniffed frame. */
static bool decode_tzsp(struct cf_decoder *decoder, struct cf_bytes body)
{
	const uint8_t *header = cf_bytes_take(&body, 4);
	unsigned tag;

	if (header == NULL || header[0] != 1)
		return false;
	do {
		skip_zeros(&body); /* padding */
		tag = cf_bytes_u8(&body);
		if (tag > 1)
			cf_bytes_skip(&body, cf_bytes_u8(&body));
	} while (tag != 1 && cf_bytes_ok(&body));
	if (!cf_bytes_ok(&body) || header[2] != 0)
		return false;
	if (header[3] == 1)
		return cf_decode_ethernet(decoder, body);
	return header[3] == 18 && cf_decode_wifi(decoder, body, false);
}

/*
 * RFC 5415 4.3: an access point's traffic to its controller, as Ethernet or as 802.11, whose first
 * two bytes the commonest make of access point sends in the wrong order. Fragments are left alone.
 */
static bool decode_capwap(struct cf_decoder *decoder, struct cf_bytes body)
{
	struct cf_bytes whole = body;
	const uint8_t *header = cf_bytes_take(&body, 8);

	if (header == NULL || header[0] != 0 || (header[3] & 0x88) != 0)
		return false;
	cf_bytes_skip(&whole, (header[1] >> 3) * 4U);
	if (cf_bytes_left(&whole) < 2)
		return false;
	if ((header[2] & 1) == 0)
		return cf_decode_ethernet(decoder, whole);
	return cf_decode_wifi(decoder, whole, (whole.at[0] & 0x0f) != 0x08);
}

static bool decode_lisp(struct cf_decoder *decoder, struct cf_bytes body)
{
	cf_bytes_skip(&body, 8);
	return cf_bytes_left(&body) > 0 && cf_decode_ip(decoder, body);
}

static bool decode_by_port(struct cf_decoder *decoder, uint16_t port, struct cf_bytes body)
{
	switch (port) {
	case 1701:
		return decode_l2tp(decoder, body);
	case 2152:
		return decode_gtp(decoder, body);
	case 3544:
		return decode_teredo(decoder, body);
	case 4341:
		return decode_lisp(decoder, body);
	case 4754: /* RFC 8086 */
		return cf_decode_gre(decoder, body);
	case 4789:
	case 4790:
	case 8472:
		return decode_vxlan(decoder, body);
	case 5072:
		return decode_ayiya(decoder, body);
	case 5247:
		return decode_capwap(decoder, body);
	case 6080:
		return decode_gue(decoder, body);
	case 6081:
		return decode_geneve(decoder, body);
	case 6635:
		return cf_decode_mpls(decoder, body);
	case 37008:
		return decode_tzsp(decoder, body);
	default:
		return false;
	}
}

bool cf_decode_udp_tunnel(struct cf_decoder *decoder, struct cf_bytes body)
{
	uint16_t src_port = decoder->packet.src_port;

	return decode_by_port(decoder, decoder->packet.dst_port, body) ||
	    (src_port != decoder->packet.dst_port && decode_by_port(decoder, src_port, body));
}
