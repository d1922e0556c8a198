/* Two stretches are open: the one that runs, and the one before, whose messages still come in. */

#include "tap/roll.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/map.h"
#include "records/form/alive.h"
#include "records/write/log.h"

#include <stdlib.h>

#define US_PER_S INT64_C(1000000)
/* A clock that leaps ahead by more is set; nothing is claimed for the time between. */
#define LEAP_STRETCHES 60

struct stretch {
	int64_t number; /* of stretches since the epoch; 0: free */
	struct cf_map *known;
	struct cf_alive_client *clients;
	size_t count, room;
	uint64_t left_out;
};

struct cf_tap_roll {
	struct cf_producer *producer;
	int64_t period_us; /* 0: off */
	bool watches;
	int64_t since_wall_us; /* both hold since then */
	int64_t next;          /* number of the first stretch not told */
	struct stretch open[2];
};

enum cf_status cf_tap_roll_new(struct cf_producer *producer, struct cf_tap_roll **roll_out)
{
	struct cf_tap_roll *roll = calloc(1, sizeof *roll);

	if (roll == NULL)
		return CF_ENOMEM;
	roll->producer = producer;
	roll->open[0].known = cf_map_new();
	roll->open[1].known = cf_map_new();
	if (roll->open[0].known == NULL || roll->open[1].known == NULL) {
		cf_tap_roll_free(roll);
		return CF_ENOMEM;
	}
	*roll_out = roll;
	return CF_OK;
}

void cf_tap_roll_free(struct cf_tap_roll *roll)
{
	if (roll == NULL)
		return;
	for (unsigned i = 0; i < 2; i++) {
		cf_map_free(roll->open[i].known);
		free(roll->open[i].clients);
	}
	free(roll);
}

static bool runs(const struct cf_tap_roll *roll)
{
	return roll->watches && roll->period_us > 0;
}

static void clear(struct stretch *stretch)
{
	cf_map_clear(stretch->known);
	stretch->number = 0;
	stretch->count = 0;
	stretch->left_out = 0;
}

/* One stretch, or as much of it as lies before until. */
static void tell(struct cf_tap_roll *roll, int64_t number, int64_t until_wall_us)
{
	struct stretch *stretch = &roll->open[number & 1];
	bool is_noted = stretch->number == number;
	int64_t from_us = number * roll->period_us, to_us = from_us + roll->period_us;
	struct cf_alive alive = {
	    .from_wall_us = from_us > roll->since_wall_us ? from_us : roll->since_wall_us,
	    .to_wall_us = to_us < until_wall_us ? to_us : until_wall_us};

	if (is_noted) {
		if (stretch->count > 0)
			qsort(stretch->clients, stretch->count, sizeof stretch->clients[0],
			    cf_alive_compare);
		alive.clients = stretch->clients;
		alive.count = stretch->count;
		alive.left_out = stretch->left_out;
	}
	if (alive.from_wall_us < alive.to_wall_us)
		(void)cf_producer_alive(roll->producer, &alive); /* a loss is counted there */
	if (is_noted)
		clear(stretch);
}

static void tell_up_to(struct cf_tap_roll *roll, int64_t last, int64_t until_wall_us)
{
	if (last - roll->next > LEAP_STRETCHES) {
		tell(roll, roll->next, INT64_MAX);
		roll->since_wall_us = last * roll->period_us;
		roll->next = last;
	}
	for (; roll->next <= last; roll->next++)
		tell(roll, roll->next, until_wall_us);
}

static void stop(struct cf_tap_roll *roll, int64_t now_wall_us)
{
	if (runs(roll))
		tell_up_to(roll, now_wall_us / roll->period_us, now_wall_us);
	clear(&roll->open[0]);
	clear(&roll->open[1]);
}

static void start(struct cf_tap_roll *roll, int64_t now_wall_us)
{
	roll->since_wall_us = now_wall_us;
	if (runs(roll))
		roll->next = now_wall_us / roll->period_us;
}

void cf_tap_roll_period(struct cf_tap_roll *roll, uint32_t period_s, int64_t now_wall_us)
{
	if (roll->period_us == (int64_t)period_s * US_PER_S)
		return;
	stop(roll, now_wall_us);
	roll->period_us = (int64_t)period_s * US_PER_S;
	start(roll, now_wall_us);
}

void cf_tap_roll_watch(struct cf_tap_roll *roll, bool watches, int64_t now_wall_us)
{
	if (roll->watches == watches)
		return;
	stop(roll, now_wall_us);
	roll->watches = watches;
	start(roll, now_wall_us);
}

static void add(struct stretch *stretch, const struct cf_addr *client)
{
	struct cf_alive_client *clients;
	uint32_t index;
	bool is_new;

	if (cf_map_count(stretch->known) >= CF_TAP_CLIENTS) {
		if (!cf_map_find(stretch->known, client, sizeof *client, &index))
			stretch->left_out++;
		return;
	}
	clients = cf_array_grow(
	    stretch->clients, stretch->count, 1, &stretch->room, sizeof *stretch->clients);
	if (clients != NULL)
		stretch->clients = clients;
	if (clients == NULL ||
	    cf_map_add(stretch->known, client, sizeof *client, 0, &index, &is_new) != CF_OK) {
		stretch->left_out++;
		return;
	}
	if (is_new)
		stretch->clients[stretch->count++] = (struct cf_alive_client){.addr = *client};
}

void cf_tap_roll_note(struct cf_tap_roll *roll, const struct cf_addr *client, int64_t at_wall_us)
{
	int64_t number;
	struct stretch *stretch;

	if (!runs(roll))
		return;
	number = at_wall_us / roll->period_us;
	stretch = &roll->open[number & 1];
	/* What is told is told; and from a clock that is ahead of ours nothing is taken yet. */
	if (number < roll->next || number > roll->next + 1)
		return;
	/* A resolver that connects brings along what it kept for a moment. */
	if (at_wall_us < roll->since_wall_us)
		roll->since_wall_us = at_wall_us;
	if (stretch->number != number)
		clear(stretch);
	stretch->number = number;
	add(stretch, client);
}

void cf_tap_roll_tick(struct cf_tap_roll *roll, int64_t now_wall_us)
{
	if (!runs(roll))
		return;
	/* The clock was set back. */
	if (now_wall_us < roll->since_wall_us) {
		stop(roll, now_wall_us);
		start(roll, now_wall_us);
	}
	tell_up_to(
	    roll, (now_wall_us - CF_TAP_DELAY_S * US_PER_S) / roll->period_us - 1, INT64_MAX);
}
