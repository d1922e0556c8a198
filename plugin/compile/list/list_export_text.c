/* Exports of names: which formats there are, and hosts, adblock, plain. */

#include "compile/list/list_export.h"

#include "base/instant.h"
#include "compile/list/list_export_formats.h"

#include <string.h>

static const struct {
	const char *text;
	void (*write)(struct cf_exporter *exporter);
} formats[CF_EXPORT_FORMATS] = {
    [CF_EXPORT_RPZ] = {"rpz", cf_export_rpz},
    [CF_EXPORT_UNBOUND] = {"unbound", cf_export_unbound},
    [CF_EXPORT_DNSMASQ] = {"dnsmasq", cf_export_dnsmasq},
    [CF_EXPORT_HOSTS] = {"hosts", cf_export_hosts},
    [CF_EXPORT_ADBLOCK] = {"adblock", cf_export_adblock},
    [CF_EXPORT_PLAIN] = {"plain", cf_export_plain},
    [CF_EXPORT_NFT] = {"nft", cf_export_nft},
    [CF_EXPORT_SURICATA] = {"suricata", cf_export_suricata},
    [CF_EXPORT_SURICATA_DATASET] = {"suricata dataset", cf_export_suricata_dataset},
    [CF_EXPORT_ZEEK] = {"zeek", cf_export_zeek},
    [CF_EXPORT_PF] = {"pf", cf_export_pf},
};

const char *cf_export_format_text(enum cf_export_format format)
{
	return (unsigned)format < CF_EXPORT_FORMATS ? formats[format].text : "?";
}

bool cf_export_format_parse(const char *text, enum cf_export_format *format_out)
{
	for (unsigned i = 0; i < CF_EXPORT_FORMATS; i++) {
		if (i == CF_EXPORT_SURICATA_DATASET || strcmp(formats[i].text, text) != 0)
			continue;
		*format_out = (enum cf_export_format)i;
		return true;
	}
	return false;
}

void cf_export_hosts(struct cf_exporter *exporter)
{
	FILE *to = exporter->to;

	cf_export_head(exporter, "# ");
	fputs("# A hosts file knows no subtrees: names below those listed are resolved.\n", to);
	for (size_t i = 0; i < exporter->export->name_count; i++) {
		const struct cf_export_name *n = &exporter->export->names[i];

		if (n->between || n->canary)
			continue;
		if (!cf_export_blocks(n->self) && !cf_export_blocks(n->below))
			continue;
		if (cf_export_is_odd(exporter, n))
			continue;
		if (!cf_export_blocks(n->self)) {
			cf_export_leave_out(exporter, n, "a subtree without its top");
			continue;
		}
		exporter->counts.narrowed +=
		    cf_export_blocks(n->below) && !cf_export_blocks(n->inherited);
		exporter->counts.written++;
		fprintf(to, "0.0.0.0 %s\n:: %s\n", n->name, n->name);
	}
}

/* adblock: exceptions win there however specific a block inside them is; no pack has one so far. */
void cf_export_adblock(struct cf_exporter *exporter)
{
	FILE *to = exporter->to;

	cf_export_head(exporter, "! ");
	for (size_t i = 0; i < exporter->export->name_count; i++) {
		const struct cf_export_name *n = &exporter->export->names[i];
		bool self = cf_export_blocks(n->self), below = cf_export_blocks(n->below);
		bool inside = cf_export_blocks(n->inherited);

		if (n->between || n->canary || cf_export_is_repeated(n) ||
		    cf_export_is_odd(exporter, n))
			continue;
		exporter->counts.written++;
		if (self == below)
			fprintf(to, "%s||%s^\n", self ? "" : "@@", n->name);
		else if (self != inside)
			fprintf(to, "%s|%s^\n", self ? "" : "@@", n->name);
		else
			fprintf(to, "%s||*.%s^\n", below ? "" : "@@", n->name);
	}
}

/* One name a line; what reads it takes each with or without what lies below. */
void cf_export_plain(struct cf_exporter *exporter)
{
	cf_export_head(exporter, "# ");
	for (size_t i = 0; i < exporter->export->name_count; i++) {
		const struct cf_export_name *n = &exporter->export->names[i];

		if (n->between || n->canary || !cf_export_blocks(n->self) ||
		    cf_export_is_odd(exporter, n))
			continue;
		exporter->counts.written++;
		exporter->counts.narrowed +=
		    cf_export_blocks(n->below) && !cf_export_blocks(n->inherited);
		fprintf(exporter->to, "%s\n", n->name);
	}
}

enum cf_status cf_export_write(const struct cf_export *export, enum cf_export_format format,
    FILE *to, struct cf_export_counts *counts_out)
{
	struct cf_exporter exporter = {.export = export, .to = to};

	formats[format].write(&exporter);
	*counts_out = exporter.counts;
	return fflush(to) == 0 && ferror(to) == 0 ? CF_OK : CF_EIO;
}
