/*
 * The kernel prefilter, interpreted: what it promises to pass it passes, and bulk it drops. One
 * file: every promise is asked of the same few programs and packets.
 */

#include "monitor/capture/bpf_networks.h"
#include "monitor/capture/bpf_prefilter.h"
#include "monitor/packet/tunnel_ports.h"

#include "compile/image/image_writer.h"

#include <pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct frame {
	uint8_t bytes[2048];
	unsigned length;
};

static struct cf_prefilter filter;

static void put(struct frame *frame, const void *bytes, size_t len)
{
	memcpy(frame->bytes + frame->length, bytes, len);
	frame->length += (unsigned)len;
}

static void put8(struct frame *frame, unsigned value)
{
	frame->bytes[frame->length++] = (uint8_t)value;
}

static void put16(struct frame *frame, unsigned value)
{
	put8(frame, value >> 8);
	put8(frame, value & 255);
}

static bool passes(const struct frame *frame)
{
	struct bpf_insn code[BPF_MAXINSNS];

	/* The two structures are the same: 16-bit code, two jumps, 32-bit k. */
	for (unsigned i = 0; i < filter.length; i++)
		code[i] = (struct bpf_insn){.code = filter.code[i].code,
		    .jt = filter.code[i].jt,
		    .jf = filter.code[i].jf,
		    .k = filter.code[i].k};
	assert_true(bpf_validate(code, (int)filter.length));
	return bpf_filter(code, frame->bytes, frame->length, frame->length) != 0;
}

static void build(const char *const *prefixes, unsigned count, unsigned flood)
{
	struct cf_image_builder *builder;
	struct cf_image *image;
	void *data;
	size_t len;
	struct cf_error error;
	struct cf_port port = {
	    .role = "ksn-proxy", .direction = "lan", .proto = 6, .first = 13111, .last = 13112};

	assert_int_equal(cf_image_builder_new(&builder), CF_OK);
	for (unsigned i = 0; i < count + flood; i++) {
		struct cf_network network = {.kind = CF_NETWORK_DEDICATED,
		    .category = CF_CATEGORY_UPDATES,
		    .until_wall_s = INT64_MAX};
		char text[CF_PREFIX_TEXT_BYTES];

		if (i >= count)
			snprintf(text, sizeof text, "%u.%u.%u.%u/32", 60 + (i >> 16), i >> 8 & 255,
			    i & 255, (i * 7) & 255);
		assert_int_equal(
		    cf_prefix_parse(i < count ? prefixes[i] : text, &network.prefix), CF_OK);
		assert_int_equal(cf_image_builder_add_network(builder, &network), CF_OK);
	}
	assert_int_equal(cf_image_builder_add_port(builder, &port), CF_OK);
	port.proto = 17;
	port.first = port.last = 15000;
	assert_int_equal(cf_image_builder_add_port(builder, &port), CF_OK);
	assert_int_equal(cf_image_builder_to_memory(builder, &data, &len, &error), CF_OK);
	assert_int_equal(cf_image_from_memory(data, len, &image, &error), CF_OK);
	assert_int_equal(cf_prefilter_build(image, DLT_EN10MB, &filter, &error), CF_OK);
	cf_image_close(image);
	cf_image_builder_free(builder);
	free(data);
}

static int setup(void **state)
{
	static const char *const prefixes[] = {"77.74.176.0/21", "94.75.236.123/32", "10.99.0.0/16",
	    "2a03:2480::/33", "2001:470:51f::/48", "2a13:c80::7/128"};

	(void)state;
	build(prefixes, sizeof prefixes / sizeof prefixes[0], 0);
	return 0;
}

enum { PLAIN, VLAN, QINQ, QINQINQ, MPLS, PPPOE, LINKS };

static void put_link(struct frame *frame, unsigned link, bool v6)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	unsigned type = v6 ? 0x86dd : 0x0800;

	frame->length = 0;
	put(frame, macs, sizeof macs);
	for (unsigned i = 0; link <= QINQINQ && i < link; i++) {
		put16(frame, i == 0 ? 0x88a8 : 0x8100);
		put16(frame, 100 + i);
	}
	if (link == MPLS) {
		put16(frame, 0x8847);
		put(frame, "\0\0\x10\x40\0\0\x11\x40", 8); /* two labels, the second ... */
		frame->bytes[frame->length - 2] |= 1;      /* ... is the bottom */
	} else if (link == PPPOE) {
		put16(frame, 0x8864);
		put(frame, "\x11\0\0\1\0\x20", 6);
		put16(frame, v6 ? 0x0057 : 0x0021);
	} else {
		put16(frame, type);
	}
}

