/* Rows of a pack's tables to entries, each cell checked. */

#include "compile/pack_table.h"

#include "base/instant.h"
#include "compile/pattern.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* One row on its way to an entry; ok falls once a cell is wrong. */
struct row {
	const struct cf_pack *pack;
	struct cf_tsv *tsv;
	struct cf_diags *diags;
	const char *cells[CF_TSV_COLUMNS];
	size_t lens[CF_TSV_COLUMNS];
	const char *sources_known; /* last cell of source ids found good: they repeat */
	bool ok;
};

static void complain(struct row *row, unsigned column, const char *expected)
{
	char quoted[120];

	row->ok = false;
	cf_diag_add(row->diags, CF_DIAG_ERROR, row->tsv->file, row->tsv->line,
	    row->tsv->columns[column], "%s; expected %s",
	    cf_quote(row->cells[column], row->lens[column], quoted, sizeof quoted), expected);
}

static bool next_row(struct row *row)
{
	row->ok = true;
	return cf_tsv_next(row->tsv, row->cells, row->lens, row->diags);
}

static enum cf_category read_category(struct row *row, unsigned column)
{
	enum cf_category category = CF_CATEGORY_CORPORATE;

	if (!cf_category_parse(row->cells[column], row->lens[column], &category))
		complain(row, column,
		    "a category: updates telemetry activation cloud-console web-account sales "
		    "corporate pki "
		    "product-service informational local-injection lookalike");
	return category;
}

static enum cf_confidence read_confidence(struct row *row, unsigned column)
{
	enum cf_confidence confidence = CF_CONFIDENCE_INFERRED;

	if (!cf_confidence_parse(row->cells[column], row->lens[column], &confidence))
		complain(row, column, "documented, listed or inferred");
	return confidence;
}

static const char *read_text(struct row *row, unsigned column)
{
	if (row->lens[column] == 0)
		complain(row, column, "some text");
	return row->cells[column];
}

static const char *read_date(struct row *row, unsigned column)
{
	if (!cf_pack_date_ok(row->cells[column]))
		complain(row, column, "a date: YYYY, YYYY-MM or YYYY-MM-DD");
	return row->cells[column];
}

static const char *read_sources(struct row *row, unsigned column)
{
	const char *cell = row->cells[column], *at = cell;

	if (row->sources_known != NULL && strcmp(row->sources_known, cell) == 0)
		return row->sources_known;
	for (;;) {
		size_t len = strcspn(at, ",");

		if (cf_pack_find_source(row->pack, at, len) == NULL) {
			complain(row, column, "ids from sources.tsv, parted by commas");
			return cell;
		}
		if (at[len] == '\0')
			break;
		at += len + 1;
	}
	row->sources_known = cell;
	return cell;
}

/* A decimal number up to most in len bytes; false otherwise. */
static bool number(const char *text, size_t len, uint32_t most, uint32_t *value_out)
{
	uint64_t value = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (value > most)
		return false;
	*value_out = (uint32_t)value;
	return true;
}

static uint32_t read_asn(struct row *row, unsigned column, bool required)
{
	uint32_t asn = 0;

	if (row->lens[column] == 0 && !required)
		return 0;
	if (!number(row->cells[column], row->lens[column], UINT32_MAX, &asn) || asn == 0)
		complain(row, column, "an AS number, digits only");
	return asn;
}

/* Room for one entry more; the array doubles. */
static enum cf_status grow(void *items, size_t *count, size_t item_bytes, void **grown_out)
{
	size_t n = *count;
	void *grown = items;

	/* Powers of two are the moments at which the array is full. */
	if (n >= CF_PACK_ENTRIES)
		return CF_ETOOBIG;
	if (n == 0 || (n >= 64 && (n & (n - 1)) == 0)) {
		grown = reallocarray(items, n == 0 ? 64 : n * 2, item_bytes);
		if (grown == NULL)
			return CF_ENOMEM;
	}
	*grown_out = grown;
	*count = n + 1;
	return CF_OK;
}

