/*
 * What the decode_*.c files share: the calls from layer to layer, each of the one behind it.
 *
 * Private to monitor/'s decoding; users take decoder.h. The walk of a frame is
 *
 *   link -> (tags) -> IP -> (fragments) -> transport -> DNS | QUIC | streams -> TLS | HTTP | DNS
 *                      ^                        |
 *                      +------- tunnel ---------+
 *
 * The way back is decoder.c's: a packet within a packet is left in decoder->inner, and read there
 * in the next round. Each layer takes a cursor over its bytes and fills in decoder->packet what it
 * learns. Layers up to the transport return true when an IP packet was reported or is left to be,
 * so that a port that only looked like a tunnel can be reported for itself.
 */
#pragma once

#include "base/bytes.h"
#include "monitor/packet/decoding.h"

/* decode_capture.c: a frame as it was captured. */
bool cf_decode_link(struct cf_decoder *decoder, int link_type, struct cf_bytes frame);

/* decode_link.c; cf_decode_ethertype() takes what follows the type. */
bool cf_decode_ethernet(struct cf_decoder *decoder, struct cf_bytes frame);
bool cf_decode_ethertype(struct cf_decoder *decoder, unsigned type, struct cf_bytes body);
bool cf_decode_llc(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_ppp(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_mpls(struct cf_decoder *decoder, struct cf_bytes body);

/* decode_wifi.c: an IEEE 802.11 frame, without radio header; swapped: frame control's bytes are. */
bool cf_decode_wifi(struct cf_decoder *decoder, struct cf_bytes frame, bool swapped);

/* decode_ip.c: cf_decode_ip() tells the version from the first bits. */
bool cf_decode_ip(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_ip4(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_ip6(struct cf_decoder *decoder, struct cf_bytes body);

/*
 * decode_transport.c: body is what was captured of wire_bytes bytes behind the IP headers. Reports
 * the packet, or leaves what is within it in decoder->inner; always true.
 */
bool cf_decode_transport(struct cf_decoder *decoder, struct cf_bytes body, size_t wire_bytes);
/* What was left in decoder->inner as kind cannot be read: the packet is reported for itself. */
void cf_decode_outer(struct cf_decoder *decoder, enum cf_inner_kind kind);

/* decode_tunnel.c: true when an inner IP packet was reported; else decoder->packet is as before. */
bool cf_decode_gre(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_udp_tunnel(struct cf_decoder *decoder, struct cf_bytes body);
bool cf_decode_ether_in_ip(struct cf_decoder *decoder, struct cf_bytes body);

/* unread.c: whether this UDP payload on a tunnel's port, which was not read, is one all the same:
 * counted. */
void cf_decode_udp_unread(struct cf_decoder *decoder, struct cf_slice payload);
