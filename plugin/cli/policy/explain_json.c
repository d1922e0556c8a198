/* An explanation as JSON. */

#include "cli/policy/explain_print.h"

#include "cli/front/json_out.h"
#include "names/rrtype.h"

static void json_answer(const struct cf_explanation *e, struct cli_json *json)
{
	const struct cf_answer_spec *answer = e->decision.answer;

	cli_json_text(json, "enforced_by", cf_explanation_is_enforced(e) ? "resolver" : NULL);
	if (!cf_explanation_is_enforced(e) || answer == NULL) {
		cli_json_null(json, "answer");
		return;
	}
	cli_json_text(json, "answer", cf_answer_text(answer->kind));
	cli_json_number(json, "answer_ttl_s", answer->ttl_s);
	cli_json_number(json, "ede_code", answer->ede_code);
	cli_json_text(json, "ede_text", answer->ede_text);
}

static void json_entry(const struct cf_explanation *e, struct cli_json *json)
{
	char text[CF_NAME_TEXT_BYTES], source[CF_EXPLAINED_SOURCE_BYTES];
	struct cf_network network;
	struct cf_entry entry;

	if (e->decision.entry != CF_NONE) {
		cf_image_entry(e->image, e->decision.entry, &entry);
		cli_json_text(json, "entry", cf_name_format_wire(entry.name_wire, text));
		cli_json_text(json, "entry_scope", cf_scope_text(entry.scope));
		cli_json_text(
		    json, "entry_source", cf_explanation_source(entry.file, entry.line, source));
		cli_json_text(json, "list", entry.list);
		cli_json_text(json, "confidence", cf_confidence_text(entry.confidence));
		cli_json_text(json, "product", entry.product);
		cli_json_text(json, "provenance", entry.source);
		cli_json_text(json, "as_of", entry.as_of);
		cli_json_text(json, "note", entry.note);
	} else if (e->decision.network != CF_NONE) {
		cf_image_network(e->image, e->decision.network, &network);
		cli_json_text(json, "entry", cf_prefix_format(&network.prefix, text));
		cli_json_text(json, "entry_scope", cf_network_kind_text(network.kind));
		cli_json_text(json, "entry_source",
		    cf_explanation_source(network.file, network.line, source));
		cli_json_text(json, "list", network.list);
		cli_json_text(json, "confidence", cf_confidence_text(network.confidence));
		cli_json_number(json, "asn", network.asn);
		cli_json_text(json, "org", network.org);
		cli_json_text(json, "provenance", network.source);
		cli_json_text(json, "as_of", network.as_of);
		cli_json_text(json, "note", network.note);
	} else {
		cli_json_null(json, "entry");
		cli_json_null(json, "entry_source");
	}
}

static void json_phase(const struct cf_explanation *e, struct cli_json *json)
{
	char source[CF_EXPLAINED_SOURCE_BYTES];
	struct cf_phase phase;

	if (e->decision.phase == CF_NONE) {
		cli_json_null(json, "phase");
		return;
	}
	cf_image_phase(e->image, e->decision.phase, &phase);
	cli_json_text(json, "phase", phase.name);
	cli_json_instant(json, "phase_from", phase.from_wall_s);
	cli_json_text(json, "phase_source", cf_explanation_source(phase.file, phase.line, source));
	cli_json_text(json, "citation", phase.citation);
}

static void json_exception(const struct cf_explanation *e, struct cli_json *json)
{
	char source[CF_EXPLAINED_SOURCE_BYTES];
	struct cf_exception x;

	if (e->decision.exception == CF_NONE) {
		cli_json_null(json, "exception");
		return;
	}
	cf_image_exception(e->image, e->decision.exception, &x);
	cli_json_text(json, "exception", x.reason);
	cli_json_text(json, "exception_owner", x.owner);
	cli_json_text(json, "exception_clients", x.clients);
	cli_json_instant(json, "exception_until", x.until_wall_s);
	cli_json_text(json, "exception_source", cf_explanation_source(x.file, x.line, source));
}

static void json_others(const struct cf_explanation *e, struct cli_json *json)
{
	char text[CF_NAME_TEXT_BYTES], source[CF_EXPLAINED_SOURCE_BYTES], why[128];
	struct cf_entry entry;

	cli_json_open_array(json, "also");
	for (unsigned i = 0; i < e->match_count; i++) {
		if (e->matches[i].entry == e->decision.entry)
			continue;
		cf_image_entry(e->image, e->matches[i].entry, &entry);
		cli_json_open_object(json, NULL);
		cli_json_text(json, "entry", cf_name_format_wire(entry.name_wire, text));
		cli_json_text(json, "scope", cf_scope_text(entry.scope));
		cli_json_text(json, "category",
		    entry.exception == CF_NONE ? cf_category_text(entry.category) : NULL);
		cli_json_text(
		    json, "entry_source", cf_explanation_source(entry.file, entry.line, source));
		cli_json_text(
		    json, "why_not", cf_explanation_why_not(e, &e->matches[i], &entry, why));
		cli_json_close_object(json);
	}
	cli_json_close_array(json);
}

static void json_spans(const struct cf_explanation *e, struct cli_json *json)
{
	cli_json_open_array(json, "in_time");
	for (unsigned i = 0; i < e->span_count; i++) {
		cli_json_open_object(json, NULL);
		cli_json_instant(json, "from", e->spans[i].from_wall_s);
		cli_json_text(json, "verdict", cf_verdict_text(e->spans[i].decision.verdict));
		cli_json_text(json, "reason", cf_explanation_span_reason(e, &e->spans[i].decision));
		cli_json_close_object(json);
	}
	cli_json_close_array(json);
}

void cli_explanation_print_json(const struct cf_explanation *e, FILE *to)
{
	char subject[CF_NAME_TEXT_BYTES], client[CF_ADDR_TEXT_BYTES], type[CF_RRTYPE_TEXT_BYTES];
	char digest[CF_SHA256_TEXT_BYTES];
	struct cli_json json = cli_json_start(to);

	cli_json_open_object(&json, NULL);
	cli_json_text(&json, "subject", cf_explanation_subject(e, subject));
	cli_json_text(&json, "client",
	    e->question.client == NULL ? NULL : cf_addr_format(e->question.client, client));
	cli_json_text(&json, "type",
	    e->question.qtype == 0 ? NULL : cf_rrtype_format(e->question.qtype, type));
	cli_json_instant(&json, "at", e->question.at_wall_s);
	cli_json_bool(&json, "listed", e->decision.matched);
	cli_json_text(&json, "verdict", cf_verdict_text(e->decision.verdict));
	json_answer(e, &json);
	cli_json_text(
	    &json, "category", e->decision.matched ? cf_category_text(e->decision.category) : NULL);
	json_entry(e, &json);
	json_phase(e, &json);
	json_exception(e, &json);
	json_others(e, &json);
	json_spans(e, &json);
	cli_json_instant(&json, "next_change", e->decision.next_change_wall_s);
	cli_json_text(&json, "image", cf_sha256_format(cf_image_info(e->image)->digest, digest));
	cli_json_text(&json, "image_file", e->image_path);
	cli_json_close_object(&json);
	cli_json_end(&json);
}
