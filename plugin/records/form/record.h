/*
 * The records of the hit log: what the resolver module and the monitor say, one JSON object a line
 * (docs/FORMATS.md, "hit log"). The structures here hold no copies: strings and names are borrowed
 * from the caller for the duration of one call, and the queue copies what it keeps.
 *
 * Names come off the wire as bytes; JSON escaping makes every line plain ASCII whatever they hold.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cf_event {
	CF_EVENT_DNS = 0,
	CF_EVENT_FLOW = 1,
	CF_EVENT_TLS = 2,
	CF_EVENT_HTTP = 3,
	CF_EVENT_SINKHOLE = 4, /* a connection to the address we answered with */
	CF_EVENT_LAN = 5,      /* a managed estate inside: agent to server, host to relay */
	CF_EVENT_BYPASS = 6,   /* blocked, then asked elsewhere */
	/* records that are not hits */
	CF_EVENT_IDENTITY = 16,
	CF_EVENT_HEARTBEAT = 17,
	CF_EVENT_LOST = 18,
	CF_EVENT_START = 19,
	CF_EVENT_STOP = 20,
	CF_EVENT_ALIVE = 21, /* which clients asked the resolver anything */
};

enum cf_action {
	CF_ACTION_ALLOW = 0,   /* an exception let it pass */
	CF_ACTION_OBSERVE = 1, /* seen on the wire; nothing could be done about it */
	CF_ACTION_FLAG = 2,
	CF_ACTION_BLOCK = 3,
};

/* How it matched: each kind of evidence has its own word. */
enum cf_via {
	CF_VIA_QNAME = 0,
	CF_VIA_CNAME,
	CF_VIA_DNAME,
	CF_VIA_ANSWER_ADDR, /* an A or AAAA in the answer */
	CF_VIA_SVCB_TARGET,
	CF_VIA_SVCB_HINT,
	CF_VIA_DEST_IP,   /* dedicated vendor network */
	CF_VIA_SHARED_IP, /* dated host at somebody else's */
	CF_VIA_ASN,
	CF_VIA_SNI,
	CF_VIA_HTTP_HOST,
	CF_VIA_HTTP_HOST_LITERAL, /* Host is a bare address of a known update host */
	CF_VIA_HTTP_URI,
	CF_VIA_USER_AGENT,
	CF_VIA_BODY_MAGIC,
	CF_VIA_CERT_ISSUER,
	CF_VIA_JA4,
	CF_VIA_LAN_PORT,
	CF_VIA_SINKHOLE,
	CF_VIA_ECH,      /* name hidden, address the vendor's: residual risk */
	CF_VIA_FALLBACK, /* the vendor's own sequence of public resolvers */
	CF_VIA_DOH,
	CF_VIA_TARGET,     /* of an MX, SRV, NAPTR ... in the answer */
	CF_VIA_ADDITIONAL, /* owner of an address that came along */
	CF_VIA_EGRESS,     /* logged by the rules at the edge (`curfew egress`) */
	CF_VIA_COUNT,
};

/* Was the address announced by DNS to this client before? */
enum cf_dns_seen { CF_DNS_SEEN_NONE = 0, CF_DNS_HARDCODED, CF_DNS_RESOLVED, CF_DNS_UNKNOWN };

/* Words as they stand in the log ("dest_ip"); "?" out of range. */
const char *cf_event_text(enum cf_event event);
const char *cf_action_text(enum cf_action action);
const char *cf_via_text(enum cf_via via);
const char *cf_dns_seen_text(enum cf_dns_seen seen);
/*
 * The writer stands at a resolver, and tells what that was asked: "resolver" or "tap", also with
 * the number of a second writer behind a dot (records/write/sink.h).
 */
bool cf_source_is_resolver(const char *source, size_t len);
bool cf_event_parse(const char *text, size_t len, enum cf_event *event_out);
bool cf_action_parse(const char *text, size_t len, enum cf_action *action_out);
bool cf_via_parse(const char *text, size_t len, enum cf_via *via_out);
bool cf_dns_seen_parse(const char *text, size_t len, enum cf_dns_seen *seen_out);

/* Bytes of unknown provenance with their length; data may be NULL when len is 0 (absent). */
struct cf_text {
	const char *data;
	size_t len;
};

