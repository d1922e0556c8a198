/*
 * Weighing what is listed: level by level from the most specific name or network outwards. The
 * first level at which anything applies decides; within it, rank() does. Exceptions that do not
 * apply now are passed over, so a level may decide nothing; a level with an entry of a pack always
 * decides something, so nothing wider matters and the walk ends there.
 */

#include "policy/decide.h"

#include "base/check.h"
#include "image/mapped.h"
#include "policy/clients.h"
#include "policy/schedule.h"

struct weighing {
	const struct cf_image *image;
	const struct cf_question *question;
	const struct cf_image_group_set *groups;
	struct cf_decision best;
	unsigned best_rank;
	bool decided;     /* a more specific level has the decision; only next_change is still of
	                     interest */
	bool by_name;     /* the decision is a policy name, which has no category of its own */
	unsigned entries; /* entries of packs seen at this level */
};

static struct weighing start(const struct cf_image *image, const struct cf_question *question)
{
	return (struct weighing){
	    .image = image,
	    .question = question,
	    .best = {.verdict = CF_VERDICT_PASS,
	        .entry = CF_NONE,
	        .network = CF_NONE,
	        .schedule = CF_NONE,
	        .phase = CF_NONE,
	        .exception = CF_NONE,
	        .answer = &image->answer,
	        .next_change_wall_s = INT64_MAX},
	    .best_rank = UINT32_MAX,
	};
}

/*
 * On a tie an exception wins, the nearer one, then pass, then block, then flag: the lower rank.
 * nearness is 0 without an exception.
 */
static unsigned rank(enum cf_verdict verdict, unsigned nearness)
{
	static const uint8_t order[] = {
	    [CF_VERDICT_PASS] = 0, [CF_VERDICT_BLOCK] = 1, [CF_VERDICT_FLAG] = 2};

	return order[verdict] + (CF_NEAR_MOST - nearness) * 3;
}

/* The verdict may be another from instant on. */
static void expect_change(struct weighing *w, int64_t at_wall_s)
{
	if (at_wall_s > w->question->at_wall_s && at_wall_s < w->best.next_change_wall_s)
		w->best.next_change_wall_s = at_wall_s;
}

/* Signals are answered as those who ask for them expect it, all others as the policy says. */
static const struct cf_answer_spec *answer_of(const struct cf_image *image, uint32_t entry)
{
	if (entry != CF_NONE && image->packs[cf_entry_attr(image, entry)->pack].nodata != 0)
		return &image->nodata_answer;
	return &image->answer;
}

/* One thing that applies; the first of equal rank stands. */
static void weigh(struct weighing *w, struct cf_decision candidate, unsigned nearness, bool by_name)
{
	unsigned candidate_rank = rank(candidate.verdict, nearness);

	if (w->decided || candidate_rank >= w->best_rank)
		return;
	candidate.matched = true;
	candidate.answer = answer_of(w->image, candidate.entry);
	candidate.next_change_wall_s = w->best.next_change_wall_s;
	w->best = candidate;
	w->best_rank = candidate_rank;
	w->by_name = by_name;
}

/* An exception, standing in for the candidate: its verdict if it applies to this question now. */
static void weigh_exception(
    struct weighing *w, uint32_t id, struct cf_decision candidate, bool by_name)
{
	const struct cf_image_exception_item *exception = &w->image->exceptions[id];
	unsigned nearness = cf_exception_nearness(w->image, exception, w->groups);

	if (nearness == 0 || !cf_exception_has_type(w->image, exception, w->question->qtype))
		return;
	expect_change(w, exception->from_wall_s);
	expect_change(w, exception->until_wall_s);
	if (!cf_exception_holds_at(exception, w->question->at_wall_s))
		return;
	candidate.verdict = (enum cf_verdict)exception->verdict;
	candidate.exception = id;
	weigh(w, candidate, nearness, by_name);
}

/* An entry of a pack: what its category's schedule says, and the exceptions for its category. */
static void weigh_category(
    struct weighing *w, uint32_t pack, enum cf_category category, uint32_t entry, uint32_t network)
{
	const uint32_t *at = w->image->policy->by_category_at;
	uint32_t schedule = cf_client_schedule(w->image, w->groups, pack);
	struct cf_schedule_state state =
	    cf_schedule_state_at(w->image, schedule, category, w->question->at_wall_s);
	struct cf_decision candidate = {.verdict = state.verdict,
	    .category = category,
	    .entry = entry,
	    .network = network,
	    .schedule = schedule,
	    .phase = state.phase,
	    .exception = CF_NONE};

	expect_change(w, state.until_wall_s);
	/* A policy name that decided takes the category of the pack's entry around it. */
	if (w->by_name && w->entries == 0) {
		w->best.category = category;
		w->best.schedule = schedule;
		w->best.phase = state.phase;
		w->by_name = false;
	}
	w->entries++;
	weigh(w, candidate, 0, false);
	for (uint32_t i = at[category]; i < at[category + 1]; i++)
		weigh_exception(w, w->image->by_category[i], candidate, false);
}

