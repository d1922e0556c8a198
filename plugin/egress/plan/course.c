/* Asking the decision through all time. */

#include "egress/plan/course.h"

#include "policy/decide.h"

#include <stdlib.h>
#include <string.h>

bool cf_egress_enforced(const struct cf_image *image, uint32_t network, bool all_enforced)
{
	struct cf_network about;

	if (all_enforced || network == CF_NONE)
		return true;
	cf_image_network(image, network, &about);
	return about.kind == CF_NETWORK_DEDICATED && about.confidence != CF_CONFIDENCE_INFERRED;
}

static enum cf_fate fate_of(
    const struct cf_image *image, const struct cf_decision *decision, bool all_enforced)
{
	if (!decision->matched)
		return CF_FATE_LET;
	switch (decision->verdict) {
	case CF_VERDICT_PASS:
		return decision->exception == CF_NONE ? CF_FATE_LET : CF_FATE_ALLOW;
	case CF_VERDICT_FLAG:
		return CF_FATE_FLAG;
	case CF_VERDICT_BLOCK:
		return cf_egress_enforced(image, decision->network, all_enforced) ? CF_FATE_STOP
		                                                                  : CF_FATE_FLAG;
	}
	return CF_FATE_LET;
}

/* Fills steps; CF_ETOOBIG when there are more than CF_COURSE_STEPS. */
static enum cf_status walk(const struct cf_image *image, const struct cf_addr *client,
    const struct cf_addr *addr, bool all_enforced, struct cf_course_step *steps,
    uint32_t *count_out)
{
	struct cf_question question = {.client = client, .at_wall_s = INT64_MIN};
	struct cf_decision decision;
	uint32_t count = 0;

	do {
		enum cf_fate fate;

		cf_decide_addr(image, &question, addr, &decision);
		fate = fate_of(image, &decision, all_enforced);
		if (count == 0 || steps[count - 1].fate != fate) {
			if (count == CF_COURSE_STEPS)
				return CF_ETOOBIG;
			steps[count++] = (struct cf_course_step){question.at_wall_s, fate};
		}
		question.at_wall_s = decision.next_change_wall_s;
	} while (decision.next_change_wall_s != INT64_MAX);
	*count_out = count;
	return CF_OK;
}

static bool is_same(const struct cf_courses *courses, uint32_t course,
    const struct cf_course_step *steps, uint32_t count)
{
	const struct cf_course *item = &courses->items[course];

	if (item->step_count != count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const struct cf_course_step *step = &courses->steps[item->steps_at + i];

		if (step->from_wall_s != steps[i].from_wall_s || step->fate != steps[i].fate)
			return false;
	}
	return true;
}

/* Makes room for one more of *count items of bytes each. */
static bool make_room(void **items, uint32_t *size, uint32_t count, uint32_t more, size_t bytes)
{
	uint32_t wanted = *size == 0 ? 16 : *size;
	void *grown;

	while (wanted - count < more)
		wanted *= 2;
	if (wanted == *size)
		return true;
	grown = reallocarray(*items, wanted, bytes);
	if (grown == NULL)
		return false;
	*items = grown;
	*size = wanted;
	return true;
}

static enum cf_status add(struct cf_courses *courses, const struct cf_course_step *steps,
    uint32_t count, uint32_t *course_out)
{
	void *items = courses->items, *all = courses->steps;
	bool ok = make_room(&items, &courses->size, courses->count, 1, sizeof *courses->items);

	courses->items = items;
	ok = ok && make_room(&all, &courses->step_size, courses->step_count, count, sizeof *steps);
	courses->steps = all;
	if (!ok)
		return CF_ENOMEM;
	memcpy(courses->steps + courses->step_count, steps, count * sizeof *steps);
	courses->items[courses->count] =
	    (struct cf_course){.steps_at = courses->step_count, .step_count = count};
	courses->step_count += count;
	*course_out = courses->count++;
	return CF_OK;
}

enum cf_status cf_courses_take(struct cf_courses *courses, const struct cf_image *image,
    const struct cf_addr *client, const struct cf_addr *addr, bool all_enforced,
    uint32_t *course_out)
{
	struct cf_course_step steps[CF_COURSE_STEPS];
	uint32_t count;
	enum cf_status status = walk(image, client, addr, all_enforced, steps, &count);

	if (status != CF_OK)
		return status;
	for (uint32_t i = 0; i < courses->count; i++) {
		if (is_same(courses, i, steps, count)) {
			*course_out = i;
			return CF_OK;
		}
	}
	return add(courses, steps, count, course_out);
}

enum cf_fate cf_courses_fate(const struct cf_courses *courses, uint32_t course, int64_t at_wall_s)
{
	const struct cf_course *item = &courses->items[course];
	const struct cf_course_step *steps = courses->steps + item->steps_at;
	uint32_t i = item->step_count;

	while (i > 1 && steps[i - 1].from_wall_s > at_wall_s)
		i--;
	return steps[i - 1].fate;
}

bool cf_courses_is_idle(const struct cf_courses *courses, uint32_t course)
{
	const struct cf_course *item = &courses->items[course];

	return item->step_count == 1 && courses->steps[item->steps_at].fate == CF_FATE_LET;
}

const char *cf_fate_text(enum cf_fate fate)
{
	static const char *const words[] = {[CF_FATE_LET] = "let",
	    [CF_FATE_ALLOW] = "allow",
	    [CF_FATE_FLAG] = "flag",
	    [CF_FATE_STOP] = "stop"};

	return words[fate];
}

void cf_courses_done(struct cf_courses *courses)
{
	free(courses->items);
	free(courses->steps);
	*courses = (struct cf_courses){.count = 0};
}
