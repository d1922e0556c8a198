/* TCP, UDP and ICMP headers; which port goes to which reader. */

#include "monitor/decode/decode.h"

#include "monitor/decode/ipcomp.h"
#include "monitor/message/decode_dns.h"
#include "monitor/message/decode_quic.h"
#include "monitor/message/streams.h"
#include "monitor/packet/tunnel_ports.h"

enum {
	PROTO_IP4 = 4,
	PROTO_IP6 = 41,
	PROTO_GRE = 47,
	PROTO_ESP = 50,
	PROTO_MINIMAL = 55, /* RFC 2004 */
	PROTO_IPIP = 94,
	PROTO_ENCAP = 98, /* RFC 1241 */
	PROTO_L2TP3 = 115,
	PROTO_ETHERNET = 143, /* RFC 8986 */
	PROTO_AUTHENTICATION = 51,
	PROTO_ETHER_IP = 97,
	PROTO_IPCOMP = 108,
	PROTO_MPLS = 137,
};

/* What a UDP port says about its payload. */
enum port_kind {
	PORT_OTHER,
	PORT_DNS,
	PORT_MDNS,
	PORT_LLMNR,
	PORT_TUNNEL,
	PORT_SHUT, /* a tunnel that is encrypted */
	PORT_DHCP4,
	PORT_DHCP6,
	PORT_NBNS,
	PORT_NBDGM,
	PORT_SSDP,
};

static enum port_kind udp_port_kind(uint16_t port)
{
	switch (port) {
	case 53:
		return PORT_DNS;
	case 67:
	case 68:
		return PORT_DHCP4;
	case 137:
		return PORT_NBNS;
	case 138:
		return PORT_NBDGM;
	case 546:
	case 547:
		return PORT_DHCP6;
	case 1900:
		return PORT_SSDP;
	case 5353:
		return PORT_MDNS;
	case 5355:
		return PORT_LLMNR;
#define PORT_CASE(port) case port:
		CF_TUNNEL_PORTS(PORT_CASE)
#undef PORT_CASE
		return PORT_TUNNEL;
	case 1194:  /* OpenVPN */
	case 4500:  /* IPsec */
	case 4755:  /* GRE in DTLS */
	case 51820: /* WireGuard */
		return PORT_SHUT;
	default:
		return PORT_OTHER;
	}
}

static void report(struct cf_decoder *decoder)
{
	struct cf_packet *packet = &decoder->packet;

	/* What an ICMP error quotes was reported when it was sent; fragments one by one. */
	if (packet->in_icmp_error || packet->reassembled)
		return;
	cf_decode_count(decoder, CF_COUNT_IP_PACKETS);
	if (decoder->observer.packet != NULL)
		decoder->observer.packet(decoder->observer.context, packet);
}

static bool malformed(struct cf_decoder *decoder)
{
	cf_decode_count(decoder, CF_COUNT_TRANSPORT_MALFORMED);
	report(decoder); /* its addresses are known all the same */
	return true;
}

/* A tunnel over IP that stays shut. */
static bool unread(struct cf_decoder *decoder, enum cf_decode_counter kind)
{
	if (!decoder->packet.in_icmp_error)
		cf_decode_unread(decoder, kind);
	report(decoder);
	return true;
}

static void hand_over(struct cf_decoder *decoder, enum cf_raw_kind kind, struct cf_slice bytes)
{
	if (decoder->observer.raw != NULL && !decoder->packet.in_icmp_error)
		decoder->observer.raw(decoder->observer.context, &decoder->packet, kind, bytes);
}

/* To be read next, and in the place of this packet; see cf_decode_outer(). */
static bool leave_inner(struct cf_decoder *decoder, enum cf_inner_kind kind, struct cf_bytes body)
{
	decoder->inner = (struct cf_inner){.kind = kind, .body = body};
	return true;
}

