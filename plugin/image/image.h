/*
 * The image: one read-only, verified file that holds everything the module and the monitor
 * decide by (docs/FORMATS.md, image/format.h). `curfew apply` writes it
 * (compile/image/image_writer.h).
 *
 * An image is verified completely when it is opened - bounds, order, checksum, every index - and
 * trusted afterwards; look-ups do not allocate and cannot fail. An opened image is immutable: any
 * number of threads may read it at once; cf_image_close() must come after the last reader is done.
 * Pointers and strings that accessors return point into the image and live as long as it.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/status.h"
#include "image/category.h"
#include "names/name.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "No such thing" for entry, network, phase, schedule and exception ids. */
#define CF_NONE UINT32_MAX

struct cf_image;

/*
 * Reads and verifies the regular file at path, its header first; the file itself is not needed
 * afterwards. CF_EIO (errno), CF_EINVALID (no regular file), CF_EMALFORMED, CF_ECHECKSUM,
 * CF_EVERSION, CF_ENOMEM; *error (may be NULL) says what and where. Nothing is left open on
 * failure.
 */
enum cf_status cf_image_open(
    const char *path, struct cf_image **image_out, struct cf_error *error) CF_MUST_CHECK;

/* The same, but ends with CF_EAGAIN soon after *stop has become true: an image of some GiB takes
 * its time. */