/* Appends the entry to pack->ARRAY, whose length is pack->COUNT. */
#define APPEND(pack, array, count, entry) \
	do { \
		void *grown_ = NULL; \
		enum cf_status status_ = \
		    grow((pack)->array, &(pack)->count, sizeof *(pack)->array, &grown_); \
		if (status_ != CF_OK) \
			return status_; \
		(pack)->array = grown_; \
		(pack)->array[(pack)->count - 1] = (entry); \
	} while (0)

static enum cf_status read_source_rows(
    struct cf_pack *pack, struct cf_tsv *tsv, struct cf_diags *diags)
{
	struct row row = {.pack = pack, .tsv = tsv, .diags = diags};

	while (next_row(&row)) {
		struct cf_pack_source source = {.id = read_text(&row, 0),
		    .title = read_text(&row, 1),
		    .licence = row.cells[2],
		    .as_of = read_date(&row, 3),
		    .line = tsv->line};

		if (source.id[strcspn(source.id, ", ")] != '\0')
			complain(&row, 0, "an id without commas and blanks");
		if (row.ok && cf_pack_find_source(pack, source.id, row.lens[0]) != NULL)
			complain(&row, 0, "an id that no other line has");
		if (row.ok)
			APPEND(pack, sources, source_count, source);
	}
	return CF_OK;
}

static void read_name(struct row *row, struct cf_pack_name *name)
{
	struct cf_name parsed;
	const char *text = row->cells[0];
	size_t len = row->lens[0];

	name->name = text;
	if (len >= CF_NAME_TEXT_BYTES) {
		complain(row, 0, "a name of at most 253 bytes");
		return;
	}
	name->name_len = (uint16_t)len;
	name->pattern = cf_pattern_is(text, len);
	if (!name->pattern && cf_name_from_text(text, len, &parsed) == CF_OK &&
	    parsed.label_count > 0)
		return;
	if (!name->pattern)
		complain(row, 0, "a DNS name in ASCII, not the root");
	else if (cf_pattern_check(text, len, NULL) != CF_OK)
		complain(row, 0, "a DNS name with ranges like [00-19], of at most 10000 members");
}

static enum cf_status read_name_rows(
    struct cf_pack *pack, struct cf_tsv *tsv, struct cf_diags *diags)
{
	struct row row = {.pack = pack, .tsv = tsv, .diags = diags};

	while (next_row(&row)) {
		struct cf_pack_name name = {.line = tsv->line, .file = tsv->file};
		enum cf_scope scope = CF_SCOPE_EXACT;

		read_name(&row, &name);
		if (!cf_scope_parse(row.cells[1], row.lens[1], &scope))
			complain(&row, 1, "exact, subtree or below");
		name.scope = (uint8_t)scope;
		name.category = (uint8_t)read_category(&row, 2);
		name.product = row.cells[3];
		name.sources = read_sources(&row, 4);
		name.confidence = (uint8_t)read_confidence(&row, 5);
		name.as_of = read_date(&row, 6);
		name.note = row.cells[7];
		if (row.ok)
			APPEND(pack, names, name_count, name);
	}
	return CF_OK;
}

static struct cf_prefix read_prefix(struct row *row, unsigned column)
{
	struct cf_prefix prefix = {.bits = 0};
	enum cf_status status = cf_prefix_parse(row->cells[column], &prefix);

	if (status == CF_EINVALID)
		complain(row, column, "a prefix without bits set behind its length");
	else if (status != CF_OK)
		complain(row, column, "an IPv4 or IPv6 prefix");
	return prefix;
}

static struct cf_pack_network read_network(struct row *row)
{
	struct cf_pack_network network = {.prefix = read_prefix(row, 0),
	    .category = read_category(row, 2),
	    .asn = read_asn(row, 3, false),
	    .org = row->cells[4],
	    .sources = read_sources(row, 5),
	    .confidence = read_confidence(row, 6),
	    .as_of = read_date(row, 7),
	    .until_wall_s = INT64_MAX,
	    .file = row->tsv->file,
	    .line = row->tsv->line};

	if (!cf_network_kind_parse(row->cells[1], row->lens[1], &network.kind))
		complain(row, 1, "dedicated, shared, sinkhole, mail-relay or nameserver");
	return network;
}

