/* Collects what there is to say about one decision. */

#include "cli/explain.h"

#include "base/instant.h"

#include <string.h>

static void decide_at(
    const struct cli_explanation *e, int64_t at_wall_s, struct cf_decision *decision_out)
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
static void fill_spans(struct cli_explanation *e)
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
		    decision.next_change_wall_s <= at_wall_s || e->span_count == CLI_SPANS)
			break;
		at_wall_s = decision.next_change_wall_s;
	}
}

void cli_explanation_fill(struct cli_explanation *e)
{
	e->match_count = 0;
	e->span_count = 0;
	decide_at(e, e->question.at_wall_s, &e->decision);
	if (!e->is_addr)
		e->match_count = cf_image_find_name(e->image, &e->name, e->matches);
	fill_spans(e);
}

const char *cli_explanation_exception_state(
    const struct cli_explanation *e, uint32_t exception, char text[128])
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
