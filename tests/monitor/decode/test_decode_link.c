/*
 * Links, tags, tunnels, fragments: whatever is around it, the query comes out with the inner
 * addresses. One file: each packet is a few calls that wrap the same query, and stands beside its
 * neighbours.
 */

#include "packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOTE   "dns www.example.com"
#define PACKET "packet 17 10.0.0.1 40000 192.0.2.1 53"

static struct watch watch;
static struct bytes frame;

static int start(void **state)
{
	(void)state;
	watch_start(&watch);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	watch_stop(&watch);
	return 0;
}

static void make_query_ip4(struct bytes *to)
{
	to->len = 0;
	make_dns_query(to, "www.example.com");
	wrap_udp(to, flow_to(53));
	wrap_ip4(to, flow_to(53), CF_PROTO_UDP);
}

/* Another pair of hosts for what is around. */
static struct flow outer_flow(uint16_t port)
{
	struct flow flow = {.src = {198, 51, 100, 1},
	    .dst = {198, 51, 100, 2},
	    .src_port = 50000,
	    .dst_port = port};

	return flow;
}

static void expect_query(const char *what)
{
	if (watch_count(&watch, NOTE) != 1 || watch_count(&watch, PACKET) != 1)
		fail_msg("%s: %s", what, watch.notes);
	watch_again(&watch);
}

struct header {
	const char *what;
	int link_type;
	size_t len;
	uint8_t bytes[48];
};

