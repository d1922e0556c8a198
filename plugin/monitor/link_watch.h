/*
 * Was anything to be seen on an interface? A cable that is pulled, an interface that is set down
 * and a mirror port that stopped mirroring all look alike to a decoder: no packets, no drops. This
 * counts how long nothing could have been seen, so that nobody takes it for quiet.
 *
 *   dark     the interface is gone, set down or has no carrier
 *   silent   it is up, and there are no packets where there always were some
 *
 * What is usual is learned: the longest time without a packet, for each hour of the day the run has
 * seen. A silence is one that lasts SILENCE_FACTOR times as long (and CF_SILENCE_S at least); it
 * counts from the last packet on. A silence that ends by itself becomes usual little by little: at
 * most twice what was usual before, so that an outage is never taken for a habit, but a habit is
 * learned within days. Before its first packet an interface is given CF_SILENCE_FIRST_S.
 *
 * Fed about once a second with a clock that does not step. One thread.
 */
#pragma once

#include "monitor/capture/capture_live.h"

#include <stdbool.h>
#include <stdint.h>

#define CF_LINK_HOURS 24

struct cf_link_watch {
	enum cf_link link;
	bool begun, silent;
	uint64_t dark_us, silent_us; /* totals since the beginning */
	uint64_t packets;
	int64_t begun_mono_us, last_mono_us, last_packet_mono_us, last_packet_wall_us;
	int64_t
	    usual_us[CF_LINK_HOURS]; /* longest time without a packet, of the hour when last seen */
	int64_t now_usual_us;        /* of this hour */
	unsigned hour;               /* of the run, mod 24 */
	int64_t blind_since_wall_us; /* beginning of the first time not told yet; 0: none. The
	                                reader's to clear */
};

/*
 * What is so now. packets is a total; expects_packets false (a filter in the kernel) leaves
 * silence out. now_wall_us is for blind_since_wall_us alone.
 */
void cf_link_watch_look(struct cf_link_watch *watch, int64_t now_mono_us, int64_t now_wall_us,
    enum cf_link link, uint64_t packets, bool expects_packets);

/* Nothing can be seen at this moment. */
bool cf_link_watch_is_blind(const struct cf_link_watch *watch);
