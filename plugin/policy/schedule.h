/*
 * What a schedule says of a category at an instant: the baseline, then the phases. Pure; any
 * thread.
 */
#pragma once

#include "image/image.h"

/* The state of one category. */
struct cf_schedule_state {
	enum cf_verdict verdict;
	uint32_t phase;       /* in force, or CF_NONE for the baseline */
	int64_t until_wall_s; /* first instant of the next state; INT64_MAX: none */
};

/* The state of category at at_wall_s: a phase is in force from its very instant on. schedule is an
 * index of the image's. */
struct cf_schedule_state cf_schedule_state_at(
    const struct cf_image *image, uint32_t schedule, enum cf_category category, int64_t at_wall_s);
