#include "rehearse/rehearse.h"

#include "base/array.h"
#include "base/instant.h"
#include "ledger/ingest/map.h"
#include "policy/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a hit came to in the log, and would come to. */
enum fate { BLOCKED, LET_PASS, FLAGGED, PASSED };
static const char *const fates[] = {"blocked", "let pass", "flagged", "passed"};

/* All hits of one client that change in one way for one reason. */
struct change {
	char client[CF_ADDR_TEXT_BYTES];
	enum cf_category category;
	enum fate was, would;
	uint32_t phase, exception;
	uint64_t hits;
	int64_t first_us, last_us;
	char sample[120];
};

struct cli_rehearsal {
	const struct cf_image *image;
	int64_t at_wall_s;
	struct cf_map *map;
	struct change *changes;
	size_t count, size;
	uint64_t hits, unlisted;
	int64_t first_us, last_us;
};

enum cf_status cli_rehearsal_new(
    const struct cf_image *image, int64_t at_wall_s, struct cli_rehearsal **rehearsal_out)
{
	struct cli_rehearsal *rehearsal = calloc(1, sizeof *rehearsal);

	if (rehearsal == NULL)
		return CF_ENOMEM;
	rehearsal->image = image;
	rehearsal->at_wall_s = at_wall_s;
	rehearsal->map = cf_map_new();
	if (rehearsal->map == NULL) {
		free(rehearsal);
		return CF_ENOMEM;
	}
	*rehearsal_out = rehearsal;
	return CF_OK;
}

void cli_rehearsal_free(struct cli_rehearsal *rehearsal)
{
	if (rehearsal == NULL)
		return;
	cf_map_free(rehearsal->map);
	free(rehearsal->changes);
	free(rehearsal);
}

static bool name_of(const struct cf_text *text, struct cf_name *name_out)
{
	return text->len > 0 && cf_name_from_text(text->data, text->len, name_out) == CF_OK;
}

/* By what matched: a name, an address, or the category alone. */
static void decide(const struct cli_rehearsal *rehearsal, const struct cf_record *record,
    struct cf_decision *decision)
{
	const struct cf_question question = {
	    .client = record->src.family == CF_FAMILY_NONE ? NULL : &record->src,
	    .at_wall_s = rehearsal->at_wall_s};
	char text[CF_ADDR_TEXT_BYTES];
	enum cf_category category;
	struct cf_addr addr;
	struct cf_name name;
	uint32_t pack = 0;

	*decision = (struct cf_decision){.phase = CF_NONE, .exception = CF_NONE};
	if (record->match.value.len < sizeof text) {
		memcpy(text, record->match.value.data, record->match.value.len);
		text[record->match.value.len] = '\0';
		if (cf_addr_parse(text, &addr) == CF_OK) {
			cf_decide_addr(rehearsal->image, &question, &addr, decision);
			if (decision->matched)
				return;
		}
	}
	bool in_chain = record->via == CF_VIA_CNAME || record->via == CF_VIA_DNAME ||
	    record->via == CF_VIA_SVCB_TARGET;

	if ((name_of(&record->match.value, &name) ||
	        (in_chain && name_of(&record->dns.cname, &name)) ||
	        name_of(&record->dns.qname, &name) || name_of(&record->tls.sni, &name))) {
		cf_decide_name(rehearsal->image, &question, &name, decision);
		if (decision->matched)
			return;
	}
	if (record->via >= CF_VIA_HTTP_URI && record->match.category.len > 0 &&
	    cf_category_parse(record->match.category.data, record->match.category.len, &category)) {
		/* Logs of several vendors once named them all; then the first stands for them. */
		(void)cf_image_find_pack(
		    rehearsal->image, record->match.list.data, record->match.list.len, &pack);
		cf_decide_category(rehearsal->image, &question, pack, category, decision);
		decision->category = category;
		decision->matched = true;
	}
}

static enum fate fate_of(const struct cf_record *record)
{
	switch (record->action) {
	case CF_ACTION_BLOCK:
		return BLOCKED;
	case CF_ACTION_ALLOW:
		return LET_PASS;
	case CF_ACTION_FLAG:
	case CF_ACTION_OBSERVE:
		break;
	}
	return FLAGGED;
}

static enum fate fate_by(const struct cf_decision *decision)
{
	if (decision->verdict == CF_VERDICT_BLOCK)
		return BLOCKED;
	if (decision->exception != CF_NONE)
		return LET_PASS;
	return decision->matched && decision->verdict == CF_VERDICT_FLAG ? FLAGGED : PASSED;
}

static struct change *change_of(struct cli_rehearsal *rehearsal, const struct change *like)
{
	char key[CF_ADDR_TEXT_BYTES + 64];
	int len = snprintf(key, sizeof key, "%s %d %d %d %u %u", like->client, (int)like->category,
	    (int)like->was, (int)like->would, like->phase, like->exception);
	uint32_t at;
	bool added;

