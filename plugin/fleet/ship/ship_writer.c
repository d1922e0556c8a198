#include "fleet/ship/ship_writer.h"

#include <stdlib.h>
#include <string.h>

/* Reads of the log that agree that something is missing or does not hold, over so long, before that
 * is stated: files may have been renamed while they were looked for. */
#define DOUBTS    3
#define DOUBTS_US (2 * SECOND)
#define SECOND    INT64_C(1000000)

enum cf_status cf_ship_new(
    const struct cf_bundle_writer *name, size_t log, struct cf_ship **ship_out)
{
	struct cf_ship *ship = calloc(1, sizeof *ship);

	if (ship == NULL)
		return CF_ENOMEM;
	ship->told.name = *name;
	ship->name.writer = *name;
	ship->log = log;
	*ship_out = ship;
	return CF_OK;
}

void cf_ship_free(struct cf_ship *ship)
{
	if (ship == NULL)
		return;
	free(ship->lines);
	free(ship);
}

void cf_ship_drop(struct cf_ship *ship)
{
	ship->len = 0;
	ship->seals = 0;
	ship->is_urgent = ship->is_probe = false;
	ship->told.oldest_wall_us = 0;
	if (ship->size > 4 * (size_t)CF_SHIP_BUNDLE_BYTES) { /* a flood's, not kept for ever */
		free(ship->lines);
		ship->lines = NULL;
		ship->size = 0;
	}
}

void cf_ship_set_head(struct cf_ship *ship, const struct cf_fleet_head *head)
{
	ship->head = *head;
	ship->knows_head = true;
	ship->told.shipped_seq = head->seq;
	cf_ship_drop(ship);
}

void cf_ship_forget_row(struct cf_ship *ship)
{
	cf_ship_drop(ship);
	ship->row_first = ship->row_last = 0;
	ship->behind_broken = false;
}

/* The row that this segment goes on with, or begins. */
static void note_row(struct cf_ship *ship, const struct cf_queued *queued)
{
	const struct cf_segment *segment = &queued->segment;

	if (ship->row_last == 0 || segment->seq != ship->row_last + 1 ||
	    strcmp(segment->prev, ship->row_sha256) != 0)
		ship->row_first = segment->seq;
	ship->row_last = segment->seq;
	memcpy(ship->row_sha256, segment->sha256, sizeof ship->row_sha256);
}

static enum cf_status add(struct cf_ship *ship, const struct cf_queued *queued, int64_t now_mono_us)
{
	const struct cf_segment *segment = &queued->segment;

	if (queued->len > ship->size - ship->len) {
		size_t size = ship->len + queued->len + 65536;
		char *lines = realloc(ship->lines, size);

		if (lines == NULL)
			return CF_ENOMEM;
		ship->lines = lines;
		ship->size = size;
	}
	memcpy(ship->lines + ship->len, queued->lines, queued->len);
	ship->len += queued->len;
	if (ship->seals++ == 0) {
		ship->name.from_seq = segment->seq;
		memcpy(ship->name.prev, segment->prev, sizeof ship->name.prev);
		ship->since_mono_us = now_mono_us;
		ship->told.oldest_wall_us = segment->at_wall_us;
	}
	ship->name.to_seq = segment->seq;
	memcpy(ship->name.sha256, segment->sha256, sizeof ship->name.sha256);
	memcpy(ship->name.run, segment->run, sizeof ship->name.run);
	ship->is_urgent = ship->is_urgent || segment->is_urgent;
	return CF_OK;
}

/*
 * Begins a bundle. Only with missing is it said that what came before is gone; without, that there
 * was something, whatever the store makes of that by the time it comes.
 */
static enum cf_status begin(struct cf_ship *ship, const struct cf_queued *queued, bool missing,
    int64_t now_mono_us, enum cf_ship_take *take_out)
{
	uint64_t seq = queued->segment.seq, before = seq > 1 ? seq - 1 : 1;

	ship->name.oldest = ship->row_first < before ? ship->row_first : before;
	if (missing)
		ship->name.oldest = seq;
	if (missing && ship->head.seq > 0 && seq > ship->head.seq + 1)
		ship->told.lost += seq - ship->head.seq - 1;
	ship->behind_broken = false;
	*take_out = CF_SHIP_ADDED;
	return add(ship, queued, now_mono_us);
}

