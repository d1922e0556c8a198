/*
 * What the packet decoder reports, and to whom.
 *
 * A struct cf_observer is a table of callbacks; the decoder (decoder.h) calls them while it walks a
 * packet. Everything handed over - packet, message, every pointer inside - lives until the callback
 * returns and no longer: copy what must stay. Callbacks run on the thread that decodes, must not
 * call the decoder back, and must not block. Any of them may be NULL.
 *
 * Bytes that come from the wire are checked for length, never for meaning: a name may hold any
 * byte.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "monitor/packet/edge.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of bytes somewhere else; data may be NULL when len is 0. */
struct cf_slice {
	const uint8_t *data;
	size_t len;
};

enum cf_tcp_flag {
	CF_TCP_FIN = 0x01,
	CF_TCP_SYN = 0x02,
	CF_TCP_RST = 0x04,
	CF_TCP_PSH = 0x08,
	CF_TCP_ACK = 0x10,
};

enum cf_ip_proto {
	CF_PROTO_ICMP = 1,
	CF_PROTO_TCP = 6,
	CF_PROTO_UDP = 17,
	CF_PROTO_ICMP6 = 58,
};

/*
 * One packet, after every tag and tunnel is taken off: addresses and ports are the innermost ones,
 * MAC addresses and VLAN those of the innermost Ethernet header (a tunnel that carries IP alone
 * keeps the outer MACs). Messages put together from several packets carry the packet that completed
 * them.
 */
struct cf_packet {
	int64_t at_wall_us;     /* the capture's time stamp */
	uint32_t interface;     /* as given to cf_decoder_packet() */
	uint32_t wire_bytes;    /* length of the whole frame on the wire */
	const uint8_t *mac_src; /* 6 bytes, or NULL when the link has none */
	const uint8_t *mac_dst;
	uint16_t vlan[CF_VLAN_TAGS]; /* VLAN ids, outermost first; vlan_count of them count */
	uint8_t vlan_count;
	uint8_t tunnel_depth; /* IP headers taken off before this one */
	bool in_icmp_error;   /* src sent this earlier; it is quoted back in an ICMP error */
	bool fragment;        /* one fragment of a datagram: ports are 0 in all but the first */
	bool reassembled;     /* a whole datagram put together from fragments */
	uint8_t ip_proto;     /* enum cf_ip_proto, or any other number */
	uint8_t ttl;          /* or hop limit */
	struct cf_edge edge;  /* it was logged by a rule of the edge, and nothing within is read */
	uint8_t tcp_flags;    /* enum cf_tcp_flag */
	struct cf_addr src;
	struct cf_addr dst;
	uint16_t src_port; /* TCP and UDP, else 0 */
	uint16_t dst_port;
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	uint32_t payload_wire_bytes; /* behind the TCP or UDP header, as sent */
	struct cf_slice payload;     /* as much of it as was captured */
};

/* Who asks whom: the sender of a query, ClientHello or request, and its receiver. */
struct cf_endpoints {
	struct cf_addr client;
	struct cf_addr server;
	uint16_t client_port;
	uint16_t server_port;
};

enum cf_transport {
	CF_TRANSPORT_UDP = 0,
	CF_TRANSPORT_TCP = 1,
	CF_TRANSPORT_QUIC = 2,
	CF_TRANSPORT_OTHER = 3, /* a resolver says so (tap/), and nobody knows what it means */
};

/* Which of the protocols that share DNS's message format. */
enum cf_dns_kind { CF_DNS_UNICAST = 0, CF_DNS_MDNS = 1, CF_DNS_LLMNR = 2 };

/*
 * A DNS message. Questions and records are read on demand with cf_dns_question_next() and
 * cf_dns_record_next() of decode_dns.h; counts are as the header states them and may lie.
 */
struct cf_dns_message {
	enum cf_dns_kind kind;
	enum cf_transport transport;
	struct cf_endpoints ends; /* client is the sender of a query, the receiver of a response */
	uint16_t id;
	bool response;  /* QR */
	bool truncated; /* TC */
	uint8_t opcode;
	uint8_t rcode; /* the four bits of the header */
	uint16_t question_count;
	uint16_t answer_count;
	uint16_t authority_count;
	uint16_t additional_count;
	struct cf_slice bytes; /* the whole message, header first, without a TCP length prefix */
	bool cut;              /* bytes end before the message does (snap length) */
};

