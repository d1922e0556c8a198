/*
 * The times of a capture's packets, as far as they can be. Wild times must not move what runs by
 * them - heartbeats, windows of repeats, ids -: a packet that lies a day and more from those before
 * is believed when most of those behind it in its batch are near it, or when so many in a row
 * agree; else it passes for the time of the packet before. Plain values; one thread.
 */
#pragma once

#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_packet_clock {
	bool runs;
	bool is_plain;        /* it runs, and far from both ends of time */
	int64_t now_wall_us;  /* believed last */
	int64_t leap_wall_us; /* not believed last */
	unsigned agreeing;    /* packets in a row near leap_wall_us */
	uint64_t doubted;     /* packets that passed for another time */
};

/* A file begins: it may be of another day. */
void cf_packet_clock_begin(struct cf_packet_clock *clock);
/* The times of the packets that come next, made those to go by. */
void cf_packet_clock_believe(struct cf_packet_clock *clock, int64_t *at_wall_us, unsigned count);

/*
 * For nearly all batches, at a fraction of the price: when every packet of one is so near, each is
 * near the one before it, and all are believed as cf_packet_clock_believe() would. Then tell it the
 * last with cf_packet_clock_advance(). False for all while nothing is believed yet, or what is lies
 * at an end of time, where this sum would not hold.
 */
#define CF_PACKET_CLOCK_NEAR_US (CF_IDENTITY_LEAP_S * INT64_C(1000000) / 2)
static inline bool cf_packet_clock_is_near(const struct cf_packet_clock *clock, int64_t at_wall_us)
{
	return clock->is_plain &&
	    (uint64_t)at_wall_us - (uint64_t)clock->now_wall_us + CF_PACKET_CLOCK_NEAR_US <=
	    2 * (uint64_t)CF_PACKET_CLOCK_NEAR_US;
}
void cf_packet_clock_advance(struct cf_packet_clock *clock, int64_t last_wall_us);