/* An IP packet over any link, with options or extension headers when `long_head`. */
static void put_ip(struct frame *frame, unsigned link, const char *src, const char *dst,
    unsigned proto, unsigned payload, bool long_head)
{
	struct cf_addr from, to;
	bool v6;

	assert_int_equal(cf_addr_parse(src, &from), CF_OK);
	assert_int_equal(cf_addr_parse(dst, &to), CF_OK);
	v6 = from.family == CF_FAMILY_V6;
	put_link(frame, link, v6);
	if (v6) {
		put(frame, "\x60\0\0\0", 4);
		put16(frame, payload + (long_head ? 24 : 0));
		put8(frame, long_head ? 0 : proto);
		put8(frame, 64);
		put(frame, from.bytes, 16);
		put(frame, to.bytes, 16);
		if (long_head) { /* hop-by-hop of 8, destination options of 16 */
			put(frame, "\x3c\0\1\4\0\0\0\0", 8);
			put8(frame, proto);
			put(frame, "\1\1\xc\0\0\0\0\0\0\0\0\0\0\0\0", 15);
		}
		return;
	}
	put8(frame, long_head ? 0x47 : 0x45);
	put8(frame, 0);
	put16(frame, payload + (long_head ? 28 : 20));
	put(frame, "\0\1\x40\0\x40", 5); /* id, don't fragment, ttl */
	put8(frame, proto);
	put16(frame, 0);
	put(frame, from.bytes, 4);
	put(frame, to.bytes, 4);
	if (long_head)
		put(frame, "\1\1\1\1\1\1\1\0", 8);
}

static void put_udp(
    struct frame *frame, unsigned sport, unsigned dport, const char *payload, size_t len)
{
	put16(frame, sport);
	put16(frame, dport);
	put16(frame, (unsigned)len + 8);
	put16(frame, 0);
	put(frame, payload, len);
}

static void put_tcp(struct frame *frame, unsigned sport, unsigned dport, unsigned flags,
    const char *payload, size_t len)
{
	put16(frame, sport);
	put16(frame, dport);
	put(frame, "\0\0\0\1\0\0\0\1\x60", 9); /* data offset 6: an option of four bytes */
	put8(frame, flags);
	put(frame, "\xff\xff\0\0\0\0\1\1\1\0", 10);
	put(frame, payload, len);
}

/* Builds with `put_payload` over every link, both families, with and without long headers. */
struct promise {
	unsigned proto, sport, dport, flags;
	const char *payload;
	size_t len;
	bool is_passed;
};

static void check(const struct promise *promise)
{
	static const char *const ends[2][2] = {
	    {"192.168.1.2", "198.51.100.9"}, {"fd00::2", "2001:db8::9"}};

	for (unsigned link = 0; link < LINKS; link++)
		for (unsigned v6 = 0; v6 < 2; v6++)
			for (unsigned long_head = 0; long_head < 2; long_head++) {
				struct frame frame;
				unsigned head = promise->proto == 6 ? 24 : 8;

				put_ip(&frame, link, ends[v6][0], ends[v6][1], promise->proto,
				    head + (unsigned)promise->len, long_head != 0);
				if (promise->proto == 6)
					put_tcp(&frame, promise->sport, promise->dport,
					    promise->flags, promise->payload, promise->len);
				else
					put_udp(&frame, promise->sport, promise->dport,
					    promise->payload, promise->len);
				if (passes(&frame) != promise->is_passed)
					fail_msg(
					    "link %u v6 %u long %u proto %u ports %u %u '%.8s'",
					    link, v6, long_head, promise->proto, promise->sport,
					    promise->dport, promise->payload);
			}
}

#define TEXT(text) text, sizeof text - 1
#define BULK       "0123456789abcdef0123456789abcdef"

