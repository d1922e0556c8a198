/*
 * The module's clock: wall time that a glitch cannot turn back.
 *
 * Verdicts follow the wall clock. When it jumps back by more than CF_CLOCK_SLACK_S, phases that
 * have begun stay in force (time is held at its highest value) until the clock has said the earlier
 * time for CF_CLOCK_HOLD_S in a row; then it is believed. Both are logged by the ticking thread.
 *
 * cf_clock_now() may be called by any thread and costs a few loads; cf_clock_tick() by one thread,
 * about four times a second.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CF_CLOCK_SLACK_S 2
#define CF_CLOCK_HOLD_S  60

struct cf_clock {
	_Atomic int64_t offset_s;    /* tests only */
	_Atomic int64_t highest_s;   /* highest wall time seen */
	_Atomic int64_t back_mono_s; /* monotonic time at which the jump back was noticed; 0 none */
};

enum cf_clock_event {
	CF_CLOCK_STEADY = 0,
	CF_CLOCK_WENT_BACK, /* time is held now */
	CF_CLOCK_BELIEVED,  /* the earlier time is accepted now */
	CF_CLOCK_RECOVERED, /* the glitch is over */
};

void cf_clock_init(struct cf_clock *clock, int64_t offset_s);

/* wall_s as the host has it (cached time is fine) -> the time to decide by. */
int64_t cf_clock_now(struct cf_clock *clock, int64_t wall_s);

/* Compares wall and monotonic time. *back_s_out is by how much the clock is behind. */
enum cf_clock_event cf_clock_tick(
    struct cf_clock *clock, int64_t wall_s, int64_t mono_s, int64_t *back_s_out);
