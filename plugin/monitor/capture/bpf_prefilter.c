/*
 * Generating the prefilter. X walks from header to header; A is the value under test. A load past
 * the end of the packet ends the program with 0 (drop), which is right for everything that needs
 * the load and has none.
 *
 * Scratch memory: M[0] next header of IPv6, M[1] bytes from X to the end of the IP packet.
 *
 * One file: it is one program for the kernel, written from its first instruction to its last.
 */

#include "monitor/capture/bpf_prefilter.h"

#include "monitor/capture/bpf_networks.h"
#include "monitor/packet/tunnel_ports.h"

#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#define PASS       UINT32_C(0x40000)
#define DROP       0
#define M_NEXT     0
#define M_LEFT     1
#define TAGS       3
#define EXTENSIONS 3
#define SMALL      16 /* TCP payload bytes below which a segment is passed unseen */

/* Ports of UDP and TCP that are passed in either direction; tunnels go as a whole. */
static const uint16_t udp_ports[] = {
    53, 67, 68, 137, 138, 546, 547, 853, 1900, 5353, 5355, 5246, /* CAPWAP's control */
#define PORT_ITEM(port) port,
    CF_TUNNEL_PORTS(PORT_ITEM)
#undef PORT_ITEM
};
static const uint16_t tcp_ports[] = {53, 853};

/* The first four bytes of HTTP/1 messages. */
static const char http_starts[][5] = {"GET ", "POST", "HEAD", "PUT ", "OPTI", "CONN", "DELE",
    "PATC", "PROP", "TRAC", "REPO", "QUER", "HTTP"};

struct build {
	struct cf_bpf bpf;
	struct cf_bpf_networks networks;
	const struct cf_image *image;
	uint16_t v4, v6, transport, tcp, udp; /* labels */
};

static void op(struct build *b, unsigned code, uint32_t k)
{
	cf_bpf_op(&b->bpf, code, k);
}

static void ret(struct build *b, uint32_t k)
{
	op(b, BPF_RET | BPF_K, k);
}

/* Loads relative to X. */
static void load8(struct build *b, uint32_t k)
{
	op(b, BPF_LD | BPF_B | BPF_IND, k);
}

static void load16(struct build *b, uint32_t k)
{
	op(b, BPF_LD | BPF_H | BPF_IND, k);
}

static void load32(struct build *b, uint32_t k)
{
	op(b, BPF_LD | BPF_W | BPF_IND, k);
}

/* Ends the program with verdict when A passes the test; goes on otherwise. */
static void verdict_if(struct build *b, unsigned test, uint32_t k, uint32_t verdict)
{
	uint16_t skip = cf_bpf_label_new(&b->bpf);

	cf_bpf_jump(&b->bpf, test, k, CF_BPF_NEXT, skip);
	ret(b, verdict);
	cf_bpf_label_here(&b->bpf, skip);
}

static void goto_if(struct build *b, uint32_t k, uint16_t label)
{
	uint16_t skip = cf_bpf_label_new(&b->bpf);

	cf_bpf_jump(&b->bpf, BPF_JEQ, k, CF_BPF_NEXT, skip);
	cf_bpf_goto(&b->bpf, label);
	cf_bpf_label_here(&b->bpf, skip);
}

/* X += k */
static void advance(struct build *b, uint32_t k)
{
	op(b, BPF_MISC | BPF_TXA, 0);
	/* NOLINTNEXTLINE(misc-redundant-expression): two names of 0 */
	op(b, BPF_ALU | BPF_ADD | BPF_K, k);
	op(b, BPF_MISC | BPF_TAX, 0);
}

/* X += A and M[1] -= A */
static void advance_by_a(struct build *b)
{
	op(b, BPF_ST, 2);
	op(b, BPF_ALU | BPF_ADD | BPF_X, 0);
	op(b, BPF_MISC | BPF_TAX, 0);
	/* M[1] = M[1] - M[2], without touching X for longer than needed */
	op(b, BPF_STX, 3);
	op(b, BPF_LDX | BPF_MEM, 2);
	op(b, BPF_LD | BPF_MEM, M_LEFT);
	op(b, BPF_ALU | BPF_SUB | BPF_X, 0);
	op(b, BPF_ST, M_LEFT);
	op(b, BPF_LDX | BPF_MEM, 3);
}