static bool decode_tcp(struct cf_decoder *decoder, struct cf_bytes body, size_t wire_bytes)
{
	struct cf_packet *packet = &decoder->packet;
	const uint8_t *header = cf_bytes_take(&body, 20);
	size_t header_bytes;
	uint64_t hash = 0;
	bool wanted;

	if (header == NULL)
		return malformed(decoder);
	header_bytes = (size_t)(header[12] >> 4) * 4;
	packet->src_port = (uint16_t)(header[0] << 8 | header[1]);
	packet->dst_port = (uint16_t)(header[2] << 8 | header[3]);
	packet->tcp_seq = (uint32_t)header[4] << 24 | (uint32_t)header[5] << 16 |
	    (uint32_t)header[6] << 8 | header[7];
	packet->tcp_ack = (uint32_t)header[8] << 24 | (uint32_t)header[9] << 16 |
	    (uint32_t)header[10] << 8 | header[11];
	packet->tcp_flags = header[13];
	if (header_bytes < 20 || wire_bytes < header_bytes)
		return malformed(decoder);
	packet->payload_wire_bytes = (uint32_t)(wire_bytes - header_bytes);
	cf_bytes_skip(&body, header_bytes - 20);
	packet->payload = (struct cf_slice){.data = body.at, .len = cf_bytes_left(&body)};
	wanted = (packet->payload.len != 0 || (packet->tcp_flags & CF_TCP_SYN) != 0) &&
	    !packet->in_icmp_error;
	if (wanted) {
		hash = cf_packet_hash(decoder, packet);
		cf_streams_prefetch(decoder->streams, hash);
	}
	report(decoder);
	if (wanted)
		cf_streams_segment(decoder->streams, decoder, hash);
	return true;
}

static void decode_udp_payload(struct cf_decoder *decoder, enum port_kind kind)
{
	struct cf_packet *packet = &decoder->packet;
	bool cut = packet->payload.len < packet->payload_wire_bytes;

	switch (kind) {
	case PORT_DNS:
		if (cf_decode_dns(
		        decoder, packet, CF_DNS_UNICAST, CF_TRANSPORT_UDP, packet->payload, cut))
			return;
		break;
	case PORT_MDNS:
		if (cf_decode_dns(
		        decoder, packet, CF_DNS_MDNS, CF_TRANSPORT_UDP, packet->payload, cut))
			return;
		break;
	case PORT_LLMNR:
		if (cf_decode_dns(
		        decoder, packet, CF_DNS_LLMNR, CF_TRANSPORT_UDP, packet->payload, cut))
			return;
		break;
	case PORT_DHCP4:
		hand_over(decoder, CF_RAW_DHCP4, packet->payload);
		break;
	case PORT_DHCP6:
		hand_over(decoder, CF_RAW_DHCP6, packet->payload);
		break;
	case PORT_NBNS:
		hand_over(decoder, CF_RAW_NBNS, packet->payload);
		break;
	case PORT_NBDGM:
		hand_over(decoder, CF_RAW_NBDGM, packet->payload);
		break;
	case PORT_SSDP:
		hand_over(decoder, CF_RAW_SSDP, packet->payload);
		break;
	case PORT_TUNNEL:
	case PORT_SHUT:
		if (!packet->in_icmp_error)
			cf_decode_udp_unread(decoder, packet->payload);
		break;
	case PORT_OTHER:
		break;
	}
	/* Resolvers listen on any port, beside QUIC or DNSCrypt for one. */
	if (!cut && (kind == PORT_OTHER || kind == PORT_SHUT || kind == PORT_TUNNEL) &&
	    cf_dns_is_shaped(packet->payload)) {
		(void)cf_decode_dns(decoder, packet, CF_DNS_UNICAST, CF_TRANSPORT_UDP,
		    packet->payload, false); /* what is shaped so is read */
		return;
	}
	/* Any of these numbers may be some client's own port. */
	if (!packet->in_icmp_error)
		cf_quic_datagram(decoder->quic, decoder);
}