/* A name that belongs to an exception. */
static void weigh_policy_name(
    struct weighing *w, const struct cf_image_attr_item *attr, uint32_t entry)
{
	struct cf_decision candidate = {.category = (enum cf_category)attr->category,
	    .entry = entry,
	    .network = CF_NONE,
	    .schedule = CF_NONE,
	    .phase = CF_NONE};

	weigh_exception(w, attr->exception, candidate, true);
}

void cf_decide_name(const struct cf_image *image, const struct cf_question *question,
    const struct cf_name *name, struct cf_decision *decision_out)
{
	struct cf_name_walk walk;
	struct cf_name_run run;
	struct weighing w = start(image, question);

	cf_image_walk_begin(&walk, image, name);
	while (w.entries == 0 && cf_image_walk_next(&walk, &run)) {
		if (w.groups == NULL)
			w.groups = cf_client_groups(image, question->client);
		/* Policy names first: which category they take is settled by the pack's entries. */
		for (uint32_t entry = run.first; entry < run.end; entry += CF_IMAGE_ENTRY_UNITS) {
			const struct cf_image_attr_item *attr = cf_entry_attr(image, entry);

			if (attr->exception != CF_NONE &&
			    cf_scope_covers(attr->scope, run.label_count, name->label_count))
				weigh_policy_name(&w, attr, entry);
		}
		for (uint32_t entry = run.first; entry < run.end; entry += CF_IMAGE_ENTRY_UNITS) {
			const struct cf_image_attr_item *attr = cf_entry_attr(image, entry);

			if (attr->exception == CF_NONE &&
			    cf_scope_covers(attr->scope, run.label_count, name->label_count))
				weigh_category(&w, attr->pack, (enum cf_category)attr->category,
				    entry, CF_NONE);
		}
		w.decided = w.best.matched;
	}
	*decision_out = w.best;
}

void cf_decide_addr(const struct cf_image *image, const struct cf_question *question,
    const struct cf_addr *addr, struct cf_decision *decision_out)
{
	uint32_t network = cf_image_find_addr(image, addr);
	struct weighing w = start(image, question);
	unsigned level_bits = 0;

	if (network != CF_NONE)
		w.groups = cf_client_groups(image, question->client);
	for (; network != CF_NONE; network = image->networks[network].parent) {
		const struct cf_image_network_item *item = &image->networks[network];

		/* Evidence that has expired leaves the word to the network around it. */
		if (question->at_wall_s >= item->until_wall_s)
			continue;
		if (w.entries > 0 && item->bits != level_bits)
			break;
		level_bits = item->bits;
		expect_change(&w, item->until_wall_s);
		weigh_category(&w, item->pack, (enum cf_category)item->category, CF_NONE, network);
	}
	*decision_out = w.best;
}

void cf_decide_category(const struct cf_image *image, const struct cf_question *question,
    uint32_t pack, enum cf_category category, struct cf_decision *decision_out)
{
	struct weighing w = start(image, question);

	if (cf_check(pack < image->pack_count && (unsigned)category < CF_CATEGORIES)) {
		w.groups = cf_client_groups(image, question->client);
		weigh_category(&w, pack, category, CF_NONE, CF_NONE);
	}
	*decision_out = w.best;
}

bool cf_decide_may_block_name(const struct cf_image *image, const struct cf_name *name)
{
	struct cf_name_walk walk;
	struct cf_name_run run;
	unsigned entries = 0;

	cf_image_walk_begin(&walk, image, name);
	while (entries == 0 && cf_image_walk_next(&walk, &run)) {
		for (uint32_t entry = run.first; entry < run.end; entry += CF_IMAGE_ENTRY_UNITS) {
			const struct cf_image_attr_item *attr = cf_entry_attr(image, entry);

			if (!cf_scope_covers(attr->scope, run.label_count, name->label_count))
				continue;
			if (attr->exception != CF_NONE) {
				if (image->exceptions[attr->exception].verdict == CF_VERDICT_BLOCK)
					return true;
				continue;
			}
			if ((image->may_block[attr->pack] >> attr->category & 1) != 0)
				return true;
			entries++;
		}
	}
	/* An entry of a pack that never blocks keeps wider ones from deciding. */
	return false;
}

bool cf_decide_may_block_addr(const struct cf_image *image, const struct cf_addr *addr)
{
	uint32_t network = cf_image_find_addr(image, addr);
	unsigned lasting_bits = 0;
	bool lasting = false;

	for (; network != CF_NONE; network = image->networks[network].parent) {
		const struct cf_image_network_item *item = &image->networks[network];

		/* A network that never expires keeps wider ones from deciding. */
		if (lasting && item->bits != lasting_bits)
			break;
		if ((image->may_block[item->pack] >> item->category & 1) != 0)
			return true;
		if (item->until_wall_s == INT64_MAX) {
			lasting = true;
			lasting_bits = item->bits;
		}
	}
	return false;
}
