/*
 * One line of the hit log as a struct: what the ledger, `curfew log` and verification read. The
 * parser knows the log's own flat schema (objects one level deep) and skips members it does not
 * know, so that later versions stay readable. Nothing is allocated; texts point into the line, or
 * into the record's own scratch space where escapes had to be undone. Pure; any thread.
 */
#pragma once

#include "records/form/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a line is no record. */
enum cf_line_fault {
	CF_LINE_OK = 0,
	CF_LINE_BLANK,    /* empty, or only the newline that ends a torn line */
	CF_LINE_TORN,     /* begins like a record but does not end like one */
	CF_LINE_NULS,     /* has zero bytes: blocks that a power cut left empty */
	CF_LINE_FOREIGN,  /* no JSON object of ours */
	CF_LINE_TOO_LONG, /* over CF_RECORD_LINE_BYTES */
	CF_LINE_VERSION,  /* "v" is not 1 or 2 */
	CF_LINE_FAULTS,
};

/* "torn", "foreign" ...; static. */
const char *cf_line_fault_text(enum cf_line_fault fault);

/* What a heartbeat, stop, start or lost record says; absent numbers are 0. */
struct cf_sensor_report {
	int64_t started_wall_us, since_wall_us, blind_since_wall_us;
	uint64_t hits, folding, written, lost_queue, lost_disk, lost_flood, torn_bytes;
	uint64_t queries, packets, bytes, kernel_drops, iface_drops, decode_failures, evictions;
	uint64_t tunnels_unread; /* packets in tunnels that the monitor does not read */
	uint64_t dark_s, silent_s;
	struct cf_text link; /* of one interface */
	/* start records */
	uint64_t pid, fold_s, heartbeat_s, repaired_bytes, unsealed_lines, seq;
	struct cf_text found, prev, version;
	struct cf_text input;           /* of a run over files: what they were, as a digest */
	struct cf_text key, key_change; /* who signs, and whom that key followed */
	struct cf_text image, policy, privacy;
};

/* The seal at the end of a heartbeat or stop record (records/files/chain.h); sha256.len 0: none. */
struct cf_seal {
	struct cf_text run, prev, key, sha256, sig; /* key and sig: of signed ones */
	uint64_t run_seq, seq, lines;
};

/* Texts that are absent have len 0. */
struct cf_record {
	enum cf_event event;
	bool is_hit; /* event is below CF_EVENT_IDENTITY */
	int64_t at_wall_us;
	int64_t last_wall_us; /* at_wall_us when absent */
	uint64_t count;       /* hits this line stands for; 1 when absent */
	uint64_t version, cut_bytes;
	struct cf_text id, sensor, source, timestamp;
	enum cf_action action;
	struct cf_addr src, dest;
	struct cf_text src_zone; /* the link of a link-local src */
	uint16_t src_port, dest_port;
	struct cf_text proto, in_iface, community_id;
	uint16_t vlan;
	bool has_src_mac;
	uint8_t src_mac[6];
	struct {
		struct cf_text qname, qtype, rcode, answer, edes, outcome, cname, ecs, resolver;
		uint16_t ede;
		bool cached;
	} dns;
	struct {
		struct cf_text sni, transport, version, alpn, ja4, issuer;
		bool ech;
	} tls;
	struct {
		struct cf_text host, method, uri, user_agent;
	} http;
	struct {
		struct cf_text state;
		uint64_t pkts_out, bytes_out, pkts_in, bytes_in, payload_in;
		int64_t first_wall_us; /* its last record has it, then it is not 0 */
		enum cf_dns_seen dns_seen;
		bool escape;
	} flow;
	enum cf_via via;
	struct {
		struct cf_text value, rule, rule_type, list, serial, category, product, confidence,
		    reason;
	} match;
	struct {
		uint32_t number;
		struct cf_text org;
	} asn;
	struct cf_text relay;
	struct {
		struct cf_text name, phase, exception_owner;
		int64_t cutoff_wall_s;
	} policy;
	struct {
		struct cf_text kind, name, client_id, end; /* client_id in hex */
		bool router;
	} identity;
	struct cf_text clients; /* alive: walk it with cf_client_next() (records/form/alive.h) */
	uint64_t left_out;      /* alive */
	struct cf_sensor_report report;
	struct cf_seal seal;
	/* Not to be looked at. */
	size_t scratch_used;
	char scratch[CF_RECORD_LINE_BYTES];
};

/*
 * Parses line[0..len), newline left out. record_out keeps pointers into line; it is valid only for
 * CF_LINE_OK, and undefined (but safe to reuse) otherwise.
 */
enum cf_line_fault cf_record_parse(const char *line, size_t len, struct cf_record *record_out);
