/*
 * What the witnesses of one day told of one host's episodes of one kind, by the minute, so that
 * each next witness adds only what none before it told of. The last two minutes of a day are known
 * on the next one: midnight makes no episode two.
 *
 *   minute    -2 -1 |  0  1  2  ...  1439     -2 and -1: of the day before
 *
 * A place is what is counted of one witness in one minute. Groups are begun in the order of their
 * keys, day after day (model_episode.c). One thread.
 */
#pragma once

#include "ledger/model/model_private.h"

/* Repeats are folded within a minute from their first on, at each witness from another one. */
#define MODEL_APART_MINUTES 2

struct model_group {
	uint32_t host, episode;
	bool of_escapes; /* the escapes among them are matched for themselves */
};

struct model_place {
	int32_t minute;
	uint32_t witness, evidence; /* who told of it first, and where it is counted */
	uint64_t n;
	uint64_t left; /* of these, not yet matched by the witness that is heard */
	enum cf_hit_outcome outcome;
	uint32_t next; /* place of the same minute */
};

struct model_match;

/* NULL without memory. */
struct model_match *cf_model_match_new(void);
void cf_model_match_free(struct model_match *match);

/* Another day: what was told near its beginning is known, if it is the next one. */
void cf_model_match_day(struct model_match *match, uint32_t day);
/* True when the day before told something of the group near its end. Keys rise within a day. */
bool cf_model_match_remembers(struct model_match *match, const struct model_group *group);
/* CF_ENOMEM. */
enum cf_status cf_model_match_begin(
    struct model_match *match, const struct model_group *group) CF_MUST_CHECK;
/* The next witness is heard: all that others told is there to be matched. */
void cf_model_match_hear(struct model_match *match, uint32_t witness);
/*
 * Up to most of what another witness told near the minute, of this outcome first, then of what is
 * not known, then any, and the nearest first: *taken_out of the place returned, or NULL when there
 * is no more. CF_ENOMEM comes as NULL, and is told by cf_model_match_end().
 */
struct model_place *cf_model_match_take(struct model_match *match, uint32_t minute,
    enum cf_hit_outcome outcome, uint64_t most, uint64_t *taken_out);
/* n of the place are counted elsewhere from now on. CF_ENOMEM. */
enum cf_status cf_model_match_move(struct model_match *match, struct model_place *place, uint64_t n,
    uint32_t evidence, enum cf_hit_outcome outcome) CF_MUST_CHECK;
/* The witness that is heard told of n that nobody told of. CF_ENOMEM. */
enum cf_status cf_model_match_add(struct model_match *match, uint32_t minute, uint32_t evidence,
    enum cf_hit_outcome outcome, uint64_t n) CF_MUST_CHECK;
/* Keeps what the next day has to know. CF_ENOMEM, also of what failed before. */
enum cf_status cf_model_match_end(struct model_match *match) CF_MUST_CHECK;