static enum cf_status read_network_rows(
    struct cf_pack *pack, struct cf_tsv *tsv, struct cf_diags *diags)
{
	struct row row = {.pack = pack, .tsv = tsv, .diags = diags};

	while (next_row(&row)) {
		struct cf_pack_network network = read_network(&row);

		network.note = row.cells[8];
		if (row.ok)
			APPEND(pack, networks, network_count, network);
	}
	return CF_OK;
}

static enum cf_status read_overlay_rows(
    struct cf_pack *pack, struct cf_tsv *tsv, struct cf_diags *diags)
{
	struct row row = {.pack = pack, .tsv = tsv, .diags = diags};

	while (next_row(&row)) {
		struct cf_pack_network network = {.prefix = read_prefix(&row, 0),
		    .kind = CF_NETWORK_SHARED,
		    .category = read_category(&row, 1),
		    .org = "",
		    .sources = "resolve",
		    .confidence = CF_CONFIDENCE_INFERRED,
		    .as_of = read_date(&row, 2),
		    .note = row.cells[4],
		    .file = tsv->file,
		    .line = tsv->line};

		if (cf_instant_parse(row.cells[3], &network.until_wall_s) != CF_OK)
			complain(&row, 3, "an instant with offset, like 2026-12-21T00:00:00Z");
		if (row.ok)
			APPEND(pack, networks, network_count, network);
	}
	return CF_OK;
}

static enum cf_status read_asn_rows(
    struct cf_pack *pack, struct cf_tsv *tsv, struct cf_diags *diags)
{
	struct row row = {.pack = pack, .tsv = tsv, .diags = diags};

	while (next_row(&row)) {
		struct cf_pack_asn asn = {.asn = read_asn(&row, 0, true),
		    .org = read_text(&row, 1),
		    .category = read_category(&row, 2),
		    .sources = read_sources(&row, 3),
		    .confidence = read_confidence(&row, 4),
		    .as_of = read_date(&row, 5),
		    .note = row.cells[6],
		    .file = tsv->file,
		    .line = tsv->line};

		if (row.ok)
			APPEND(pack, asns, asn_count, asn);
	}
	return CF_OK;
}

static void read_port_range(struct row *row, unsigned column, struct cf_pack_port *port)
{
	const char *text = row->cells[column];
	size_t first_len = strcspn(text, "-");
	uint32_t first = 0, last = 0;
	bool ok = number(text, first_len, UINT16_MAX, &first);

	last = first;
	if (ok && text[first_len] == '-')
		ok = number(
		    text + first_len + 1, row->lens[column] - first_len - 1, UINT16_MAX, &last);
	if (!ok || first == 0 || last < first)
		complain(row, column, "a port or a range like 23100-23199");
	port->first = (uint16_t)first;
	port->last = (uint16_t)last;
}

static enum cf_status read_port_rows(
    struct cf_pack *pack, struct cf_tsv *tsv, struct cf_diags *diags)
{
	struct row row = {.pack = pack, .tsv = tsv, .diags = diags};

	while (next_row(&row)) {
		struct cf_pack_port port = {.proto = IPPROTO_TCP,
		    .role = read_text(&row, 3),
		    .category = read_category(&row, 4),
		    .product = row.cells[5],
		    .sources = read_sources(&row, 6),
		    .confidence = read_confidence(&row, 7),
		    .as_of = read_date(&row, 8),
		    .note = row.cells[9],
		    .file = tsv->file,
		    .line = tsv->line};

		read_port_range(&row, 1, &port);
		if (strcmp(row.cells[0], "udp") == 0)
			port.proto = IPPROTO_UDP;
		else if (strcmp(row.cells[0], "tcp") != 0)
			complain(&row, 0, "tcp or udp");
		port.internet = strcmp(row.cells[2], "internet") == 0;
		if (!port.internet && strcmp(row.cells[2], "lan") != 0)
			complain(&row, 2, "lan or internet");
		if (row.ok)
			APPEND(pack, ports, port_count, port);
	}
	return CF_OK;
}

static bool is_word(const char *text, const char *const *words)
{
	while (*words != NULL && strcmp(*words, text) != 0)
		words++;
	return *words != NULL;
}

