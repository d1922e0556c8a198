/*
 * What a sensor that follows a channel remembers of it: what it runs, until when that is meant to
 * hold, when a place last answered, and what was refused. `curfew doctor` and `curfew fetch` show
 * it.
 *
 * FOLDER/channel.tsv beside the kept images, a key and a value a line, replaced by rename:
 *
 *   # curfew fetch
 *   channel	stable
 *   serial	2026112901
 *   sha256	<64 digits>            of the file that was put in force
 *   until	2027-02-28T00:00:00Z
 *   taken	2026-11-29T12:00:00Z   when it was put in force
 *   asked	2026-11-30T03:12:09Z   when a place last showed a statement of the channel
 *   refused	2
 *   refusal	2026-11-30T03:12:09Z	serial 4 is older than ...
 *
 * Keys that only later versions know are passed over. One thread.
 */
#pragma once

#include "base/limits.h"
#include "base/sha256.h"
#include "base/status.h"
#include "trust/statement.h"

#include <stdint.h>

/* Of why something was refused, terminator included; longer texts are cut. */
#define CF_REFUSAL_BYTES 256

/* Zero and "": not known, or it never was. */
struct cf_channel_state {
	char channel[CF_STATEMENT_NAME_BYTES];
	uint64_t serial;
	char sha256[CF_SHA256_TEXT_BYTES];
	int64_t until_wall_s, taken_wall_s, asked_wall_s;
	uint64_t refused; /* statements or images, since the file was made */
	int64_t refused_wall_s;
	char refusal[CF_REFUSAL_BYTES]; /* the last; printable ASCII */
};

/* FOLDER/channel.tsv; returns path. Cut, it cannot be opened. */
const char *cf_channel_state_path(const char *folder, char path[CF_PATH_BYTES]);

/* Reads it; CF_OK with all zero when there is none. CF_EIO, CF_EMALFORMED with file and line. */
enum cf_status cf_channel_state_read(
    const char *folder, struct cf_channel_state *state_out, struct cf_error *error) CF_MUST_CHECK;

/* Writes it; what would not be read back is replaced by '?'. CF_EIO. */
enum cf_status cf_channel_state_write(
    const char *folder, const struct cf_channel_state *state, struct cf_error *error) CF_MUST_CHECK;

/* Notes that something was refused, and why. */
void cf_channel_state_refuse(struct cf_channel_state *state, int64_t at_wall_s, const char *why);
