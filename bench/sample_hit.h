/* The blocked look-up that the benchmarks of log and ledger write, again and again. */
#pragma once

#include "records/form/record.h"

/* Of the client src, at a resolver of 10.0.0.0/8; key stands for the question. */
static inline struct cf_hit bench_sample_hit(int64_t at_wall_us, struct cf_addr src, uint64_t key)
{
	static const uint8_t qname[] = "\6dnl-03\3geo\11kaspersky\3com",
	                     rule[] = "\11kaspersky\3com";

	return (struct cf_hit){.at_wall_us = at_wall_us,
	    .event = CF_EVENT_DNS,
	    .action = CF_ACTION_BLOCK,
	    .via = CF_VIA_QNAME,
	    .src = src,
	    .dest = {.family = CF_FAMILY_V4, .bytes = {10, 255, 0, 53}},
	    .src_port = 40112,
	    .dest_port = 53,
	    .ip_proto = 17,
	    .dns = {.qname_wire = qname,
	        .qtype = 1,
	        .has_rcode = true,
	        .rcode = 3,
	        .answer = "nxdomain",
	        .ede = 15},
	    .match = {.value = {.data = "dnl-03.geo.kaspersky.com", .len = 24},
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
	    .key = key};
}