/* What the ports say: DNS before all, then the receiver's port before the sender's. */
static enum port_kind datagram_kind(const struct cf_packet *packet)
{
	enum port_kind kind = udp_port_kind(packet->dst_port);

	if (packet->src_port == 53)
		return PORT_DNS;
	return kind == PORT_OTHER ? udp_port_kind(packet->src_port) : kind;
}

static bool decode_udp(struct cf_decoder *decoder, struct cf_bytes body, size_t wire_bytes)
{
	struct cf_packet *packet = &decoder->packet;
	const uint8_t *header = cf_bytes_take(&body, 8);
	enum port_kind kind;
	size_t udp_bytes;

	if (header == NULL)
		return malformed(decoder);
	packet->src_port = (uint16_t)(header[0] << 8 | header[1]);
	packet->dst_port = (uint16_t)(header[2] << 8 | header[3]);
	udp_bytes = (size_t)header[4] << 8 | header[5];
	if (udp_bytes == 0) /* offload, or a jumbogram (RFC 2675) */
		udp_bytes = wire_bytes;
	if (udp_bytes < 8)
		return malformed(decoder);
	udp_bytes -= 8;
	cf_bytes_limit(&body, udp_bytes);
	packet->payload_wire_bytes = (uint32_t)udp_bytes;
	packet->payload = (struct cf_slice){.data = body.at, .len = cf_bytes_left(&body)};
	kind = datagram_kind(packet);
	if (kind == PORT_TUNNEL && packet->payload.len != 0 && !packet->in_icmp_error)
		return leave_inner(decoder, CF_INNER_UDP, body);
	report(decoder);
	if (packet->payload.len != 0)
		decode_udp_payload(decoder, kind);
	return true;
}

/* An ICMP error quotes the packet that caused it: proof that its sender sent it. */
static bool decode_icmp(struct cf_decoder *decoder, struct cf_bytes body, bool v6)
{
	struct cf_slice whole = {.data = body.at, .len = cf_bytes_left(&body)};
	uint8_t type = cf_bytes_u8(&body);
	bool error = v6 ? type >= 1 && type <= 4
	                : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;

	if (!cf_bytes_ok(&body))
		return malformed(decoder);
	report(decoder);
	if (v6 && type >= 133 && type <= 137)
		hand_over(decoder, CF_RAW_NDP, whole);
	cf_bytes_skip(&body, 7);
	if (error && cf_bytes_left(&body) > 0 && !decoder->packet.in_icmp_error) {
		decoder->packet.in_icmp_error = true;
		return leave_inner(decoder, CF_INNER_QUOTED, body);
	}
	return true;
}

/* Any tunnel straight over IP; one in an ICMP error was opened when it was sent. */
static bool decode_inner(struct cf_decoder *decoder, struct cf_bytes body, enum cf_inner_kind kind)
{
	return decoder->packet.in_icmp_error || leave_inner(decoder, kind, body);
}

/* RFC 4302: the header says what is behind it; nothing is encrypted. */
static bool decode_authenticated(
    struct cf_decoder *decoder, struct cf_bytes body, size_t wire_bytes)
{
	const uint8_t *header = cf_bytes_take(&body, 12);
	size_t header_bytes;

	if (header == NULL)
		return malformed(decoder);
	header_bytes = ((size_t)header[1] + 2) * 4;
	if (header_bytes < 12 || wire_bytes < header_bytes || header[0] == PROTO_AUTHENTICATION)
		return malformed(decoder);
	cf_bytes_skip(&body, header_bytes - 12);
	if (!cf_bytes_ok(&body))
		return malformed(decoder);
	decoder->packet.ip_proto = header[0];
	return cf_decode_transport(decoder, body, wire_bytes - header_bytes);
}

/* RFC 3173 3.1: next header, flags, which compression; a packet with another than deflate stays
 * shut. */
