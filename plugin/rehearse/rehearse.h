/*
 * A rehearsal: what was logged, decided again by another image or at another instant. The decision
 * is cf_decide itself, so what the rehearsal says is what would happen. One thread.
 */
#pragma once

#include "image/image.h"
#include "records/form/parse.h"
#include "report/render/doc.h"

struct cf_rehearsal;

/* image must outlive the rehearsal. CF_ENOMEM. */
enum cf_status cf_rehearsal_new(const struct cf_image *image, int64_t at_wall_s,
    struct cf_rehearsal **rehearsal_out) CF_MUST_CHECK;
void cf_rehearsal_free(struct cf_rehearsal *rehearsal);

/* Decides one record again; others than hits are passed over. CF_ENOMEM. */
enum cf_status cf_rehearsal_take(
    struct cf_rehearsal *rehearsal, const struct cf_record *record) CF_MUST_CHECK;

/*
 * What a start record or heartbeat says of its writer's privacy mode; cf_rehearsal_take() does so
 * too, but hits may stand before it. CF_ENOMEM.
 */
enum cf_status cf_rehearsal_learn(
    struct cf_rehearsal *rehearsal, const struct cf_record *record) CF_MUST_CHECK;

struct cf_rehearsal_names;

/*
 * What would change, per client and category and per exception; names may be NULL. The fact
 * "would_break" counts what the resolver would refuse. NULL without memory.
 */
struct cf_doc *cf_rehearsal_report(
    struct cf_rehearsal *rehearsal, const struct cf_rehearsal_names *names);

/* Says in the report's footer what decided: the image, what it was compiled from, and when. */
void cf_rehearsal_footer(const struct cf_rehearsal *rehearsal, struct cf_doc *doc,
    int64_t now_wall_s, const char *version);

/* Would somebody break? */
bool cf_rehearsal_breaks(const struct cf_rehearsal *rehearsal);
