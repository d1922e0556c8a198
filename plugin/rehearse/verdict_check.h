/*
 * Was a record decided as its image decides? The log's own word is held against cf_decide() with
 * the image that it names, at the record's own instant. One thread.
 */
#pragma once

#include "image/image.h"
#include "rehearse/rehearse.h"

enum cf_verdict_check {
	CF_CHECK_AGREES,
	CF_CHECK_DIFFERS, /* another verdict, category, phase or pack version */
	CF_CHECK_HIDDEN,  /* the log hides who it was, and the policy makes a difference of it */
	CF_CHECK_UNTOLD,  /* what matched is not in the record: several packets told of it */
};

/*
 * Decides the record, a hit, by the rehearsal's image, whatever instant the rehearsal was made for.
 * What its writer hides has to be learned before (cf_rehearsal_learn()). why_out, at least
 * CF_ERROR_TEXT_BYTES, says what differs.
 */
enum cf_verdict_check cf_verdict_check(
    struct cf_rehearsal *rehearsal, const struct cf_record *record, char *why_out);