static void every_link_and_tag_leads_to_the_packet(void **state)
{
	static const struct header headers[] = {
	    {"ethernet", 1, 14, {[12] = 8}},
	    {"vlan", 1, 18, {[12] = 0x81, 0, 0, 5, 8, 0}},
	    {"802.1ad", 1, 22, {[12] = 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0}},
	    {"0x9100 three deep", 1, 26,
	        {[12] = 0x91, 0, 0, 5, 0x91, 0, 0, 6, 0x81, 0, 0, 7, 8, 0}},
	    {"mpls two labels", 1, 22, {[12] = 0x88, 0x47, 0, 1, 0, 64, 0, 1, 1, 64}},
	    {"pppoe", 1, 22, {[12] = 0x88, 0x64, 0x11, 0, 0, 1, 0, 99, 0, 0x21}},
	    {"llc snap", 1, 22, {[12] = 0, 99, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
	    {"provider backbone", 1, 32, {[12] = 0x88, 0xe7, [30] = 8, 0}},
	    {"vntag", 1, 20, {[12] = 0x89, 0x26, 0, 0, 0, 0, 8, 0}},
	    {"pseudowire", 1, 36, {[12] = 0x88, 0x47, 0, 1, 1, 64, [34] = 8, 0}},
	    {"null, little-endian", 0, 4, {2}},
	    {"null, big-endian", 0, 4, {[3] = 2}},
	    {"loop", 108, 4, {[3] = 2}},
	    {"cooked", 113, 16, {[14] = 8}},
	    {"cooked 2", 276, 20, {8}},
	    {"raw", 101, 0, {0}},
	    {"raw ipv4", 228, 0, {0}},
	    {"ppp", 9, 4, {0xff, 3, 0, 0x21}},
	    {"ppp compressed", 9, 1, {0x21}},
	    {"cisco hdlc", 104, 4, {0x0f, 0, 8, 0}},
	    {"radiotap", 127, 40, {[2] = 8, [8] = 0x08, 0x01, [32] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
	    {"802.11 qos", 105, 34, {0x88, 0x01, [26] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
	    {"nflog", 239, 8, {2, 0, 0, 0, 0, 0, 9, 0}},
	    {"arcnet", 129, 5, {1, 2, 0, 0, 0xf0}},
	    {"802.1BR", 1, 22, {[12] = 0x89, 0x3f, [20] = 8, 0}},
	    {"macsec, integrity only", 1, 22, {[12] = 0x88, 0xe5, 0, 0, 0, 0, 0, 1, 8, 0}},
	    {"macsec with sci", 1, 30, {[12] = 0x88, 0xe5, 0x20, 0, 0, 0, 0, 1, [28] = 8, 0}},
	    {"batman unicast", 1, 38, {[12] = 0x43, 0x05, 0x40, 15, 50, [36] = 8, 0}},
	    {"batman broadcast", 1, 42, {[12] = 0x43, 0x05, 0x01, 15, 50, [40] = 8, 0}},
	    {"batman, four addresses", 1, 46, {[12] = 0x43, 0x05, 0x42, 15, 50, [44] = 8, 0}},
	    {"batman, older", 1, 38, {[12] = 0x43, 0x05, 3, 14, 50, [36] = 8, 0}},
	    {"infiniband", 242, 44, {[40] = 8, 0}},
	    {"juniper ethernet", 178, 18, {'M', 'G', 'C', 1, [16] = 8, 0}},
	    {"juniper with extensions", 178, 26,
	        {'M', 'G', 'C', 0x81, 0, 6, 1, 4, 0, 0, 0, 0, [24] = 8, 0}},
	    {"juniper without link", 178, 8, {'M', 'G', 'C', 2}},
	    {"ppi", 192, 22, {0, 0, 8, 0, 1, 0, 0, 0, [20] = 8, 0}},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		const struct header *header = &headers[i];
		uint8_t first[48];

		make_query_ip4(&frame);
		memcpy(first, header->bytes, sizeof first);
		if (header->link_type == 239) { /* the record's length, header included */
			first[4] = (uint8_t)(frame.len + 4);
			first[5] = (uint8_t)((frame.len + 4) >> 8);
		}
		wrap(&frame, first, header->len);
		cf_decoder_packet(watch.decoder, header->link_type, 0, watch.now_us, frame.at,
		    frame.len, frame.len);
		expect_query(header->what);
	}
}

static void every_tunnel_leads_to_the_packet(void **state)
{
	static const struct {
		const char *what;
		uint8_t proto;
		uint16_t port; /* UDP, when proto is that */
		size_t len;
		uint8_t bytes[48];
	} tunnels[] = {
	    {"ip in ip", 4, 0, 0, {0}},
	    {"gre", 47, 0, 4, {0, 0, 8, 0}},
	    {"gre with everything", 47, 0, 16, {0xb0, 0, 8, 0}},
	    {"gre transparent ethernet", 47, 0, 18, {0, 0, 0x65, 0x58, [16] = 8, 0}},
	    {"erspan 1", 47, 0, 18, {0, 0, 0x88, 0xbe, [16] = 8, 0}},
	    {"erspan 2", 47, 0, 30, {0x10, 0, 0x88, 0xbe, [28] = 8, 0}},
	    {"erspan 3", 47, 0, 34, {0x10, 0, 0x22, 0xeb, [32] = 8, 0}},
	    {"erspan 3 with subheader", 47, 0, 42, {0x10, 0, 0x22, 0xeb, [19] = 1, [40] = 8, 0}},
	    {"pptp", 47, 0, 12, {0x20, 1, 0x88, 0x0b, [8] = 0xff, 3, 0, 0x21}},
	    {"ethernet in ip", 97, 0, 16, {0x30, 0, [14] = 8, 0}},
	    {"mpls in ip", 137, 0, 4, {0, 1, 1, 64}},
	    {"authentication header", 51, 0, 24, {4, 4}},
	    {"vxlan", 17, 4789, 22, {8, [20] = 8, 0}},
	    {"vxlan gpe", 17, 4790, 8, {0x0c, 0, 0, 1}},
	    {"geneve", 17, 6081, 8, {0, 0, 8, 0}},
	    {"geneve with options", 17, 6081, 26, {1, 0, 0x65, 0x58, [24] = 8, 0}},
	    {"gue", 17, 6080, 4, {0, 4}},
	    {"gue with options and gre", 17, 6080, 12, {1, 47, [10] = 8, 0}},
	    {"gue without a header", 17, 6080, 0, {0}},
	    {"gtp-u", 17, 2152, 8, {0x30, 0xff}},
	    {"gtp-u with extension", 17, 2152, 16, {0x34, 0xff, [11] = 0x85, 1, 0, 0, 0}},
	    {"l2tp", 17, 1701, 10, {0x00, 0x02, 0, 1, 0, 2, 0xff, 3, 0, 0x21}},
	    {"capwap 802.11", 17, 5247, 40,
	        {0, 0x10, 3, 0, [8] = 0x08, 0x01, [32] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
	    {"capwap 802.11 swapped", 17, 5247, 40,
	        {0, 0x10, 3, 0, [8] = 0x01, 0x08, [32] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
	    {"gre with a route", 47, 0, 24,
	        {0x40, 0, 8, 0, 0, 0, 0, 0, 0, 8, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}},
	    {"gre with everything and a route", 47, 0, 28,
	        {0xf0, 0, 8, 0, [17] = 8, 0, 4, 1, 2, 3, 4}},
	    {"aruba", 47, 0, 38,
	        {0, 0, 0x82, 0x10, 0x88, 0x01, [30] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
	    {"gre in udp", 17, 4754, 4, {0, 0, 8, 0}},
	    {"ethernet as ip protocol", 143, 0, 14, {[12] = 8}},
	    {"ipip", 94, 0, 0, {0}},
	    {"vxlan gpe with nsh", 17, 4790, 16, {0x0c, 0, 0, 4, [9] = 2, 2, 1}},
	    {"vxlan gpe with mpls", 17, 4790, 12, {0x0c, 0, 0, 5, [8] = 0, 1, 1, 64}},
	    {"tzsp", 17, 37008, 19, {1, 0, 0, 1, 1, [17] = 8, 0}},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof tunnels / sizeof tunnels[0]; i++) {
		struct flow outer = outer_flow(tunnels[i].port);

		make_query_ip4(&frame);
		wrap(&frame, tunnels[i].bytes, tunnels[i].len);
		if (tunnels[i].proto == 17)
			wrap_udp(&frame, outer);
		wrap_ip4(&frame, outer, tunnels[i].proto);
		wrap_ethernet(&frame, 0x0800);
		watch_frame(&watch, &frame);
		expect_query(tunnels[i].what);
	}
}

/* LINKTYPE 149 belongs to the user; Apple used it for PKTAP before that had a number. */
static void pktap_by_its_old_number_is_read(void **state)
{
	uint8_t header[108] = {[0] = 108, [4] = 1, [8] = 101};

	(void)state;
	make_query_ip4(&frame);
	wrap(&frame, header, sizeof header);
	cf_decoder_packet(watch.decoder, 149, 0, watch.now_us, frame.at, frame.len, frame.len);
	expect_query("pktap");
	make_query_ip4(&frame);
	cf_decoder_packet(watch.decoder, 149, 0, watch.now_us, frame.at, frame.len, frame.len);
	assert_int_equal(watch_counter(&watch, CF_COUNT_LINK_UNKNOWN), 1);
}

/* SRv6's End.DX2 (RFC 8986): a segment routing header, and an Ethernet frame behind it. */
static void ethernet_behind_a_segment_routing_header_is_read(void **state)
{
	static const uint8_t ethernet[14] = {[12] = 8}, route[24] = {143, 2, 4};

	(void)state;
	make_query_ip4(&frame);
	wrap(&frame, ethernet, sizeof ethernet);
	wrap(&frame, route, sizeof route);
	wrap_ip6(&frame, outer_flow(0), 43);
	wrap_ethernet(&frame, 0x86dd);
	watch_frame(&watch, &frame);
	expect_query("srv6");
}

static void tunnels_that_are_not_read_are_counted_by_kind(void **state)
{
	static const struct {
		const char *what;
		enum cf_decode_counter kind;
		uint8_t proto; /* 0: bytes are behind an Ethernet header's addresses */
		uint16_t port;
		size_t len;
		uint8_t bytes[48];
	} tunnels[] = {
	    {"esp", CF_COUNT_UNREAD_IPSEC, 50, 0, 40, {1}},
	    {"esp in udp", CF_COUNT_UNREAD_IPSEC, 17, 4500, 40, {1}},
	    {"l2tp version 3", CF_COUNT_UNREAD_L2TP3, 115, 0, 20, {1}},
	    {"minimal encapsulation", CF_COUNT_UNREAD_IP, 55, 0, 20, {4}},
	    {"ipcomp with another algorithm", CF_COUNT_UNREAD_IP, 108, 0, 40, {6, 0, 0, 3, 1}},
	    {"gre of an unknown type", CF_COUNT_UNREAD_GRE, 47, 0, 40, {0, 0, 0xb7, 0xea}},
	    {"gre of an unknown version", CF_COUNT_UNREAD_GRE, 47, 0, 40, {0, 5, 8, 0}},
	    {"gre in udp", CF_COUNT_UNREAD_GRE, 17, 4754, 40, {0, 0, 0xb7, 0xea}},
	    {"gre in dtls", CF_COUNT_UNREAD_UDP, 17, 4755, 40, {23, 0xfe, 0xfd}},
	    {"geneve of an unknown type", CF_COUNT_UNREAD_UDP, 17, 6081, 40, {0, 0, 0x12, 0x34}},
	    {"capwap in dtls", CF_COUNT_UNREAD_UDP, 17, 5247, 40, {1}},
	    {"wireguard", CF_COUNT_UNREAD_VPN, 17, 51820, 48, {4}},
	    {"openvpn", CF_COUNT_UNREAD_VPN, 17, 1194, 48, {9 << 3}},
	    {"macsec, encrypted", CF_COUNT_UNREAD_MACSEC, 0, 0, 40, {0x88, 0xe5, 0x2c}},
	    {"lwapp", CF_COUNT_UNREAD_ETHER, 0, 0, 40, {0x88, 0xbb}},
	    {"batman in pieces", CF_COUNT_UNREAD_ETHER, 0, 0, 40, {0x43, 0x05, 0x41, 15}},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof tunnels / sizeof tunnels[0]; i++) {
		struct flow outer = outer_flow(tunnels[i].port);
		uint64_t all = watch_counter(&watch, CF_COUNT_TUNNELS_UNREAD),
		         kind = watch_counter(&watch, tunnels[i].kind);

		frame.len = 0;
		put(&frame, tunnels[i].bytes, tunnels[i].len);
		if (tunnels[i].proto == 17)
			wrap_udp(&frame, outer);
		if (tunnels[i].proto != 0)
			wrap_ip4(&frame, outer, tunnels[i].proto);
		if (tunnels[i].proto != 0)
			wrap_ethernet(&frame, 0x0800);
		else
			wrap(&frame, (const uint8_t[12]){0}, 12);
		watch_frame(&watch, &frame);
		if (watch_counter(&watch, tunnels[i].kind) != kind + 1 ||
		    watch_counter(&watch, CF_COUNT_TUNNELS_UNREAD) != all + 1)
			fail_msg("%s is not counted", tunnels[i].what);
	}
	/* ARP, a keepalive and neighbours' talk hide nothing. */
	assert_int_equal(watch_counter(&watch, CF_COUNT_NOT_IP), 0);
}

/* A packet to the address of a tunnel's ports that is none is no tunnel. */
static void ordinary_datagrams_are_no_tunnels(void **state)
{
	static const uint16_t ports[] = {1194, 4500, 4755, 51820, 5247, 6080, 6081, 4790};

	(void)state;
	for (unsigned i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		frame.len = 0;
		put(&frame, "\0\0\0\0hello hello hello hello hello", 32);
		watch_datagram(&watch, flow_to(ports[i]), frame.at, frame.len);
	}
	assert_int_equal(watch_counter(&watch, CF_COUNT_TUNNELS_UNREAD), 0);
}

static void dns_is_known_by_its_shape_on_any_port(void **state)
{
	static const uint16_t ports[] = {443, 8443, 4343, 5333, 8053, 54, 40001, 51820};

	(void)state;
	for (unsigned i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		watch_again(&watch);
		frame.len = 0;
		make_dns_query(&frame, "www.example.com");
		watch_datagram(&watch, flow_to(ports[i]), frame.at, frame.len);
		assert_int_equal(watch_count(&watch, NOTE), 1);
		/* One byte too many or too few, another class, two questions: something else. */
		watch_datagram(&watch, flow_to(ports[i]), frame.at, frame.len - 1);
		put8(&frame, 0);
		watch_datagram(&watch, flow_to(ports[i]), frame.at, frame.len);
		frame.len--;
		frame.at[frame.len - 1] = 7;
		watch_datagram(&watch, flow_to(ports[i]), frame.at, frame.len);
		frame.at[frame.len - 1] = 1;
		frame.at[5] = 2;
		watch_datagram(&watch, flow_to(ports[i]), frame.at, frame.len);
		assert_int_equal(watch_count(&watch, NOTE), 1);
	}
}

static void garbage_on_a_tunnel_port_is_reported_for_itself(void **state)
{
	static const uint16_t ports[] = {
	    1701, 2152, 3544, 4789, 5072, 5247, 6080, 6081, 6635, 37008};

	(void)state;
	for (unsigned i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		char line[128];

		watch_datagram(&watch, flow_to(ports[i]), "\xf1garbage that is no tunnel", 26);
		snprintf(line, sizeof line, "packet 17 10.0.0.1 40000 192.0.2.1 %u", ports[i]);
		if (watch_count(&watch, line) != 1)
			fail_msg("%u: %s", ports[i], watch.notes);
		watch_again(&watch);
	}
}

static void nested_tunnels_end_at_the_limit(void **state)
{
	(void)state;
	make_query_ip4(&frame);
	for (unsigned i = 0; i < 200; i++)
		wrap_ip4(&frame, outer_flow(0), 4);
	wrap_ethernet(&frame, 0x0800);
	watch_frame(&watch, &frame);
	assert_int_equal(watch_count(&watch, NOTE), 0);
	assert_true(watch_counter(&watch, CF_COUNT_TUNNEL_TOO_DEEP) >= 1);
}

static void ipv6_extension_headers_are_stepped_over(void **state)
{
	static const uint8_t hop[8] = {51}, destination[16] = {43, 1}, routing[8] = {17};
	/* An authentication header before others (RFC 4302 3.1.1), of 24 bytes. */
	static const uint8_t authentication[24] = {60, 4};

	(void)state;
	frame.len = 0;
	make_dns_query(&frame, "www.example.com");
	wrap_udp(&frame, flow_to(53));
	wrap(&frame, routing, sizeof routing);
	wrap(&frame, destination, sizeof destination);
	wrap(&frame, authentication, sizeof authentication);
	wrap(&frame, hop, sizeof hop);
	wrap_ip6(&frame, flow_to(53), 0);
	wrap_ethernet(&frame, 0x86dd);
	watch_frame(&watch, &frame);
	assert_int_equal(watch_count(&watch, NOTE), 1);
	assert_int_equal(
	    watch_count(&watch, "packet 17 2001:db8::a00:1 40000 2001:db8::c000:201 53"), 1);
}

/* Sends bytes from..until of the IP payload as a fragment, IPv4 or IPv6. */
static void send_fragment(const struct bytes *body, size_t from, size_t until, bool v6)
{
	struct flow flow = flow_to(53);
	bool last = until == body->len;

	frame.len = 0;
	put(&frame, body->at + from, until - from);
	if (v6) {
		uint8_t header[8] = {
		    17, 0, (uint8_t)(from >> 8), (uint8_t)((from & 0xf8) | !last), 0, 0, 0, 7};

		wrap(&frame, header, sizeof header);
		wrap_ip6(&frame, flow, 44);
	} else {
		wrap_ip4(&frame, flow, 17);
		frame.at[5] = 7;
		frame.at[6] = (uint8_t)((last ? 0 : 0x20) | (from / 8) >> 8);
		frame.at[7] = (uint8_t)(from / 8);
	}
	wrap_ethernet(&frame, v6 ? 0x86dd : 0x0800);
	watch_frame(&watch, &frame);
}

static void fragments_in_any_order_make_the_datagram(void **state)
{
	static const unsigned orders[6][3] = {
	    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static struct bytes body;

	(void)state;
	body.len = 0;
	make_dns_query(&body, "www.example.com");
	wrap_udp(&body, flow_to(53));
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned order = 0; order < 6; order++) {
			const size_t cut[4] = {0, 8, 24, body.len};

			watch_again(&watch);
			for (unsigned i = 0; i < 3; i++) {
				unsigned part = orders[order][i];

				assert_int_equal(watch_count(&watch, NOTE), 0);
				send_fragment(&body, cut[part], cut[part + 1], v6);
				send_fragment(&body, cut[part], cut[part + 1], v6 && i < 2);
			}
			assert_int_equal(watch_count(&watch, NOTE), 1);
		}
}

static void fragments_of_a_tunnel_with_fragments_inside_are_kept_apart(void **state)
{
	static struct bytes body, whole;

	(void)state;
	body.len = 0;
	make_dns_query(&body, "www.example.com");
	wrap_udp(&body, flow_to(53));
	send_fragment(&body, 0, 16, false);
	/* The second half comes inside an IP-in-IP datagram that is itself in two fragments. */
	whole.len = 0;
	put(&whole, body.at + 16, body.len - 16);
	wrap_ip4(&whole, flow_to(53), 17);
	whole.at[5] = 7;
	whole.at[7] = 2;
	for (unsigned part = 0; part < 2; part++) {
		size_t from = part * 32, until = part == 0 ? 32 : whole.len;

		frame.len = 0;
		put(&frame, whole.at + from, until - from);
		wrap_ip4(&frame, outer_flow(0), 4);
		frame.at[5] = 9;
		frame.at[6] = part == 0 ? 0x20 : 0;
		frame.at[7] = part == 0 ? 0 : 4;
		wrap_ethernet(&frame, 0x0800);
		watch_frame(&watch, &frame);
	}
	assert_int_equal(watch_count(&watch, NOTE), 1);
}

static void fragment_flood_is_bounded_and_counted(void **state)
{
	static struct bytes body;

	(void)state;
	body.len = 0;
	for (unsigned i = 0; i < 64; i++)
		put8(&body, 0);
	for (unsigned i = 0; i < CF_FRAGMENT_DATAGRAMS + 10; i++) {
		frame.len = 0;
		put(&frame, body.at, 32);
		wrap_ip4(&frame, flow_to(53), 17);
		frame.at[4] = (uint8_t)(i >> 8);
		frame.at[5] = (uint8_t)i;
		frame.at[6] = 0x20;
		wrap_ethernet(&frame, 0x0800);
		watch_frame(&watch, &frame);
	}
	assert_int_equal(watch_counter(&watch, CF_COUNT_FRAGMENTS_EVICTED), 10);
	assert_int_equal(watch_counter(&watch, CF_COUNT_FRAGMENTS), CF_FRAGMENT_DATAGRAMS + 10);
}

static void query_quoted_in_an_icmp_error_is_found_and_not_counted_as_sent(void **state)
{
	static const uint8_t unreachable[8] = {3, 3};

	(void)state;
	make_query_ip4(&frame);
	wrap(&frame, unreachable, sizeof unreachable);
	wrap_ip4(&frame, flow_back(flow_to(0)), CF_PROTO_ICMP);
	wrap_ethernet(&frame, 0x0800);
	watch_frame(&watch, &frame);
	assert_int_equal(watch_count(&watch, NOTE), 1);
	assert_int_equal(watch_count(&watch, PACKET), 0);
}

static void padding_and_frame_check_are_not_payload(void **state)
{
	(void)state;
	make_query_ip4(&frame);
	wrap_ethernet(&frame, 0x0800);
	put32(&frame, 0xdeadbeef);
	watch_frame(&watch, &frame);
	expect_query("frame check sequence");
}

static void raw_payload_is_handed_over(void **state)
{
	static const struct {
		uint16_t port;
		const char *note;
	} ports[] = {{67, "raw 2 5"}, {547, "raw 3 5"}, {137, "raw 4 5"}, {138, "raw 5 5"},
	    {1900, "raw 6 5"}};

	(void)state;
	for (unsigned i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		watch_datagram(&watch, flow_to(ports[i].port), "12345", 5);
		assert_int_equal(watch_count(&watch, ports[i].note), 1);
	}
	frame.len = 0;
	put(&frame, "0123456789012345678901234567", 28);
	wrap_ethernet(&frame, 0x0806);
	watch_frame(&watch, &frame);
	assert_int_equal(watch_count(&watch, "raw 0 28"), 1);
}

static void empty_frame_is_counted_and_nothing_more(void **state)
{
	(void)state;
	cf_decoder_packet(watch.decoder, 1, 0, watch.now_us, NULL, 0, 60);
	assert_int_equal(watch_counter(&watch, CF_COUNT_FRAMES), 1);
	assert_int_equal(watch_counter(&watch, CF_COUNT_FRAMES_CUT), 1);
	assert_int_equal(watch_counter(&watch, CF_COUNT_LINK_MALFORMED), 1);
	assert_int_equal(watch.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(every_link_and_tag_leads_to_the_packet, start, stop),
	    cmocka_unit_test_setup_teardown(every_tunnel_leads_to_the_packet, start, stop),
	    cmocka_unit_test_setup_teardown(pktap_by_its_old_number_is_read, start, stop),
	    cmocka_unit_test_setup_teardown(
	        ethernet_behind_a_segment_routing_header_is_read, start, stop),
	    cmocka_unit_test_setup_teardown(
	        tunnels_that_are_not_read_are_counted_by_kind, start, stop),
	    cmocka_unit_test_setup_teardown(ordinary_datagrams_are_no_tunnels, start, stop),
	    cmocka_unit_test_setup_teardown(dns_is_known_by_its_shape_on_any_port, start, stop),
	    cmocka_unit_test_setup_teardown(
	        garbage_on_a_tunnel_port_is_reported_for_itself, start, stop),
	    cmocka_unit_test_setup_teardown(nested_tunnels_end_at_the_limit, start, stop),
	    cmocka_unit_test_setup_teardown(ipv6_extension_headers_are_stepped_over, start, stop),
	    cmocka_unit_test_setup_teardown(fragments_in_any_order_make_the_datagram, start, stop),
	    cmocka_unit_test_setup_teardown(
	        fragments_of_a_tunnel_with_fragments_inside_are_kept_apart, start, stop),
	    cmocka_unit_test_setup_teardown(fragment_flood_is_bounded_and_counted, start, stop),
	    cmocka_unit_test_setup_teardown(
	        query_quoted_in_an_icmp_error_is_found_and_not_counted_as_sent, start, stop),
	    cmocka_unit_test_setup_teardown(padding_and_frame_check_are_not_payload, start, stop),
	    cmocka_unit_test_setup_teardown(raw_payload_is_handed_over, start, stop),
	    cmocka_unit_test_setup_teardown(empty_frame_is_counted_and_nothing_more, start, stop),
	};

	return cmocka_run_group_tests_name("decode_link", tests, NULL, NULL);
}
