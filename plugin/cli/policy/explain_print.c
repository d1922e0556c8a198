/* An explanation as text for people. */

#include "cli/policy/explain_print.h"

#include "base/instant.h"
#include "cli/front/term.h"
#include "names/rrtype.h"

#include <inttypes.h>
#include <string.h>

/* A line with its label in the first column; an empty label continues the one above. */
static void print_label(FILE *to, const char *label)
{
	fprintf(
	    to, "  %s%-10s%s ", cli_term_style(to, CLI_DIM), label, cli_term_style(to, CLI_PLAIN));
}

static void print_verdict(FILE *to, enum cf_verdict verdict)
{
	fprintf(to, "%s%s%s", cli_term_style(to, cli_term_verdict_style(verdict)),
	    cf_verdict_text(verdict), cli_term_style(to, CLI_PLAIN));
}

static void print_head(const struct cf_explanation *e, FILE *to)
{
	const struct cf_answer_spec *answer = e->decision.answer;
	char subject[CF_NAME_TEXT_BYTES], addr[CF_ADDR_TEXT_BYTES];

	fprintf(to, "%s%s%s: ", cli_term_style(to, CLI_BOLD), cf_explanation_subject(e, subject),
	    cli_term_style(to, CLI_PLAIN));
	print_verdict(to, e->decision.verdict);
	if (!e->decision.matched)
		fprintf(to, ", not listed");
	if (e->decision.verdict == CF_VERDICT_BLOCK && !cf_explanation_is_enforced(e))
		fputs(" by policy, enforced by nobody in the resolver", to);
	else if (e->decision.verdict == CF_VERDICT_BLOCK && answer != NULL) {
		fprintf(to, ", answered %s (ttl %" PRIu32 " s", cf_answer_text(answer->kind),
		    answer->ttl_s);
		if (answer->kind == CF_ANSWER_SINKHOLE &&
		    answer->sinkhole_v4.family != CF_FAMILY_NONE)
			fprintf(to, ", %s", cf_addr_format(&answer->sinkhole_v4, addr));
		if (answer->kind == CF_ANSWER_SINKHOLE &&
		    answer->sinkhole_v6.family != CF_FAMILY_NONE)
			fprintf(to, ", %s", cf_addr_format(&answer->sinkhole_v6, addr));
		if (answer->ede_code != 0)
			fprintf(to, ", EDE %u \"%s\"", answer->ede_code, answer->ede_text);
		fputs(")", to);
	}
	putc('\n', to);
}

/* Who would do what the verdict says, for addresses: names are the resolver's. */
static void print_enforcement(const struct cf_explanation *e, FILE *to)
{
	if (!e->is_addr || e->decision.verdict != CF_VERDICT_BLOCK)
		return;
	print_label(to, "enforced");
	if (cf_image_info(e->image)->block_addresses)
		fputs("by the resolver, in answers that hold the address (block-addresses is on)\n",
		    to);
	else
		fputs("by nobody in the resolver: block-addresses is off, answers that hold the "
		      "address pass\n",
		    to);
	print_label(to, "");
	fputs("connections to the address itself: the monitor records them and stops none; a "
	      "firewall can (curfew list export -f nft)\n",
	    to);
}

static void print_question(const struct cf_explanation *e, FILE *to)
{
	char at[CF_INSTANT_TEXT_BYTES], client[CF_ADDR_TEXT_BYTES], type[CF_RRTYPE_TEXT_BYTES];

	print_label(to, "asked");
	fprintf(to, "%s, %s%s, %s%s\n", cf_instant_format(e->question.at_wall_s, at),
	    e->question.client == NULL ? "any client" : "client ",
	    e->question.client == NULL ? "" : cf_addr_format(e->question.client, client),
	    e->question.qtype == 0 ? "any type" : "type ",
	    e->question.qtype == 0 ? "" : cf_rrtype_format(e->question.qtype, type));
}

