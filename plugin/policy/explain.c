/* Collects what there is to say about one decision. */

#include "policy/explain.h"

#include "base/instant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void decide_at(
    const struct cf_explanation *e, int64_t at_wall_s, struct cf_decision *decision_out)
{
	struct cf_question question = e->question;

	question.at_wall_s = at_wall_s;
	if (e->is_addr)
		cf_decide_addr(e->image, &question, &e->addr, decision_out);
	else
		cf_decide_name(e->image, &question, &e->name, decision_out);
}

/* While one exception decides, phases come and go behind it unseen. */
static bool same_outcome(const struct cf_decision *a, const struct cf_decision *b)
{
	return a->verdict == b->verdict && a->entry == b->entry && a->network == b->network &&
	    a->exception == b->exception && (a->phase == b->phase || a->exception != CF_NONE);
}

/* All of time, from 1970 on: no file can name an earlier instant. */
static void fill_spans(struct cf_explanation *e)
{
	struct cf_decision decision;
	int64_t at_wall_s = 0;

	for (;;) {
		decide_at(e, at_wall_s, &decision);
		if (e->span_count == 0 ||
		    !same_outcome(&decision, &e->spans[e->span_count - 1].decision)) {
			e->spans[e->span_count].from_wall_s =
			    at_wall_s == 0 ? INT64_MIN : at_wall_s;
			e->spans[e->span_count++].decision = decision;
		}
		if (decision.next_change_wall_s == INT64_MAX ||
		    decision.next_change_wall_s <= at_wall_s || e->span_count == CF_EXPLAINED_SPANS)
			break;
		at_wall_s = decision.next_change_wall_s;
	}
}

bool cf_explanation_is_enforced(const struct cf_explanation *e)
{
	return e->decision.verdict == CF_VERDICT_BLOCK &&
	    (!e->is_addr || cf_image_info(e->image)->block_addresses);
}

void cf_explanation_fill(struct cf_explanation *e)
{
	e->match_count = 0;
	e->span_count = 0;
	decide_at(e, e->question.at_wall_s, &e->decision);
	if (!e->is_addr)
		e->match_count = cf_image_find_name(e->image, &e->name, e->matches);
	fill_spans(e);
}

const char *cf_explanation_exception_state(
    const struct cf_explanation *e, uint32_t exception, char text[128])
{
	char instant[CF_INSTANT_TEXT_BYTES];
	struct cf_exception x;

	cf_image_exception(e->image, exception, &x);
	if (exception == e->decision.exception)
		snprintf(text, 128, "decides");
	else if (e->question.at_wall_s >= x.until_wall_s)
		snprintf(text, 128, "lapsed at %s", cf_instant_format(x.until_wall_s, instant));
	else if (e->question.at_wall_s < x.from_wall_s)
		snprintf(text, 128, "begins at %s", cf_instant_format(x.from_wall_s, instant));
	else if (strcmp(x.clients, "everybody") != 0 && e->question.client == NULL)
		snprintf(text, 128, "only for its clients; ask again with --client");
	else
		snprintf(text, 128, "for other clients or types, or less specific");
	return text;
}

const char *cf_explanation_subject(const struct cf_explanation *e, char text[CF_NAME_TEXT_BYTES])
{
	if (e->is_addr)
		return cf_addr_format(&e->addr, text);
	return cf_name_format(&e->name, text);
}

const char *cf_explanation_source(
    const char *file, uint32_t line, char text[CF_EXPLAINED_SOURCE_BYTES])
{
	snprintf(text, CF_EXPLAINED_SOURCE_BYTES, "%s:%" PRIu32, file, line);
	return text;
}

static unsigned deciding_labels(const struct cf_explanation *e)
{
	for (unsigned i = 0; i < e->match_count; i++)
		if (e->matches[i].entry == e->decision.entry)
			return e->matches[i].label_count;
	return 0;
}

const char *cf_explanation_why_not(const struct cf_explanation *e, const struct cf_match *match,
    const struct cf_entry *entry, char text[128])
{
	if (entry->exception != CF_NONE && entry->exception != e->decision.exception)
		return cf_explanation_exception_state(e, entry->exception, text);
	if (match->label_count < deciding_labels(e))
		return "less specific";
	if (e->decision.exception != CF_NONE)
		return "as specific; an exception comes first";
	return "as specific; pass comes before block, block before flag";
}

const char *cf_explanation_span_reason(
    const struct cf_explanation *e, const struct cf_decision *decision)
{
	struct cf_exception exception;
	struct cf_phase phase;

	if (decision->exception != CF_NONE) {
		cf_image_exception(e->image, decision->exception, &exception);
		return exception.reason;
	}
	if (decision->phase == CF_NONE)
		return "baseline";
	cf_image_phase(e->image, decision->phase, &phase);
	return phase.name;
}
