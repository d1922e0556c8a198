/*
 * A pack: a vendor as data, one folder of tables that people review (curfew-pack(5),
 * docs/FORMATS.md).
 *
 *     pack.yaml        who, which version, which preset by default
 *     sources.tsv      what the source ids of the entries mean
 *     names.tsv        names, with numbered patterns (compile/pack/pattern.h)
 *     networks.tsv     prefixes; also overlay-YYYY-MM-DD.tsv, dated local evidence that expires
 *     asns.tsv ports.tsv signatures.tsv resolvers.tsv
 *     presets/X.yaml   dated phases that follow a legal text (compile/policy/preset.h)
 *
 * Only pack.yaml, sources.tsv and names.tsv must exist. A pack that was read is plain memory that
 * nobody changes; strings are never NULL and live as long as the pack. Reading is done by one
 * thread.
 */
#pragma once

#include "base/addr.h"
#include "base/diag.h"
#include "base/sha256.h"
#include "base/status.h"
#include "image/category.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_pack_source {
	const char *id, *title, *licence, *as_of;
	unsigned line;
};

/* name is as written: a pattern when pattern is true, else a DNS name in text (maybe upper case).
 */
struct cf_pack_name {
	const char *name;
	const char *product;
	const char *sources; /* ids, comma separated */
	const char *as_of;   /* YYYY, YYYY-MM or YYYY-MM-DD */
	const char *note;
	const char *file;
	unsigned line;
	uint16_t name_len;
	uint8_t scope;      /* enum cf_scope */
	uint8_t category;   /* enum cf_category */
	uint8_t confidence; /* enum cf_confidence */
	bool pattern;
};

struct cf_pack_network {
	struct cf_prefix prefix;
	enum cf_network_kind kind;
	enum cf_category category;
	enum cf_confidence confidence;
	uint32_t asn; /* 0 unknown */
	const char *org, *sources, *as_of, *note;
	int64_t until_wall_s; /* overlays: when it expires; INT64_MAX never */
	const char *file;
	unsigned line;
};

struct cf_pack_asn {
	uint32_t asn;
	enum cf_category category;
	enum cf_confidence confidence;
	const char *org, *sources, *as_of, *note;
	const char *file;
	unsigned line;
};

struct cf_pack_port {
	uint8_t proto; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t first, last;
	bool internet; /* towards the vendor; else between hosts of one site */
	const char *role;
	enum cf_category category;
	enum cf_confidence confidence;
	const char *product, *sources, *as_of, *note;
	const char *file;
	unsigned line;
};

struct cf_pack_signature {
	const char *kind, *match, *value;
	enum cf_category category;
	enum cf_confidence confidence;
	const char *product, *sources, *as_of, *note;
	const char *file;
	unsigned line;
};

/* addr has family none for a resolver known by name only; order is 0 outside the fallback sequence.
 */
struct cf_pack_resolver {
	const char *role; /* fallback, dot, doh */
	uint32_t order;
	struct cf_addr addr;
	const char *name, *operator_name;
	enum cf_confidence confidence;
	const char *sources, *as_of, *note;
	const char *file;
	unsigned line;
};

struct cf_pack_text; /* the buffers that the strings point into */

struct cf_pack {
	const char *dir;
	const char *vendor, *title, *version, *maintainer, *description, *licence, *default_preset;
	struct cf_pack_source *sources;
	struct cf_pack_name *names;
	struct cf_pack_network *networks;
	struct cf_pack_asn *asns;
	struct cf_pack_port *ports;
	struct cf_pack_signature *signatures;
	struct cf_pack_resolver *resolvers;
	size_t source_count, name_count, network_count, asn_count, port_count, signature_count,
	    resolver_count;
	uint8_t digest[CF_SHA256_BYTES]; /* of the files read, in a fixed order; presets are not in
	                                    it */
	struct cf_pack_text *text;
};

/*
 * Reads the pack in folder dir. Everything wrong is added to diags, several at once. CF_OK means
 * that nothing of error level was found; CF_EINVALID that some was; CF_EIO, CF_ENOMEM, CF_ETOOBIG
 * likewise with a diag that says on what. *pack_out is set on CF_OK only; free it with
 * cf_pack_free().
 */
enum cf_status cf_pack_read(
    const char *dir, struct cf_pack **pack_out, struct cf_diags *diags) CF_MUST_CHECK;

/* NULL is fine. */
void cf_pack_free(struct cf_pack *pack);

/* The source with this id of len bytes, or NULL. Linear in the number of sources. */
const struct cf_pack_source *cf_pack_find_source(
    const struct cf_pack *pack, const char *id, size_t len);

/* True for YYYY, YYYY-MM and YYYY-MM-DD of a real date between 1990 and 2199. */
bool cf_pack_date_ok(const char *text);