static bool decode_compressed(struct cf_decoder *decoder, struct cf_bytes body)
{
	const uint8_t *header = cf_bytes_take(&body, 4);
	struct cf_slice packed = {.data = body.at, .len = cf_bytes_left(&body)}, plain;

	if (header == NULL)
		return malformed(decoder);
	if (!cf_ipcomp_inflate(decoder->ipcomp, packed, decoder->packet.at_wall_us, &plain))
		return unread(decoder, CF_COUNT_UNREAD_IP);
	decoder->packet.ip_proto = header[0];
	(void)cf_decode_transport(decoder, cf_bytes_make(plain.data, plain.len),
	    plain.len);               /* reports whatever it holds */
	decoder->read_inner(decoder); /* which lies in the buffer that is given back */
	cf_ipcomp_release(decoder->ipcomp);
	return true;
}

static bool decode_rare(struct cf_decoder *decoder, struct cf_bytes body, size_t wire_bytes)
{
	switch (decoder->packet.ip_proto) {
	case CF_PROTO_ICMP:
		return decode_icmp(decoder, body, false);
	case CF_PROTO_ICMP6:
		return decode_icmp(decoder, body, true);
	case PROTO_IP4:
		return decode_inner(decoder, body, CF_INNER_IP4);
	case PROTO_IP6:
		return decode_inner(decoder, body, CF_INNER_IP6);
	case PROTO_GRE:
		return decode_inner(decoder, body, CF_INNER_GRE);
	case PROTO_ETHER_IP:
		return decode_inner(decoder, body, CF_INNER_ETHER_IN_IP);
	case PROTO_IPCOMP:
		return decode_compressed(decoder, body);
	case PROTO_MPLS:
		return decode_inner(decoder, body, CF_INNER_MPLS);
	case PROTO_AUTHENTICATION:
		return decode_authenticated(decoder, body, wire_bytes);
	case PROTO_ETHERNET:
		return decode_inner(decoder, body, CF_INNER_ETHERNET);
	case PROTO_IPIP:
		return decode_inner(decoder, body, CF_INNER_IP);
	case PROTO_ESP:
		return unread(decoder, CF_COUNT_UNREAD_IPSEC);
	case PROTO_L2TP3:
		return unread(decoder, CF_COUNT_UNREAD_L2TP3);
	case PROTO_MINIMAL:
	case PROTO_ENCAP:
		return unread(decoder, CF_COUNT_UNREAD_IP);
	default:
		report(decoder);
		return true;
	}
}

/* What the edge logged was judged there: who to whom, and no look at what it carries. */
static bool decode_logged(struct cf_decoder *decoder, struct cf_bytes body)
{
	struct cf_packet *packet = &decoder->packet;

	if (packet->ip_proto == CF_PROTO_TCP || packet->ip_proto == CF_PROTO_UDP) {
		packet->src_port = (uint16_t)cf_bytes_be16(&body);
		packet->dst_port = (uint16_t)cf_bytes_be16(&body);
	}
	if (packet->ip_proto == CF_PROTO_TCP) {
		cf_bytes_skip(&body, 9);
		packet->tcp_flags = cf_bytes_u8(&body);
	}
	if (!cf_bytes_ok(&body))
		return malformed(decoder);
	report(decoder);
	return true;
}

bool cf_decode_transport(struct cf_decoder *decoder, struct cf_bytes body, size_t wire_bytes)
{
	if (decoder->packet.edge.verdict != CF_EDGE_NONE)
		return decode_logged(decoder, body);
	if (decoder->packet.ip_proto == CF_PROTO_TCP)
		return decode_tcp(decoder, body, wire_bytes);
	if (decoder->packet.ip_proto == CF_PROTO_UDP)
		return decode_udp(decoder, body, wire_bytes);
	return decode_rare(decoder, body, wire_bytes);
}

void cf_decode_outer(struct cf_decoder *decoder, enum cf_inner_kind kind)
{
	report(decoder);
	if (kind == CF_INNER_UDP)
		decode_udp_payload(decoder, datagram_kind(&decoder->packet));
}
