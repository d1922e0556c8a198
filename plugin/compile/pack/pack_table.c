/* The tables of a pack: what their columns mean, and the one loop that reads them. */

#include "compile/pack/pack_table.h"

#include "base/array.h"
#include "base/instant.h"
#include "compile/pack/pack_row.h"
#include "compile/pack/pattern.h"
#include "compile/pack/spoken_name.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

static void read_source(struct cf_pack_row *row, void *entry)
{
	struct cf_pack_source *source = entry;

	*source = (struct cf_pack_source){.id = cf_pack_row_text(row, 0),
	    .title = cf_pack_row_text(row, 1),
	    .licence = row->cells[2],
	    .as_of = cf_pack_row_date(row, 3),
	    .line = row->tsv->line};
	if (source->id[strcspn(source->id, ", ")] != '\0')
		cf_pack_row_complain(row, 0, "an id without commas and blanks");
	if (row->ok && cf_pack_find_source(row->pack, source->id, row->lens[0]) != NULL)
		cf_pack_row_complain(row, 0, "an id that no other line has");
}

/* Looks at the first member of a pattern: all have its letters. */
static bool member_is_plain(void *context, const struct cf_name *name)
{
	char text[CF_NAME_TEXT_BYTES];
	bool *plain = context;
	struct cf_name again;

	*plain = cf_spoken_is_plain(name) &&
	    cf_spoken_name(cf_name_format_master(name, text), &again, NULL) == CF_OK;
	return false;
}

static void parse_name(struct cf_pack_row *row, struct cf_pack_name *name)
{
	char written[CF_NAME_TEXT_BYTES];
	const char *text = row->cells[0];
	size_t len = row->lens[0];
	struct cf_error error;
	struct cf_name parsed, again;
	bool plain = false;

	name->name = text;
	if (len >= CF_NAME_TEXT_BYTES) {
		cf_pack_row_complain(row, 0, "a name of at most 253 bytes");
		return;
	}
	name->name_len = (uint16_t)len;
	name->pattern = cf_pattern_is(text, len);
	if (name->pattern) {
		if (cf_pattern_check(text, len, NULL) != CF_OK ||
		    cf_pattern_expand(text, len, member_is_plain, &plain) != CF_EAGAIN || !plain)
			cf_pack_row_complain(row, 0,
			    "a DNS name with ranges like [00-19], of at most 10000 members");
		return;
	}
	if (cf_spoken_name(text, &parsed, &error) != CF_OK)
		cf_pack_row_refuse(row, 0, error.text);
	else if (cf_name_from_text(text, len, &again) != CF_OK || !cf_name_equal(&parsed, &again))
		cf_pack_row_complain(row, 0, cf_name_format_master(&parsed, written));
}

static void read_name(struct cf_pack_row *row, void *entry)
{
	struct cf_pack_name *name = entry;
	enum cf_scope scope = CF_SCOPE_EXACT;

	*name = (struct cf_pack_name){.line = row->tsv->line, .file = row->tsv->file};
	parse_name(row, name);
	if (!cf_scope_parse(row->cells[1], row->lens[1], &scope))
		cf_pack_row_complain(row, 1, "exact, subtree or below");
	name->scope = (uint8_t)scope;
	name->category = (uint8_t)cf_pack_row_category(row, 2);
	name->product = row->cells[3];
	name->sources = cf_pack_row_sources(row, 4);
	name->confidence = (uint8_t)cf_pack_row_confidence(row, 5);
	name->as_of = cf_pack_row_date(row, 6);
	name->note = row->cells[7];
}

static void read_network(struct cf_pack_row *row, void *entry)
{
	struct cf_pack_network *network = entry;

	*network = (struct cf_pack_network){.prefix = cf_pack_row_prefix(row, 0),
	    .category = cf_pack_row_category(row, 2),
	    .asn = cf_pack_row_asn(row, 3, false),
	    .org = row->cells[4],
	    .sources = cf_pack_row_sources(row, 5),
	    .confidence = cf_pack_row_confidence(row, 6),
	    .as_of = cf_pack_row_date(row, 7),
	    .note = row->cells[8],
	    .until_wall_s = INT64_MAX,
	    .file = row->tsv->file,
	    .line = row->tsv->line};
	if (!cf_network_kind_parse(row->cells[1], row->lens[1], &network->kind))
		cf_pack_row_complain(
		    row, 1, "dedicated, shared, sinkhole, mail-relay or nameserver");
}

