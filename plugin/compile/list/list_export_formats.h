/* The writers of single formats, for compile/list_export*.c alone. */
#pragma once

#include "compile/list/list_export.h"

struct cf_exporter {
	const struct cf_export *export;
	FILE *to;
	const char *mark; /* of comments, from the head on */
	struct cf_export_counts counts;
};

/* Counts a name that the format cannot say, and lists it in a comment. */
void cf_export_leave_out(
    struct cf_exporter *exporter, const struct cf_export_name *name, const char *why);

/* The same for names with bytes that the format has no spelling for: true when it is left out. */
bool cf_export_is_odd(struct cf_exporter *exporter, const struct cf_export_name *name);

void cf_export_rpz(struct cf_exporter *exporter);
void cf_export_unbound(struct cf_exporter *exporter);
void cf_export_dnsmasq(struct cf_exporter *exporter);
void cf_export_hosts(struct cf_exporter *exporter);
void cf_export_adblock(struct cf_exporter *exporter);
void cf_export_plain(struct cf_exporter *exporter);
void cf_export_nft(struct cf_exporter *exporter);
void cf_export_suricata(struct cf_exporter *exporter);
void cf_export_suricata_dataset(struct cf_exporter *exporter);
void cf_export_zeek(struct cf_exporter *exporter);
void cf_export_pf(struct cf_exporter *exporter);

/* Names that no format says; the head does it. */
void cf_export_list_unsaid(struct cf_exporter *exporter);

/* Comment lines that say what the file is, each begun with mark ("# "). */
void cf_export_head(struct cf_exporter *exporter, const char *mark);

static inline bool cf_export_blocks(enum cf_verdict verdict)
{
	return verdict == CF_VERDICT_BLOCK;
}

/* True when an entry says nothing that what lies above it has not said already. */
static inline bool cf_export_is_repeated(const struct cf_export_name *name)
{
	return cf_export_blocks(name->self) == cf_export_blocks(name->inherited) &&
	    cf_export_blocks(name->below) == cf_export_blocks(name->inherited);
}
