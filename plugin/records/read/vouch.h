/*
 * Who vouches for what a log says: the signatures of its seals, seals that were witnessed
 * elsewhere, and the time that it covers. Called by verify_lines.c as it reads; told as findings.
 */
#pragma once

#include "records/read/track.h"

/* A start record. */
void cf_vouch_start(struct cf_verify *verify, struct track *track, const struct cf_record *record,
    struct place place);
/*
 * A seal, whose segment began at first and has so many lines; good: the chain holds up to here.
 * Before the chain goes on behind it.
 */
void cf_vouch_seal(struct cf_verify *verify, struct track *track, const struct cf_record *record,
    struct place first, struct place place, bool good);
/* The end of the log. */
void cf_vouch_finish(struct cf_verify *verify);