static void every_promised_kind_passes_over_every_link(void **state)
{
	static const struct promise promises[] = {
	    {17, 40000, 53, 0, TEXT("dns question"), true},
	    {17, 53, 40000, 0, TEXT("dns answer"), true},
	    {17, 5353, 5353, 0, TEXT("mdns"), true},
	    {17, 68, 67, 0, TEXT("dhcp"), true},
	    {17, 40000, 4789, 0, TEXT("vxlan, as a whole"), true},
	    {17, 40000, 15000, 0, TEXT("wake up"), true},
	    {17, 40000, 443, 0, TEXT("\xc3\0\0\0\1quic v1 initial"), true},
	    {17, 40000, 8443, 0, TEXT("\xd3\x6b\x33\x43\xcfquic v2 initial"), true},
	    {17, 40000, 443, 0, TEXT("\xc3\xff\0\0\x1dquic draft 29"), true},
	    {17, 40000, 443, 0, TEXT("\xc3\x1a\x2a\x3a\x4aquic greased"), true},
	    {6, 40000, 9999, 0x02, TEXT(""), true},
	    {6, 9999, 40000, 0x12, TEXT(""), true},
	    {6, 40000, 9999, 0x11, TEXT(""), true},
	    {6, 40000, 9999, 0x04, TEXT(""), true},
	    {6, 40000, 53, 0x18, TEXT("dns over tcp"), true},
	    {6, 13111, 40000, 0x10, TEXT(""), true},
	    {6, 40000, 13112, 0x18, TEXT(BULK), true},
	    {6, 40000, 9999, 0x18, TEXT("\x16\3\1\2\0client hello somewhere"), true},
	    {6, 443, 40000, 0x18, TEXT("\x16\3\3\0\x4dserver hello and more"), true},
	    {6, 40000, 443, 0x10, TEXT("the middle of a client hello"), true},
	    {6, 40000, 9999, 0x18, TEXT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), true},
	    {6, 9999, 40000, 0x18, TEXT("HTTP/1.0 200 OK\r\n\r\nKLZF..."), true},
	    {6, 40000, 80, 0x18, TEXT("Host: in another segment\r\n\r\n"), true},
	    {6, 40000, 9999, 0x18, TEXT("\x16"), true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof promises / sizeof promises[0]; i++)
		check(&promises[i]);
}

/* Dropped in the kernel, what lies within would never be read. */
static void every_tunnel_that_is_read_passes(void **state)
{
#define PORT_ITEM(port) port,
	static const uint16_t ports[] = {CF_TUNNEL_PORTS(PORT_ITEM)};
#undef PORT_ITEM

	(void)state;
	for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		const struct promise there = {17, 40000, ports[i], 0, TEXT(BULK), true},
		                     back = {17, ports[i], 40000, 0, TEXT(BULK), true};

		check(&there);
		check(&back);
	}
}