/* A detail of the pack, unless it is not there ("-" in the tables). */
static void print_detail(FILE *to, const char *what, const char *text)
{
	if (text[0] == '\0' || strcmp(text, "-") == 0)
		return;
	print_label(to, "");
	fprintf(to, "%s: %s\n", what, text);
}

static void print_entry(const struct cf_explanation *e, FILE *to)
{
	char name[CF_NAME_TEXT_BYTES], source[CF_EXPLAINED_SOURCE_BYTES];
	struct cf_entry entry;

	cf_image_entry(e->image, e->decision.entry, &entry);
	print_label(to, "entry");
	fprintf(to, "%s, %s, %s", cf_name_format_wire(entry.name_wire, name),
	    cf_scope_text(entry.scope), cf_category_text(e->decision.category));
	if (entry.exception == CF_NONE)
		fprintf(to, ", %s%s%s", cf_confidence_text(entry.confidence),
		    entry.as_of[0] == '\0' ? "" : " as of ", entry.as_of);
	else
		fprintf(to, ", named by an exception");
	putc('\n', to);
	print_label(to, "");
	fprintf(to, "%s\n", cf_explanation_source(entry.file, entry.line, source));
	print_detail(to, "product", entry.product);
	print_detail(to, "source", entry.source);
	print_detail(to, "note", entry.note);
}

static void print_network(const struct cf_explanation *e, FILE *to)
{
	char prefix[CF_PREFIX_TEXT_BYTES], source[CF_EXPLAINED_SOURCE_BYTES],
	    until[CF_INSTANT_TEXT_BYTES];
	struct cf_network network;

	cf_image_network(e->image, e->decision.network, &network);
	print_label(to, "network");
	fprintf(to, "%s, %s, %s, %s as of %s\n", cf_prefix_format(&network.prefix, prefix),
	    cf_network_kind_text(network.kind), cf_category_text(network.category),
	    cf_confidence_text(network.confidence), network.as_of);
	print_label(to, "");
	fprintf(to, "%s\n", cf_explanation_source(network.file, network.line, source));
	if (network.asn != 0) {
		print_label(to, "");
		fprintf(to, "AS%" PRIu32 " %s\n", network.asn, network.org);
	}
	print_detail(to, "source", network.source);
	print_detail(to, "note", network.note);
	if (network.until_wall_s != INT64_MAX)
		print_detail(to, "expires", cf_instant_format(network.until_wall_s, until));
}

static void print_phase(const struct cf_explanation *e, FILE *to)
{
	char from[CF_INSTANT_TEXT_BYTES], source[CF_EXPLAINED_SOURCE_BYTES];
	struct cf_phase phase;

	print_label(to, "phase");
	if (e->decision.phase == CF_NONE) {
		fprintf(to, "none has begun for %s: the baseline, %s\n",
		    cf_category_text(e->decision.category),
		    cf_verdict_text(
		        cf_image_baseline(e->image, e->decision.schedule, e->decision.category)));
		return;
	}
	cf_image_phase(e->image, e->decision.phase, &phase);
	fprintf(to, "%s: %s from %s\n", phase.name, cf_verdict_text(phase.verdict),
	    cf_instant_format(phase.from_wall_s, from));
	print_label(to, "");
	fprintf(to, "%s\n", cf_explanation_source(phase.file, phase.line, source));
	print_detail(to, "citation", phase.citation);
}

static bool is_among_matches(const struct cf_explanation *e, uint32_t exception)
{
	struct cf_entry entry;

	for (unsigned i = 0; i < e->match_count; i++) {
		cf_image_entry(e->image, e->matches[i].entry, &entry);
		if (entry.exception == exception)
			return true;
	}
	return false;
}

