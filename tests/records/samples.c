/* Sample hits. */

#include "samples.h"

#include <netinet/in.h>
#include <string.h>

#define TEXT(literal) \
	{ \
		.data = (literal), .len = sizeof(literal) - 1 \
	}

static const uint8_t qname[] = "\6dnl-03\3geo\11Kaspersky\3com";
static const uint8_t rule[] = "\11kaspersky\3com";

void sample_blocked_query(struct cf_hit *hit)
{
	*hit = (struct cf_hit){
	    .at_wall_us = INT64_C(1727770443481207),
	    .event = CF_EVENT_DNS,
	    .action = CF_ACTION_BLOCK,
	    .via = CF_VIA_QNAME,
	    .src = {.family = CF_FAMILY_V4, .bytes = {10, 20, 30, 40}},
	    .dest = {.family = CF_FAMILY_V4, .bytes = {10, 20, 0, 53}},
	    .src_port = 40112,
	    .dest_port = 53,
	    .ip_proto = IPPROTO_UDP,
	    .dns = {.qname_wire = qname,
	        .qtype = 1,
	        .has_rcode = true,
	        .rcode = 3,
	        .answer = "nxdomain",
	        .ede = 15},
	    .match = {.value = TEXT("dnl-03.geo.kaspersky.com"),
	        .rule_wire = rule,
	        .rule_type = "subtree",
	        .list = "vendor-core",
	        .serial = "2024092901",
	        .category = "updates",
	        .product = "consumer",
	        .confidence = "high"},
	    .policy = {.name = "us-commerce-2024",
	        .phase = "updates-off",
	        .cutoff_wall_s = 1727582400},
	    .key = 77,
	};
}

void sample_hardcoded_flow(struct cf_hit *hit)
{
	*hit = (struct cf_hit){
	    .at_wall_us = INT64_C(1727770544730112),
	    .event = CF_EVENT_FLOW,
	    .action = CF_ACTION_OBSERVE,
	    .via = CF_VIA_DEST_IP,
	    .src = {.family = CF_FAMILY_V4, .bytes = {10, 20, 31, 7}},
	    .dest = {.family = CF_FAMILY_V4, .bytes = {77, 74, 178, 1}},
	    .src_port = 49822,
	    .dest_port = 443,
	    .ip_proto = IPPROTO_TCP,
	    .vlan = 20,
	    .has_src_mac = true,
	    .src_mac = {0x00, 0x00, 0x5e, 0x00, 0x53, 0x07},
	    .in_iface = "enp3s0",
	    .flow = {.state = "established",
	        .pkts_out = 5,
	        .bytes_out = 600,
	        .pkts_in = 4,
	        .bytes_in = 1800,
	        .payload_in = 1560,
	        .dns_seen = CF_DNS_HARDCODED,
	        .escape = true},
	    .match = {.value = TEXT("77.74.178.1"),
	        .rule = "77.74.176.0/21",
	        .rule_type = "cidr",
	        .list = "vendor-core",
	        .serial = "2024092901",
	        .category = "updates"},
	    .asn = 200107,
	    .asn_org = "Kaspersky Lab Switzerland GmbH",
	    .policy = {.name = "us-commerce-2024",
	        .phase = "updates-off",
	        .cutoff_wall_s = 1727582400},
	    .key = 78,
	};
}

/* 255 bytes on the wire: three labels of 63 and one of 61. */
static const uint8_t *longest_name(void)
{
	static uint8_t wire[CF_NAME_WIRE_BYTES];

	memset(wire, 0x01, sizeof wire);
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	wire[254] = 0;
	return wire;
}

void sample_fullest(struct cf_hit *hit)
{
	static char text[2000], word[400];
	const struct cf_text longest = {.data = text, .len = sizeof text};

	memset(text, 0x02, sizeof text);
	memset(word, 0x03, sizeof word - 1);
	*hit = (struct cf_hit){
	    .at_wall_us = INT64_C(1727770443481207),
	    .event = CF_EVENT_SINKHOLE,
	    .action = CF_ACTION_OBSERVE,
	    .via = CF_VIA_HTTP_HOST_LITERAL,
	    .src_port = 65535,
	    .dest_port = 65535,
	    .ip_proto = IPPROTO_TCP,
	    .vlan = 4094,
	    .has_src_mac = true,
	    .src_mac = {0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff},
	    .in_iface = word,
	    .dns = {.qname_wire = longest_name(),
	        .qtype = 65534,
	        .has_rcode = true,
	        .rcode = 4095,
	        .answer = word,
	        .ede = 65535,
	        .cname_wire = longest_name(),
	        .cached = true,
	        .edes = word,
	        .outcome = "truncated",
	        .own_resolver = word},
	    .tls = {.sni = longest,
	        .alpn = longest,
	        .ja4 = longest,
	        .issuer = longest,
	        .transport = word,
	        .version = word,
	        .ech = true},
	    .http = {.host = longest, .uri = longest, .user_agent = longest, .method = word},
	    .flow = {.state = word,
	        .pkts_out = UINT64_MAX,
	        .bytes_out = UINT64_MAX,
	        .pkts_in = UINT64_MAX,
	        .bytes_in = UINT64_MAX,
	        .payload_in = UINT64_MAX,
	        .dns_seen = CF_DNS_HARDCODED,
	        .escape = true},
	    .match = {.value = longest,
	        .rule_wire = longest_name(),
	        .rule_type = word,
	        .list = word,
	        .serial = word,
	        .category = word,
	        .product = word,
	        .confidence = word,
	        .reason = text},
	    .asn = UINT32_MAX,
	    .asn_org = word,
	    .relay = word,
	    .policy = {.name = word,
	        .phase = word,
	        .cutoff_wall_s = INT64_C(253402300799),
	        .exception_owner = word},
	    .key = UINT64_MAX,
	};
	text[sizeof text - 1] = '\0';
	hit->src.family = hit->dest.family = CF_FAMILY_V6;
	memset(hit->src.bytes, 0xee, 16);
	memset(hit->dest.bytes, 0xdd, 16);
	hit->dns.ecs = (struct cf_prefix){.addr = hit->dest, .bits = 128};
}
