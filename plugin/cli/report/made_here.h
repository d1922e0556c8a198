/* What a report that is made on this machine is made from. One thread. */
#pragma once

#include "cli/ledger/ledger_model.h"
#include "report/made_from.h"

/* As cf_made_from_read(), now, from the places of this machine. */
enum cf_status cli_made_from_here(struct cf_made_from *made, const struct cli_model *model,
    bool with_digest, struct cf_error *error) CF_MUST_CHECK;
