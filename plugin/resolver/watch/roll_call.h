/*
 * The roll call: once a minute (log.alive, curfew-alive) the clients that any worker noted go to
 * the log as one 'alive' record. The watcher's thread; the main thread when that has ended.
 */
#pragma once

#include "resolver/state/state.h"

struct cf_producer;

struct cf_roll_call {
	struct cf_producer *producer; /* NULL until there is a log */
	uint32_t period_s;            /* 0: off */
	uint32_t epochs;              /* handed out so far */
	int64_t from_wall_us;         /* the stretch that is noted now; 0 none */
	/* A stretch that has ended and is yet to be read; closed_epoch 0: none. */
	uint32_t closed_epoch;
	int64_t closed_from_wall_us, closed_to_wall_us;
	uint64_t told_left_out;
};

/* Called several times a second: ends a stretch when its minute is over, and writes the one before.
 */
void cf_roll_call_tick(struct cf_module *module, struct cf_roll_call *call);

/* Writes what is left. Workers must have ended. */
void cf_roll_call_end(struct cf_module *module, struct cf_roll_call *call);
