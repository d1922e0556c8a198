/*
 * The times of a capture's packets, as far as they can be. Wild times must not move what runs by
 * them - heartbeats, windows of repeats, ids -: a packet that lies a day and more from those before
 * is believed when most of those behind it in its batch are near it, or when so many in a row
 * agree; else it passes for the time of the packet before. Plain values; one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cf_packet_clock {
	bool runs;
	int64_t now_wall_us;  /* believed last */
	int64_t leap_wall_us; /* not believed last */
	unsigned agreeing;    /* packets in a row near leap_wall_us */
	uint64_t doubted;     /* packets that passed for another time */
};

/* A file begins: it may be of another day. */
void cf_packet_clock_begin(struct cf_packet_clock *clock);
/* The times of the packets that come next, made those to go by. */
void cf_packet_clock_believe(struct cf_packet_clock *clock, int64_t *at_wall_us, unsigned count);