/* Ethernet, tags, MPLS, PPPoE: leaves X at the IP header and goes to v4 or v6. */
static void link_layer(struct build *b)
{
	uint16_t tagged, untagged, mpls, pppoe, by_version;

	op(b, BPF_LDX | BPF_IMM, 12);
	for (unsigned i = 0; i < TAGS; i++) {
		tagged = cf_bpf_label_new(&b->bpf);
		untagged = cf_bpf_label_new(&b->bpf);
		load16(b, 0);
		cf_bpf_jump(&b->bpf, BPF_JEQ, 0x8100, tagged, CF_BPF_NEXT);
		cf_bpf_jump(&b->bpf, BPF_JEQ, 0x88a8, tagged, CF_BPF_NEXT);
		cf_bpf_jump(&b->bpf, BPF_JEQ, 0x9100, tagged, untagged);
		cf_bpf_label_here(&b->bpf, tagged);
		advance(b, 4);
		cf_bpf_label_here(&b->bpf, untagged);
	}
	mpls = cf_bpf_label_new(&b->bpf);
	pppoe = cf_bpf_label_new(&b->bpf);
	by_version = cf_bpf_label_new(&b->bpf);
	load16(b, 0);
	op(b, BPF_ST, M_NEXT);
	advance(b, 2);
	op(b, BPF_LD | BPF_MEM, M_NEXT);
	goto_if(b, 0x0800, b->v4);
	goto_if(b, 0x86dd, b->v6);
	goto_if(b, 0x8847, mpls);
	goto_if(b, 0x8848, mpls);
	goto_if(b, 0x8864, pppoe);
	verdict_if(b, BPF_JEQ, 0x88e5, DROP); /* MACsec: nobody can read it */
	ret(b, PASS);

	cf_bpf_label_here(&b->bpf, mpls);
	for (unsigned i = 0; i < TAGS; i++) {
		uint16_t more = cf_bpf_label_new(&b->bpf);

		load8(b, 2); /* bottom of stack */
		op(b, BPF_ALU | BPF_AND | BPF_K, 1);
		op(b, BPF_ST, M_NEXT);
		advance(b, 4);
		op(b, BPF_LD | BPF_MEM, M_NEXT);
		cf_bpf_jump(&b->bpf, BPF_JEQ, 0, more, CF_BPF_NEXT);
		cf_bpf_goto(&b->bpf, by_version);
		cf_bpf_label_here(&b->bpf, more);
	}
	ret(b, PASS); /* a deeper stack goes as a whole */

	cf_bpf_label_here(&b->bpf, pppoe);
	advance(b, 8);
	cf_bpf_label_here(&b->bpf, by_version);
	load8(b, 0);
	op(b, BPF_ALU | BPF_RSH | BPF_K, 4);
	goto_if(b, 4, b->v4);
	goto_if(b, 6, b->v6);
	ret(b, PASS); /* LCP, pseudowires with Ethernet inside */
}

static void pass_tunnel_protocols(struct build *b)
{
	/* IPIP, 6in4, GRE, AH, IPCOMP no, Ethernet in IP, L2TPv3, MPLS in IP */
	static const uint8_t tunnels[] = {4, 41, 47, 51, 97, 115, 137};

	for (unsigned i = 0; i < sizeof tunnels; i++)
		verdict_if(b, BPF_JEQ, tunnels[i], PASS);
}

static void ip_v4(struct build *b)
{
	cf_bpf_label_here(&b->bpf, b->v4);
	load16(b, 6);
	verdict_if(b, BPF_JSET, 0x3fff, PASS); /* a fragment, or more to come */
	cf_bpf_networks_v4(&b->bpf, &b->networks, 12, PASS);
	cf_bpf_networks_v4(&b->bpf, &b->networks, 16, PASS);
	load16(b, 2);
	verdict_if(b, BPF_JEQ, 0, PASS); /* merged by the network card: no length */
	op(b, BPF_ST, M_LEFT);
	load8(b, 9);
	pass_tunnel_protocols(b);
	op(b, BPF_ST, M_NEXT);
	load8(b, 0);
	op(b, BPF_ALU | BPF_AND | BPF_K, 0x0f);
	op(b, BPF_ALU | BPF_LSH | BPF_K, 2);
	advance_by_a(b);
	cf_bpf_goto(&b->bpf, b->transport);
}

