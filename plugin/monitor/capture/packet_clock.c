#include "monitor/capture/packet_clock.h"

#include "base/limits.h"

#define LEAP_US (CF_IDENTITY_LEAP_S * INT64_C(1000000))
/* In a row, without anybody to ask: another time has begun. */
#define AGREEING 8

static bool is_near(int64_t a_wall_us, int64_t b_wall_us)
{
	/* As unsigned numbers: hostile times must not overflow. */
	uint64_t apart = a_wall_us > b_wall_us ? (uint64_t)a_wall_us - (uint64_t)b_wall_us
	                                       : (uint64_t)b_wall_us - (uint64_t)a_wall_us;

	return apart <= (uint64_t)LEAP_US;
}

/* How many of the packets are near. */
static unsigned near_to(int64_t wall_us, const int64_t *at_wall_us, unsigned count)
{
	unsigned found = 0;

	for (unsigned i = 0; i < count; i++)
		found += is_near(wall_us, at_wall_us[i]);
	return found;
}

void cf_packet_clock_begin(struct cf_packet_clock *clock)
{
	clock->runs = clock->is_plain = false;
	clock->agreeing = 0;
}

/* The first packet's time, unless it is alone with it and the next two agree on another. */
static int64_t first_of(const int64_t *at_wall_us, unsigned count)
{
	bool is_alone = count >= 3 && near_to(at_wall_us[0], at_wall_us, count) == 1;

	return is_alone && is_near(at_wall_us[1], at_wall_us[2]) ? at_wall_us[1] : at_wall_us[0];
}

static bool is_believed(
    struct cf_packet_clock *clock, int64_t at_wall_us, const int64_t *behind, unsigned count)
{
	unsigned near_it = near_to(at_wall_us, behind, count);
	unsigned near_now = near_to(clock->now_wall_us, behind, count);

	clock->agreeing = clock->agreeing > 0 && is_near(at_wall_us, clock->leap_wall_us)
	    ? clock->agreeing + 1
	    : 1;
	clock->leap_wall_us = at_wall_us;
	return near_it > near_now || clock->agreeing >= AGREEING;
}

void cf_packet_clock_advance(struct cf_packet_clock *clock, int64_t last_wall_us)
{
	clock->now_wall_us = last_wall_us;
	clock->is_plain = last_wall_us >= LEAP_US && last_wall_us <= INT64_MAX - LEAP_US;
	clock->agreeing = 0;
}

void cf_packet_clock_believe(struct cf_packet_clock *clock, int64_t *at_wall_us, unsigned count)
{
	if (!clock->runs && count > 0) {
		clock->runs = true;
		clock->now_wall_us = first_of(at_wall_us, count);
	}
	for (unsigned i = 0; i < count; i++) {
		if (is_near(at_wall_us[i], clock->now_wall_us) ||
		    is_believed(clock, at_wall_us[i], at_wall_us + i + 1, count - i - 1)) {
			cf_packet_clock_advance(clock, at_wall_us[i]);
		} else {
			at_wall_us[i] = clock->now_wall_us;
			clock->doubted++;
		}
	}
}