/* One matched thing. Zero/NULL members are absent from the line. Initialise with {0}. */
struct cf_hit {
	int64_t at_wall_us;
	enum cf_event event;
	enum cf_action action;
	enum cf_via via;
	struct cf_addr src, dest; /* family none: absent */
	uint32_t src_zone;        /* link-local src: index of its link here (RFC 4007); 0 none */
	uint16_t src_port, dest_port;
	uint8_t ip_proto; /* IPPROTO_TCP, IPPROTO_UDP ... */
	uint16_t vlan;
	bool has_src_mac;
	uint8_t src_mac[6];
	const char *in_iface;
	struct {
		const uint8_t *qname_wire; /* any case; canonicalised when written */
		uint16_t qtype;
		bool has_rcode;
		uint16_t rcode;
		const char
		    *answer;      /* what we sent: nxdomain nodata sinkhole refused drop passthru */
		uint16_t ede;     /* code sent, 0 none; of several the one that speaks of a block */
		const char *edes; /* all of them, "15 23", when there are several */
		const char *outcome; /* monitor: what it was answered with (docs/FORMATS.md) */
		const uint8_t *cname_wire;
		bool cached;
		struct cf_prefix ecs;     /* EDNS client subnet (RFC 7871); family none: absent */
		const char *own_resolver; /* monitor: "own" or "foreign" */
	} dns;
	struct {
		struct cf_text sni, alpn, ja4, issuer;
		const char *transport; /* "tcp" or "quic" */
		const char *version;   /* "1.2" */
		bool ech;
	} tls;
	struct {
		struct cf_text host, uri, user_agent;
		const char *method;
	} http;
	struct {
		const char *state; /* "syn" "established" "udp" "oneway" "closed" */
		uint64_t pkts_out, bytes_out, pkts_in, bytes_in; /* out: from src */
		uint64_t payload_in;   /* behind the TCP or UDP headers of what came in */
		int64_t first_wall_us; /* of its last record: when it began; 0 of others */
		enum cf_dns_seen dns_seen;
		bool escape; /* bytes came back from the vendor after the cut-off */
	} flow;
	struct {
		struct cf_text value;     /* what was seen: name or address as text */
		const uint8_t *rule_wire; /* rule as a wire name, or ... */
		const char *rule;         /* ... as text */
		const char *rule_type;    /* exact subtree below cidr asn signature port */
		const char *list;
		const char *serial; /* pack version */
		const char *category;
		const char *product;
		const char *confidence;
		const char *reason; /* one phrase for people */
	} match;
	uint32_t asn;
	const char *asn_org;
	const char *relay; /* LAN: address of the host it depends through, as text */
	struct {
		const char *name;      /* preset or policy name */
		const char *phase;     /* "" or the phase in force */
		int64_t cutoff_wall_s; /* start of that phase; 0 none */
		const char *exception_owner;
	} policy;
	bool masked;  /* set by the log when privacy changed the addresses: no community id */
	uint64_t key; /* identity of (entry, verdict) for folding: image entry id and decision,
	                 never 0 */
};

/* What names a host, seen by a monitor or an import. */
struct cf_identity {
	int64_t from_wall_us, to_wall_us;
	struct cf_addr addr;
	bool has_mac;
	uint8_t mac[6];
	bool is_router; /* this MAC carries other hosts' traffic */
	uint16_t vlan;
	const char *in_iface;
	const char *kind; /* "arp" "ndp" "dhcp" "dhcpv6" "mdns" "nbns" "llmnr" "traffic" "lease" */
	struct cf_text name;      /* host name, as the host gives it */
	struct cf_text client_id; /* DHCP client id or DUID, raw bytes */
	const char *end;          /* why it is over (records/form/identity.h), NULL: it is not */
};

/* Counters of one sensor or one of its interfaces, since its start. */
struct cf_heartbeat {
	int64_t at_wall_us;
	int64_t started_wall_us;
	uint64_t queries; /* resolver: replies seen */
	uint64_t packets, bytes;
	uint64_t kernel_drops, iface_drops;
	uint64_t decode_failures, evictions;
	/* Seconds in which an interface could not see anything, summed over interfaces: without
	 * link, and without packets where there always were some. */
	uint64_t dark_s, silent_s;
	int64_t blind_since_wall_us; /* the first of them since the heartbeat before; 0: none */
	const char *in_iface;        /* NULL: whole sensor */
	uint16_t vlan;
	const char *image;      /* image digest, hex; "" none in force */
	const char *policy;     /* preset or policy file */
	const char *extra_json; /* further members `"k":v,...` made by the caller, ASCII, or NULL */
};

/*
 * Format as one line with '\n' into line[0..size) and return its length, or 0 when size is too
 * small even after optional long texts were shortened (never with size >= CF_RECORD_BYTES). Pure.
 * id is a ULID text (26 characters); count is at least 1; last_wall_us is the end of a fold window,
 * 0 or the hit's own time when count is 1.
 */
size_t cf_hit_format(const struct cf_hit *hit, const char *sensor, const char *source,
    const char *id, uint64_t count, int64_t last_wall_us, char *line, size_t size);
size_t cf_identity_format(const struct cf_identity *identity, const char *sensor,
    const char *source, const char *id, char *line, size_t size);