enum cf_status cf_image_open_until(const char *path, const atomic_bool *stop,
    struct cf_image **image_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Verifies an image that already lies in memory at data (8-byte aligned), which must outlive it;
 * nothing is copied. For tests and fuzzing. Errors as cf_image_open().
 */
enum cf_status cf_image_from_memory(const void *data, size_t len, struct cf_image **image_out,
    struct cf_error *error) CF_MUST_CHECK;

/* Frees it and its memory; NULL is fine. */
void cf_image_close(struct cf_image *image);

/* What the image is, and the settings of its policy. Strings are never NULL; "" when not set. */
struct cf_image_info {
	uint8_t digest[CF_SHA256_BYTES];        /* of the whole file: the image's identity */
	uint8_t source_digest[CF_SHA256_BYTES]; /* of everything it was compiled from */
	int64_t built_wall_s; /* when its file was last written; 0 unknown (from memory) */
	uint64_t file_bytes;
	/* Of all packs and presets, comma separated, for people; records have those of their entry.
	 */
	const char *vendor;
	const char *pack_version;
	const char *preset;      /* "" for own phases */
	const char *citation;    /* of the legal texts that the presets follow */
	const char *policy_file; /* where the policy was read from */
	uint32_t packs, schedules;
	uint32_t names; /* entries of names */
	uint32_t networks, asns, signatures, ports, resolvers;
	uint32_t phases, exceptions, groups;
	/* log settings */
	const char *log_path;
	uint32_t fold_s;              /* 0: no folding */
	const char *privacy;          /* "full", "truncate" or "pseudonym" */
	const char *privacy_key_file; /* key for pseudonyms, "" when none */
	const char *sensor;           /* name of this sensor, "" for the host name */
	const char
	    *edge;   /* how an edge filters, as policy/egress_options.h reads it; "" not said */
	bool syslog; /* also a line in the resolver's own log */
	bool block_addresses; /* answers that hold a dedicated vendor address are matched too */
	bool block_services;  /* and where MX, SRV, NAPTR ... and additional records lead */
	uint16_t alive_s;     /* the resolver says so often who asked anything; 0 never */
};
const struct cf_image_info *cf_image_info(const struct cf_image *image);

/* Where entries come from, 0 <= i < info->packs. */
struct cf_image_pack {
	const char *vendor;  /* folder of the pack; "policy" for the policy's own names */
	const char *version; /* serial; of a policy the begin of its digest */
	uint32_t schedule;   /* that it is under for clients in no group with another */
	bool nodata;         /* signals to clients: answered NODATA, whatever others are answered */
};
void cf_image_pack(const struct cf_image *image, uint32_t i, struct cf_image_pack *pack_out);

/* The pack of a vendor, which is len bytes of text; false when there is none. */
bool cf_image_find_pack(
    const struct cf_image *image, const char *vendor, size_t len, uint32_t *pack_out);

/* What a pack is under, for everybody or for some clients, 0 <= i < info->schedules. */
struct cf_image_schedule {
	const char *preset;   /* "" for own phases alone */
	const char *citation; /* legal text the preset follows */
	const char *clients;  /* as written, "" for everybody who has no other */
	uint32_t pack;        /* the first that follows it */
};
void cf_image_schedule(
    const struct cf_image *image, uint32_t i, struct cf_image_schedule *schedule_out);

/*
 * What a record calls the policy: the preset of the schedule, or the policy's file for one that
 * has none and for CF_NONE.
 */
const char *cf_image_policy_name(const struct cf_image *image, uint32_t schedule);

/* One matching entry of a name look-up. */
struct cf_match {
	uint32_t entry;
	uint8_t label_count; /* labels of the entry's name that matched: specificity */
};

/*
 * All entries that cover name - exact ones of the full name, subtree and below ones of its suffixes
 * - most specific first (within one level: exact, subtree, below). Returns their number, at most
 * CF_MATCHES; 0 is the common, fast case. Exact comparison of names: no false match.
 */
unsigned cf_image_find_name(
    const struct cf_image *image, const struct cf_name *name, struct cf_match matches[CF_MATCHES]);

/* The entry as a person wrote it. */
struct cf_entry {
	const uint8_t *name_wire; /* canonical wire */
	enum cf_scope scope;
	enum cf_category category;
	enum cf_confidence confidence;
	uint32_t exception; /* CF_NONE, or the policy exception that this name belongs to */
	uint32_t pack;
	const char *list;   /* pack name; "policy" for names of the policy and its exceptions */
	const char *serial; /* version of that pack */
	const char *product;
	const char *source;
	const char *as_of;
	const char *note;
	const char *file; /* where it stands */
	uint32_t line;
};
/* entry comes from a match, a decision, or the two calls below. */
void cf_image_entry(const struct cf_image *image, uint32_t entry, struct cf_entry *entry_out);

/*
 * All entries, one after the other, those of one name together; in an order that is the same for
 * the same image and means nothing. CF_NONE: there is none, or none after entry.
 */
uint32_t cf_image_first_entry(const struct cf_image *image);
uint32_t cf_image_next_entry(const struct cf_image *image, uint32_t entry);

/* The network with the longest prefix that contains addr, or CF_NONE. */
uint32_t cf_image_find_addr(const struct cf_image *image, const struct cf_addr *addr);

struct cf_network {
	struct cf_prefix prefix;
	enum cf_network_kind kind;
	enum cf_category category;
	enum cf_confidence confidence;
	uint32_t asn; /* 0 unknown */
	uint32_t pack;
	const char *org;
	const char *list;
	const char *serial; /* version of the pack; not taken when adding */
	const char *source;
	const char *as_of;
	const char *note;
	const char *file;
	uint32_t line;
	int64_t until_wall_s; /* first second it no longer counts (overlays); INT64_MAX never */
};
void cf_image_network(
    const struct cf_image *image, uint32_t network, struct cf_network *network_out);

/* True when asn is one of the vendor's; *org_out (may be NULL) gets the name in the pack. */
bool cf_image_find_asn(const struct cf_image *image, uint32_t asn, const char **org_out);
/* The pack that lists asn; the first when none does. */
uint32_t cf_image_asn_pack(const struct cf_image *image, uint32_t asn);
/* AS numbers by index, 0 <= i < info->asns; *org_out may be NULL. */
uint32_t cf_image_asn(const struct cf_image *image, uint32_t i, const char **org_out);

/* A wire signature, 0 <= i < info->signatures. kind and match are words of the pack format. */
struct cf_signature {
	const char *kind;  /* http-uri http-user-agent body-magic tls-issuer tls-ja4 ... */
	const char *match; /* exact prefix suffix glob shape */
	const char *value;
	enum cf_category category;
	enum cf_confidence confidence;
	uint32_t pack;
	const char *product;
	const char *source;
	const char *note;
	const char *file;
	uint32_t line;
};
void cf_image_signature(
    const struct cf_image *image, uint32_t i, struct cf_signature *signature_out);

/* A port of the vendor's products, 0 <= i < info->ports. */
struct cf_port {
	const char *role;      /* "ksn-proxy", "agent", "activation-proxy" ... */
	const char *direction; /* "lan" or "internet" */
	uint8_t proto;         /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t first, last;
	enum cf_category category;
	enum cf_confidence confidence;
	uint32_t pack;
	const char *product;
	const char *source;
	const char *file;
	uint32_t line;
};
void cf_image_port(const struct cf_image *image, uint32_t i, struct cf_port *port_out);

/* A public resolver worth knowing, 0 <= i < info->resolvers. */
struct cf_resolver {
	const char *role; /* "fallback" (the vendor's own order), "doh", "dot" */
	struct cf_addr addr;
	uint32_t order; /* place in the vendor's fallback sequence, from 1; 0: not in it */
	const char *operator_name;
	const char *name; /* DoH/DoT server name, "" when none */
};
void cf_image_resolver(const struct cf_image *image, uint32_t i, struct cf_resolver *resolver_out);

/* A phase of the policy, 0 <= i < info->phases, in order of from_wall_s. */
struct cf_phase {
	const char *name;
	const char *citation;
	int64_t from_wall_s;
	enum cf_verdict verdict;
	uint32_t categories; /* bit 1 << enum cf_category */
	uint64_t schedules;  /* bit 1 << index of those it belongs to */
	const char *file;
	uint32_t line;
};
void cf_image_phase(const struct cf_image *image, uint32_t i, struct cf_phase *phase_out);

/* The verdict of a category before any phase of a schedule. */
enum cf_verdict cf_image_baseline(
    const struct cf_image *image, uint32_t schedule, enum cf_category category);

/* An exception of the policy, 0 <= i < info->exceptions, in the order of the file. */
struct cf_exception {
	enum cf_verdict verdict;
	int64_t from_wall_s;  /* INT64_MIN: from ever */
	int64_t until_wall_s; /* first second it no longer holds; INT64_MAX never */
	uint32_t categories;  /* bit set; 0: by names only */
	uint32_t schedule;    /* CF_NONE, or: only for clients that are under this one */
	uint32_t pack;
	const char *owner;
	const char *reason;
	const char *clients; /* as written in the policy, for people */
	const char *file;
	uint32_t line;
};
void cf_image_exception(
    const struct cf_image *image, uint32_t i, struct cf_exception *exception_out);

/*
 * The ranges of addresses whose clients are treated alike, 0 <= i < cf_image_client_ranges(): those
 * of IPv4, then those of IPv6, each family without a gap; a family without any group has none.
 * Ranges of one place are treated the same in everything.
 */
struct cf_client_range {
	struct cf_addr first, last;
	uint32_t place; /* 0: in no group */
};
uint32_t cf_image_client_ranges(const struct cf_image *image);
void cf_image_client_range(
    const struct cf_image *image, uint32_t i, struct cf_client_range *range_out);

/* What a block says. */
struct cf_answer_spec {
	enum cf_answer kind;
	uint32_t ttl_s;
	uint16_t ede_code;                       /* RFC 8914; 15 Blocked by default; 0 none */
	const char *ede_text;                    /* "" for none */
	struct cf_addr sinkhole_v4, sinkhole_v6; /* family none when not set */
};
/* The policy's answer. */
const struct cf_answer_spec *cf_image_answer(const struct cf_image *image);