	struct change *changes = cf_array_grow(
	    rehearsal->changes, rehearsal->count, 1, &rehearsal->size, sizeof *changes);

	if (changes == NULL)
		return NULL;
	rehearsal->changes = changes;
	if (cf_map_add(rehearsal->map, key, (size_t)len, (uint32_t)rehearsal->count, &at, &added) !=
	    CF_OK)
		return NULL;
	if (added)
		rehearsal->changes[rehearsal->count++] = *like;
	return &rehearsal->changes[at];
}

enum cf_status cli_rehearsal_take(struct cli_rehearsal *rehearsal, const struct cf_record *record)
{
	struct cf_decision decision;
	struct change like = {0};

	if (!record->is_hit)
		return CF_OK;
	decide(rehearsal, record, &decision);
	rehearsal->hits += record->count;
	if (!decision.matched)
		rehearsal->unlisted += record->count;
	if (rehearsal->first_us == 0 || record->at_wall_us < rehearsal->first_us)
		rehearsal->first_us = record->at_wall_us;
	if (record->last_wall_us > rehearsal->last_us)
		rehearsal->last_us = record->last_wall_us;
	cf_addr_format(&record->src, like.client);
	like.category = decision.category;
	like.was = fate_of(record);
	like.would = fate_by(&decision);
	like.phase = decision.phase;
	like.exception = decision.exception;
	struct change *change = change_of(rehearsal, &like);

	if (change == NULL)
		return CF_ENOMEM;
	if (change->hits == 0 || record->at_wall_us < change->first_us) {
		change->first_us = record->at_wall_us;
		snprintf(change->sample, sizeof change->sample, "%.*s",
		    (int)record->match.value.len,
		    record->match.value.len > 0 ? record->match.value.data : "");
	}
	if (record->last_wall_us > change->last_us)
		change->last_us = record->last_wall_us;
	change->hits += record->count;
	return CF_OK;
}

/* What a person would say about it. */
static const char *meaning_of(const struct change *change)
{
	bool blocked_before = change->was == BLOCKED, blocked_then = change->would == BLOCKED;

	if (!blocked_before && blocked_then)
		return "would break";
	if (blocked_before && !blocked_then)
		return "would work again";
	if (change->was == LET_PASS && change->would != LET_PASS)
		return "exception ends";
	if (change->was != LET_PASS && change->would == LET_PASS)
		return "exception begins";
	return "stays";
}

static int by_meaning(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int order = strcmp(meaning_of(y), meaning_of(x)); /* "would ..." first, "stays" after it */

	if (order != 0) {
		bool x_breaks = strcmp(meaning_of(x), "would break") == 0;
		bool y_breaks = strcmp(meaning_of(y), "would break") == 0;

		return x_breaks != y_breaks ? (x_breaks ? -1 : 1) : order;
	}
	if (x->hits != y->hits)
		return x->hits > y->hits ? -1 : 1;
	return strcmp(x->client, y->client);
}

static void add_head(struct cf_doc *doc, struct cli_rehearsal *rehearsal)
{
	static const char *const meanings[] = {
	    "would break", "would work again", "exception ends", "exception begins", "stays"};
	static const char *const keys[] = {
	    "would_break", "would_work_again", "exception_ends", "exception_begins", "stays"};
	const struct cf_image_info *info = cf_image_info(rehearsal->image);
	char instant[CF_INSTANT_TEXT_BYTES];

	cf_doc_fact_text(
	    doc, "at", "as if it were", cf_instant_format(rehearsal->at_wall_s, instant));
	cf_doc_fact_text(doc, "policy", "policy",
	    info->policy_file[0] != '\0' ? info->policy_file : info->preset);
	cf_doc_fact_text(doc, "preset", "preset", info->preset);
	if (rehearsal->hits > 0) {
		cf_doc_fact_text(doc, "log_from", "log from",
		    cf_instant_format(rehearsal->first_us / 1000000, instant));
		cf_doc_fact_text(doc, "log_to", "log to",
		    cf_instant_format(rehearsal->last_us / 1000000, instant));
	}
	cf_doc_fact_number(doc, "hits", "hits", (int64_t)rehearsal->hits);
	cf_doc_fact_number(
	    doc, "unlisted", "hits that no list knows any more", (int64_t)rehearsal->unlisted);
	for (size_t m = 0; m < sizeof meanings / sizeof meanings[0]; m++) {
		int64_t clients = 0;

		for (size_t i = 0; i < rehearsal->count;
		     i++) { /* sorted by meaning, not by client */
			if (strcmp(meaning_of(&rehearsal->changes[i]), meanings[m]) == 0)
				clients++;
		}
		if (clients > 0)
			cf_doc_fact_number(doc, keys[m],
			    cf_doc_format(doc, "%s (client and category)", meanings[m]), clients);
	}
}