static void read_overlay(struct cf_pack_row *row, void *entry)
{
	struct cf_pack_network *network = entry;

	*network = (struct cf_pack_network){.prefix = cf_pack_row_prefix(row, 0),
	    .kind = CF_NETWORK_SHARED,
	    .category = cf_pack_row_category(row, 1),
	    .org = "",
	    .sources = "resolve",
	    .confidence = CF_CONFIDENCE_INFERRED,
	    .as_of = cf_pack_row_date(row, 2),
	    .note = row->cells[4],
	    .file = row->tsv->file,
	    .line = row->tsv->line};
	if (cf_instant_parse(row->cells[3], &network->until_wall_s) != CF_OK)
		cf_pack_row_complain(row, 3, "an instant with offset, like 2026-12-21T00:00:00Z");
}

static void read_asn(struct cf_pack_row *row, void *entry)
{
	struct cf_pack_asn *asn = entry;

	*asn = (struct cf_pack_asn){.asn = cf_pack_row_asn(row, 0, true),
	    .org = cf_pack_row_text(row, 1),
	    .category = cf_pack_row_category(row, 2),
	    .sources = cf_pack_row_sources(row, 3),
	    .confidence = cf_pack_row_confidence(row, 4),
	    .as_of = cf_pack_row_date(row, 5),
	    .note = row->cells[6],
	    .file = row->tsv->file,
	    .line = row->tsv->line};
}

static void read_port_range(struct cf_pack_row *row, unsigned column, struct cf_pack_port *port)
{
	const char *text = row->cells[column];
	size_t first_len = strcspn(text, "-");
	uint32_t first = 0, last = 0;
	bool ok = cf_pack_number(text, first_len, UINT16_MAX, &first);

	last = first;
	if (ok && text[first_len] == '-')
		ok = cf_pack_number(
		    text + first_len + 1, row->lens[column] - first_len - 1, UINT16_MAX, &last);
	if (!ok || first == 0 || last < first)
		cf_pack_row_complain(row, column, "a port or a range like 23100-23199");
	port->first = (uint16_t)first;
	port->last = (uint16_t)last;
}

static void read_port(struct cf_pack_row *row, void *entry)
{
	struct cf_pack_port *port = entry;

	*port = (struct cf_pack_port){.proto = IPPROTO_TCP,
	    .role = cf_pack_row_text(row, 3),
	    .category = cf_pack_row_category(row, 4),
	    .product = row->cells[5],
	    .sources = cf_pack_row_sources(row, 6),
	    .confidence = cf_pack_row_confidence(row, 7),
	    .as_of = cf_pack_row_date(row, 8),
	    .note = row->cells[9],
	    .file = row->tsv->file,
	    .line = row->tsv->line};
	read_port_range(row, 1, port);
	if (strcmp(row->cells[0], "udp") == 0)
		port->proto = IPPROTO_UDP;
	else if (strcmp(row->cells[0], "tcp") != 0)
		cf_pack_row_complain(row, 0, "tcp or udp");
	port->internet = strcmp(row->cells[2], "internet") == 0;
	if (!port->internet && strcmp(row->cells[2], "lan") != 0)
		cf_pack_row_complain(row, 2, "lan or internet");
}

static bool is_word(const char *text, const char *const *words)
{
	while (*words != NULL && strcmp(*words, text) != 0)
		words++;
	return *words != NULL;
}

static void read_signature(struct cf_pack_row *row, void *entry)
{
	struct cf_pack_signature *signature = entry;
	static const char *const kinds[] = {"http-uri", "http-user-agent", "http-host-literal",
	    "body-magic", "tls-issuer", "tls-ja3", "tls-ja4", NULL};
	static const char *const matches[] = {
	    "exact", "prefix", "suffix", "contains", "glob", "lead-base64", NULL};

	*signature = (struct cf_pack_signature){.kind = row->cells[0],
	    .match = row->cells[1],
	    .value = cf_pack_row_text(row, 2),
	    .category = cf_pack_row_category(row, 3),
	    .product = row->cells[4],
	    .sources = cf_pack_row_sources(row, 5),
	    .confidence = cf_pack_row_confidence(row, 6),
	    .as_of = cf_pack_row_date(row, 7),
	    .note = row->cells[8],
	    .file = row->tsv->file,
	    .line = row->tsv->line};
	if (!is_word(signature->kind, kinds))
		cf_pack_row_complain(row, 0,
		    "http-uri http-user-agent http-host-literal body-magic tls-issuer "
		    "tls-ja3 tls-ja4");
	if (!is_word(signature->match, matches))
		cf_pack_row_complain(row, 1, "exact prefix suffix contains glob lead-base64");
}

