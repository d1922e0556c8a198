/* A ledger made anew from its logs; the old one stays until the new one is complete. One thread. */
#pragma once

#include "ledger/upkeep/taking.h"

/*
 * Makes old, which is open to write, anew: from taking's logs or, when there are none, from the
 * folders of those it was made from. CF_EINVALID when logs that are in old are gone or shorter, or
 * there is no room for what it has, unless force says to lose that. On failure, and when taking was
 * stopped, old stays as it is.
 */
enum cf_status cf_ledger_rebuild(struct cf_ledger *old, struct cf_taking *taking, bool force,
    struct cf_ingest_counts *counts_out, struct cf_error *error) CF_MUST_CHECK;