/* A TLS ClientHello over TCP or in QUIC Initials. Slices hold the bytes as sent, lengths taken off.
 */
struct cf_client_hello {
	enum cf_transport transport; /* CF_TRANSPORT_TCP or CF_TRANSPORT_QUIC */
	struct cf_endpoints ends;
	uint32_t quic_version;   /* 0 over TCP */
	uint16_t legacy_version; /* 0x0303 in TLS 1.2 and 1.3 */
	bool has_sni;            /* a server_name extension with a host_name */
	bool has_ech;            /* encrypted_client_hello (0xfe0d): sni is the outer name */
	bool complete;       /* false: the end was never captured; what follows may be missing */
	bool unsure;         /* it began where nobody knows what came before: maybe within a body */
	struct cf_slice sni; /* as sent: any case, any bytes */
	struct cf_slice ciphers;    /* 2 bytes each */
	struct cf_slice extensions; /* type, length, body; as much as there is */
	struct cf_slice alpn;       /* length-prefixed names */
	struct cf_slice versions;   /* supported_versions, 2 bytes each */
	struct cf_slice signatures; /* signature_algorithms, 2 bytes each */
	struct cf_slice groups;     /* supported_groups, 2 bytes each */
};

/* The server's answer, TLS 1.2 and older: there the certificate travels in clear. */
struct cf_server_hello {
	struct cf_endpoints ends;
	uint16_t version; /* negotiated: 0x0304 when supported_versions says so */
	uint16_t cipher;
	bool has_certificate;
	struct cf_slice
	    certificate; /* the leaf, DER; may be cut when only its beginning was captured */
	bool certificate_cut;
};

struct cf_http_request {
	struct cf_endpoints ends;
	struct cf_slice method;
	struct cf_slice target; /* request target as sent */
	struct cf_slice host;   /* the authority of the target, or else the Host field; port kept */
	bool has_host;          /* the Host header is there */
	bool has_authority;     /* the target has one, so that Host does not count */
	struct cf_slice user_agent;
	struct cf_slice headers; /* all header lines captured */
	bool complete;           /* the empty line was reached */
	bool fields_left_out;    /* beyond CF_HTTP_FIELDS_READ */
	bool socks;              /* no HTTP: a name asked of a SOCKS proxy, as CONNECT would */
	bool unsure; /* it began where nobody knows what came before: maybe within a body */
};

/* The beginning of a response; ends.client is its receiver. */
struct cf_http_response {
	struct cf_endpoints ends;
	uint16_t code;
	bool fields_left_out; /* beyond CF_HTTP_FIELDS_READ */
	struct cf_slice headers;
	struct cf_slice
	    body; /* its first bytes, at least CF_HTTP_MAGIC_BYTES when there are so many */
};

/* Payload handed over undecoded, for whoever learns who the hosts are. */
enum cf_raw_kind {
	CF_RAW_ARP,   /* the ARP packet behind the Ethernet (or cooked) header; src and dst are none
	               */
	CF_RAW_NDP,   /* ICMPv6 from its type byte, types 133 to 137 */
	CF_RAW_DHCP4, /* UDP payload, ports 67/68 */
	CF_RAW_DHCP6, /* UDP payload, ports 546/547 */
	CF_RAW_NBNS,  /* UDP payload, port 137 */
	CF_RAW_NBDGM, /* UDP payload, port 138 */
	CF_RAW_SSDP,  /* UDP payload, port 1900 */
};

struct cf_observer {
	void *context; /* first argument of each callback */
	/*
	 * Every packet with an IP header, once, before anything found in it; fragments each for
	 * themselves. On the hot path: a few nanoseconds are what there is.
	 */
	void (*packet)(void *context, const struct cf_packet *packet);
	void (*dns)(
	    void *context, const struct cf_packet *packet, const struct cf_dns_message *message);
	void (*client_hello)(
	    void *context, const struct cf_packet *packet, const struct cf_client_hello *hello);
	void (*server_hello)(
	    void *context, const struct cf_packet *packet, const struct cf_server_hello *hello);
	void (*http_request)(
	    void *context, const struct cf_packet *packet, const struct cf_http_request *request);
	void (*http_response)(
	    void *context, const struct cf_packet *packet, const struct cf_http_response *response);
	void (*raw)(void *context, const struct cf_packet *packet, enum cf_raw_kind kind,
	    struct cf_slice bytes);
};