static void read_resolver(struct cf_pack_row *row, void *entry)
{
	struct cf_pack_resolver *resolver = entry;
	static const char *const roles[] = {"fallback", "dot", "doh", NULL};

	*resolver = (struct cf_pack_resolver){.role = row->cells[0],
	    .name = row->cells[3],
	    .operator_name = cf_pack_row_text(row, 4),
	    .sources = cf_pack_row_sources(row, 5),
	    .confidence = cf_pack_row_confidence(row, 6),
	    .as_of = cf_pack_row_date(row, 7),
	    .note = row->cells[8],
	    .file = row->tsv->file,
	    .line = row->tsv->line};
	if (!is_word(resolver->role, roles))
		cf_pack_row_complain(row, 0, "fallback, dot or doh");
	if (row->lens[1] != 0 &&
	    !cf_pack_number(row->cells[1], row->lens[1], 1000, &resolver->order))
		cf_pack_row_complain(row, 1, "a place in the sequence, from 1, or -");
	if (row->lens[2] != 0 && cf_addr_parse(row->cells[2], &resolver->addr) != CF_OK)
		cf_pack_row_complain(row, 2, "an IPv4 or IPv6 address, or -");
	if (row->lens[2] == 0 && row->lens[3] == 0)
		cf_pack_row_complain(row, 2, "an address or a name");
}

/* The block of entries that the table adds to. */
static void *entries_of(const struct cf_pack *pack, const struct cf_pack_table *table)
{
	void *entries;

	/* Copied: each array has a type of its own, and none of them is void *. */
	memcpy(&entries, (const char *)pack + table->entries_at, sizeof entries);
	return entries;
}

enum cf_status cf_pack_table_read(const struct cf_pack_table *table, struct cf_pack *pack,
    struct cf_tsv *tsv, struct cf_diags *diags)
{
	struct cf_pack_row row = {.pack = pack, .tsv = tsv, .diags = diags};
	size_t *count = (size_t *)(void *)((char *)pack + table->count_at);
	/* An earlier overlay may have left more behind them: then they move once too often. */
	size_t room = *count;

	while (cf_pack_row_next(&row)) {
		char *entries =
		    cf_array_grow(entries_of(pack, table), *count, 1, &room, table->entry_bytes);

		if (entries == NULL)
			return CF_ENOMEM;
		memcpy((char *)pack + table->entries_at, &entries, sizeof entries);
		table->read(&row, entries + *count * table->entry_bytes);
		if (!row.ok)
			continue;
		if (*count == CF_PACK_ENTRIES)
			return CF_ETOOBIG;
		++*count;
	}
	return CF_OK;
}

/* Where in a pack a table's entries are, and how large each is. */
#define ENTRIES(array, count) \
	sizeof *((struct cf_pack *)NULL)->array, offsetof(struct cf_pack, array), \
	    offsetof(struct cf_pack, count)

const struct cf_pack_table cf_pack_tables[] = {
    {"sources.tsv", {"id", "title", "licence", "as-of"}, 4, true, read_source,
        ENTRIES(sources, source_count)},
    {"names.tsv",
        {"name", "scope", "category", "product", "sources", "confidence", "as-of", "note"}, 8, true,
        read_name, ENTRIES(names, name_count)},
    {"networks.tsv",
        {"prefix", "kind", "category", "asn", "org", "sources", "confidence", "as-of", "note"}, 9,
        false, read_network, ENTRIES(networks, network_count)},
    {"asns.tsv", {"asn", "org", "category", "sources", "confidence", "as-of", "note"}, 7, false,
        read_asn, ENTRIES(asns, asn_count)},
    {"ports.tsv",
        {"proto", "port", "direction", "role", "category", "product", "sources", "confidence",
            "as-of", "note"},
        10, false, read_port, ENTRIES(ports, port_count)},
    {"signatures.tsv",
        {"kind", "match", "value", "category", "product", "sources", "confidence", "as-of", "note"},
        9, false, read_signature, ENTRIES(signatures, signature_count)},
    {"resolvers.tsv",
        {"role", "order", "address", "name", "operator", "sources", "confidence", "as-of", "note"},
        9, false, read_resolver, ENTRIES(resolvers, resolver_count)},
    {.file = NULL},
};

const struct cf_pack_table cf_pack_overlay_table = {"overlay",
    {"prefix", "category", "as-of", "until", "note"}, 5, false, read_overlay,
    ENTRIES(networks, network_count)};
