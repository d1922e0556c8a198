/*
 * What is let into the ledger: every instant and number of a fact is held against what can be,
 * once, before anything is summed, so that nothing later stumbles over it. What is refused is
 * counted with its reason (table `reject`). Pure; any thread.
 */
#pragma once

#include "ledger/ingest/fact.h"

#include <stdint.h>

/* Clocks differ a little, and a laptop's a lot; a day later than now is no clock. */
#define CF_DOOR_SLACK_S 86400

/* The latest instant that a record of one file can have. */
struct cf_door {
	int64_t latest_wall_us;
};

/*
 * now_wall_s is the reader's clock. file_wall_s is when the file was last written, 0 unknown: it
 * counts where it is not before the file's own first record (archives are unpacked with any time)
 * and not after now. A reader's clock that was never set (before this program was written) does not
 * count if the file's does; if neither does, the door has latest_wall_us 0 and refuses everything.
 */
struct cf_door cf_door_make(int64_t now_wall_s, int64_t file_wall_s, int64_t first_wall_us);

/* True when the fact may come in; else *reason_out says why not (static text). */
bool cf_door_admits(
    const struct cf_door *door, const struct cf_fact *fact, const char **reason_out);

/* True for an instant that a record of the file can have. */
bool cf_door_is_instant(const struct cf_door *door, int64_t wall_us);
