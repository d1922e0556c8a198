/* Telling quiet from blind. */

#include "monitor/link_watch.h"

#include "base/limits.h"

#define US_PER_S       INT64_C(1000000)
#define US_PER_HOUR    (3600 * US_PER_S)
#define SILENCE_FACTOR 4
/* What is taken for usual at least, so that learning has something to double. */
#define LEAST_USUAL_US (CF_SILENCE_S * US_PER_S / SILENCE_FACTOR)

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The longest time without a packet at about this hour. */
static int64_t usual_us(const struct cf_link_watch *watch)
{
	unsigned before = (watch->hour + CF_LINK_HOURS - 1) % CF_LINK_HOURS;
	unsigned behind = (watch->hour + 1) % CF_LINK_HOURS;
	int64_t most = larger(watch->now_usual_us, watch->usual_us[watch->hour]);

	most = larger(most, watch->usual_us[before]);
	return larger(larger(most, watch->usual_us[behind]), LEAST_USUAL_US);
}

static int64_t patience_us(const struct cf_link_watch *watch)
{
	if (watch->packets == 0)
		return CF_SILENCE_FIRST_S * US_PER_S;
	return larger(CF_SILENCE_S * US_PER_S, SILENCE_FACTOR * usual_us(watch));
}

/* Each hour keeps the longest of today, and half of what it had. */
static void turn_hour(struct cf_link_watch *watch, int64_t now_mono_us)
{
	unsigned hour =
	    (unsigned)((now_mono_us - watch->begun_mono_us) / US_PER_HOUR % CF_LINK_HOURS);

	if (hour == watch->hour)
		return;
	watch->usual_us[watch->hour] =
	    larger(watch->now_usual_us, watch->usual_us[watch->hour] / 2);
	watch->now_usual_us = 0;
	watch->hour = hour;
}

static void note_blind(struct cf_link_watch *watch, int64_t from_wall_us)
{
	if (watch->blind_since_wall_us == 0)
		watch->blind_since_wall_us = from_wall_us;
}

static void see_packets(
    struct cf_link_watch *watch, int64_t now_mono_us, int64_t now_wall_us, uint64_t packets)
{
	int64_t gap_us = now_mono_us - watch->last_packet_mono_us;

	if (watch->packets != 0) {
		if (watch->silent && gap_us > 2 * usual_us(watch))
			gap_us = 2 * usual_us(watch);
		watch->now_usual_us = larger(watch->now_usual_us, gap_us);
	}
	turn_hour(watch, now_mono_us);
	watch->packets = packets;
	watch->silent = false;
	watch->last_packet_mono_us = now_mono_us;
	watch->last_packet_wall_us = now_wall_us;
}

static void see_nothing(struct cf_link_watch *watch, int64_t now_mono_us, int64_t elapsed_us)
{
	int64_t gap_us = now_mono_us - watch->last_packet_mono_us;

	if (watch->silent) {
		watch->silent_us += (uint64_t)elapsed_us;
		note_blind(watch, watch->last_packet_wall_us);
	} else if (gap_us > patience_us(watch)) {
		watch->silent = true;
		watch->silent_us += (uint64_t)gap_us;
		note_blind(watch, watch->last_packet_wall_us);
	}
}

static void begin(struct cf_link_watch *watch, int64_t now_mono_us, int64_t now_wall_us)
{
	watch->begun = true;
	watch->begun_mono_us = watch->last_mono_us = watch->last_packet_mono_us = now_mono_us;
	watch->last_packet_wall_us = now_wall_us;
}

void cf_link_watch_look(struct cf_link_watch *watch, int64_t now_mono_us, int64_t now_wall_us,
    enum cf_link link, uint64_t packets, bool expects_packets)
{
	enum cf_link before = watch->link;
	int64_t elapsed_us;

	if (!watch->begun)
		begin(watch, now_mono_us, now_wall_us);
	elapsed_us = now_mono_us - watch->last_mono_us;
	watch->last_mono_us = now_mono_us;
	watch->link = link;
	if (link != CF_LINK_UP || before != CF_LINK_UP) {
		/* A stretch with one dark end is dark: when it changed within it nobody knows. */
		watch->dark_us += (uint64_t)elapsed_us;
		note_blind(watch, now_wall_us - elapsed_us);
		/* Silence is counted anew behind it. */
		watch->packets = packets;
		watch->silent = false;
		watch->last_packet_mono_us = now_mono_us;
		watch->last_packet_wall_us = now_wall_us;
	} else if (packets != watch->packets) {
		see_packets(watch, now_mono_us, now_wall_us, packets);
	} else if (expects_packets) {
		see_nothing(watch, now_mono_us, elapsed_us);
	}
}

bool cf_link_watch_is_blind(const struct cf_link_watch *watch)
{
	return watch->link != CF_LINK_UP || watch->silent;
}