static enum cf_status read_signature_rows(
    struct cf_pack *pack, struct cf_tsv *tsv, struct cf_diags *diags)
{
	static const char *const kinds[] = {"http-uri", "http-user-agent", "http-host-literal",
	    "body-magic", "tls-issuer", "tls-ja3", "tls-ja4", NULL};
	static const char *const matches[] = {
	    "exact", "prefix", "suffix", "contains", "glob", "lead-base64", NULL};
	struct row row = {.pack = pack, .tsv = tsv, .diags = diags};

	while (next_row(&row)) {
		struct cf_pack_signature signature = {.kind = row.cells[0],
		    .match = row.cells[1],
		    .value = read_text(&row, 2),
		    .category = read_category(&row, 3),
		    .product = row.cells[4],
		    .sources = read_sources(&row, 5),
		    .confidence = read_confidence(&row, 6),
		    .as_of = read_date(&row, 7),
		    .note = row.cells[8],
		    .file = tsv->file,
		    .line = tsv->line};

		if (!is_word(signature.kind, kinds))
			complain(&row, 0,
			    "http-uri http-user-agent http-host-literal body-magic tls-issuer "
			    "tls-ja3 tls-ja4");
		if (!is_word(signature.match, matches))
			complain(&row, 1, "exact prefix suffix contains glob lead-base64");
		if (row.ok)
			APPEND(pack, signatures, signature_count, signature);
	}
	return CF_OK;
}

static enum cf_status read_resolver_rows(
    struct cf_pack *pack, struct cf_tsv *tsv, struct cf_diags *diags)
{
	static const char *const roles[] = {"fallback", "dot", "doh", NULL};
	struct row row = {.pack = pack, .tsv = tsv, .diags = diags};

	while (next_row(&row)) {
		struct cf_pack_resolver resolver = {.role = row.cells[0],
		    .name = row.cells[3],
		    .operator_name = read_text(&row, 4),
		    .sources = read_sources(&row, 5),
		    .confidence = read_confidence(&row, 6),
		    .as_of = read_date(&row, 7),
		    .note = row.cells[8],
		    .file = tsv->file,
		    .line = tsv->line};

		if (!is_word(resolver.role, roles))
			complain(&row, 0, "fallback, dot or doh");
		if (row.lens[1] != 0 && !number(row.cells[1], row.lens[1], 1000, &resolver.order))
			complain(&row, 1, "a place in the sequence, from 1, or -");
		if (row.lens[2] != 0 && cf_addr_parse(row.cells[2], &resolver.addr) != CF_OK)
			complain(&row, 2, "an IPv4 or IPv6 address, or -");
		if (row.lens[2] == 0 && row.lens[3] == 0)
			complain(&row, 2, "an address or a name");
		if (row.ok)
			APPEND(pack, resolvers, resolver_count, resolver);
	}
	return CF_OK;
}

const struct cf_pack_table cf_pack_tables[] = {
    {"sources.tsv", {"id", "title", "licence", "as-of"}, 4, true, read_source_rows},
    {"names.tsv",
        {"name", "scope", "category", "product", "sources", "confidence", "as-of", "note"}, 8, true,
        read_name_rows},
    {"networks.tsv",
        {"prefix", "kind", "category", "asn", "org", "sources", "confidence", "as-of", "note"}, 9,
        false, read_network_rows},
    {"asns.tsv", {"asn", "org", "category", "sources", "confidence", "as-of", "note"}, 7, false,
        read_asn_rows},
    {"ports.tsv",
        {"proto", "port", "direction", "role", "category", "product", "sources", "confidence",
            "as-of", "note"},
        10, false, read_port_rows},
    {"signatures.tsv",
        {"kind", "match", "value", "category", "product", "sources", "confidence", "as-of", "note"},
        9, false, read_signature_rows},
    {"resolvers.tsv",
        {"role", "order", "address", "name", "operator", "sources", "confidence", "as-of", "note"},
        9, false, read_resolver_rows},
    {.file = NULL},
};

const struct cf_pack_table cf_pack_overlay_table = {
    "overlay", {"prefix", "category", "as-of", "until", "note"}, 5, false, read_overlay_rows};
