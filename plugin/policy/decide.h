/*
 * The decision: a pure function of (image, client, name or address, type, wall time).
 *
 * The module, the monitor, `curfew explain` and the rehearsal all call this and nothing else, so
 * they cannot disagree. Reads only the image; allocates nothing; any thread.
 *
 * Order of precedence: the most specific name (or longest prefix) wins. On a tie an exception wins;
 * of exceptions the one whose group holds the client by the longest prefix, one for everybody last;
 * then pass, then block, then flag. An exception by category stands at the level of the entry that
 * has the category; one by name at the level of that name, whatever its categories. Of the
 * schedules that a pack has for several groups the one whose group holds the client by the longest
 * prefix counts (of equal prefixes that of the group added later), else everybody's. Phases switch
 * exactly at their instant: at_wall_s >= from_wall_s. A network whose evidence has expired leaves
 * the word to the next wider one.
 */
#pragma once

#include "image/image.h"

/* Who asks, what type, when. */
struct cf_question {
	const struct cf_addr *client; /* NULL: unknown; then only exceptions for everybody apply */
	uint16_t qtype;               /* 0: no DNS question; exceptions limited to types stay out */
	int64_t at_wall_s;
};

/*
 * The verdict with its reasons. When a name of an exception decided, entry is that name, and
 * category, schedule and phase are those of the pack's entry around it, if there is one. matched is
 * false when nothing is listed: verdict is pass then and all ids are CF_NONE. answer is meaningful
 * for a block; it points into the image.
 */
struct cf_decision {
	bool matched;
	enum cf_verdict verdict;
	enum cf_category category;
	uint32_t entry;     /* name entry that decided, or CF_NONE */
	uint32_t network;   /* network that decided, or CF_NONE */
	uint32_t schedule;  /* of the pack's entry for this client, or CF_NONE without one */
	uint32_t phase;     /* phase in force for the category, or CF_NONE for the baseline */
	uint32_t exception; /* exception that decided, or CF_NONE */
	const struct cf_answer_spec *answer;
	int64_t
	    next_change_wall_s; /* first instant after at_wall_s at which the same question could be
	                           decided otherwise; INT64_MAX: never. For clamping TTLs. */
};

void cf_decide_name(const struct cf_image *image, const struct cf_question *question,
    const struct cf_name *name, struct cf_decision *decision_out);

void cf_decide_addr(const struct cf_image *image, const struct cf_question *question,
    const struct cf_addr *addr, struct cf_decision *decision_out);

/* By pack and category alone, for signatures and ports. */
void cf_decide_category(const struct cf_image *image, const struct cf_question *question,
    uint32_t pack, enum cf_category category, struct cf_decision *decision_out);

/*
 * True when some client at some instant could get a block for name (or for an answer holding addr):
 * such names never enter a shared cache. Never false for a name that cf_decide_name() would block.
 */
bool cf_decide_may_block_name(const struct cf_image *image, const struct cf_name *name);
bool cf_decide_may_block_addr(const struct cf_image *image, const struct cf_addr *addr);
