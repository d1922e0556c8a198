/* The image and the decision against the model, question by question. */

#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(const char *who, const struct model_decision *d)
{
	fprintf(stderr,
	    "  %s: matched %d verdict %s category %s entry %d network %d schedule %d phase %d "
	    "exception %d\n",
	    who, d->matched, cf_verdict_text(d->verdict), cf_category_text(d->category), d->entry,
	    d->network, d->schedule, d->phase, d->exception);
}

struct asked {
	const struct model *model;
	const struct cf_image *image;
	struct cf_addr client;
	bool has_client;
	uint16_t qtype;
	int64_t at_wall_s;
	struct cf_name name;
	struct cf_addr addr;
	bool by_name;
};

static struct model_decision naive(const struct asked *asked, int64_t at_wall_s)
{
	const struct cf_addr *client = asked->has_client ? &asked->client : NULL;
	struct model_decision decision;

	if (asked->by_name)
		model_decide_name(
		    asked->model, client, asked->qtype, at_wall_s, &asked->name, &decision);
	else
		model_decide_addr(
		    asked->model, client, asked->qtype, at_wall_s, &asked->addr, &decision);
	return decision;
}

static struct cf_decision real(const struct asked *asked)
{
	struct cf_question question = {.client = asked->has_client ? &asked->client : NULL,
	    .qtype = asked->qtype,
	    .at_wall_s = asked->at_wall_s};
	struct cf_decision decision;

	if (asked->by_name)
		cf_decide_name(asked->image, &question, &asked->name, &decision);
	else
		cf_decide_addr(asked->image, &question, &asked->addr, &decision);
	return decision;
}

static bool complain(const struct asked *asked, const char *what,
    const struct model_decision *expected, const struct model_decision *got)
{
	char text[CF_NAME_TEXT_BYTES], addr[CF_ADDR_TEXT_BYTES], client[CF_ADDR_TEXT_BYTES];

	fprintf(stderr, "model: %s for %s '%s', client '%s', type %u, at %lld\n", what,
	    asked->by_name ? "name" : "address",
	    asked->by_name ? cf_name_format(&asked->name, text)
	                   : cf_addr_format(&asked->addr, addr),
	    asked->has_client ? cf_addr_format(&asked->client, client) : "none", asked->qtype,
	    (long long)asked->at_wall_s);
	print("expected", expected);
	print("got     ", got);
	return false;
}

/* Instants are few and small, so every one can be tried. */
static bool change_is_not_missed(const struct asked *asked, const struct cf_decision *decision)
{
	struct model_decision now = naive(asked, asked->at_wall_s);

	if (decision->next_change_wall_s <= asked->at_wall_s)
		return complain(asked, "a change that is not in the future", &now, &now);
	for (int64_t at = asked->at_wall_s + 1; at < 30 && at < decision->next_change_wall_s;
	     at++) {
		struct model_decision then = naive(asked, at);

		if (!model_decision_equal(&now, &then))
			return complain(asked, "a change before the one announced", &then, &now);
	}
	return true;
}

static bool block_is_foreseen(const struct asked *asked, const struct model_decision *expected)
{
	bool may = asked->by_name ? cf_decide_may_block_name(asked->image, &asked->name)
	                          : cf_decide_may_block_addr(asked->image, &asked->addr);

	if (expected->verdict == CF_VERDICT_BLOCK && !may)
		return complain(asked, "a block that was never to be", expected, expected);
	return true;
}

static bool question_agrees(const struct asked *asked)
{
	struct model_decision expected = naive(asked, asked->at_wall_s), got;
	struct cf_decision decision = real(asked);

	got = model_decision_of(asked->image, asked->model, &decision);
	if (!model_decision_equal(&expected, &got))
		return complain(asked, "another decision", &expected, &got);
	return change_is_not_missed(asked, &decision) && block_is_foreseen(asked, &expected);
}

/* The promise of cf_image_find_name(), entry by entry. */
static bool matches_agree(const struct asked *asked)
{
	struct cf_match matches[CF_MATCHES];
	unsigned count = cf_image_find_name(asked->image, &asked->name, matches), expected = 0;
	unsigned labels = UINT32_MAX, scope = 0;

	for (unsigned i = 0; i < asked->model->entry_count; i++) {
		const struct model_entry *entry = &asked->model->entries[i];

		if (cf_name_equal(&entry->name, &asked->name) ? entry->scope != CF_SCOPE_BELOW
		                                              : entry->scope != CF_SCOPE_EXACT &&
		            cf_name_is_subdomain(&asked->name, &entry->name))
			expected++;
	}
	for (unsigned i = 0; i < count; i++) {
		struct cf_entry entry;
		const struct model_entry *wanted;

		cf_image_entry(asked->image, matches[i].entry, &entry);
		wanted = &asked->model->entries[entry.line - 1];
		if (memcmp(entry.name_wire, wanted->name.wire, wanted->name.wire_len) != 0 ||
		    matches[i].label_count != wanted->name.label_count ||
		    entry.scope != wanted->scope)
			return false;
		if (matches[i].label_count > labels ||
		    (matches[i].label_count == labels && (unsigned)entry.scope < scope))
			return false;
		labels = matches[i].label_count;
		scope = entry.scope;
	}
	return count == expected;
}

bool model_agrees(struct model_source *source, unsigned questions)
{
	struct cf_image *image = NULL;
	struct cf_error error = {0};
	struct model model;
	bool good = true;
	size_t len;
	void *data;

	model_make(source, &model);
	model_build(&model, &data, &len);
	if (cf_image_from_memory(data, len, &image, &error) != CF_OK) {
		fprintf(stderr, "model: its image is refused: %s\n", error.text);
		free(data);
		return false;
	}
	for (unsigned i = 0; i < questions && good; i++) {
		struct asked asked = {.model = &model,
		    .image = image,
		    .client = model_addr_near(source, &model),
		    .has_client = model_choose(source, 5) != 0,
		    .qtype = model_type(source),
		    .at_wall_s = model_instant(source),
		    .name = model_name(source),
		    .addr = model_addr_near(source, &model),
		    .by_name = i % 3 != 0};

		good = question_agrees(&asked) && (!asked.by_name || matches_agree(&asked));
	}
	cf_image_close(image);
	free(data);
	return good;
}
