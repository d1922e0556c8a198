/*
 * A rehearsal: what was logged, decided again by another image or at another instant. The decision
 * is cf_decide itself, so what the rehearsal says is what would happen. One thread.
 */
#pragma once

#include "image/image.h"
#include "records/form/parse.h"
#include "report/doc.h"

struct cli_rehearsal;

/* image must outlive the rehearsal. CF_ENOMEM. */
enum cf_status cli_rehearsal_new(const struct cf_image *image, int64_t at_wall_s,
    struct cli_rehearsal **rehearsal_out) CF_MUST_CHECK;
void cli_rehearsal_free(struct cli_rehearsal *rehearsal);

/* Decides one record again; others than hits are passed over. CF_ENOMEM. */
enum cf_status cli_rehearsal_take(
    struct cli_rehearsal *rehearsal, const struct cf_record *record) CF_MUST_CHECK;

/* What would change, per client and category and per exception. NULL without memory. */
struct cf_doc *cli_rehearsal_report(struct cli_rehearsal *rehearsal);
