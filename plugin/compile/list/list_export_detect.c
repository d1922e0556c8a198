/* Exports for what watches and filters packets: nftables, pf, Suricata, Zeek. */

#include "compile/list/list_export_formats.h"

#include "base/instant.h"

#include <string.h>

/* Which set of the nftables table a network belongs to; NULL: none. */
static const char *nft_set(const struct cf_export_network *network)
{
	if (network->verdict == CF_VERDICT_PASS)
		return NULL;
	if (network->kind == CF_NETWORK_SHARED)
		return "hint"; /* a dated address at somebody else's: never enough to block on */
	if (network->kind != CF_NETWORK_DEDICATED)
		return NULL; /* sinkholes, mail relays and name servers are no product */
	return network->verdict == CF_VERDICT_BLOCK ? "block" : "flag";
}

/* The elements of a set, if it has any. */
static void put_nft_elements(struct cf_exporter *exporter, const char *set, enum cf_family family)
{
	const struct cf_export *export = exporter->export;
	char text[CF_PREFIX_TEXT_BYTES];
	size_t written = 0;

	for (size_t i = 0; i < export->network_count; i++) {
		const struct cf_export_network *network = &export->networks[i];
		const char *own = nft_set(network);

		if (network->prefix.addr.family != family || own == NULL || strcmp(own, set) != 0)
			continue;
		if (written == 0)
			fprintf(exporter->to, "add element inet curfew_sets %s%u {\n\t", set,
			    family == CF_FAMILY_V4 ? 4U : 6U);
		fprintf(exporter->to, "%s%s", written == 0 ? "" : ",\n\t",
		    cf_prefix_format(&network->prefix, text));
		written++;
	}
	if (written > 0)
		fputs("\n}\n", exporter->to);
	exporter->counts.written += written;
}

/*
 * Sets alone: which chains use them is the operator's business, so the table is never deleted. nft
 * adds to sets that are there; they are emptied in the same transaction, so that loading an older
 * export takes back what a newer one had.
 */
void cf_export_nft(struct cf_exporter *exporter)
{
	static const char *const sets[] = {"block", "flag", "hint"};

	cf_export_head(exporter, "# ");
	fputs("# block: the vendor's own space whose category is blocked; flag: its other own "
	      "space;\n"
	      "# hint: dated addresses at other people's, never enough alone. Use them in your own "
	      "chains, as in\n"
	      "#     ip daddr @flag4 counter log prefix \"curfew \"\n"
	      "# The table `inet curfew` is that of `curfew egress`, which replaces it.\n"
	      "table inet curfew_sets {\n",
	    exporter->to);
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
		for (unsigned v = 4; v <= 6; v += 2)
			fprintf(exporter->to,
			    "\tset %s%u {\n\t\ttype ipv%u_addr\n\t\tflags "
			    "interval\n\t\tauto-merge\n\t}\n",
			    sets[i], v, v);
	fputs("}\n", exporter->to);
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
		for (unsigned v = 4; v <= 6; v += 2)
			fprintf(exporter->to, "flush set inet curfew_sets %s%u\n", sets[i], v);
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		put_nft_elements(exporter, sets[i], CF_FAMILY_V4);
		put_nft_elements(exporter, sets[i], CF_FAMILY_V6);
	}
}

/* Which table a network belongs to; NULL: none. */
static const char *pf_table(const struct cf_export_network *network)
{
	if (network->verdict == CF_VERDICT_PASS)
		return NULL;
	if (network->kind == CF_NETWORK_SHARED)
		return "curfew_hint"; /* a dated address at somebody else's: never enough */
	if (network->kind != CF_NETWORK_DEDICATED)
		return NULL; /* sinkholes, mail relays and name servers are no product */
	return network->verdict == CF_VERDICT_BLOCK ? "curfew_block" : "curfew_flag";
}

/* True when the network lies in one that was put into the table before, and is not that again. */
static bool is_hole(const struct cf_export_network *network, const struct cf_prefix *around)
{
	struct cf_addr first, last;

	if (around == NULL || around->addr.family != network->prefix.addr.family ||
	    around->bits >= network->prefix.bits)
		return false;
	cf_prefix_range(around, &first, &last);
	return memcmp(network->prefix.addr.bytes, last.bytes, sizeof last.bytes) <= 0;
}

/*
 * `persist`: an empty table is one, too. Elements are parted by commas (pf.conf(5), TABLES). Of the
 * elements around an address the narrowest counts, and what has `!` is not in the table: networks
 * within others that have a verdict of their own.
 */
static void put_pf_table(struct cf_exporter *exporter, const char *table)
{
	const struct cf_export *export = exporter->export;
	const struct cf_prefix *around = NULL;
	const char *between = " {\n\t";
	char text[CF_PREFIX_TEXT_BYTES];

	fprintf(exporter->to, "table <%s> persist", table);
	for (size_t i = 0; i < export->network_count; i++) {
		const struct cf_export_network *network = &export->networks[i];
		const char *own = pf_table(network);
		bool listed = own != NULL && strcmp(own, table) == 0;

		if (!listed && !is_hole(network, around))
			continue;
		fprintf(exporter->to, "%s%s%s", between, listed ? "" : "! ",
		    cf_prefix_format(&network->prefix, text));
		between = ",\n\t";
		exporter->counts.written += listed;
		/* Those within others come behind them: the outermost stays. */
		if (listed && !is_hole(network, around))
			around = &network->prefix;
	}
	fputs(between[0] == ',' ? "\n}\n" : "\n", exporter->to);
}