static void ip_v6(struct build *b)
{
	cf_bpf_label_here(&b->bpf, b->v6);
	cf_bpf_networks_v6(&b->bpf, &b->networks, 8, PASS);
	cf_bpf_networks_v6(&b->bpf, &b->networks, 24, PASS);
	load16(b, 4);
	verdict_if(b, BPF_JEQ, 0, PASS); /* a jumbogram, or merged */
	op(b, BPF_ST, M_LEFT);
	load8(b, 6);
	op(b, BPF_ST, M_NEXT);
	advance(b, 40);
	for (unsigned i = 0; i < EXTENSIONS; i++) {
		uint16_t extension = cf_bpf_label_new(&b->bpf), done = cf_bpf_label_new(&b->bpf);

		op(b, BPF_LD | BPF_MEM, M_NEXT);
		verdict_if(b, BPF_JEQ, 44, PASS); /* fragment */
		cf_bpf_jump(&b->bpf, BPF_JEQ, 0, extension, CF_BPF_NEXT);
		cf_bpf_jump(&b->bpf, BPF_JEQ, 43, extension, CF_BPF_NEXT);
		cf_bpf_jump(&b->bpf, BPF_JEQ, 60, extension, CF_BPF_NEXT);
		cf_bpf_jump(&b->bpf, BPF_JEQ, 135, extension, CF_BPF_NEXT);
		cf_bpf_goto(&b->bpf, done);
		cf_bpf_label_here(&b->bpf, extension);
		load8(b, 0);
		op(b, BPF_ST, M_NEXT);
		load8(b, 1);
		/* NOLINTNEXTLINE(misc-redundant-expression): two names of 0 */
		op(b, BPF_ALU | BPF_ADD | BPF_K, 1);
		op(b, BPF_ALU | BPF_LSH | BPF_K, 3);
		advance_by_a(b);
		cf_bpf_label_here(&b->bpf, done);
	}
	op(b, BPF_LD | BPF_MEM, M_NEXT);
	verdict_if(b, BPF_JEQ, 44, PASS);
	pass_tunnel_protocols(b);
	goto_if(b, 6, b->tcp);
	goto_if(b, 17, b->udp);
	/* Still an extension header, after three: passed unread. */
	verdict_if(b, BPF_JEQ, 0, PASS);
	verdict_if(b, BPF_JEQ, 43, PASS);
	verdict_if(b, BPF_JEQ, 60, PASS);
	verdict_if(b, BPF_JEQ, 135, PASS);
	{
		uint16_t drop = cf_bpf_label_new(&b->bpf);

		cf_bpf_jump(&b->bpf, BPF_JEQ, 58, CF_BPF_NEXT, drop);
		load8(b, 0); /* neighbour discovery: types 133 to 137 */
		cf_bpf_jump(&b->bpf, BPF_JGE, 133, CF_BPF_NEXT, drop);
		cf_bpf_jump(&b->bpf, BPF_JGT, 137, drop, CF_BPF_NEXT);
		ret(b, PASS);
		cf_bpf_label_here(&b->bpf, drop);
		ret(b, DROP);
	}
}

/* Passes when the port at X + offset is one of ours or a LAN service's. */
static void pass_ports(
    struct build *b, uint32_t offset, uint8_t proto, const uint16_t *ports, unsigned count)
{
	uint32_t services = cf_image_info(b->image)->ports;

	load16(b, offset);
	for (unsigned i = 0; i < count; i++)
		verdict_if(b, BPF_JEQ, ports[i], PASS);
	for (uint32_t i = 0; i < services; i++) {
		struct cf_port port;
		uint16_t below, above;

		cf_image_port(b->image, i, &port);
		if (port.proto != proto || strcmp(port.direction, "lan") != 0)
			continue;
		below = cf_bpf_label_new(&b->bpf);
		above = below;
		cf_bpf_jump(&b->bpf, BPF_JGE, port.first, CF_BPF_NEXT, below);
		cf_bpf_jump(&b->bpf, BPF_JGT, port.last, above, CF_BPF_NEXT);
		ret(b, PASS);
		cf_bpf_label_here(&b->bpf, below);
	}
}

static void udp(struct build *b)
{
	uint16_t no = cf_bpf_label_new(&b->bpf);

	cf_bpf_label_here(&b->bpf, b->udp);
	pass_ports(b, 0, 17, udp_ports, sizeof udp_ports / sizeof udp_ports[0]);
	pass_ports(b, 2, 17, udp_ports, sizeof udp_ports / sizeof udp_ports[0]);
	/* QUIC: long header and fixed bit, and a version that Initials can have. */
	load8(b, 8);
	op(b, BPF_ALU | BPF_AND | BPF_K, 0xc0);
	cf_bpf_jump(&b->bpf, BPF_JEQ, 0xc0, CF_BPF_NEXT, no);
	load32(b, 9);
	verdict_if(b, BPF_JEQ, 1, PASS);
	verdict_if(b, BPF_JEQ, 0x6b3343cf, PASS);
	op(b, BPF_ALU | BPF_AND | BPF_K, 0xffffff00);
	verdict_if(b, BPF_JEQ, 0xff000000, PASS); /* drafts */
	load32(b, 9);
	op(b, BPF_ALU | BPF_AND | BPF_K, 0x0f0f0f0f);
	verdict_if(b, BPF_JEQ, 0x0a0a0a0a, PASS); /* greased (RFC 9000 15) */
	cf_bpf_label_here(&b->bpf, no);
	ret(b, DROP);
}

