/* Wall time with a guard against short jumps back. */
#include "resolver/state/clock.h"

void cf_clock_init(struct cf_clock *clock, int64_t offset_s)
{
	atomic_init(&clock->offset_s, offset_s);
	atomic_init(&clock->highest_s, INT64_MIN);
	atomic_init(&clock->back_mono_s, 0);
}

int64_t cf_clock_now(struct cf_clock *clock, int64_t wall_s)
{
	int64_t now_s = wall_s + atomic_load_explicit(&clock->offset_s, memory_order_relaxed);
	int64_t highest_s = atomic_load_explicit(&clock->highest_s, memory_order_relaxed);

	if (now_s > highest_s) {
		/* Written once a second by whoever is first: a lost race stores a second less. */
		atomic_store_explicit(&clock->highest_s, now_s, memory_order_relaxed);
		return now_s;
	}
	/* A worker's cached time may lag a little; only a real jump holds the clock. */
	return highest_s - now_s > CF_CLOCK_SLACK_S ? highest_s : now_s;
}

enum cf_clock_event cf_clock_tick(
    struct cf_clock *clock, int64_t wall_s, int64_t mono_s, int64_t *back_s_out)
{
	int64_t now_s = wall_s + atomic_load_explicit(&clock->offset_s, memory_order_relaxed);
	int64_t highest_s = atomic_load_explicit(&clock->highest_s, memory_order_relaxed);
	int64_t back_mono_s = atomic_load_explicit(&clock->back_mono_s, memory_order_relaxed);

	*back_s_out = highest_s > now_s ? highest_s - now_s : 0;
	if (*back_s_out <= CF_CLOCK_SLACK_S) {
		(void)cf_clock_now(clock, wall_s); /* an idle resolver keeps time as well */
		atomic_store_explicit(&clock->back_mono_s, 0, memory_order_relaxed);
		return back_mono_s == 0 ? CF_CLOCK_STEADY : CF_CLOCK_RECOVERED;
	}
	if (back_mono_s == 0) {
		atomic_store_explicit(&clock->back_mono_s, mono_s, memory_order_relaxed);
		return CF_CLOCK_WENT_BACK;
	}
	if (mono_s - back_mono_s < CF_CLOCK_HOLD_S)
		return CF_CLOCK_STEADY;
	atomic_store_explicit(&clock->highest_s, now_s, memory_order_relaxed);
	atomic_store_explicit(&clock->back_mono_s, 0, memory_order_relaxed);
	return CF_CLOCK_BELIEVED;
}
