/*
 * What the hosts of a ledger are called, for a rehearsal: whoever had an address at the time of the
 * hits. Borrows from the model. One thread.
 */
#pragma once

#include "ledger/model/model.h"

struct cf_rehearsal_names;

/* CF_ENOMEM. */
enum cf_status cf_rehearsal_names_new(
    const struct cf_model *model, struct cf_rehearsal_names **names_out) CF_MUST_CHECK;
void cf_rehearsal_names_free(struct cf_rehearsal_names *names);

/* "" when nobody is known to have had it then; names may be NULL. */
const char *cf_rehearsal_host(
    const struct cf_rehearsal_names *names, const char *addr, int64_t at_wall_us);
