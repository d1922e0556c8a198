/*
 * A ledger as a collector's store (ledger/shipped/shipped.h): opened when it is needed, closed when
 * it failed. One thread, the committer's.
 */
#pragma once

#include "fleet/collect/gate.h"

struct cf_gate_ledger;

/* place is what `--ledger` takes, copied; say (may be NULL) is told what the ledger finds worth a
 * line. CF_ENOMEM. */
enum cf_status cf_gate_ledger_new(const char *place, void (*say)(void *arg, const char *text),
    void *arg, struct cf_gate_ledger **ledger_out) CF_MUST_CHECK;
void cf_gate_ledger_free(struct cf_gate_ledger *ledger);

/* The gate lives as long as the ledger. */
struct cf_gate cf_gate_ledger_gate(struct cf_gate_ledger *ledger);