/* Whether it was found often enough that something is wrong with this segment. */
static bool is_certain(struct cf_ship *ship, uint64_t seq, int64_t now_mono_us)
{
	if (ship->doubted_seq != seq) {
		ship->doubted_seq = seq;
		ship->doubts = 0;
		ship->doubted_since_mono_us = now_mono_us;
	}
	return ++ship->doubts >= DOUBTS && now_mono_us - ship->doubted_since_mono_us >= DOUBTS_US;
}

/* A segment that the store has not got, behind others that it has not got either. */
static enum cf_status begin_behind_hole(struct cf_ship *ship, const struct cf_queued *queued,
    int64_t now_mono_us, enum cf_ship_take *take_out)
{
	uint64_t seq = queued->segment.seq;

	*take_out = CF_SHIP_LOOK_BACK;
	if (seq == 1 || ship->behind_broken || is_certain(ship, seq, now_mono_us))
		return begin(ship, queued, true, now_mono_us, take_out);
	return CF_OK;
}

static void pass_broken(struct cf_ship *ship, const struct cf_queued *queued, int64_t now_mono_us,
    enum cf_ship_take *take_out)
{
	uint64_t seq = queued->segment.seq;

	if (!is_certain(ship, seq, now_mono_us)) {
		*take_out = CF_SHIP_LOOK_BACK;
		return;
	}
	ship->behind_broken = true;
	ship->told.broken += ship->broken_seq != seq;
	ship->broken_seq = seq;
}

enum cf_status cf_ship_take(struct cf_ship *ship, const struct cf_queued *queued,
    int64_t now_mono_us, enum cf_ship_take *take_out)
{
	const struct cf_segment *segment = &queued->segment;
	bool is_head = ship->head.seq > 0 && segment->seq == ship->head.seq;

	*take_out = CF_SHIP_PASSED;
	ship->told.newest_seq = segment->seq;
	if (segment->seq < ship->head.seq || (!queued->holds && is_head)) {
		note_row(ship, queued);
		return CF_OK;
	}
	if (ship->seals > 0 && segment->seq <= ship->name.to_seq)
		return CF_OK; /* it came before: a file and its packed copy */
	if (ship->seals > 0 &&
	    (!queued->holds || segment->seq != ship->name.to_seq + 1 ||
	        strcmp(segment->prev, ship->name.sha256) != 0)) {
		*take_out = CF_SHIP_SEND;
		return CF_OK;
	}
	note_row(ship, queued);
	if (!queued->holds) {
		pass_broken(ship, queued, now_mono_us, take_out);
		return CF_OK;
	}
	if (is_head) {
		ship->told.state = CF_SHIP_GOES;
		if (strcmp(segment->sha256, ship->head.sha256) == 0)
			return CF_OK;
		/* The store is to say what it thinks of it: both sides then know. */
		ship->is_probe = true;
		return begin(ship, queued, false, now_mono_us, take_out);
	}
	if (ship->seals > 0) {
		*take_out = CF_SHIP_ADDED;
		return add(ship, queued, now_mono_us);
	}
	if (segment->seq == ship->head.seq + 1 && ship->head.seq > 0)
		return begin(ship, queued, false, now_mono_us, take_out);
	return begin_behind_hole(ship, queued, now_mono_us, take_out);
}

bool cf_ship_is_due(const struct cf_ship *ship, unsigned most_seals, unsigned most_wait_s,
    int64_t now_mono_us, int64_t now_wall_us)
{
	int64_t wait_us = (int64_t)most_wait_s * SECOND;

	return ship->seals > 0 &&
	    (ship->is_urgent || ship->seals >= most_seals ||
	        now_mono_us - ship->since_mono_us >= wait_us ||
	        now_wall_us - ship->told.oldest_wall_us >= wait_us);
}

bool cf_ship_is_full(const struct cf_ship *ship)
{
	return ship->is_probe || ship->len >= CF_SHIP_BUNDLE_BYTES ||
	    ship->seals >= CF_SHIP_BUNDLE_SEALS;
}