static void put_pf_clients(struct cf_exporter *exporter)
{
	const struct cf_export *export = exporter->export;
	const char *between = " {\n\t";
	char text[CF_PREFIX_TEXT_BYTES];

	fputs("table <curfew_free> persist", exporter->to);
	for (size_t i = 0; i < export->client_count; i++) {
		fprintf(exporter->to, "%s%s", between,
		    cf_prefix_format(&export->clients[i].prefix, text));
		between = ",\n\t";
	}
	fputs(between[0] == ',' ? "\n}\n" : "\n", exporter->to);
	exporter->counts.clients = export->client_count;
	exporter->counts.clients_left_out = export->other_clients;
}

/*
 * Incoming, since behind NAT on the way out nobody knows any more whose packet it was. Nothing is
 * passed: what is not blocked goes on to the other rules.
 */
void cf_export_pf(struct cf_exporter *exporter)
{
	cf_export_head(exporter, "# ");
	fputs("# pf knows no instants: export again when a phase or an exception changes. In "
	      "pf.conf, before\n"
	      "# rules that pass quickly:    anchor \"curfew\"\n"
	      "# Loaded by:                  pfctl -a curfew -f FILE\n"
	      "# Taken away by:              pfctl -a curfew -F all\n"
	      "# Long lists need `set limit table-entries`. To log what is flagged, in your own "
	      "words:\n"
	      "#     pass in log quick from any to <curfew_flag>\n",
	    exporter->to);
	put_pf_clients(exporter);
	put_pf_table(exporter, "curfew_block");
	put_pf_table(exporter, "curfew_flag");
	put_pf_table(exporter, "curfew_hint");
	fputs("block return in log quick from ! <curfew_free> to <curfew_block>\n", exporter->to);
}

/* A message inside quotes: Suricata escapes ; \ " and :, so other bytes alone are kept. */
static void put_message(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c >= ' ' && c < 0x7f && strchr(";\\\":", c) == NULL;

		(void)fputc(plain ? c : ' ', to); /* errors stick */
	}
}

static const char *verdict_phrase(enum cf_verdict verdict)
{
	return verdict == CF_VERDICT_BLOCK ? "blocked by policy" : "flagged by policy";
}

static void put_rule_head(struct cf_exporter *exporter, const char *proto, const char *what,
    enum cf_category category, enum cf_verdict verdict)
{
	fprintf(exporter->to, "alert %s any any -> any any (msg:\"curfew ", proto);
	put_message(exporter->to, exporter->export->vendor);
	fprintf(exporter->to, " %s ", cf_category_text(category));
	put_message(exporter->to, what);
	fprintf(exporter->to, ", %s\"; ", verdict_phrase(verdict));
}

static void put_rule_tail(struct cf_exporter *exporter, uint32_t *sid)
{
	fprintf(exporter->to, "classtype:policy-violation; sid:%u; rev:1;)\n", (*sid)++);
}

/* The three places where a name shows, and the buffer each is matched in. */
static const struct {
	const char *proto, *buffer;
} places[] = {{"dns", "dns.query"}, {"tls", "tls.sni"}, {"http", "http.host"}};

#define PLACES (sizeof places / sizeof places[0])

static enum cf_verdict stronger(enum cf_verdict a, enum cf_verdict b)
{
	return a > b ? a : b;
}

/* A subtree that says something its surroundings do not. */
static bool is_watched_subtree(const struct cf_export_name *name)
{
	return !name->between && !name->canary && name->below != CF_VERDICT_PASS &&
	    name->below != name->inherited;
}

/* A name that no subtree rule covers. */
static bool is_in_dataset(const struct cf_export_name *name)
{
	return !name->between && !name->canary && name->self != CF_VERDICT_PASS &&
	    !is_watched_subtree(name) && name->self != name->inherited;
}

static void put_address_rules(struct cf_exporter *exporter, uint32_t *sid)
{
	char text[CF_PREFIX_TEXT_BYTES];

	for (size_t i = 0; i < exporter->export->network_count; i++) {
		const struct cf_export_network *n = &exporter->export->networks[i];

		if (n->verdict == CF_VERDICT_PASS || n->kind != CF_NETWORK_DEDICATED)
			continue;
		cf_prefix_format(&n->prefix, text);
		fprintf(exporter->to, "alert ip any any -> [%s] any (msg:\"curfew ", text);
		put_message(exporter->to, exporter->export->vendor);
		fprintf(exporter->to,
		    " %s address in %s, %s\"; threshold:type limit, track by_src, "
		    "count 1, seconds 3600; ",
		    cf_category_text(n->category),
		    n->prefix.addr.family == CF_FAMILY_V4 ? text : "IPv6 space",
		    verdict_phrase(n->verdict));
		put_rule_tail(exporter, sid);
		exporter->counts.written++;
	}
}