static void bulk_is_dropped(void **state)
{
	static const struct promise promises[] = {
	    {6, 443, 40000, 0x10, TEXT(BULK), false},
	    {6, 40000, 443, 0x10, TEXT("\x17\3\3\1\0" BULK), false},
	    {6, 40000, 9999, 0x18, TEXT(BULK), false},
	    {6, 40000, 443, 0x10, TEXT(""), false},
	    {17, 40000, 443, 0, TEXT("\x43" BULK), false},
	    {17, 40000, 9999, 0, TEXT(BULK), false},
	    {17, 40000, 443, 0, TEXT("\xc3\0\0\0\0version negotiation"), false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof promises / sizeof promises[0]; i++)
		check(&promises[i]);
}

static void listed_networks_pass_whatever_they_carry(void **state)
{
	static const struct {
		const char *src, *dst;
		bool is_passed;
	} pairs[] = {
	    {"192.168.1.2", "77.74.176.0", true},
	    {"77.74.183.255", "192.168.1.2", true},
	    {"192.168.1.2", "77.74.184.0", false},
	    {"192.168.1.2", "77.74.175.255", false},
	    {"192.168.1.2", "94.75.236.123", true},
	    {"192.168.1.2", "94.75.236.122", false},
	    {"10.99.3.4", "192.168.1.2", true},
	    {"fd00::2", "2a03:2480::1", true},
	    {"2a03:2480:7fff::1", "fd00::2", true},
	    {"fd00::2", "2a03:2480:8000::1", false},
	    {"fd00::2", "2001:470:51f:1::1", true},
	    {"fd00::2", "2001:470:520::1", false},
	    {"fd00::2", "2a13:c80::7", true},
	    {"fd00::2", "2a13:c80:0:1::7", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct frame frame;

		put_ip(&frame, VLAN, pairs[i].src, pairs[i].dst, 17, 8 + sizeof BULK - 1, false);
		put_udp(&frame, 40000, 9999, BULK, sizeof BULK - 1);
		assert_int_equal(passes(&frame), pairs[i].is_passed);
	}
}

static void fragments_tunnels_and_what_is_not_ip_pass_whole(void **state)
{
	static const unsigned tunnels[] = {4, 41, 47, 51, 97, 115, 137};
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof tunnels / sizeof tunnels[0]; i++)
		for (unsigned v6 = 0; v6 < 2; v6++) {
			put_ip(&frame, PLAIN, v6 ? "fd00::2" : "192.168.1.2",
			    v6 ? "fd00::3" : "192.168.1.3", tunnels[i], 32, false);
			put(&frame, BULK, 32);
			assert_true(passes(&frame));
		}
	put_ip(&frame, PLAIN, "192.168.1.2", "192.168.1.3", 17, 32, false);
	put(&frame, BULK, 32);
	frame.bytes[14 + 6] = 0x00;
	frame.bytes[14 + 7] = 0xb9; /* offset 185 */
	assert_true(passes(&frame));
	put_ip(&frame, PLAIN, "fd00::2", "fd00::3", 44, 32, false);
	put(&frame, BULK, 32);
	assert_true(passes(&frame));
	frame.length = 0;
	put(&frame, "\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x08\x06" BULK, 14 + 32);
	assert_true(passes(&frame));
}

static void neighbour_discovery_passes_and_pings_do_not(void **state)
{
	struct frame frame;

	(void)state;
	for (unsigned type = 128; type < 140; type++) {
		put_ip(&frame, PLAIN, "fe80::1", "ff02::1", 58, 32, false);
		put8(&frame, type);
		put(&frame, BULK, 31);
		assert_int_equal(passes(&frame), type >= 133 && type <= 137);
	}
	put_ip(&frame, PLAIN, "192.168.1.2", "192.168.1.3", 1, 32, false);
	put(&frame, BULK, 32);
	assert_false(passes(&frame));
}

static void truncated_frames_never_pass_by_accident_nor_crash(void **state)
{
	struct frame frame;

	(void)state;
	put_ip(&frame, QINQ, "192.168.1.2", "192.168.1.3", 6, 24 + 32, true);
	put_tcp(&frame, 40000, 9999, 0x18, BULK, 32);
	for (unsigned length = frame.length; length > 0; length--) {
		frame.length = length;
		assert_false(passes(&frame));
	}
}

static void more_networks_than_fit_are_made_wider_not_lost(void **state)
{
	static const char *const prefixes[] = {"77.74.176.0/21"};
	struct frame frame;

	(void)state;
	build(prefixes, 1, 3 * CF_PREFILTER_NETWORKS);
	for (unsigned i = 1; i < 1 + 3 * CF_PREFILTER_NETWORKS; i++) {
		char text[CF_ADDR_TEXT_BYTES];

		snprintf(text, sizeof text, "%u.%u.%u.%u", 60 + (i >> 16), i >> 8 & 255, i & 255,
		    (i * 7) & 255);
		put_ip(&frame, PLAIN, "192.168.1.2", text, 17, 8 + 32, false);
		put_udp(&frame, 40000, 9999, BULK, 32);
		assert_true(passes(&frame));
	}
}

static void other_links_are_refused_rather_than_filtered_wrongly(void **state)
{
	struct cf_prefilter unused;
	struct cf_error error;

	(void)state;
	assert_int_equal(cf_prefilter_build(NULL, DLT_LINUX_SLL, &unused, &error), CF_EUNSUPPORTED);
	assert_non_null(strstr(error.text, "Ethernet"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(every_promised_kind_passes_over_every_link, setup),
	    cmocka_unit_test_setup(every_tunnel_that_is_read_passes, setup),
	    cmocka_unit_test_setup(bulk_is_dropped, setup),
	    cmocka_unit_test_setup(listed_networks_pass_whatever_they_carry, setup),
	    cmocka_unit_test_setup(fragments_tunnels_and_what_is_not_ip_pass_whole, setup),
	    cmocka_unit_test_setup(neighbour_discovery_passes_and_pings_do_not, setup),
	    cmocka_unit_test_setup(truncated_frames_never_pass_by_accident_nor_crash, setup),
	    cmocka_unit_test_setup(more_networks_than_fit_are_made_wider_not_lost, setup),
	    cmocka_unit_test(other_links_are_refused_rather_than_filtered_wrongly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