/* The exceptions that speak of this name or category, the deciding one first. */
static void print_exceptions(const struct cf_explanation *e, FILE *to)
{
	const uint32_t count = cf_image_info(e->image)->exceptions;
	char source[CF_EXPLAINED_SOURCE_BYTES], state[128];
	const char *label = "exception";
	struct cf_exception x;

	for (uint32_t i = 0; i < count; i++) {
		cf_image_exception(e->image, i, &x);
		if (i != e->decision.exception &&
		    (x.categories & 1U << e->decision.category) == 0 && !is_among_matches(e, i))
			continue;
		print_label(to, label);
		label = "";
		fprintf(to, "%s for %s (%s; %s): %s\n", cf_verdict_text(x.verdict), x.clients,
		    x.reason, x.owner, cf_explanation_exception_state(e, i, state));
		print_label(to, "");
		fprintf(to, "%s\n", cf_explanation_source(x.file, x.line, source));
	}
}

/* Entries that cover the name too and did not decide. */
static void print_others(const struct cf_explanation *e, FILE *to)
{
	char name[CF_NAME_TEXT_BYTES], source[CF_EXPLAINED_SOURCE_BYTES], why[128];
	const char *label = "also";
	struct cf_entry entry;

	for (unsigned i = 0; i < e->match_count; i++) {
		if (e->matches[i].entry == e->decision.entry)
			continue;
		cf_image_entry(e->image, e->matches[i].entry, &entry);
		if (entry.exception != CF_NONE)
			continue; /* told among the exceptions */
		print_label(to, label);
		label = "";
		fprintf(to, "%s, %s, %s: %s\n", cf_name_format_wire(entry.name_wire, name),
		    cf_scope_text(entry.scope), cf_category_text(entry.category),
		    cf_explanation_why_not(e, &e->matches[i], &entry, why));
		print_label(to, "");
		fprintf(to, "%s\n", cf_explanation_source(entry.file, entry.line, source));
	}
}

static void print_spans(const struct cf_explanation *e, FILE *to)
{
	char from[CF_INSTANT_TEXT_BYTES];
	const char *label = "in time";

	if (!e->decision.matched)
		return;
	for (unsigned i = 0; i < e->span_count; i++) {
		const struct cf_span *span = &e->spans[i];
		bool is_now = span->from_wall_s <= e->question.at_wall_s &&
		    (i + 1 == e->span_count || e->spans[i + 1].from_wall_s > e->question.at_wall_s);

		print_label(to, label);
		label = "";
		fprintf(to, "%c %-20s ", is_now ? '>' : ' ',
		    span->from_wall_s == INT64_MIN ? "at first"
		                                   : cf_instant_format(span->from_wall_s, from));
		print_verdict(to, span->decision.verdict);
		fprintf(to, " (%s)\n", cf_explanation_span_reason(e, &span->decision));
	}
}

static void print_image(const struct cf_explanation *e, FILE *to)
{
	const struct cf_image_info *info = cf_image_info(e->image);
	char digest[CF_SHA256_TEXT_BYTES], built[CF_INSTANT_TEXT_BYTES];

	print_label(to, "image");
	fprintf(to, "%s, %.12s, built %s\n", e->image_path, cf_sha256_format(info->digest, digest),
	    cf_instant_format(info->built_wall_s, built));
	print_label(to, "");
	fprintf(to, "%s %s, %s%s, policy %s\n", info->vendor, info->pack_version,
	    info->preset[0] == '\0' ? "no preset" : "preset ", info->preset, info->policy_file);
}

void cli_explanation_print(const struct cf_explanation *e, FILE *to)
{
	print_head(e, to);
	print_question(e, to);
	print_enforcement(e, to);
	if (e->decision.entry != CF_NONE)
		print_entry(e, to);
	if (e->decision.network != CF_NONE)
		print_network(e, to);
	if (e->decision.matched) {
		if (e->decision.exception == CF_NONE)
			print_phase(e, to);
		print_exceptions(e, to);
	} else if (!e->is_addr) {
		print_label(to, "because");
		fprintf(to, "no entry covers this name or any name above it\n");
	} else {
		print_label(to, "because");
		fprintf(to, "no listed network holds this address\n");
	}
	print_others(e, to);
	print_spans(e, to);
	print_image(e, to);
}