static void add_changes(struct cf_doc *doc, const struct cli_rehearsal *rehearsal)
{
	static const struct cf_doc_column columns[] = {
	    {"change", "change", CF_DOC_TEXT, false},
	    {"client", "client", CF_DOC_TEXT, false},
	    {"category", "category", CF_DOC_TEXT, false},
	    {"was", "was", CF_DOC_TEXT, false},
	    {"would", "would be", CF_DOC_TEXT, false},
	    {"hits", "hits", CF_DOC_NUMBER, false},
	    {"reason", "by", CF_DOC_TEXT, false},
	    {"what", "for example", CF_DOC_TEXT, true},
	    {"first", "first", CF_DOC_INSTANT, true},
	    {"last", "last", CF_DOC_INSTANT, true},
	};

	cf_doc_table(
	    doc, "changes", "Who would notice", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < rehearsal->count; i++) {
		const struct change *change = &rehearsal->changes[i];
		const char *reason = "nothing listed";
		struct cf_exception exception;
		struct cf_phase phase;

		if (change->exception != CF_NONE) {
			cf_image_exception(rehearsal->image, change->exception, &exception);
			reason = cf_doc_format(
			    doc, "exception of %s: %s", exception.owner, exception.reason);
		} else if (change->phase != CF_NONE) {
			cf_image_phase(rehearsal->image, change->phase, &phase);
			reason = cf_doc_format(doc, "phase %s", phase.name);
		} else if (change->would == FLAGGED) {
			reason = "before any phase";
		}
		const struct cf_doc_cell cells[] = {{.text = meaning_of(change)},
		    {.text = change->client}, {.text = cf_category_text(change->category)},
		    {.text = fates[change->was]}, {.text = fates[change->would]},
		    {.number = (int64_t)change->hits}, {.text = reason}, {.text = change->sample},
		    {.number = change->first_us / 1000000}, {.number = change->last_us / 1000000}};

		cf_doc_row(doc, cells);
	}
	if (rehearsal->count == 0)
		cf_doc_table_note(doc, "the logs hold no hit");
}

static void add_exceptions(struct cf_doc *doc, const struct cli_rehearsal *rehearsal)
{
	static const struct cf_doc_column columns[] = {
	    {"standing", "then", CF_DOC_TEXT, false},
	    {"owner", "owner", CF_DOC_TEXT, false},
	    {"clients", "for", CF_DOC_TEXT, false},
	    {"until", "until", CF_DOC_INSTANT, false},
	    {"hits", "hits it would decide", CF_DOC_NUMBER, false},
	    {"decided", "clients and categories", CF_DOC_NUMBER, false},
	    {"reason", "reason", CF_DOC_TEXT, true},
	};

	cf_doc_table(
	    doc, "exceptions", "Per exception", columns, sizeof columns / sizeof columns[0]);
	for (uint32_t i = 0; i < cf_image_info(rehearsal->image)->exceptions; i++) {
		struct cf_exception exception;
		int64_t hits = 0, decided = 0;

		cf_image_exception(rehearsal->image, i, &exception);
		for (size_t j = 0; j < rehearsal->count; j++)
			if (rehearsal->changes[j].exception == i) {
				hits += (int64_t)rehearsal->changes[j].hits;
				decided++;
			}
		const char *standing = rehearsal->at_wall_s < exception.from_wall_s ? "not yet"
		    : rehearsal->at_wall_s >= exception.until_wall_s                ? "lapsed"
		                                                                    : "in force";
		const struct cf_doc_cell cells[] = {{.text = standing}, {.text = exception.owner},
		    {.text = exception.clients},
		    {.number = exception.until_wall_s == INT64_MAX ? 0 : exception.until_wall_s},
		    {.number = hits}, {.number = decided}, {.text = exception.reason}};

		cf_doc_row(doc, cells);
	}
}

struct cf_doc *cli_rehearsal_report(struct cli_rehearsal *rehearsal)
{
	struct cf_doc *doc = cf_doc_new("rehearsal");

	if (doc == NULL)
		return NULL;
	if (rehearsal->count > 1)
		qsort(rehearsal->changes, rehearsal->count, sizeof *rehearsal->changes, by_meaning);
	cf_doc_set_title(doc, "What would happen");
	add_head(doc, rehearsal);
	add_changes(doc, rehearsal);
	add_exceptions(doc, rehearsal);
	cf_doc_note(doc,
	    "only what is in the logs is rehearsed: who would be blocked for the first time"
	    " after more names are listed is not known from them");
	return doc;
}