static void tcp(struct build *b)
{
	uint16_t not_tls = cf_bpf_label_new(&b->bpf), not_443 = cf_bpf_label_new(&b->bpf);

	cf_bpf_label_here(&b->bpf, b->tcp);
	load8(b, 13);
	verdict_if(b, BPF_JSET, 0x07, PASS); /* FIN, SYN, RST */
	pass_ports(b, 0, 6, tcp_ports, sizeof tcp_ports / sizeof tcp_ports[0]);
	pass_ports(b, 2, 6, tcp_ports, sizeof tcp_ports / sizeof tcp_ports[0]);
	load16(b, 2);
	op(b, BPF_ST, 4); /* destination port */
	load8(b, 12);
	op(b, BPF_ALU | BPF_RSH | BPF_K, 4);
	op(b, BPF_ALU | BPF_LSH | BPF_K, 2);
	advance_by_a(b);
	op(b, BPF_LD | BPF_MEM, M_LEFT);
	verdict_if(b, BPF_JEQ, 0, DROP);          /* nothing but a header */
	verdict_if(b, BPF_JGT, 0x7fffffff, DROP); /* lengths that contradict each other */
	{
		uint16_t large = cf_bpf_label_new(&b->bpf);

		cf_bpf_jump(&b->bpf, BPF_JGE, SMALL, large, CF_BPF_NEXT);
		ret(b, PASS);
		cf_bpf_label_here(&b->bpf, large);
	}
	op(b, BPF_LD | BPF_MEM, 4);
	verdict_if(b, BPF_JEQ, 80, PASS);
	load16(b, 0);
	op(b, BPF_ALU | BPF_AND | BPF_K, 0xffff);
	verdict_if(b, BPF_JEQ, 0x1603, PASS); /* a handshake record */
	/* Towards 443, what does not begin a record continues one: a hello in pieces. */
	cf_bpf_jump(&b->bpf, BPF_JGE, 0x1400, CF_BPF_NEXT, not_tls);
	cf_bpf_jump(&b->bpf, BPF_JGT, 0x1703, not_tls, not_443);
	cf_bpf_label_here(&b->bpf, not_tls);
	op(b, BPF_LD | BPF_MEM, 4);
	verdict_if(b, BPF_JEQ, 443, PASS);
	cf_bpf_label_here(&b->bpf, not_443);
	load32(b, 0);
	for (size_t i = 0; i < sizeof http_starts / sizeof http_starts[0]; i++) {
		const uint8_t *at = (const uint8_t *)http_starts[i];

		verdict_if(b, BPF_JEQ,
		    (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3],
		    PASS);
	}
	ret(b, DROP);
}

static void transport(struct build *b)
{
	cf_bpf_label_here(&b->bpf, b->transport);
	op(b, BPF_LD | BPF_MEM, M_NEXT);
	goto_if(b, 6, b->tcp);
	goto_if(b, 17, b->udp);
	ret(b, DROP);
}

static enum cf_status generate(struct build *b)
{
	cf_bpf_init(&b->bpf);
	b->v4 = cf_bpf_label_new(&b->bpf);
	b->v6 = cf_bpf_label_new(&b->bpf);
	b->transport = cf_bpf_label_new(&b->bpf);
	b->tcp = cf_bpf_label_new(&b->bpf);
	b->udp = cf_bpf_label_new(&b->bpf);
	link_layer(b);
	if (!cf_bpf_networks_collect(&b->networks, b->image, CF_FAMILY_V4))
		return CF_ETOOBIG;
	ip_v4(b);
	if (!cf_bpf_networks_collect(&b->networks, b->image, CF_FAMILY_V6))
		return CF_ETOOBIG;
	ip_v6(b);
	transport(b);
	udp(b);
	tcp(b);
	return cf_bpf_finish(&b->bpf);
}

enum cf_status cf_prefilter_build(const struct cf_image *image, int link_type,
    struct cf_prefilter *prefilter_out, struct cf_error *error)
{
	struct build *b;
	enum cf_status status;

	if (link_type != DLT_EN10MB)
		return cf_error_set(error, CF_EUNSUPPORTED,
		    "cannot make a prefilter for link type %d: only Ethernet", link_type);
	b = calloc(1, sizeof *b);
	if (b == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot make a prefilter: no memory");
	b->image = image;
	status = generate(b);
	if (status == CF_OK) {
		memcpy(prefilter_out->code, b->bpf.code,
		    b->bpf.length * sizeof prefilter_out->code[0]);
		prefilter_out->length = b->bpf.length;
	} else {
		(void)cf_error_set(error, status,
		    "cannot make a prefilter: the program is longer than the kernel takes");
	}
	free(b);
	return status;
}
