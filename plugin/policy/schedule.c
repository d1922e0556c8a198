/* Baseline and phases of a category. */

#include "policy/schedule.h"

#include "image/mapped.h"

struct cf_schedule_state cf_schedule_state_at(
    const struct cf_image *image, uint32_t schedule, enum cf_category category, int64_t at_wall_s)
{
	const struct cf_image_schedule_item *item = &image->schedules[schedule];
	struct cf_schedule_state state = {
	    .verdict = (enum cf_verdict)item->baseline[category],
	    .phase = CF_NONE,
	    .until_wall_s = INT64_MAX,
	};

	/* A category has a handful of steps; halving would not be faster. */
	for (uint32_t i = item->steps_at[category]; i < item->steps_at[category + 1]; i++) {
		const struct cf_image_step_item *step = &image->steps[i];

		if (step->from_wall_s > at_wall_s) {
			state.until_wall_s = step->from_wall_s;
			break;
		}
		state.verdict = (enum cf_verdict)step->verdict;
		state.phase = step->phase;
	}
	return state;
}
