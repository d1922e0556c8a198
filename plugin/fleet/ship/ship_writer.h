/*
 * One writer of a log on its way to the store: how far the store is, the bundle that is being
 * filled, and what becomes of a segment. Asks nobody and sends nothing; one thread.
 */
#pragma once

#include "fleet/ship/log_queue.h"
#include "fleet/ship/shipping.h"
#include "fleet/wire/head.h"

/* A bundle that is behind anyway goes with so many bytes or seals. */
#define CF_SHIP_BUNDLE_BYTES (1u << 20)
#define CF_SHIP_BUNDLE_SEALS 256

enum cf_ship_take {
	CF_SHIP_PASSED,    /* the store has it, or it is not to be sent */
	CF_SHIP_ADDED,     /* it is in the bundle */
	CF_SHIP_SEND,      /* the bundle has to be sent first; then again */
	CF_SHIP_LOOK_BACK, /* something before it is missing: read again from what the store has */
};

struct cf_ship {
	struct cf_ship_writer told;
	size_t log; /* which of the shipper's */
	bool knows_head;
	struct cf_fleet_head head;
	/* The bundle: seals segments, none when it is empty. */
	struct cf_bundle_name name;
	char *lines;
	size_t len, size;
	unsigned seals;
	bool is_urgent;
	bool is_probe; /* a seal that the store has otherwise: it is to judge */
	int64_t since_mono_us;
	/* Segments as they were read, without a hole. */
	uint64_t row_first, row_last; /* 0: none */
	char row_sha256[CF_SHA256_TEXT_BYTES];
	bool behind_broken;            /* the one before the row does not hold */
	uint64_t broken_seq;           /* the last that was found not to hold */
	uint64_t doubted_seq;          /* it does not hold, or is behind a hole: found */
	unsigned doubts;               /* so often, */
	int64_t doubted_since_mono_us; /* and since then */
	int64_t shut_until_mono_us;    /* refused: not before */
	int64_t beyond_since_mono_us;
};

/* CF_ENOMEM. name is copied. */
enum cf_status cf_ship_new(
    const struct cf_bundle_writer *name, size_t log, struct cf_ship **ship_out) CF_MUST_CHECK;
void cf_ship_free(struct cf_ship *ship);

/* The store is there. The bundle is emptied. */
void cf_ship_set_head(struct cf_ship *ship, const struct cf_fleet_head *head);
/* Forgets bundle and row: the log is read again. */
void cf_ship_forget_row(struct cf_ship *ship);
void cf_ship_drop(struct cf_ship *ship);

/* A segment as it was read. CF_ENOMEM. */
enum cf_status cf_ship_take(struct cf_ship *ship, const struct cf_queued *queued,
    int64_t now_mono_us, enum cf_ship_take *take_out) CF_MUST_CHECK;

/* Whether the bundle is to be sent now that there is nothing more to read; waits are in seconds. */
bool cf_ship_is_due(const struct cf_ship *ship, unsigned most_seals, unsigned most_wait_s,
    int64_t now_mono_us, int64_t now_wall_us);
/* Whether it has to be sent before more goes in. */
bool cf_ship_is_full(const struct cf_ship *ship);