void cf_export_suricata(struct cf_exporter *exporter)
{
	const struct cf_export *export = exporter->export;
	uint32_t sid = export->first_sid;

	cf_export_head(exporter, "# ");
	for (size_t p = 0; p < PLACES; p++) {
		fprintf(exporter->to,
		    "alert %s any any -> any any (msg:\"curfew listed name in %s\"; %s; "
		    "to_lowercase; "
		    "dataset:isset,curfew-names,type string,load %s; ",
		    places[p].proto, places[p].buffer, places[p].buffer, export->dataset);
		put_rule_tail(exporter, &sid);
	}
	for (size_t i = 0; i < export->name_count; i++) {
		const struct cf_export_name *n = &export->names[i];

		if (!is_watched_subtree(n)) {
			if (is_in_dataset(n))
				(void)cf_export_is_odd(
				    exporter, n); /* left out there, listed here */
			continue;
		}
		if (cf_export_is_odd(exporter, n))
			continue;
		for (size_t p = 0; p < PLACES; p++) {
			put_rule_head(exporter, places[p].proto, n->name, n->category, n->below);
			/* In lower case first, because not every buffer is. */
			fprintf(exporter->to,
			    "%s; to_lowercase; dotprefix; content:\".%s\"; endswith; ",
			    places[p].buffer, n->name);
			put_rule_tail(exporter, &sid);
		}
		exporter->counts.written++;
	}
	put_address_rules(exporter, &sid);
}

static void put_base64(FILE *to, const char *text)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = (const unsigned char *)text;
	size_t len = strlen(text);

	for (; len > 0; at += 3, len -= len < 3 ? len : 3) {
		unsigned bits = (unsigned)at[0] << 16 | (len > 1 ? (unsigned)at[1] << 8 : 0) |
		    (len > 2 ? at[2] : 0);

		(void)fputc(alphabet[bits >> 18 & 63], to); /* errors stick */
		(void)fputc(alphabet[bits >> 12 & 63], to);
		(void)fputc(len > 1 ? alphabet[bits >> 6 & 63] : '=', to);
		(void)fputc(len > 2 ? alphabet[bits & 63] : '=', to);
	}
}

/* Names that no subtree rule covers, one in base64 a line, as Suricata's string datasets are. */
void cf_export_suricata_dataset(struct cf_exporter *exporter)
{
	for (size_t i = 0; i < exporter->export->name_count; i++) {
		const struct cf_export_name *n = &exporter->export->names[i];

		if (!is_in_dataset(n) || !n->plain)
			continue; /* the rules list what is left out */
		put_base64(exporter->to, n->name);
		fputc('\n', exporter->to);
		exporter->counts.written++;
	}
}

/* Zeek's intel framework matches whole names: what lies below a subtree has to be listed by itself.
 */
void cf_export_zeek(struct cf_exporter *exporter)
{
	const struct cf_export *export = exporter->export;
	char text[CF_PREFIX_TEXT_BYTES];

	exporter->mark = "# ";
	fputs(
	    "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\n", exporter->to);
	cf_export_list_unsaid(exporter);
	for (size_t i = 0; i < export->name_count; i++) {
		const struct cf_export_name *n = &export->names[i];
		enum cf_verdict verdict = stronger(n->self, n->below);

		if (n->between || n->canary || verdict == CF_VERDICT_PASS ||
		    cf_export_is_odd(exporter, n))
			continue;
		exporter->counts.narrowed +=
		    n->below != CF_VERDICT_PASS && n->below != n->inherited;
		exporter->counts.written++;
		fprintf(exporter->to, "%s\tIntel::DOMAIN\tcurfew\t", n->name);
		put_message(exporter->to, export->vendor);
		fprintf(exporter->to, " %s %s\t-\n", cf_category_text(n->category),
		    verdict_phrase(verdict));
	}
	for (size_t i = 0; i < export->network_count; i++) {
		const struct cf_export_network *n = &export->networks[i];
		bool host = n->prefix.bits == cf_addr_length(&n->prefix.addr) * 8;

		if (n->verdict == CF_VERDICT_PASS || n->kind == CF_NETWORK_SINKHOLE ||
		    n->kind == CF_NETWORK_MAIL_RELAY || n->kind == CF_NETWORK_NAMESERVER)
			continue;
		exporter->counts.written++;
		fprintf(exporter->to, "%s\t%s\tcurfew\t",
		    host ? cf_addr_format(&n->prefix.addr, text)
		         : cf_prefix_format(&n->prefix, text),
		    host ? "Intel::ADDR" : "Intel::SUBNET");
		put_message(exporter->to, export->vendor);
		fprintf(exporter->to, " %s %s %s\t-\n", cf_network_kind_text(n->kind),
		    cf_category_text(n->category), verdict_phrase(n->verdict));
	}
}
